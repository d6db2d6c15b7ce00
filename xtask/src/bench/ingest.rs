//! Signed events over loopback: what the daemon stores, what is lost, and what an event costs it.
//!
//! For each load, in one run: the daemon; then a receiver that does nothing but take the datagrams from the
//! kernel; and the cost of one HMAC. The two together are what a daemon cannot do without.

use alloc::collections::BTreeMap;
use core::net::SocketAddr;
use core::time::Duration;

use anyhow::{Result, ensure};
use nix::time::ClockId;

use super::daemon::{Daemon, RECEIVE_BUFFER, WRITE_SECRET, build_daemon, cpu_time};
use super::machine::{self, Part, bind};
use super::report::{self, Receiver, Row};
use super::send::{How, Sent, Traffic, send};
use super::sink::Sink;
use logd_bench::{Load, unix_nanos};

/// Rates, in events a second; `None` is as fast as one sender goes.
const RATES: [Option<u64>; 3] = [Some(100_000), Some(200_000), None];
const EVENTS: [usize; 3] = [1, 10, 50];
/// What one core is meant to store: single events a second from a sender with GSO.
const GSO_GOAL: u64 = 1_500_000;
/// Threads that are compared, and the senders' sockets that the kernel divides among them.
const THREADS: [usize; 2] = [1, 2];
const FLOWS: usize = 16;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Length of each measurement.
    #[arg(long, default_value_t = 3)]
    seconds: u64,
    /// Only this many events a datagram.
    #[arg(long)]
    events: Option<usize>,
    /// Only this way of sending.
    #[arg(long, value_parser = ["plain", "gso"])]
    how: Option<String>,
    /// Only this rate, in events a second; 0 for full speed.
    #[arg(long)]
    rate: Option<u64>,
    /// Only the comparison of one ingest thread with two, or only the rest.
    #[arg(long, value_parser = ["compare", "one"])]
    threads: Option<String>,
    /// Decides the events.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// As JSON instead of Markdown.
    #[arg(long)]
    json: bool,
}

/// [`Args`] where no subcommand was given.
#[derive(clap::Parser)]
pub(crate) struct Defaults {
    #[command(flatten)]
    pub(crate) args: Args,
}

/// Threads of the daemon, and where they run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// `ingest_threads`
    pub(crate) threads: usize,
    /// Load and receiver may use every core, and disturb each other.
    pub(crate) shared: bool,
}

impl Place {
    /// Load and receiver have cores of their own.
    pub(crate) fn apart(threads: usize) -> Self {
        Self { threads, shared: false }
    }

    fn bind(self, part: Part) {
        bind(if self.shared { Part::Anywhere } else { part });
    }
}

/// One load and one daemon.
struct Case {
    events: usize,
    traffic: Traffic,
    place: Place,
}

/// Measures every case and prints the table.
pub(crate) fn run(args: &Args) -> Result<()> {
    build_daemon()?;
    if let Some(events) = args.events {
        ensure!((1..=50).contains(&events), "a datagram of the bench has 1 to 50 events");
    }
    let mut rows = Vec::new();
    let cases = cases(args);
    for same in cases.chunk_by(|a, b| (a.traffic.how, a.events) == (b.traffic.how, b.events)) {
        let (how, events) = (same[0].traffic.how, same[0].events);
        let mut load = Load::new(events, how == How::Gso, WRITE_SECRET.as_bytes(), args.seed);
        let hmac = hmac_cost(&mut load)?;
        for &Case { events, traffic, place } in same {
            let Traffic { how, rate, flows, .. } = traffic;
            eprintln!(
                "{}, {events} a datagram, {}, {flows} flows, {} threads",
                how.name(),
                report::rate(rate),
                place.threads
            );
            let daemon = daemon(&mut load, traffic, place)?;
            let sink = sink(&mut load, traffic, place)?;
            let mean_len = load.mean_len();
            rows.push(Row { traffic, place, events, mean_len, hmac, daemon, sink });
        }
    }
    if args.json {
        report::json(&rows)
    } else {
        report::markdown(&rows)
    }
    Ok(())
}

