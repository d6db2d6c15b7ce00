//! `logd send`: one event, or standard input line by line.
//!
//! UDP has no acknowledgement, so what is sent is not known to be stored. What can be done is done: the pace leaves
//! the daemon time to take everything, a host that refuses is noticed, and the events are numbered, so that the
//! daemon counts what it never got (`logd status`).

use core::net::SocketAddr;
use core::time::Duration;
use std::io::{self, BufReader, IsTerminal as _};
use std::net::{ToSocketAddrs as _, UdpSocket};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Instant, SystemTime};

use logd_core::datagram::Signer;
use logd_core::key::Key;
use logd_core::severity::Severity;
use logd_core::time::UnixNanos;
use nix::sys::signal::{SigSet, Signal};

use self::attribute::Attribute;
use self::lines::{Line, Lines, MAX_TEXT};
use self::pace::Pace;
use self::packer::{Packer, Template};
use super::failure::Failure;
use super::output::note;
use super::secret::{self, Need};
use crate::Outcome;

mod attribute;
mod lines;
mod pace;
mod packer;

/// How long an event waits for company in its datagram.
const LINGER: Duration = Duration::from_millis(10);
/// How long after Ctrl-C the input may still end by itself: the program that writes it got the signal, too, and
/// its last words are worth having.
const LAST_WORDS: Duration = Duration::from_millis(500);
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
        sending.text(&text)?;
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
    let end = sending.inputs(&received)?;
    let outcome = sending.finish();
    match end {
        Some(error) => Err(error.into()),
        None => outcome,
    }
}

/// What the reading threads hand over.
enum Input {
    Line(UnixNanos, Line),
    Interrupted,
    /// The input is at its end, or cannot be read any more.
    End(io::Result<()>),
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

/// A socket towards the daemon, and what is to be said about it in the end.
struct Sending {
    socket: UdpSocket,
    to: SocketAddr,
    packer: Packer,
    pace: Pace,
    /// Events in datagrams that the socket took.
    sent: u64,
    /// Events in datagrams that the socket or the other host refused.
    refused: u64,
    refusal: Option<io::Error>,
    split: u64,
    repaired: u64,
    /// Events of the datagram before: a refusal by the other host is told with the next.
    in_flight: u64,
}

impl Sending {
    fn open(addr: &str, packer: Packer, rate: u32) -> Result<Self, Failure> {
        let bad = |e: &dyn core::fmt::Display| {
            Failure::new(format_args!("cannot send to {addr}: {e}"))
                .hint("--addr or LOGD_ADDR takes HOST:PORT of the daemon's UDP side")
        };
        let to = addr.to_socket_addrs().map_err(|e| bad(&e))?.next();
        let to = to.ok_or_else(|| bad(&"the name has no address"))?;
        let any: SocketAddr =
            if to.is_ipv4() { ([0; 4], 0).into() } else { ([0_u16; 8], 0).into() };
        let socket = UdpSocket::bind(any)
            // Connected, so that the other host's refusal is told.
            .and_then(|socket| socket.connect(to).map(|()| socket))
            .map_err(|e| bad(&e))?;
        let pace = Pace::new(rate, Instant::now());
        Ok(Self {
            socket,
            to,
            packer,
            pace,
            sent: 0,
            refused: 0,
            refusal: None,
            split: 0,
            repaired: 0,
            in_flight: 0,
        })
    }

    /// Sends one text as it is, in parts if need be.
    fn text(&mut self, text: &str) -> Result<(), Failure> {
        let time = unix_now();
        let mut rest = text;
        let mut part = 1;
        while rest.len() > MAX_TEXT {
            let (head, tail) = rest.split_at(rest.floor_char_boundary(MAX_TEXT));
            self.line(time, &Line { text: head.to_owned(), part: Some(part), repaired: false });
            part += 1;
            rest = tail;
        }
        let part = (part > 1).then_some(part);
        self.line(time, &Line { text: rest.to_owned(), part, repaired: false });
        Ok(())
    }

