//! The status as a page of text.

use jiff::Timestamp;
use logd_core::drop::DropReason;

use super::Rates;
use super::units::{bar, bytes, count, duration, rate};
use crate::cli::escape;
use crate::cli::render::push;
use crate::cli::style::Palette;
use crate::info::{Info, RefusedSender, Ring};

const BAR: usize = 20;

pub(super) fn render(url: &str, info: &Info, rates: &Rates, palette: Palette) -> String {
    let mut page = Page { out: String::new(), palette, now: info.time.parse().ok() };
    page.head(url, info);
    page.ingest(info, rates);
    page.rings(&info.store.rings);
    page.drops(info, rates);
    page.refused(&info.ingest.refused_senders);
    page.out
}

struct Page {
    out: String,
    palette: Palette,
    /// The daemon's clock.
    now: Option<Timestamp>,
}

impl Page {
    fn head(&mut self, url: &str, info: &Info) {
        let heading = self.palette.heading();
        push(&mut self.out, format_args!("{heading}logd "));
        escape::line(&info.version, &mut self.out);
        push(&mut self.out, format_args!(" at {url}{heading:#}, up {}, ", duration(info.uptime)));
        escape::line(&info.machine.system, &mut self.out);
        let (cores, resident) = (info.machine.cores, bytes(info.machine.resident));
        push(&mut self.out, format_args!(", {cores} cores, {resident} resident\n\n"));
    }

    fn ingest(&mut self, info: &Info, rates: &Rates) {
        let ingest = &info.ingest;
        let row = |name: &str, per_second: &str, total: String, more: String| {
            let line = format!("{name:<10}{per_second:>12}  {total:>15} in all  {more}");
            line.trim_end().to_owned() + "\n"
        };
        let traffic = format!("{}/s, {}", bytes(rates.bytes as u64), bytes(ingest.bytes));
        self.out += &row("datagrams", &rate(rates.datagrams), count(ingest.datagrams), traffic);
        let events = count(ingest.events_stored);
        self.out += &row("events", &rate(rates.events_stored), events, "stored".to_owned());
        let (dropped, a_second) = (ingest.drops.values().sum(), rates.drops.values().sum());
        let alert = |n: u64| if n > 0 { self.palette.alert() } else { anstyle::Style::new() };
        let style = alert(dropped);
        let line = row(
            "drops",
            &rate(a_second),
            count(dropped),
            "refused, or lost on the way in".to_owned(),
        );
        push(&mut self.out, format_args!("{style}{}{style:#}\n", line.trim_end()));
        let style = alert(ingest.gaps);
        let line = row(
            "gaps",
            &rate(rates.gaps),
            count(ingest.gaps),
            "events numbered by their senders that never came".to_owned(),
        );
        push(&mut self.out, format_args!("{style}{}{style:#}\n", line.trim_end()));
        self.out += &row("tails", "", count(ingest.tails), String::new()).replace("in all", "open");
    }

    fn rings(&mut self, rings: &[Ring]) {
        let names: Vec<String> = rings.iter().map(|ring| name(&ring.key)).collect();
        let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0).max(5);
        self.heading(&format!(
            "{:<width$}  {:<39}{:>14}{:>14}  oldest",
            "rings", "used", "events", "overwritten"
        ));
        for (ring, name) in rings.iter().zip(names) {
            let percent = ring.used as f64 * 100.0 / ring.budget.max(1) as f64;
            let full = format!("{percent:>3.0} % of {}", bytes(ring.budget));
            let key = self.palette.key();
            let oldest = self.ago(&ring.oldest).unwrap_or_else(|| "-".to_owned());
            push(
                &mut self.out,
                format_args!(
                    "{key}{name:<width$}{key:#}  {} {full:<18}{:>14}{:>14}  {oldest}\n",
                    bar(ring.used, ring.budget, BAR),
                    count(ring.size),
                    count(ring.overwritten),
                ),
            );
        }
    }

    fn drops(&mut self, info: &Info, rates: &Rates) {
        let mut drops: Vec<_> = info.ingest.drops.iter().filter(|&(_, &n)| n > 0).collect();
        if drops.is_empty() {
            return;
        }
        drops.sort_by_key(|&(_, &n)| core::cmp::Reverse(n));
        self.heading(&format!("{:<20}{:>12}{:>15}  why", "drops", "", "in all"));
        for (name, &n) in drops {
            let why =
                DropReason::ALL.iter().find(|r| r.name() == name).map_or("", |r| r.describe());
            let a_second = rates.drops.get(name).copied().unwrap_or(0.0);
            let mut shown = String::new();
            escape::line(name, &mut shown);
            let line = format!("{shown:<20}{:>12}{:>15}  {why}", rate(a_second), count(n));
            push(&mut self.out, format_args!("{}\n", line.trim_end()));
        }
    }

    fn refused(&mut self, senders: &[RefusedSender]) {
        if senders.is_empty() {
            return;
        }
        self.heading("refused for their time");
        for sender in senders {
            let direction = if sender.skew < 0.0 { "behind" } else { "ahead" };
            let mut line = String::new();
            escape::line(&sender.addr, &mut line);
            let skew = format!("{} {direction}", duration(sender.skew.abs()));
            let last =
                self.ago(&sender.last).map_or_else(String::new, |ago| format!(", last {ago}"));
            push(
                &mut self.out,
                format_args!("{line:<40}{skew:>20}  {} datagrams{last}\n", count(sender.count)),
            );
        }
        let dim = self.palette.dim();
        push(
            &mut self.out,
            format_args!(
                "{dim}Set the clocks there and here by NTP, or give the daemon a longer ttl. Datagrams from before \
                 the daemon's start\nand copies of old ones show here, too; the addresses are not proven.{dim:#}\n"
            ),
        );
    }

    fn heading(&mut self, text: &str) {
        let heading = self.palette.heading();
        push(&mut self.out, format_args!("\n{heading}{text}{heading:#}\n"));
    }

    /// How long before the daemon's now, as `5 s ago`.
    fn ago(&self, time: &str) -> Option<String> {
        let then: Timestamp = time.parse().ok()?;
        let seconds = self.now?.duration_since(then).as_secs_f64();
        Some(format!("{} ago", duration(seconds.max(0.0))))
    }
}

