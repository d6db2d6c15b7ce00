//! `logd send`: one event, or standard input line by line.
//!
//! UDP has no acknowledgement, so what is sent is not known to be stored. What can be done is done: the pace leaves
//! the daemon time to take everything, a host that refuses is noticed, and the events are numbered, so that the
//! daemon counts what it never got (`logd status`).
//!
//! Not through logd-client: an application must never wait for its log, so that one drops what does not fit its
//! queue. A pipe can wait, and must rather than lose; and the person who sends one event wants to hear that nobody
//! listens.

use std::io::{self, BufReader, IsTerminal as _};
use std::path::PathBuf;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;
use std::time::SystemTime;

use logd_core::datagram::Signer;
use logd_core::key::Key;
use logd_core::severity::Severity;
use logd_core::time::UnixNanos;
use nix::sys::signal::{SigSet, Signal};

use self::attribute::Attribute;
use self::lines::{Line, Lines};
use self::packer::{Packer, Template};
use self::sending::Sending;
use super::failure::Failure;
use super::secret::{self, Need};
use crate::Outcome;

mod attribute;
mod lines;
mod pace;
mod packer;
mod sending;

/// Lines read ahead of the sender.
const READ_AHEAD: usize = 1024;

/// Flags of `logd send`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes: 0 sent, 1 nothing to send, 2 usage or failure.\n\
    UDP has no acknowledgement: sent is not stored. `logd status` shows what the daemon refused or missed.")]
pub struct Args {
    /// The event's text; without it, each line of standard input is an event
    #[arg(value_name = "TEXT")]
    text: Vec<String>,
    /// Where the event comes from, as /ENV/SERVICE[/…]
    #[arg(long, short, env = "LOGD_KEY", value_name = "KEY", value_parser = parse_key)]
    key: String,
    /// trace, debug, info, warn, error, fatal, a syslog level, or an OpenTelemetry number
    #[arg(long, short, value_name = "LEVEL", default_value = "info", value_parser = parse_level)]
    level: Severity,
    /// An attribute of every event, a number or flag if it looks like one, text in double quotes; may be repeated
    #[arg(long, short, value_name = "NAME=VALUE")]
    attr: Vec<Attribute>,
    /// The daemon's UDP address
    #[arg(long, env = "LOGD_ADDR", default_value = "127.0.0.1:6102", value_name = "HOST:PORT")]
    addr: String,
    /// File with the write secret [default: $LOGD_WRITE_SECRET, else the file $LOGD_WRITE_SECRET_FILE]
    #[arg(long, value_name = "PATH")]
    secret_file: Option<PathBuf>,
    /// Most events a second; 0 is as fast as possible, and may lose some
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    rate: u32,
    /// Copy standard input to standard output
    #[arg(long, conflicts_with = "text")]
    tee: bool,
}

fn parse_key(s: &str) -> Result<String, String> {
    Key::parse(s).map(|key| key.as_str().to_owned()).map_err(|e| e.to_string())
}

fn parse_level(s: &str) -> Result<Severity, String> {
    let number = || s.parse().ok().and_then(Severity::from_number);
    Severity::from_name(s).or_else(number).ok_or_else(|| {
        "not a level: trace, debug, info, notice, warn, error, crit, alert, fatal, emerg or 0 to 24".to_owned()
    })
}

/// Runs the command.
pub fn run(args: Args) -> anyhow::Result<Outcome> {
    let secret = secret::find(Need::Write, args.secret_file.as_deref())?;
    if args.text.is_empty() && io::stdin().is_terminal() {
        let failure = Failure::new("nothing to send: standard input is a terminal");
        return Err(failure
            .hint("give TEXT, or pipe lines: my-app | logd send --key /dev/me/app")
            .into());
    }
    let key = Key::parse(&args.key).map_err(Failure::new)?;
    let template = Template::new(key, args.level, &args.attr);
    let sender =
        getrandom::u64().map_err(|e| Failure::new(format_args!("no random numbers: {e}")))?;
    let packer = Packer::new(template, Signer::new(secret.as_bytes()), sender);
    let mut sending = Sending::open(&args.addr, packer, args.rate)?;
    if args.text.is_empty() {
        stdin(&mut sending, args.tee)
    } else {
        let text = args.text.join(" ");
        if text.is_empty() && args.attr.is_empty() {
            return Err(Failure::new("an event needs a text or an attribute").into());
        }
        // Split as a line of standard input would be, but line feeds within the text are its own.
        sending.text(&text);
        sending.finish()
    }
}

/// Sends standard input until its end, or for a moment after a signal.
fn stdin(sending: &mut Sending, tee: bool) -> anyhow::Result<Outcome> {
    let (inputs, received) = sync_channel(READ_AHEAD);
    // Blocked in every thread and waited for in one, so that a signal is an input like any other.
    let signals = SigSet::from_iter([Signal::SIGINT, Signal::SIGTERM]);
    signals
        .thread_block()
        .map_err(|e| Failure::new(format_args!("cannot wait for signals: {e}")))?;
    let interruptions = inputs.clone();
    thread::spawn(move || {
        while signals.wait().is_ok() && interruptions.send(Input::Interrupted).is_ok() {}
    });
    thread::spawn(move || read_stdin(tee, &inputs));
    let end = sending.inputs(&received);
    // What was read is sent, however the reading ended.
    let outcome = sending.finish();
    end.and(outcome)
}

/// What the reading threads hand over.
enum Input {
    Line(UnixNanos, Line),
    Interrupted,
    /// The input is at its end, or cannot be read any more.
    End(anyhow::Result<()>),
}

/// Reads lines and hands them over until there are no more. A full channel slows the reading, and so the writer of
/// the pipe, down.
fn read_stdin(tee: bool, inputs: &SyncSender<Input>) {
    let input = BufReader::with_capacity(64 << 10, io::stdin());
    let mut lines = Lines::new(input, tee.then(io::stdout));
    let end = loop {
        match lines.next() {
            Ok(Some(line)) => {
                if inputs.send(Input::Line(unix_now(), line)).is_err() {
                    return;
                }
            }
            Ok(None) => break Ok(()),
            Err(e) => break Err(e),
        }
    };
    // Nobody listens once sending has been interrupted.
    let _ = inputs.send(Input::End(end));
}

/// The wall clock.
fn unix_now() -> UnixNanos {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    UnixNanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}
