//! Where answers come from: a daemon, or an exported buffer searched by the same engine in this process.

use std::path::Path;

use logd_core::buffer::Buffer;
use logd_core::query::{Limits, Query, QueryError, Search};
use logd_proto::query::{QueryRequest, QueryResponse};

use super::daemon::Daemon;
use super::failure::Failure;
use super::output::note;

/// Something that answers questions.
pub(crate) enum Source {
    /// A running daemon.
    Daemon(Daemon),
    /// An exported buffer, with the path it was read from.
    File { path: String, buffer: Buffer },
}

impl Source {
    /// Reads an exported buffer; what of it is damaged is told, and the rest answers.
    pub(crate) fn open_file(path: &Path) -> Result<Self, Failure> {
        let shown = path.display().to_string();
        let bytes = std::fs::read(path)
            .map_err(|e| Failure::new(format_args!("cannot read {shown}: {e}")))?;
        let buffer = Buffer::open(&bytes).map_err(|e| {
            Failure::new(format_args!("{shown} is no exported buffer: {e}"))
                .hint("`logd export -o FILE` makes one")
        })?;
        for fault in &buffer.faults {
            note(format_args!("{shown}: {fault}"));
        }
        Ok(Self::File { path: shown, buffer })
    }

    /// Answers one question.
    pub(crate) fn ask(&self, question: &QueryRequest) -> Result<QueryResponse, Failure> {
        match self {
            Self::Daemon(daemon) => daemon.ask(question),
            Self::File { path, buffer } => {
                let query =
                    Query::compile(question, &Limits::default()).map_err(|e| explain(path, &e))?;
                let snapshot = buffer.snapshot().only(&question.rings).map_err(Failure::new)?;
                Ok(Search::new(query, snapshot).run())
            }
        }
    }
}

fn explain(path: &str, error: &QueryError) -> Failure {
    Failure::new(format_args!("{path} cannot be asked this: {error}"))
}