fn name(key: &str) -> String {
    // The fallback ring, for the keys that no other ring takes.
    if key.is_empty() || key == "/" {
        return "/ (others)".to_owned();
    }
    let mut name = String::new();
    escape::line(key, &mut name);
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::info::{Ingest, Machine, Store};

    fn sample() -> Info {
        Info {
            version: "0.1.0".into(),
            uptime: 3725.0,
            time: "2026-11-21T14:05:00Z".into(),
            machine: Machine { system: "linux x86_64".into(), cores: 2, resident: 48 << 20 },
            ingest: Ingest {
                datagrams: 1_234_567,
                events_stored: 1_234_000,
                drops: [("replay".into(), 3), ("stale".into(), 567), ("new_one".into(), 1)].into(),
                refused_senders: vec![RefusedSender {
                    addr: "10.0.0.5".into(),
                    reason: "stale".into(),
                    skew: -3.25,
                    count: 567,
                    last: "2026-11-21T14:04:55Z".into(),
                }],
                ..Ingest::default()
            },
            store: Store {
                rings: vec![
                    Ring {
                        key: "/prod/api".into(),
                        size: 5,
                        used: 32 << 20,
                        budget: 64 << 20,
                        oldest: "2026-11-21T13:05:00Z".into(),
                        ..Ring::default()
                    },
                    Ring { budget: 1 << 20, ..Ring::default() },
                ],
                ..Store::default()
            },
            ..Info::default()
        }
    }

    #[test]
    fn everything_that_matters_is_on_the_page() {
        let rates = Rates { datagrams: 1234.0, ..Rates::default() };
        let page = render("http://x", &sample(), &rates, Palette::new(false));
        for expect in [
            "logd 0.1.0 at http://x, up 1 h 2 min, linux x86_64, 2 cores, 48.0 MiB resident",
            "1,234/s",
            "1,234,567 in all",
            "/prod/api   ██████████░░░░░░░░░░  50 % of 64.0 MiB",
            "1 h 0 min ago",
            "/ (others) ",
            "The same datagram was accepted before.",
            "new_one",
            "10.0.0.5",
            "3.2 s behind",
            "567 datagrams, last 5.0 s ago",
            "NTP",
        ] {
            assert!(page.contains(expect), "{expect:?} is not in\n{page}");
        }
        assert!(page.find("stale").unwrap() < page.find("replay").unwrap(), "most frequent first");
        assert!(!page.contains('\x1b') && page.lines().all(|line| !line.ends_with(' ')), "{page}");
    }

    #[test]
    fn a_quiet_daemon_has_a_short_page() {
        let page = render("http://x", &Info::default(), &Rates::default(), Palette::new(true));
        assert!(!page.contains("refused for") && !page.contains("why"), "{page}");
    }

    #[test]
    fn what_the_daemon_says_cannot_drive_the_terminal() {
        let mut info = sample();
        info.version = "\x1b[2J".into();
        info.store.rings[0].key = "/a/\x1b[2J".into();
        info.ingest.refused_senders[0].addr = "\x1b[2J".into();
        info.ingest.drops.insert("\x1b[2J".into(), 1);
        assert!(
            !render("http://x", &info, &Rates::default(), Palette::new(false)).contains('\x1b')
        );
    }
}
