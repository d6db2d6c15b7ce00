//! Sends a load, at a rate or as fast as it goes.

use core::hint::spin_loop;
use core::net::{Ipv4Addr, SocketAddr};
use core::ops::Range;
use core::time::Duration;
use std::io::IoSlice;
use std::net::UdpSocket;
use std::os::fd::AsRawFd;
use std::time::Instant;

use anyhow::{Context, Result};
use nix::sys::socket::{ControlMessage, MsgFlags, MultiHeaders, SockaddrIn, sendmmsg, sendmsg};

use logd_bench::{Load, unix_nanos};

/// Datagrams a `sendmmsg`, and segments a GSO send: the kernel's `UDP_MAX_SEGMENTS` was 64 before Linux 6.9.
const BATCH: usize = 64;
/// Bytes a GSO send: an IP packet's 65,535 less the headers, rounded down.
const GSO_BYTES: usize = 65_000;
/// At a rate, a burst is what falls due in this time.
const BURST: Duration = Duration::from_micros(250);

/// How datagrams get into the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// `sendmmsg`.
    Plain,
    /// `sendmsg` with `UDP_SEGMENT`: one call and one walk through the network stack for many datagrams.
    Gso,
}

impl How {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Gso => "GSO",
        }
    }
}

/// How fast, and from where.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Traffic {
    pub(crate) how: How,
    /// Events a second; `None` for as fast as one thread sends.
    pub(crate) rate: Option<u64>,
    /// Sockets that take turns.
    pub(crate) flows: usize,
    pub(crate) time: Duration,
}

impl Traffic {
    /// From one socket.
    pub(crate) fn new(how: How, rate: Option<u64>, time: Duration) -> Self {
        Self { how, rate, flows: 1, time }
    }
}

/// What was sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sent {
    pub(crate) datagrams: u64,
    pub(crate) events: u64,
    pub(crate) bytes: u64,
    pub(crate) elapsed: Duration,
}

impl Sent {
    /// Events a second.
    pub(crate) fn rate(&self) -> f64 {
        self.events as f64 / self.elapsed.as_secs_f64()
    }
}

/// Sends the events of a load, again and again.
pub(crate) fn send(load: &mut Load, to: SocketAddr, traffic: Traffic) -> Result<Sent> {
    let Traffic { how, rate, flows, time } = traffic;
    let sockets = (0..flows.max(1)).map(|_| socket(to)).collect::<Result<Vec<_>>>()?;
    let burst = burst(rate, load.events);
    let runs = match how {
        How::Plain => {
            (0..load.len()).step_by(burst).map(|i| i..load.len().min(i + burst)).collect()
        }
        How::Gso => load.runs(burst, GSO_BYTES),
    };

    let mut headers = MultiHeaders::preallocate(BATCH, None);
    let mut sent = Sent { datagrams: 0, events: 0, bytes: 0, elapsed: Duration::ZERO };
    let start = Instant::now();
    for (run, socket) in runs.iter().cycle().zip(sockets.iter().cycle()) {
        sent.elapsed = start.elapsed();
        if sent.elapsed >= time {
            break;
        }
        for i in run.clone() {
            // Read anew for each: a burst must not look older than it is.
            load.stamp(i, unix_nanos());
        }
        match how {
            How::Plain => plain(socket, &mut headers, load, run.clone())?,
            How::Gso => gso(socket, load, run.clone())?,
        }
        sent.datagrams += run.len() as u64;
        sent.events += (run.len() * load.events) as u64;
        sent.bytes += run.clone().map(|i| load.bytes(i).len() as u64).sum::<u64>();
        if let Some(rate) = rate {
            wait_until(start + Duration::from_secs_f64(sent.events as f64 / rate as f64));
        }
    }
    Ok(sent)
}

fn socket(to: SocketAddr) -> Result<UdpSocket> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    socket.connect(to)?;
    Ok(socket)
}

/// Datagrams of `events` that are sent at once.
pub(crate) fn burst(rate: Option<u64>, events: usize) -> usize {
    let due = |rate: u64| BURST.as_secs_f64() * rate as f64 / events as f64;
    rate.map_or(BATCH, |rate| (due(rate) as usize).clamp(1, BATCH))
}

fn plain(
    socket: &UdpSocket,
    headers: &mut MultiHeaders<SockaddrIn>,
    load: &Load,
    mut run: Range<usize>,
) -> Result<()> {
    while !run.is_empty() {
        let slices: Vec<[IoSlice<'_>; 1]> =
            run.clone().map(|i| [IoSlice::new(load.bytes(i))]).collect();
        let to = [None; BATCH];
        let none: [ControlMessage<'_>; 0] = [];
        let done = sendmmsg(socket.as_raw_fd(), headers, &slices, to, none, MsgFlags::empty())
            .context("sendmmsg")?
            .count();
        run.start += done;
    }
    Ok(())
}

fn gso(socket: &UdpSocket, load: &Load, run: Range<usize>) -> Result<()> {
    let len = u16::try_from(load.bytes(run.start).len()).context("a datagram is too long")?;
    let slices: Vec<_> = run.map(|i| IoSlice::new(load.bytes(i))).collect();
    let segments = [ControlMessage::UdpGsoSegments(&len)];
    sendmsg::<()>(socket.as_raw_fd(), &slices, &segments, MsgFlags::empty(), None)
        .context("sendmsg with UDP_SEGMENT")?;
    Ok(())
}

/// Sleeps, and spins through the last part, which a sleep would overshoot.
pub(crate) fn wait_until(due: Instant) {
    const OVERSHOOT: Duration = Duration::from_micros(100);
    let left = due.saturating_duration_since(Instant::now());
    if left > OVERSHOOT {
        std::thread::sleep(left - OVERSHOOT);
    }
    while Instant::now() < due {
        spin_loop();
    }
}
