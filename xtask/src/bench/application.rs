//! An application that logs, through the client library.

use core::net::SocketAddr;
use core::time::Duration;
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result};
use logd_client::{Client, Event, LogError, Severity};
use logd_proto::wire::attribute::Value;

use super::daemon::WRITE_SECRET;
use logd_bench::Samples;

/// The key of its events: no sample has it, so a filter finds them and only them.
pub(crate) const KEY: &str = "/bench/application";

/// Distinct events; they come round again.
const EVENTS: usize = 4096;
/// Most events that wait in the client: all of a burst, so that none is refused.
const QUEUE_BYTES: usize = 1 << 26;
/// In an event's text, before the time of its log call.
const MARK: &str = " logged-at=";

pub(crate) struct Application {
    pub(crate) client: Client,
    lines: Vec<Line>,
    clock: Clock,
}

struct Line {
    severity: Severity,
    text: String,
    attributes: Vec<(String, Value)>,
}

impl Application {
    /// One that logs to `address`. Its client's sending thread stays on the cores that the calling thread is bound to.
    pub(crate) fn start(address: SocketAddr, clock: Clock, seed: u64) -> Result<Self> {
        let client = Client::builder(address, WRITE_SECRET)
            .key(KEY)
            .queue_bytes(QUEUE_BYTES)
            .build()
            .context("cannot start the client")?;
        let mut samples = Samples::new(seed);
        let lines = (0..EVENTS).map(|_| line(&mut samples)).collect();
        Ok(Self { client, lines, clock })
    }

    /// One log call, as an application would write it.
    pub(crate) fn log(&self, n: usize) -> Result<(), LogError> {
        let line = &self.lines[n % EVENTS];
        line.attributes(self.client.event(line.severity, &line.text))
    }

    /// One log call whose event tells in its text when it was made; see [`Clock::since_logged`].
    pub(crate) fn log_time(&self, n: usize) -> Result<(), LogError> {
        let line = &self.lines[n % EVENTS];
        let text = format_args!("{}{MARK}{}", line.text, self.clock.nanos());
        line.attributes(self.client.event(line.severity, text))
    }
}

impl Line {
    fn attributes<'e>(&'e self, mut event: Event<'e>) -> Result<(), LogError> {
        for (name, value) in &self.attributes {
            event = match value {
                Value::Int(n) => event.attr(name, *n),
                Value::Text(text) => event.attr(name, text.as_str()),
                Value::Float(_) | Value::Flag(_) | Value::Bytes(_) => {
                    unreachable!("samples have text and whole numbers")
                }
            };
        }
        event.send()
    }
}

fn line(samples: &mut Samples) -> Line {
    let msg = samples.event(0);
    let attributes = msg.attributes.into_iter().filter_map(|a| Some((a.name, a.value?)));
    Line {
        severity: Severity::from_number(msg.severity).expect("a sample's severity is valid"),
        text: msg.txt,
        attributes: attributes.collect(),
    }
}

/// Counts from the start of a bench, monotonically.
#[derive(Clone, Copy)]
pub(crate) struct Clock(Instant);

impl Clock {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    fn nanos(self) -> u64 {
        self.0.elapsed().as_nanos() as u64
    }

    /// Nanoseconds since the log call of the event in `line`; `None` where there is none of ours.
    pub(crate) fn since_logged(self, line: &str) -> Option<u64> {
        let now = self.nanos();
        let (_, rest) = line.rsplit_once(MARK)?;
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        now.checked_sub(rest[..end].parse().ok()?)
    }
}

/// Calls `call` with 0, 1, 2, ... for `time`, evenly: `rate` times a second.
///
/// The thread sleeps in between, as an application that waits for its next request does. When it wakes late, what
/// has become due follows at once.
pub(crate) fn at_rate(
    rate: u64,
    time: Duration,
    mut call: impl FnMut(usize) -> Result<(), LogError>,
) -> Result<usize> {
    let start = Instant::now();
    let mut n = 0;
    loop {
        let due = start + Duration::from_secs_f64(n as f64 / rate as f64);
        if due >= start + time {
            return Ok(n);
        }
        let wait = due.saturating_duration_since(Instant::now());
        if !wait.is_zero() {
            thread::sleep(wait);
        }
        call(n).context("a log call was refused")?;
        n += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_a_log_call_is_found_in_whatever_surrounds_it() {
        let clock = Clock::start();
        let logged = clock.nanos();
        thread::sleep(Duration::from_millis(1));
        for line in [
            format!("a text{MARK}{logged}"),
            format!("data: {{\"text\":\"a text{MARK}{logged}\",\"attributes\":{{\"n\":7}}}}\n"),
            format!("12:00 info /a/b a text{MARK}{logged} n=7\n"),
        ] {
            let since = clock.since_logged(&line).unwrap();
            assert!((1_000_000..=clock.nanos()).contains(&since), "{line}");
        }
        for line in ["", "id: 7", MARK] {
            assert_eq!(clock.since_logged(line), None);
        }
    }
}
