//! Events posted to the event log over kept-alive connections: how many a second, and what each costs the daemon.
//!
//! The clients wait for each answer, as applications do, and run on the same cores as the daemon.

use core::fmt::Write as _;
use core::time::Duration;
use std::thread;
use std::time::Instant;

use anyhow::{Result, anyhow, ensure};

use super::daemon::{Daemon, WRITE_SECRET, build_daemon, cpu_time};
use super::machine;

const PATH: &str = "/api/v1/eventlog";
/// Events a request, and what is wanted of them a second.
const BATCHES: [(usize, u64); 3] = [(1, 15_000), (20, 0), (200, 100_000)];

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Length of each measurement.
    #[arg(long, default_value_t = 3)]
    seconds: u64,
    /// Connections at once.
    #[arg(long, default_value_t = 16)]
    connections: usize,
}

/// What was measured of one size of requests.
struct Row {
    events: usize,
    wanted: u64,
    bytes: usize,
    requests: u64,
    elapsed: Duration,
    cpu: Duration,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    build_daemon()?;
    let rows = BATCHES.map(|(events, wanted)| measure(args, events, wanted));
    println!("{}; {} connections\n", machine::describe(), args.connections);
    println!(
        "| events a request | bytes | requests a second | events a second | wanted | daemon's CPU an event |"
    );
    println!("|--:|--:|--:|--:|--:|--:|");
    for row in rows {
        let Row { events, wanted, bytes, requests, elapsed, cpu } = row?;
        let a_second = requests as f64 / elapsed.as_secs_f64();
        let stored = requests * events as u64;
        let wanted = if wanted == 0 { String::new() } else { format!("≥ {wanted}") };
        println!(
            "| {events} | {bytes} | {a_second:.0} | {:.0} | {wanted} | {:.2} µs |",
            a_second * events as f64,
            cpu.as_secs_f64() * 1e6 / stored as f64,
        );
    }
    Ok(())
}

fn measure(args: &Args, events: usize, wanted: u64) -> Result<Row> {
    let daemon = Daemon::with(&["--set=eventlog.enabled=true".into()])?;
    let body = body(events);
    let start = (Instant::now(), cpu_time(daemon.pid())?);
    let end = start.0 + Duration::from_secs(args.seconds);
    let requests = thread::scope(|scope| {
        let client = || {
            let mut connection = daemon.connect()?;
            let mut requests = 0_u64;
            while Instant::now() < end {
                connection.post(PATH, WRITE_SECRET, body.as_bytes())?;
                requests += 1;
            }
            anyhow::Ok(requests)
        };
        let clients: Vec<_> = (0..args.connections).map(|_| scope.spawn(client)).collect();
        let join = |c: thread::ScopedJoinHandle<'_, _>| {
            c.join().map_err(|_| anyhow!("a client failed"))?
        };
        clients.into_iter().map(join).sum::<Result<u64>>()
    })?;
    let (elapsed, cpu) = (start.0.elapsed(), cpu_time(daemon.pid())?.saturating_sub(start.1));
    let stored = daemon.settled()?.stored;
    ensure!(
        stored == requests * events as u64,
        "{stored} of {} are stored",
        requests * events as u64
    );
    daemon.stop()?;
    Ok(Row { events, wanted, bytes: body.len(), requests, elapsed, cpu })
}

/// What an application posts: some 200 bytes an event.
fn body(events: usize) -> String {
    let mut body = String::from("[");
    for n in 0..events {
        let separator = if n == 0 { "" } else { "," };
        // Writing to a string cannot fail.
        let _ = write!(
            body,
            "{separator}{{\"facility\":\"shop\",\"timestamp\":\"2026-11-21T14:05:00.{n:03}Z\",\"level\":\"info\",\
             \"event\":\"order placed\",\"additional\":{{\"order\":{},\"customer\":\"c-{n}\",\"total\":129.95,\"currency\":\"EUR\"}}}}",
            1_000_000 + n
        );
    }
    body.push(']');
    body
}
