//! The sending itself: packs, paces, and keeps account of what was refused.

use core::net::SocketAddr;
use core::time::Duration;
use std::io;
use std::net::{ToSocketAddrs as _, UdpSocket};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread;
use std::time::Instant;

use logd_core::time::UnixNanos;

use super::lines::{Line, MAX_TEXT, PART};
use super::pace::Pace;
use super::packer::Packer;
use super::{Input, unix_now};
use crate::Outcome;
use crate::cli::failure::Failure;
use crate::cli::output::note;

/// How long an event waits for company in its datagram.
const LINGER: Duration = Duration::from_millis(10);
/// How long after Ctrl-C the input may still end by itself: the program that writes it got the signal, too, and
/// its last words are worth having.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// A socket towards the daemon, and what is to be said about it in the end.
pub(super) struct Sending {
    socket: UdpSocket,
    to: SocketAddr,
    packer: Packer,
    pace: Pace,
    /// Events in datagrams that the socket took.
    sent: u64,
    /// Events in datagrams that the socket or the other host refused.
    refused: u64,
    refusal: Option<io::Error>,
    warned: bool,
    split: u64,
    repaired: u64,
    /// Events of the datagram before: a refusal by the other host is told with the next.
    in_flight: u64,
    /// When the oldest event that waits came.
    pending_since: Option<Instant>,
}

