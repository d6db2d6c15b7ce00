//! Records of the `log` crate become events.

use crate::client::Client;
use crate::draft::Draft;
use crate::sender::is_sending_thread;
use crate::value::Value;
use core::time::Duration;
use log::kv::{self, Key, VisitSource, VisitValue};
use log::{Level, LevelFilter, Log, Metadata, Record, SetLoggerError};
use logd_core::severity::Severity;

/// How long [`Log::flush`], which takes no timeout, waits.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(5);

/// Sends the records of the `log` crate to a logd.
///
/// A record's key-values become attributes of their types, followed by `target`, `module` (where it is not the
/// target), `file` and `line`. A record that is refused is counted, and reported to
/// [`on_problem`](crate::Builder::on_problem).
///
/// ```no_run
/// use log::{LevelFilter, info};
///
/// let client = logd_client::Client::builder("127.0.0.1:6102", "secret").key("/dev/shop").build()?;
/// let _guard = client.flush_on_drop(std::time::Duration::from_secs(1));
/// logd_client::Logger::new(client).install(LevelFilter::Info)?;
///
/// info!(order = 17, paid = true; "thank you");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Logger {
    client: Client,
}

impl Logger {
    /// A logger that sends through `client`.
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// Makes this the logger of the process, for records up to `level`.
    pub fn install(self, level: LevelFilter) -> Result<(), SetLoggerError> {
        log::set_boxed_logger(Box::new(self))?;
        log::set_max_level(level);
        Ok(())
    }
}

impl Log for Logger {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        !is_sending_thread()
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let mut event = self.client.event(severity(record.level()), record.args());
        // The visitor returns no error of its own; a faulty source keeps what it gave before.
        let _ = record.key_values().visit(&mut Pairs(event.draft()));
        event = event.attr("target", record.target());
        if let Some(module) = record.module_path().filter(|&module| module != record.target()) {
            event = event.attr("module", module);
        }
        if let Some(file) = record.file() {
            event = event.attr("file", file);
        }
        if let Some(line) = record.line() {
            event = event.attr("line", line);
        }
        // Counted; `log` has no way to tell the caller.
        let _ = event.send();
    }

    fn flush(&self) {
        // As above.
        let _ = self.client.flush(FLUSH_TIMEOUT);
    }
}

fn severity(level: Level) -> Severity {
    match level {
        Level::Error => Severity::ERROR,
        Level::Warn => Severity::WARN,
        Level::Info => Severity::INFO,
        Level::Debug => Severity::DEBUG,
        Level::Trace => Severity::TRACE,
    }
}

struct Pairs<'a>(&'a mut Draft);

impl<'kvs> VisitSource<'kvs> for Pairs<'_> {
    fn visit_pair(&mut self, key: Key<'kvs>, value: kv::Value<'kvs>) -> Result<(), kv::Error> {
        // A pair without a name would cost the whole record.
        let name = if key.as_str().is_empty() { "_" } else { key.as_str() };
        value.visit(Pair { draft: self.0, name })
    }
}

struct Pair<'a> {
    draft: &'a mut Draft,
    name: &'a str,
}

impl Pair<'_> {
    fn add<'v>(&mut self, value: impl Into<Value<'v>>) -> Result<(), kv::Error> {
        self.draft.attribute(self.name, value.into());
        Ok(())
    }
}

impl<'v> VisitValue<'v> for Pair<'_> {
    fn visit_any(&mut self, value: kv::Value<'_>) -> Result<(), kv::Error> {
        self.add(format_args!("{value}"))
    }

    fn visit_null(&mut self) -> Result<(), kv::Error> {
        // An attribute without a value is none.
        Ok(())
    }

    fn visit_u64(&mut self, value: u64) -> Result<(), kv::Error> {
        self.add(value)
    }

    fn visit_i64(&mut self, value: i64) -> Result<(), kv::Error> {
        self.add(value)
    }

    fn visit_f64(&mut self, value: f64) -> Result<(), kv::Error> {
        self.add(value)
    }

    fn visit_bool(&mut self, value: bool) -> Result<(), kv::Error> {
        self.add(value)
    }

    fn visit_str(&mut self, value: &str) -> Result<(), kv::Error> {
        self.add(value)
    }
}
