//! Tails over HTTP: nothing twice, nothing silently missing.

use std::io::{BufRead as _, BufReader, Read};

use logd_tests::{Daemon, READ_SECRET, Sender, message, numbered};
use serde_json::Value;

/// A message of the stream.
#[derive(Debug, PartialEq)]
struct Message {
    event: String,
    id: u64,
    data: Value,
}

/// The messages of an open tail.
struct Tail(BufReader<Box<dyn Read>>);

impl Tail {
    fn open(daemon: &Daemon, parameters: &str, last: Option<u64>) -> Self {
        let mut request = ureq::get(daemon.url(&format!("/api/v1/tail{parameters}")))
            .header("authorization", READ_SECRET);
        if let Some(last) = last {
            request = request.header("last-event-id", last.to_string());
        }
        let answer = request.call().expect("the tail opens");
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        let body = answer.into_body().into_with_config().limit(u64::MAX).reader();
        Self(BufReader::new(Box::new(body)))
    }
}

impl Iterator for Tail {
    type Item = Message;

    /// `None` at the orderly end of the stream.
    fn next(&mut self) -> Option<Message> {
        let (mut event, mut id) = (String::new(), 0);
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).expect("the stream is not cut") == 0 {
                return None;
            }
            match line.trim_end().split_once(": ") {
                Some(("event", name)) => name.clone_into(&mut event),
                Some(("id", n)) => {
                    let (seq, _life) = n.split_once('-').expect("a number and a life");
                    id = seq.parse().expect("a number");
                }
                Some(("data", data)) => {
                    let data = serde_json::from_str(data).expect("JSON");
                    return Some(Message { event, id, data });
                }
                _ => {}
            }
        }
    }
}

#[test]
fn new_events_that_match_arrive_as_they_come() {
    let daemon = Daemon::start(&[]);
    let mut sender = Sender::new(&daemon);
    sender.store(numbered(0..5));
    let tail = Tail::open(&daemon, "?q=key:/test/tail+7+OR+event", None);
    let mut other = Tail::open(&daemon, "?q=%228%22", None);
    sender.store(numbered(5..10));
    let got: Vec<_> = tail.take(5).collect();
    let ids: Vec<u64> = got.iter().map(|m| m.id).collect();
    assert_eq!(ids, [6, 7, 8, 9, 10]);
    assert_eq!((&got[0].data["text"], &got[0].data["seq"]), (&"event 5".into(), &6.into()));
    assert_eq!(other.next().expect("one matches").data["text"], "event 8");
}

#[test]
fn a_tail_resumes_without_gap_or_duplicate_while_events_keep_coming() {
    let daemon = Daemon::start(&[]);
    let mut sender = Sender::new(&daemon);
    sender.store(numbered(0..3000));
    let ids: Vec<u64> = std::thread::scope(|scope| {
        scope.spawn(|| sender.store(numbered(3000..9000)));
        let first: Vec<u64> =
            Tail::open(&daemon, "?after=10", None).take(2000).map(|m| m.id).collect();
        // Drops the connection in the middle, and goes on behind the last event.
        let last = first.last().copied();
        let rest = Tail::open(&daemon, "?after=10", last).take(9000 - 2010).map(|m| m.id);
        first.into_iter().chain(rest).collect()
    });
    assert_eq!(ids, (11..=9000).collect::<Vec<u64>>());
}

#[test]
fn what_was_overwritten_is_told_before_what_is_left() {
    // Of events, not bytes: how many a ring's bytes can hold depends on how far their compression is.
    let daemon = Daemon::start(&["--set", "fallback.max_events=1000"]);
    Sender::new(&daemon).store(numbered(0..5000));
    let mut tail = Tail::open(&daemon, "", Some(7));
    let first = tail.next().expect("something is missing");
    assert_eq!(first.event, "missed");
    let missed = first.data["missed"].as_u64().expect("a number");
    let rest: Vec<u64> = tail.take(5000 - 7 - missed as usize).map(|m| m.id).collect();
    assert_eq!(rest, (8 + missed..=5000).collect::<Vec<u64>>());
    // A number of another life of the daemon: all of this one is new.
    let again = Tail::open(&daemon, "", Some(1 << 40)).next().expect("the same is missing");
    assert_eq!((again.event.as_str(), &again.data["missed"]), ("missed", &(missed + 7).into()));
}

#[test]
fn a_slow_reader_is_told_how_many_it_missed_and_slows_nobody() {
    let daemon = Daemon::start(&["--set", "limits.tail_buffer=256KiB"]);
    let mut tail = Tail::open(&daemon, "", None);
    // More than the kernel holds for a connection.
    let text = "x".repeat(50_000);
    Sender::new(&daemon).store((0..500).map(|_| message("/test/tail", &text)));
    let (mut got, mut missed) = (0, 0);
    while got + missed < 500 {
        let message = tail.next().expect("the stream goes on");
        match message.event.as_str() {
            "missed" => missed += message.data["missed"].as_u64().expect("a number"),
            _ => got += 1,
        }
    }
    assert!(got > 0 && missed > 0, "got {got}, missed {missed}");
    let metrics = daemon.get("/metrics");
    let expect = format!("logd_tail_missed_events_total{{door=\"http\"}} {missed}\n");
    assert!(metrics.contains(&expect), "{metrics}");
}

#[test]
fn tails_are_bounded_and_their_places_come_back() {
    let daemon = Daemon::start(&["--set", "limits.tails=1"]);
    let tail = Tail::open(&daemon, "", None);
    let refused = daemon.reply("/api/v1/tail");
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")));
    assert!(refused.text().contains("limits.tails"), "{}", refused.text());
    assert_eq!(daemon.info()["ingest"]["tails"], 1);
    drop(tail);
    daemon.wait_for(|info| info["ingest"]["tails"] == 0);
    Tail::open(&daemon, "", None);
}

#[test]
fn a_stop_ends_tails_in_order() {
    let daemon = Daemon::start(&[]);
    let mut tail = Tail::open(&daemon, "", None);
    Sender::new(&daemon).store(numbered(0..3));
    assert!(daemon.stop().success());
    let ids: Vec<u64> = tail.by_ref().map(|m| m.id).collect();
    assert_eq!(ids, [1, 2, 3]);
}