impl Sending {
    pub(super) fn open(addr: &str, packer: Packer, rate: u32) -> Result<Self, Failure> {
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
            warned: false,
            split: 0,
            repaired: 0,
            in_flight: 0,
            pending_since: None,
        })
    }

    /// Sends one text as it is, in parts if need be.
    pub(super) fn text(&mut self, text: &str) {
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
    }

    /// Sends what arrives, until the end; the error is the input's.
    pub(super) fn inputs(&mut self, inputs: &Receiver<Input>) -> anyhow::Result<()> {
        let mut stop_at: Option<Instant> = None;
        loop {
            let now = Instant::now();
            // Long enough to cost nothing.
            let idle = now + Duration::from_secs(3600);
            let wake = [self.pending_since.map(|since| since + LINGER), stop_at];
            let wake = wake.into_iter().flatten().min().unwrap_or(idle);
            match inputs.recv_timeout(wake.saturating_duration_since(now)) {
                Ok(Input::Line(time, line)) => self.line(time, &line),
                Ok(Input::Interrupted) if stop_at.is_some() => return Ok(()),
                Ok(Input::Interrupted) => stop_at = Some(Instant::now() + LAST_WORDS),
                Ok(Input::End(end)) => return end,
                Err(RecvTimeoutError::Timeout) => self.flush(),
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
            self.warn();
            if stop_at.is_some_and(|at| Instant::now() >= at) {
                return Ok(());
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
        let since = *self.pending_since.get_or_insert_with(Instant::now);
        // A trickle of events would otherwise wait until a datagram is full.
        if since.elapsed() >= LINGER {
            self.flush();
        }
    }

    /// Sends what is pending, at its time.
    fn flush(&mut self) {
        self.pending_since = None;
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
        self.refusal = Some(error);
    }

    /// Tells of the first refusal at once: the input may go on for days.
    fn warn(&mut self) {
        if let Some(error) = self.refusal.as_ref().filter(|_| !self.warned) {
            note(self.explain(error));
            self.warned = true;
        }
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
    pub(super) fn finish(&mut self) -> anyhow::Result<Outcome> {
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
                PART
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
                let lost = format!("events lost: at least {refused}, sent: {sent}");
                Err(self.explain(error).detail(lost).into())
            }
            None if self.sent == 0 => Ok(Outcome::NothingFound),
            None => Ok(Outcome::Found),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::send::packer::Template;
    use logd_core::datagram::{HEADER_LEN, Signer};
    use logd_core::key::Key;
    use logd_core::severity::Severity;
    use logd_proto::prost::Message as _;
    use logd_proto::wire;
    use std::sync::mpsc::sync_channel;

    fn sending(to: &str) -> Sending {
        let template = Template::new(Key::parse("/a/b").unwrap(), Severity::WARN, &[]);
        let packer = Packer::new(template, Signer::new(b"secret"), 7);
        Sending::open(to, packer, 0).unwrap()
    }

    fn line(text: &str) -> Input {
        let line = Line { text: text.to_owned(), part: None, repaired: false };
        Input::Line(UnixNanos(5), line)
    }

    fn receive(socket: &UdpSocket) -> wire::Cmd {
        let mut buffer = [0; 65536];
        socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let len = socket.recv(&mut buffer).unwrap();
        assert!(len <= 1452, "{len} bytes do not fit a frame");
        wire::Cmd::decode(&buffer[HEADER_LEN..len]).unwrap()
    }

    #[test]
    fn lines_are_packed_in_order_and_numbered_without_gaps() {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let mut sending = sending(&socket.local_addr().unwrap().to_string());
        let (inputs, received) = sync_channel(1000);
        let texts: Vec<_> = (0..200).map(|n| format!("event {n}")).collect();
        texts.iter().for_each(|text| inputs.send(line(text)).unwrap());
        inputs.send(Input::End(Ok(()))).unwrap();
        sending.inputs(&received).unwrap();
        assert_eq!(sending.finish().unwrap(), Outcome::Found);

        let mut got = Vec::new();
        while got.len() < texts.len() {
            let cmd = receive(&socket);
            assert_eq!((cmd.sender, cmd.counter), (7, got.len() as u64));
            assert!(cmd.batch.len() > 1, "a datagram carries many");
            assert!(cmd.batch.iter().all(|m| m.key == "/a/b" && m.severity == 13));
            got.extend(cmd.batch.into_iter().map(|msg| msg.txt));
        }
        assert_eq!(got, texts);
    }

    #[test]
    fn what_waits_for_company_is_sent_after_a_moment_and_after_an_interruption() {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let mut sending = sending(&socket.local_addr().unwrap().to_string());
        let (inputs, received) = sync_channel(10);
        let reader =
            thread::spawn(move || sending.inputs(&received).and_then(|()| sending.finish()));
        inputs.send(line("alone")).unwrap();
        assert_eq!(receive(&socket).batch[0].txt, "alone");
        inputs.send(Input::Interrupted).unwrap();
        inputs.send(line("last words")).unwrap();
        inputs.send(Input::Interrupted).unwrap();
        assert_eq!(receive(&socket).batch[0].txt, "last words");
        assert_eq!(reader.join().unwrap().unwrap(), Outcome::Found);
    }

    #[test]
    fn a_host_that_refuses_is_noticed() {
        let closed = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let mut sending = sending(&closed);
        sending.text("one");
        let error = sending.finish().unwrap_err().to_string();
        assert!(error.contains(&closed) && error.contains("at least 1, sent: 0"), "{error}");
        assert!(
            Sending::open("127.0.0.1", sending.packer, 0)
                .is_err_and(|e| e.to_string().contains("LOGD_ADDR"))
        );
    }

    #[test]
    fn a_long_text_is_sent_in_parts() {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let mut sending = sending(&socket.local_addr().unwrap().to_string());
        let long = "€".repeat(MAX_TEXT / 3 + 10);
        sending.text(&long);
        assert_eq!(sending.finish().unwrap(), Outcome::Found);
        let mut buffer = [0; 65536];
        let mut got = String::new();
        while got.len() < long.len() {
            let len = socket.recv(&mut buffer).unwrap();
            let cmd = wire::Cmd::decode(&buffer[HEADER_LEN..len]).unwrap();
            assert!(cmd.batch.iter().all(|msg| msg.attributes[0].name == PART));
            got.extend(cmd.batch.into_iter().map(|msg| msg.txt));
        }
        assert_eq!(got, long);
    }
}
