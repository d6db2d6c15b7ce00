//! How long after its log call an event reaches who watches.

mod watch;

use core::net::SocketAddr;
use core::time::Duration;

use anyhow::{Result, ensure};

use super::application::{Application, Clock, at_rate};
use super::daemon::{Daemon, build_daemon};
use super::machine;
use super::percentiles::Percentiles;
use super::report::thousands;
use watch::Watch;

/// Events a second.
const RATES: [u64; 2] = [50_000, 1_000];
const PATIENCE: Duration = Duration::from_secs(10);
/// After so long without an arrival nothing is under way any more.
const QUIET: Duration = Duration::from_millis(500);

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Length of each measurement.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Only this rate, in events a second.
    #[arg(long)]
    rate: Option<u64>,
    /// Only this place.
    #[arg(long)]
    at: Option<Place>,
    /// Decides the events.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Where an event is waited for.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Place {
    /// A UDP socket instead of the daemon: the client's part.
    Socket,
    /// A stream of server-sent events.
    Http,
    /// What `logd tail` prints.
    Tail,
}

impl Place {
    const ALL: [Self; 3] = [Self::Socket, Self::Http, Self::Tail];

    fn name(self) -> &'static str {
        match self {
            Self::Socket => "a UDP socket (the client's part)",
            Self::Http => "/api/v1/tail",
            Self::Tail => "`logd tail`, standard output",
        }
    }
}

/// Measures every case and prints the table.
pub(crate) fn run(args: &Args) -> Result<()> {
    build_daemon()?;
    // Half a dozen threads hand an event on, each to the next: the kernel places them better than fixed cores would.
    println!("{}; threads and processes not bound to cores.\n", machine::describe());
    println!(
        "| log call to | events/s | sent | arrived | p50, µs | p99, µs | p99.9, µs | max, µs |"
    );
    println!("|---|--:|--:|--:|--:|--:|--:|--:|");
    for place in Place::ALL.into_iter().filter(|p| args.at.is_none_or(|only| only == *p)) {
        for rate in args.rate.map_or(RATES.to_vec(), |only| vec![only]) {
            ensure!(rate > 0, "a rate is at least 1 event a second");
            let (sent, delays) = measure(place, rate, args)?;
            let us = |time: Duration| (time.as_nanos() as f64 / 1e3).round();
            println!(
                "| {} | {} | {} | {} | {} | {} | {} | {} |",
                place.name(),
                thousands(rate),
                thousands(sent as u64),
                thousands(delays.count() as u64),
                us(delays.at(50.0)),
                us(delays.at(99.0)),
                us(delays.at(99.9)),
                us(delays.max()),
            );
        }
    }
    Ok(())
}

/// How many events were sent, and the delays of those that arrived.
fn measure(place: Place, rate: u64, args: &Args) -> Result<(usize, Percentiles)> {
    let clock = Clock::start();
    let measure = |to: SocketAddr, watch: Watch| -> Result<_> {
        let app = Application::start(to, clock, args.seed)?;
        first_arrival(&app, &watch)?;
        // Everybody is awake and has what they allocate first.
        at_rate(rate, Duration::from_millis(500), |n| app.log_time(n))?;
        watch.until_quiet(QUIET);
        let sent = at_rate(rate, Duration::from_secs(args.seconds), |n| app.log_time(n))?;
        app.client.flush(PATIENCE)?;
        let delays = watch.until_quiet(QUIET);
        watch.stop()?;
        Ok((sent, Percentiles::new(delays)))
    };
    if place == Place::Socket {
        let (address, watch) = watch::socket(clock)?;
        return measure(address, watch);
    }
    let daemon = Daemon::start()?;
    let watch = match place {
        Place::Socket | Place::Http => watch::http(&daemon, clock)?,
        Place::Tail => watch::tail(&daemon, clock)?,
    };
    let measured = measure(daemon.udp, watch)?;
    daemon.stop()?;
    Ok(measured)
}

/// Logs until something arrives: whoever watches is there.
fn first_arrival(app: &Application, watch: &Watch) -> Result<()> {
    for _ in 0..100 {
        app.log_time(0)?;
        if !watch.until_quiet(Duration::from_millis(100)).is_empty() {
            return Ok(());
        }
    }
    anyhow::bail!("no event arrives");
}
