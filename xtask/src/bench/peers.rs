//! What the same work costs other programs, where they are installed.
//!
//! They do not do the same: none authenticates what it receives, and each keeps it in another way. The table tells what
//! an operator's machine spends on an event, and no more.

mod process;
mod redis;
mod ripgrep;
mod rsyslog;

use core::time::Duration;

use anyhow::Result;
use logd_bench::{Load, Samples, unix_nanos};
use logd_proto::wire::attribute::Value;
use logd_proto::wire::{Attribute, Msg};

use super::daemon::{WRITE_SECRET, build_daemon};
use super::ingest::{self, Place};
use super::report::{Receiver, rate, thousands};
use super::send::{How, Traffic};

/// Events a second; `None` is as fast as one sender goes.
const RATES: [Option<u64>; 2] = [Some(100_000), None];
/// Distinct events of a load; they come round again.
const EVENTS: usize = 8192;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Length of each measurement.
    #[arg(long, default_value_t = 3)]
    seconds: u64,
    /// How many events to search.
    #[arg(long, default_value_t = 2_000_000)]
    events: usize,
    /// Decides the events.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Measures whoever is there and prints the tables.
pub(crate) fn run(args: &Args) -> Result<()> {
    build_daemon()?;
    println!("{}.", ingest::heading());
    for names in [&rsyslog::NAMES[..], &redis::NAMES] {
        if let Some(program) = process::installed(names) {
            println!("{}.", process::version(program, "-v")?);
        }
    }
    println!();
    ingest(args)?;
    println!();
    ripgrep::run(args.events, args.seed)
}

fn ingest(args: &Args) -> Result<()> {
    let time = Duration::from_secs(args.seconds);
    println!("| receiver | rate | offered, events/s | stored | lost | ns CPU an event | ÷ logd |");
    println!("|---|---|--:|--:|--:|--:|--:|");
    let mut samples = Samples::new(args.seed);
    let msgs: Vec<Msg> = (0..EVENTS).map(|_| samples.event(unix_nanos())).collect();
    for per_second in RATES {
        let load = |events| Load::new(events, false, WRITE_SECRET.as_bytes(), args.seed);
        let traffic = Traffic::new(How::Plain, per_second, time);
        let logd = ingest::daemon(&mut load(1), traffic, Place::apart(1))?;
        let print = |name: &str, receiver: &Receiver| {
            println!(
                "| {name} | {} | {} | {} | {} | {:.0} | {:.2} |",
                rate(per_second),
                thousands(receiver.sent.rate() as u64),
                thousands(receiver.stored),
                thousands(receiver.lost()),
                receiver.cost(),
                receiver.cost() / logd.cost(),
            );
        };
        print("logd, signed, one event a datagram", &logd);
        let ten = ingest::daemon(&mut load(10), traffic, Place::apart(1))?;
        print("logd, signed, 10 events a datagram", &ten);
        if let Some(rsyslog) = there("rsyslogd", rsyslog::measure(&msgs, per_second, time)) {
            print("rsyslog, imudp, one event a datagram", &rsyslog);
        }
        if let Some(redis) = there("redis-server", redis::measure(&msgs, per_second, time)) {
            print("Redis, XADD over TCP, 64 a write", &redis);
        }
    }
    Ok(())
}

/// A peer that is not there, or does not work on this machine, is left out with a word.
fn there<T>(name: &str, measured: Result<Option<T>>) -> Option<T> {
    match measured {
        Ok(Some(measured)) => return Some(measured),
        Ok(None) => eprintln!("{name} is not installed: skipped"),
        Err(e) => eprintln!("{name} does not work here: skipped ({e:#})"),
    }
    None
}

/// An attribute's value for who has only text.
fn plain(attribute: &Attribute) -> String {
    match &attribute.value {
        Some(Value::Text(text)) => text.clone(),
        Some(Value::Int(n)) => n.to_string(),
        Some(Value::Float(_) | Value::Flag(_) | Value::Bytes(_)) | None => {
            unreachable!("samples have text and whole numbers")
        }
    }
}
