//! What a log call costs the thread that logs.

use core::hint::black_box;
use core::time::Duration;

use std::thread;
use std::time::Instant;

use anyhow::{Context, Result};
use logd_client::LogError;

use super::application::{Application, Clock, at_rate};
use super::daemon::RECEIVE_BUFFER;
use super::machine::{self, Part, bind};
use super::percentiles::Percentiles;
use super::report::{rate, thousands};
use super::sink::Sink;

/// Calls at full speed that fit the client's queue, whatever its sending thread manages meanwhile.
const BURST: usize = 100_000;
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Length of each measurement.
    #[arg(long, default_value_t = 3)]
    seconds: u64,
    /// Decides the events.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Measures every case and prints the table.
pub(crate) fn run(args: &Args) -> Result<()> {
    let time = Duration::from_secs(args.seconds);
    println!("{}; caller and sending thread on cores of their own.\n", machine::describe());
    println!(
        "| what | threads that log | rate | calls | p50, ns | p99, ns | p99.9, ns | max, µs |"
    );
    println!("|---|--:|---|--:|--:|--:|--:|--:|");

    bind(Part::Receiver);
    let sink = Sink::start(false, RECEIVE_BUFFER)?;
    let app = Application::start(sink.address, Clock::start(), args.seed)?;
    bind(Part::Load);

    let nothing = |n| {
        black_box(n);
        Ok(())
    };
    print("the clock alone", 1, None, burst(&nothing)?);
    // Touches the memory of the client's queue, as an application has done after its first seconds.
    bursts(&app, time / 4)?;
    print("log call", 1, None, bursts(&app, time)?);
    print("log call", 2, None, two_threads(&app, time)?);
    for per_second in [50_000, 1_000, 100] {
        let calls: [(&str, Call<'_>); 2] =
            [("the clock alone", &nothing), ("log call", &|n| app.log(n))];
        for (what, call) in calls {
            let mut nanos = Vec::with_capacity((per_second * args.seconds) as usize + 1);
            at_rate(per_second, time, |n| timed(&mut nanos, n, call))?;
            app.client.flush(PATIENCE)?;
            print(what, 1, Some(per_second), nanos);
        }
    }

    let stats = app.client.stats();
    println!(
        "\n{} events in {} datagrams; {} lost.",
        thousands(stats.sent_events),
        thousands(stats.sent_datagrams),
        thousands(stats.dropped.total()),
    );
    sink.stop()?;
    Ok(())
}

type Call<'a> = &'a (dyn Fn(usize) -> Result<(), LogError> + Sync);

/// Bursts at full speed for `time`, with an empty queue before each.
fn bursts(app: &Application, time: Duration) -> Result<Vec<u64>> {
    let start = Instant::now();
    let mut nanos = Vec::new();
    while start.elapsed() < time {
        nanos.extend(burst(&|n| app.log(n))?);
        app.client.flush(PATIENCE)?;
    }
    Ok(nanos)
}

/// As [`bursts`], of which another thread logs as much at the same time, and is not measured.
fn two_threads(app: &Application, time: Duration) -> Result<Vec<u64>> {
    let start = Instant::now();
    let mut nanos = Vec::new();
    while start.elapsed() < time {
        thread::scope(|scope| {
            // On another core: two threads of one core never meet at the lock.
            let other = scope.spawn(|| {
                bind(Part::Receiver);
                burst(&|n| app.log(n)).map(drop)
            });
            nanos.extend(burst(&|n| app.log(n))?);
            other.join().expect("it does not panic")
        })?;
        app.client.flush(PATIENCE)?;
    }
    Ok(nanos)
}

fn burst(call: Call<'_>) -> Result<Vec<u64>> {
    let mut nanos = Vec::with_capacity(BURST);
    for n in 0..BURST {
        timed(&mut nanos, n, call).context("a log call was refused")?;
    }
    Ok(nanos)
}

/// One call, timed; what the clock itself costs is in it.
fn timed(nanos: &mut Vec<u64>, n: usize, call: Call<'_>) -> Result<(), LogError> {
    let start = Instant::now();
    call(n)?;
    nanos.push(start.elapsed().as_nanos() as u64);
    Ok(())
}

fn print(what: &str, threads: usize, per_second: Option<u64>, nanos: Vec<u64>) {
    let p = Percentiles::new(nanos);
    println!(
        "| {what} | {threads} | {} | {} | {} | {} | {} | {:.1} |",
        rate(per_second),
        thousands(p.count() as u64),
        p.at(50.0).as_nanos(),
        p.at(99.0).as_nanos(),
        p.at(99.9).as_nanos(),
        p.max().as_secs_f64() * 1e6,
    );
}