/// What was asked for: by how they are sent, then by events a datagram.
fn cases(args: &Args) -> Vec<Case> {
    let time = Duration::from_secs(args.seconds);
    let wanted = |threads: &str| args.threads.as_deref().is_none_or(|only| only == threads);
    let mut cases = Vec::new();
    for how in [How::Plain, How::Gso] {
        if args.how.as_ref().is_some_and(|only| !only.eq_ignore_ascii_case(how.name())) {
            continue;
        }
        for events in args.events.map_or(EVENTS.to_vec(), |only| vec![only]) {
            let mut rates = RATES.to_vec();
            if how == How::Gso && events == 1 {
                rates.insert(2, Some(GSO_GOAL));
            }
            if let Some(only) = args.rate {
                rates = vec![(only > 0).then_some(only)];
            }
            let mut case = |rate, flows, place| {
                let traffic = Traffic { how, rate, flows, time };
                cases.push(Case { events, traffic, place });
            };
            if wanted("one") {
                rates.iter().for_each(|rate| case(*rate, 1, Place::apart(1)));
            }
            if wanted("compare") {
                // The whole machine for both: on two cores, two threads and a sender have to share.
                let rate = args.rate.filter(|rate| *rate > 0);
                for threads in THREADS {
                    case(rate, FLOWS, Place { threads, shared: true });
                }
            }
        }
    }
    cases
}

/// What a daemon with its defaults does with a load.
pub(crate) fn daemon(load: &mut Load, traffic: Traffic, place: Place) -> Result<Receiver> {
    place.bind(Part::Receiver);
    let daemon = Daemon::with(&[format!("--set=ingest_threads={}", place.threads)])?;
    let counters = daemon.settled()?;
    let before = cpu_time(daemon.pid())?;
    let sent = from_own_core(load, daemon.udp, traffic, place)?;
    drain();
    let cpu = cpu_time(daemon.pid())?.saturating_sub(before);
    let counted = daemon.settled()?.since(&counters);
    daemon.stop()?;
    Ok(Receiver { sent, stored: counted.stored, drops: counted.drops, cpu })
}

fn sink(load: &mut Load, traffic: Traffic, place: Place) -> Result<Receiver> {
    place.bind(Part::Receiver);
    let sink = Sink::start(traffic.how == How::Gso, RECEIVE_BUFFER)?;
    let before = cpu_time(sink.pid())?;
    let sent = from_own_core(load, sink.address, traffic, place)?;
    drain();
    let cpu = cpu_time(sink.pid())?.saturating_sub(before);
    let bytes = sink.stop()?;
    // It counts bytes; datagrams of a load are near enough of one length to tell events from them.
    let stored = (sent.events as f64 * bytes as f64 / sent.bytes as f64) as u64;
    Ok(Receiver { sent, stored, drops: BTreeMap::new(), cpu })
}

fn from_own_core(load: &mut Load, to: SocketAddr, traffic: Traffic, place: Place) -> Result<Sent> {
    place.bind(Part::Load);
    send(load, to, traffic)
}

/// Time for a receiver to empty its socket.
fn drain() {
    std::thread::sleep(Duration::from_millis(300));
}

/// Nanoseconds of CPU to sign one datagram of the load; to verify it costs the same hash.
fn hmac_cost(load: &mut Load) -> Result<f64> {
    const TIME: Duration = Duration::from_millis(200);
    bind(Part::Load);
    // The thread's own time: another program on this core does not make a hash dearer.
    let cpu = || ClockId::CLOCK_THREAD_CPUTIME_ID.now().map(Duration::from);
    let start = cpu()?;
    let now = unix_nanos();
    let mut n = 0_u64;
    loop {
        for at in 0..load.len() {
            load.stamp(at, now);
        }
        n += load.len() as u64;
        let spent = cpu()?.saturating_sub(start);
        if spent >= TIME {
            return Ok(spent.as_nanos() as f64 / n as f64);
        }
    }
}

/// The heading of a table: when and where.
pub(crate) fn heading() -> String {
    format!("{}; sender and receiver on cores of their own", machine::describe())
}
