//! `/metrics`: the Prometheus text format, version 0.0.4. `docs/metrics.md` lists every metric; a test compares.

use core::fmt::{Display, Write as _};
use core::sync::atomic::Ordering::Relaxed;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::extract::State;
use axum::http::header::{CONTENT_TYPE, HeaderName};
use logd_core::drop::DropReason;
use logd_core::store::RingStatus;

use super::error::Error;
use super::status::COMMANDS;
use super::{App, Shared};
use crate::serve::doors::Counters;
use crate::serve::ingest::Report;
use crate::serve::process;

const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Everything that is counted.
pub(super) async fn metrics(
    State(app): State<Shared>,
) -> Result<([(HeaderName, &'static str); 1], String), Error> {
    let report = app.ingest.report().await?;
    let mut text = Text(String::with_capacity(8 << 10));
    process(&app, &mut text);
    ingest(&report, &mut text);
    rings(&report.rings, &mut text);
    http(&app, &report, &mut text);
    Ok(([(CONTENT_TYPE, TEXT)], text.0))
}

fn process(app: &App, out: &mut Text) {
    let build = [("version", env!("CARGO_PKG_VERSION")), ("commit", process::COMMIT)];
    out.metric("logd_build_info", "gauge", "What runs; always 1.").labels(&build, 1);
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let start = since.saturating_sub(app.started.elapsed()).as_secs_f64();
    out.metric("process_start_time_seconds", "gauge", "When the daemon started, Unix time.")
        .value(start);
    if let Some(cpu) = process::cpu_time() {
        out.metric("process_cpu_seconds_total", "counter", "Processor time, user and system.")
            .value(cpu.as_secs_f64());
    }
    if let Some(bytes) = process::resident_bytes() {
        out.metric("process_resident_memory_bytes", "gauge", "Resident set.").value(bytes);
    }
}

fn ingest(report: &Report, out: &mut Text) {
    let stats = &report.stats;
    out.metric(
        "logd_received_datagrams_total",
        "counter",
        "Datagrams that came, or that the kernel dropped.",
    )
    .value(stats.received_datagrams);
    out.metric("logd_received_bytes_total", "counter", "Their bytes, without headers.")
        .value(stats.bytes_in);
    let accepted = out.metric("logd_accepted_datagrams_total", "counter", "Accepted, by command.");
    for (command, name) in COMMANDS {
        accepted.labels(&[("command", name)], stats.accepted(command));
    }
    out.metric("logd_offered_events_total", "counter", "Events in accepted datagrams.")
        .value(stats.events_offered);
    out.metric("logd_stored_events_total", "counter", "Of those, stored.")
        .value(stats.events_stored);
    let dropped = out.metric("logd_dropped_total", "counter", "Datagrams and events dropped.");
    for reason in DropReason::ALL {
        dropped.labels(&[("reason", reason.name())], stats.drops(*reason));
    }
    out.metric("logd_dropped_datagrams_total", "counter", "Datagrams dropped, for any reason.")
        .value(stats.datagram_drops.total());
    out.metric("logd_dropped_events_total", "counter", "Events dropped, for any reason.")
        .value(stats.event_drops.total());
    out.metric("logd_gap_events", "gauge", "Events that senders numbered and that did not come.")
        .value(stats.gaps);
    out.metric("logd_last_seq", "gauge", "Sequence number of the newest event.")
        .value(report.last_seq);
    out.metric("logd_replies_total", "counter", "Datagrams sent.").value(stats.replies);
    out.metric("logd_sent_bytes_total", "counter", "Their bytes, without headers.")
        .value(stats.bytes_out);
    let busy = out.metric(
        "logd_ingest_busy_seconds_total",
        "counter",
        "Time that a thread that receives was at work, not asleep.",
    );
    for (thread, time) in report.busy.iter().enumerate() {
        busy.labels(&[("thread", &thread.to_string())], time.as_secs_f64());
    }
    out.metric("logd_udp_queries", "gauge", "Queries over UDP under way.").value(stats.udp_queries);
}

fn rings(rings: &[RingStatus], out: &mut Text) {
    type Value = fn(&RingStatus) -> u64;
    let metrics: [(&str, &str, &str, Value); 7] = [
        ("logd_ring_budget_bytes", "gauge", "What the ring may use.", |r| r.budget as u64),
        ("logd_ring_used_bytes", "gauge", "What it uses.", |r| r.used as u64),
        ("logd_ring_events", "gauge", "Events in it.", |r| r.events),
        ("logd_ring_blocks", "gauge", "Blocks in it.", |r| r.blocks as u64),
        ("logd_ring_stored_events_total", "counter", "Events stored in it.", |r| r.stored),
        ("logd_ring_overwritten_events_total", "counter", "Of those, evicted.", |r| r.overwritten),
        ("logd_ring_deleted_events_total", "counter", "Of those, deleted on demand.", |r| {
            r.deleted
        }),
    ];
    for (name, kind, help, value) in metrics {
        let metric = out.metric(name, kind, help);
        for ring in rings {
            metric.labels(&[("ring", &ring.prefix)], value(ring));
        }
    }
    let oldest =
        out.metric("logd_ring_oldest_timestamp_seconds", "gauge", "When its oldest event came.");
    for ring in rings {
        if let Some((_, received)) = ring.oldest {
            oldest.labels(&[("ring", &ring.prefix)], received.0 as f64 / 1e9);
        }
    }
}

fn http(app: &App, report: &Report, out: &mut Text) {
    let responses = out.metric("logd_http_responses_total", "counter", "Responses, by class.");
    for (class, n) in app.counters.responses() {
        responses.labels(&[("class", class)], n);
    }
    let tails = out.metric("logd_tails", "gauge", "Open tails, by door.");
    tails.labels(&[("door", "http")], app.open_tails());
    tails.labels(&[("door", "udp")], report.stats.tails);
    let missed = out.metric(
        "logd_tail_missed_events_total",
        "counter",
        "Events that tails were too slow for.",
    );
    missed.labels(&[("door", "http")], app.tail_missed());
    missed.labels(&[("door", "udp")], report.stats.tail_missed);
    out.metric("logd_searches_total", "counter", "Searches over HTTP.")
        .value(app.counters.searches.load(Relaxed));
    let under_way = app.limits.searches - app.searches.available_permits();
    out.metric("logd_searches", "gauge", "Searches over HTTP under way.").value(under_way);
    type Value = fn(&Counters) -> u64;
    let events: [(&str, &str, Value); 2] = [
        ("logd_door_stored_events_total", "Events stored, by door.", Counters::stored),
        ("logd_door_refused_events_total", "Events refused, by door.", Counters::refused),
    ];
    for (name, help, value) in events.into_iter().filter(|_| !app.doors.is_empty()) {
        let metric = out.metric(name, "counter", help);
        for door in &app.doors {
            metric.labels(&[("door", door.name())], value(door.counters()));
        }
    }
    out.metric("logd_exports_total", "counter", "Exports that began.")
        .value(app.counters.exports.load(Relaxed));
}

/// The text so far.
struct Text(String);

/// One metric whose values are being written.
struct Metric<'a> {
    out: core::cell::RefCell<&'a mut String>,
    name: &'static str,
}

impl Text {
    fn metric(&mut self, name: &'static str, kind: &str, help: &str) -> Metric<'_> {
        push(&mut self.0, format_args!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
        Metric { out: core::cell::RefCell::new(&mut self.0), name }
    }
}

impl Metric<'_> {
    fn value(&self, value: impl Display) {
        push(&mut self.out.borrow_mut(), format_args!("{} {value}\n", self.name));
    }

    fn labels(&self, labels: &[(&str, &str)], value: impl Display) {
        let out = &mut self.out.borrow_mut();
        push(out, self.name);
        for (i, (label, text)) in labels.iter().enumerate() {
            push(out, format_args!("{}{label}=\"", if i == 0 { '{' } else { ',' }));
            for c in text.chars() {
                match c {
                    '\\' => out.push_str("\\\\"),
                    '"' => out.push_str("\\\""),
                    '\n' => out.push_str("\\n"),
                    _ => out.push(c),
                }
            }
            out.push('"');
        }
        push(out, format_args!("}} {value}\n"));
    }
}

fn push(out: &mut String, text: impl Display) {
    write!(out, "{text}").expect("writing to memory cannot fail");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn label_values_are_escaped() {
        let mut text = Text(String::new());
        text.metric("m", "gauge", "Help.").labels(&[("a", "x\"\\\n"), ("b", "y")], 1);
        assert_eq!(text.0, "# HELP m Help.\n# TYPE m gauge\nm{a=\"x\\\"\\\\\\n\",b=\"y\"} 1\n");
    }

    #[test]
    fn the_manual_has_every_metric_and_no_other() {
        let source = include_str!("metrics.rs");
        let (code, _) = source.split_once("#[cfg(test)]").unwrap();
        let names = |text: &str, quote: char| {
            let mut names: Vec<String> = text
                .split(quote)
                .filter(|s| s.starts_with("logd_") || s.starts_with("process_"))
                .filter(|s| s.chars().all(|c| c.is_ascii_lowercase() || c == '_'))
                .map(str::to_owned)
                .collect();
            names.sort();
            names.dedup();
            names
        };
        let manual = include_str!("../../../../docs/metrics.md");
        assert_eq!(names(manual, '`'), names(code, '"'));
        for reason in DropReason::ALL {
            assert!(manual.contains(&format!("`{}`", reason.name())), "{}", reason.name());
        }
    }
}
