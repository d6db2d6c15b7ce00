//! Signed events over loopback: what the daemon stores, what is lost, and what an event costs it.
//!
//! For each load, in one run: the daemon; then a receiver that does nothing but take the datagrams from the
//! kernel; and the cost of one HMAC. The two together are what a daemon cannot do without.

use alloc::collections::BTreeMap;
use core::net::SocketAddr;
use core::time::Duration;

use anyhow::{Result, ensure};
use nix::time::ClockId;

use super::daemon::{Daemon, RECEIVE_BUFFER, WRITE_SECRET, cpu_time};
use super::machine::{self, Part, bind};
use super::report::{self, Receiver, Row};
use super::send::{How, Sent, send};
use super::sink::Sink;
use crate::sh::{cargo, step};
use logd_bench::{Load, unix_nanos};

/// Rates, in events a second; `None` is as fast as one sender goes.
const RATES: [Option<u64>; 3] = [Some(100_000), Some(200_000), None];
const EVENTS: [usize; 3] = [1, 10, 50];

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

/// Measures every case and prints the table.
pub(crate) fn run(args: &Args) -> Result<()> {
    step("build the daemon", cargo().args(["build", "--quiet", "--release", "-p=logd"]))?;
    let mut rows = Vec::new();
    for how in [How::Plain, How::Gso] {
        if args.how.as_ref().is_some_and(|only| !only.eq_ignore_ascii_case(how.name())) {
            continue;
        }
        for events in args.events.map_or(EVENTS.to_vec(), |only| vec![only]) {
            ensure!((1..=50).contains(&events), "a datagram of the bench has 1 to 50 events");
            let equal = how == How::Gso;
            let mut load = Load::new(events, equal, WRITE_SECRET.as_bytes(), args.seed);
            let hmac = hmac_cost(&mut load)?;
            let rates = args.rate.map_or(RATES.to_vec(), |only| vec![(only > 0).then_some(only)]);
            for rate in rates {
                eprintln!("{}, {events} a datagram, {}", how.name(), report::rate(rate));
                let time = Duration::from_secs(args.seconds);
                let daemon = daemon(&mut load, how, rate, time)?;
                let sink = sink(&mut load, how, rate, time)?;
                let mean_len = load.mean_len();
                rows.push(Row { how, events, rate, mean_len, hmac, daemon, sink });
            }
        }
    }
    if args.json {
        report::json(&rows)
    } else {
        report::markdown(&rows)
    }
    Ok(())
}

/// What a daemon with its defaults does with a load.
pub(crate) fn daemon(
    load: &mut Load,
    how: How,
    rate: Option<u64>,
    time: Duration,
) -> Result<Receiver> {
    bind(Part::Receiver);
    let daemon = Daemon::start()?;
    let counters = daemon.settled()?;
    let before = cpu_time(daemon.pid())?;
    let sent = from_own_core(load, daemon.udp, how, rate, time)?;
    drain();
    let cpu = cpu_time(daemon.pid())?.saturating_sub(before);
    let counted = daemon.settled()?.since(&counters);
    daemon.stop()?;
    Ok(Receiver { sent, stored: counted.stored, drops: counted.drops, cpu })
}

fn sink(load: &mut Load, how: How, rate: Option<u64>, time: Duration) -> Result<Receiver> {
    bind(Part::Receiver);
    let sink = Sink::start(how == How::Gso, RECEIVE_BUFFER)?;
    let before = cpu_time(sink.pid())?;
    let sent = from_own_core(load, sink.address, how, rate, time)?;
    drain();
    let cpu = cpu_time(sink.pid())?.saturating_sub(before);
    let bytes = sink.stop()?;
    // It counts bytes; datagrams of a load are near enough of one length to tell events from them.
    let stored = (sent.events as f64 * bytes as f64 / sent.bytes as f64) as u64;
    Ok(Receiver { sent, stored, drops: BTreeMap::new(), cpu })
}

fn from_own_core(
    load: &mut Load,
    to: SocketAddr,
    how: How,
    rate: Option<u64>,
    time: Duration,
) -> Result<Sent> {
    bind(Part::Load);
    send(load, to, how, rate, time)
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
