//! `logd status`: what a daemon does right now, and what it refuses.

use core::time::Duration;
use std::io::IsTerminal as _;
use std::thread;

use super::daemon::{Connection, Daemon};
use super::failure::Failure;
use super::moment;
use super::output::{Display, Output, note};
use crate::Outcome;
use crate::info::Info;

mod units;
mod view;

/// Clears the terminal and begins at its top.
const CLEAR: &str = "\x1b[H\x1b[2J\x1b[3J";

/// Flags of `logd status`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Over how long rates are measured (500ms, 1s, 1m)
    #[arg(long, short, value_name = "DURATION", default_value = "1s", value_parser = interval)]
    interval: Duration,
    /// Show it again after each interval, until Ctrl-C
    #[arg(long, short)]
    watch: bool,
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    display: Display,
}

fn interval(s: &str) -> Result<Duration, String> {
    let interval = moment::parse_width(s).map(Duration::from_nanos)?;
    let sane = Duration::from_millis(10)..=Duration::from_secs(3600);
    if sane.contains(&interval) { Ok(interval) } else { Err("from 10ms to 1h".to_owned()) }
}

/// Runs the command.
pub fn run(args: Args) -> anyhow::Result<Outcome> {
    let daemon = args.connection.open()?;
    let mut before = fetch(&daemon)?;
    let mut out = args.display.open();
    let repaint = args.watch && !args.display.json && std::io::stdout().is_terminal();
    loop {
        thread::sleep(args.interval);
        let after = match fetch(&daemon) {
            Ok(after) => after,
            Err(failure) if args.watch && !failure.is_final() => {
                note(failure);
                continue;
            }
            Err(failure) => return Err(failure.into()),
        };
        let rates = Rates::between(&before, &after);
        if repaint {
            out.text(CLEAR)?;
        }
        show(&daemon, &after, &rates, args.display, &mut out)?;
        out.flush()?;
        if !args.watch {
            return Ok(Outcome::Found);
        }
        before = after;
    }
}

fn fetch(daemon: &Daemon) -> Result<Info, Failure> {
    let document = daemon.get("/info")?;
    serde_json::from_str(&document).map_err(|e| {
        Failure::new(format_args!("{}/info does not answer as logd does: {e}", daemon.url()))
            .hint("check --url or LOGD_URL")
            .for_good()
    })
}

fn show(
    daemon: &Daemon,
    info: &Info,
    rates: &Rates,
    display: Display,
    out: &mut Output,
) -> anyhow::Result<()> {
    if display.json {
        let mut document = serde_json::to_value(info)?;
        document["rates"] = serde_json::to_value(rates)?;
        out.document(&document.to_string())?;
    } else {
        out.text(&view::render(daemon.url(), info, rates, display.palette()))?;
    }
    Ok(())
}

/// What happened between two looks, a second.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
struct Rates {
    /// Seconds between the looks.
    interval: f64,
    datagrams: f64,
    bytes: f64,
    events_stored: f64,
    gaps: f64,
    /// By the name of the reason.
    drops: alloc::collections::BTreeMap<String, f64>,
}

impl Rates {
    fn between(before: &Info, after: &Info) -> Self {
        // The daemon's own clock: how long the answer took does not matter. A daemon that was started again in
        // between has counted from zero since.
        let same = after.uptime >= before.uptime;
        let zero = Info::default();
        let before = if same { before } else { &zero };
        let interval = after.uptime - before.uptime;
        let rate = |before: u64, after: u64| {
            if interval > 0.0 { after.saturating_sub(before) as f64 / interval } else { 0.0 }
        };
        let (b, a) = (&before.ingest, &after.ingest);
        Self {
            interval,
            datagrams: rate(b.datagrams, a.datagrams),
            bytes: rate(b.bytes, a.bytes),
            events_stored: rate(b.events_stored, a.events_stored),
            gaps: rate(b.gaps, a.gaps),
            drops: (a.drops.iter())
                .map(|(name, &n)| (name.clone(), rate(b.drops.get(name).copied().unwrap_or(0), n)))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::info::Ingest;

    fn info(uptime: f64, datagrams: u64, replays: u64) -> Info {
        let drops = [("replay".to_owned(), replays)].into();
        Info { uptime, ingest: Ingest { datagrams, drops, ..Ingest::default() }, ..Info::default() }
    }

    #[test]
    fn rates_are_by_the_daemons_clock() {
        let rates = Rates::between(&info(10.0, 100, 1), &info(12.0, 300, 2));
        assert_eq!((rates.interval, rates.datagrams, rates.drops["replay"]), (2.0, 100.0, 0.5));
    }

    #[test]
    fn a_restart_counts_from_zero() {
        let rates = Rates::between(&info(1000.0, 5000, 9), &info(2.0, 10, 0));
        assert_eq!((rates.datagrams, rates.drops["replay"]), (5.0, 0.0));
        assert_eq!(Rates::between(&info(1.0, 1, 0), &info(1.0, 1, 0)).datagrams, 0.0);
    }

    #[test]
    fn intervals_are_sane() {
        assert_eq!(interval("500ms"), Ok(Duration::from_millis(500)));
        assert!(interval("1ms").is_err() && interval("2h").is_err() && interval("x").is_err());
    }
}
