//! Those who wait for events: each a thread that measures the delay of every event at the moment it has it.

use core::net::{Ipv4Addr, SocketAddr};
use core::time::Duration;
use std::io::{BufRead, BufReader};
use std::net::{Shutdown, UdpSocket};
use std::process::Stdio;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

use anyhow::{Context, Result};
use logd_core::datagram::HEADER_LEN;
use logd_proto::borrowed::{Cmd, Msg};
use nix::sys::socket::{setsockopt, sockopt};

use crate::bench::application::{Clock, KEY};
use crate::bench::daemon::{Daemon, RECEIVE_BUFFER};

/// Somebody who waits for events.
pub(super) struct Watch {
    delays: Receiver<u64>,
    thread: JoinHandle<Result<()>>,
    end: Box<dyn FnOnce() -> Result<()>>,
}

impl Watch {
    /// The delays of what arrives, in nanoseconds, until nothing does for a while.
    pub(super) fn until_quiet(&self, quiet: Duration) -> Vec<u64> {
        core::iter::from_fn(|| self.delays.recv_timeout(quiet).ok()).collect()
    }

    pub(super) fn stop(self) -> Result<()> {
        // Whoever finds nobody to tell ends, too.
        drop(self.delays);
        (self.end)()?;
        self.thread.join().expect("the watching thread does not panic")
    }
}

/// On a socket of its own, in the daemon's place.
pub(super) fn socket(clock: Clock) -> Result<(SocketAddr, Watch)> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    setsockopt(&socket, sockopt::RcvBuf, &RECEIVE_BUFFER).context("SO_RCVBUF")?;
    let address = socket.local_addr()?;
    let (arrived, delays) = channel();
    let thread = thread::spawn(move || receive(&socket, clock, &arrived));
    // An empty datagram is no event, and ends the wait for one.
    let end = move || {
        let own = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        own.send_to(&[], address)?;
        Ok(())
    };
    Ok((address, Watch { delays, thread, end: Box::new(end) }))
}

fn receive(socket: &UdpSocket, clock: Clock, arrived: &Sender<u64>) -> Result<()> {
    let mut buffer = [0; 65_536];
    loop {
        let len = socket.recv(&mut buffer)?;
        let Some(payload) = buffer[..len].get(HEADER_LEN..) else { return Ok(()) };
        for msg in Cmd::parse(payload)?.msgs() {
            let delay = clock.since_logged(Msg::parse(msg, |_| {})?.txt);
            if delay.is_some_and(|delay| arrived.send(delay).is_err()) {
                return Ok(());
            }
        }
    }
}

/// On a stream of server-sent events.
pub(super) fn http(daemon: &Daemon, clock: Clock) -> Result<Watch> {
    let stream = daemon.open(&format!("/api/v1/tail?q=key:{KEY}"))?;
    let connection = stream.get_ref().try_clone()?;
    let (arrived, delays) = channel();
    let thread = thread::spawn(move || read(stream, clock, &arrived));
    let end = move || Ok(connection.shutdown(Shutdown::Both)?);
    Ok(Watch { delays, thread, end: Box::new(end) })
}

/// On the standard output of `logd tail`.
pub(super) fn tail(daemon: &Daemon, clock: Clock) -> Result<Watch> {
    let mut command = daemon.client("tail");
    command.arg("--lines=0").arg(format!("key:{KEY}"));
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    let out = BufReader::new(child.stdout.take().expect("it is piped"));
    let (arrived, delays) = channel();
    let thread = thread::spawn(move || read(out, clock, &arrived));
    let end = move || {
        child.kill()?;
        child.wait()?;
        Ok(())
    };
    Ok(Watch { delays, thread, end: Box::new(end) })
}

fn read(mut lines: impl BufRead, clock: Clock, arrived: &Sender<u64>) -> Result<()> {
    let mut line = String::new();
    while lines.read_line(&mut line)? > 0 {
        if clock.since_logged(&line).is_some_and(|delay| arrived.send(delay).is_err()) {
            return Ok(());
        }
        line.clear();
    }
    Ok(())
}
