//! Standard output: how events, answers and notes are written to it.

use std::io::{self, BufWriter, IsTerminal as _, Write};

use jiff::tz::TimeZone;

use super::escape;
use super::render::Renderer;
use super::style::{ColorChoice, Palette};
use logd_core::json::Event;

/// How to show things; the same flags for every command.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Display {
    /// One JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
    /// Times in UTC instead of the local time zone (JSON always has UTC)
    #[arg(long)]
    pub(crate) utc: bool,
    /// When to use colour; NO_COLOR and CLICOLOR_FORCE are respected
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: ColorChoice,
}

impl Display {
    /// The time zone of what is shown and of what is asked.
    pub(crate) fn zone(self) -> TimeZone {
        if self.utc { TimeZone::UTC } else { TimeZone::system() }
    }

    /// The styles for standard output.
    pub(crate) fn palette(self) -> Palette {
        Palette::new(!self.json && self.color.for_stdout())
    }

    /// Opens standard output.
    pub(crate) fn open(self) -> Output {
        Output {
            out: BufWriter::with_capacity(64 << 10, Box::new(io::stdout())),
            renderer: Renderer::new(self.palette(), self.zone()),
            json: self.json,
            line: String::new(),
            scratch: Vec::new(),
        }
    }
}

/// A buffered standard output. Errors are returned as they are, so that the caller can tell a closed pipe.
pub(crate) struct Output {
    out: BufWriter<Box<dyn Write>>,
    renderer: Renderer,
    json: bool,
    line: String,
    scratch: Vec<u8>,
}

impl Output {
    /// Writes one event.
    pub(crate) fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        self.line.clear();
        if self.json {
            self.scratch.clear();
            event.write(&mut self.scratch);
            let document = core::str::from_utf8(&self.scratch).expect("JSON is UTF-8");
            escape::json(document, &mut self.line);
            self.line.push('\n');
        } else {
            self.renderer.event(event, &mut self.line);
        }
        self.out.write_all(self.line.as_bytes())
    }

    /// Writes text that is ready to be shown.
    pub(crate) fn text(&mut self, text: &str) -> io::Result<()> {
        self.out.write_all(text.as_bytes())
    }

    /// Whether JSON is wanted.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Whether a person is looking on: notes about what more there is would only be noise in a script.
    pub(crate) fn is_terminal(&self) -> bool {
        io::stdout().is_terminal()
    }

    /// Writes a JSON document as one line.
    pub(crate) fn document(&mut self, document: &str) -> io::Result<()> {
        self.line.clear();
        escape::json(document, &mut self.line);
        self.line.push('\n');
        self.out.write_all(self.line.as_bytes())
    }

    /// Hands what is buffered to the reader.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Tells the person something that is no result, on standard error; what comes from elsewhere must be escaped.
pub(crate) fn note(text: impl core::fmt::Display) {
    // Nothing is left to do when standard error is closed.
    let _ = writeln!(io::stderr(), "logd: {text}");
}