    /// Sends what arrives, until the end; the error is one of the input.
    fn inputs(&mut self, inputs: &Receiver<Input>) -> io::Result<Option<io::Error>> {
        let mut stop_at: Option<Instant> = None;
        loop {
            let patience = match (stop_at, self.packer.pending()) {
                (_, 1..) => LINGER,
                (Some(at), 0) => at.saturating_duration_since(Instant::now()),
                // Long enough to cost nothing.
                (None, 0) => Duration::from_secs(3600),
            };
            match inputs.recv_timeout(patience) {
                Ok(Input::Line(time, line)) => self.line(time, &line),
                Ok(Input::Interrupted) if stop_at.is_some() => return Ok(None),
                Ok(Input::Interrupted) => stop_at = Some(Instant::now() + LAST_WORDS),
                Ok(Input::End(end)) => return Ok(end.err()),
                Err(RecvTimeoutError::Timeout) => self.flush(),
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
            }
            if stop_at.is_some_and(|at| Instant::now() >= at) {
                return Ok(None);
            }
        }
    }

    fn line(&mut self, time: UnixNanos, line: &Line) {
        // Once for each line, not for each part.
        self.split += u64::from(line.part == Some(1));
        self.repaired += u64::from(line.repaired);
        if !self.packer.fits(time, line) {
            self.flush();
        }
        self.packer.add();
    }

    /// Sends what is pending, at its time.
    fn flush(&mut self) {
        let events = self.packer.pending();
        if events == 0 {
            return;
        }
        let wait = self.pace.next(Instant::now(), events);
        if !wait.is_zero() {
            thread::sleep(wait);
        }
        // Signed last: a datagram is fresh for a fraction of a second.
        self.packer.seal(unix_now());
        let before = core::mem::replace(&mut self.in_flight, events);
        let mut result = self.socket.send(self.packer.datagram());
        if let Err(e) = &result
            && e.kind() == io::ErrorKind::ConnectionRefused
        {
            // That was the answer to the datagram before; this one was not sent yet.
            self.refuse(before, io::ErrorKind::ConnectionRefused.into());
            result = self.socket.send(self.packer.datagram());
        }
        match result {
            Ok(_) => self.sent += events,
            Err(e) => {
                self.in_flight = 0;
                self.sent += events;
                self.refuse(events, e);
            }
        }
    }

    fn refuse(&mut self, events: u64, error: io::Error) {
        self.sent = self.sent.saturating_sub(events);
        self.refused += events;
        if self.refusal.is_none() {
            // At once: the input may go on for days.
            note(format_args!("{}", self.explain(&error)));
        }
        self.refusal = Some(error);
    }

    fn explain(&self, error: &io::Error) -> Failure {
        if error.kind() == io::ErrorKind::ConnectionRefused {
            Failure::new(format_args!("nobody listens at {} (UDP)", self.to))
                .hint("is `logd serve` running there? --addr or LOGD_ADDR names another daemon")
        } else {
            Failure::new(format_args!("sending to {}: {error}", self.to))
        }
    }

    /// Sends the rest and says how it went.
    fn finish(&mut self) -> anyhow::Result<Outcome> {
        self.flush();
        if self.in_flight > 0 {
            // The refusal of a host nearby comes within a moment.
            thread::sleep(Duration::from_millis(2));
            if let Ok(Some(error)) | Err(error) = self.socket.take_error() {
                self.refuse(self.in_flight, error);
            }
        }
        if self.split > 0 {
            let count = self.split;
            note(format_args!(
                "{count} lines were longer than {MAX_TEXT} bytes; they are in several events, numbered by the attribute `{}`",
                lines::PART
            ));
        }
        if self.repaired > 0 {
            note(format_args!(
                "{} events had bytes that are not UTF-8; those are replaced by U+FFFD",
                self.repaired
            ));
        }
        match &self.refusal {
            Some(error) => {
                let (refused, sent) = (self.refused, self.sent);
                let lost = format_args!("at least {refused} events were lost, {sent} were sent")
                    .to_string();
                Err(self.explain(error).detail(lost).into())
            }
            None if self.sent == 0 => Ok(Outcome::NothingFound),
            None => Ok(Outcome::Found),
        }
    }
}

fn unix_now() -> UnixNanos {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    UnixNanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}
