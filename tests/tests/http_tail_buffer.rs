//! Tails as buffers: the same promises as of server-sent events, in blocks.

extern crate alloc;

use alloc::collections::VecDeque;
use std::io::Read;

use logd_core::block::Scratch;
use logd_core::buffer::{Frame, FrameStream};
use logd_tests::{Daemon, READ_SECRET, Sender, message, numbered};

/// An event of the stream.
#[derive(Clone, Debug, PartialEq)]
struct Event {
    seq: u64,
    key: String,
    level: u8,
    text: String,
}

/// The events of an open tail.
struct Tail {
    body: Box<dyn Read>,
    stream: FrameStream,
    ready: VecDeque<Event>,
    life: String,
}

impl Tail {
    fn open(daemon: &Daemon, parameters: &str) -> Self {
        let url = daemon.url(&format!("/api/v1/tail?format=buffer{parameters}"));
        let answer = ureq::get(url).header("authorization", READ_SECRET).call();
        let answer = answer.expect("the tail opens");
        assert_eq!(answer.headers()["content-type"], "application/x-logd");
        let life = answer.headers()["logd-life"].to_str().expect("hexadecimal").to_owned();
        let body = Box::new(answer.into_body().into_with_config().limit(u64::MAX).reader());
        Self { body, stream: FrameStream::default(), ready: VecDeque::new(), life }
    }

    fn seqs(&mut self, n: usize) -> Vec<u64> {
        self.take(n).map(|e| e.seq).collect()
    }
}

impl Iterator for Tail {
    type Item = Event;

    /// `None` at the orderly end of the stream.
    fn next(&mut self) -> Option<Event> {
        let mut bytes = vec![0; 64 << 10];
        while self.ready.is_empty() {
            while let Some(frame) = self.stream.next_frame().expect("whole frames") {
                let Frame::Block(block) = frame else { panic!("a tail has no footer") };
                let mut scratch = Scratch::default();
                self.ready.extend(block.view(&mut scratch).rows().map(|e| Event {
                    seq: e.seq,
                    key: e.key.into(),
                    level: e.severity.number(),
                    text: e.text.into(),
                }));
            }
            if self.ready.is_empty() {
                let n = self.body.read(&mut bytes).expect("the stream is not cut");
                if n == 0 {
                    return None;
                }
                self.stream.push(&bytes[..n]);
            }
        }
        self.ready.pop_front()
    }
}

#[test]
fn new_events_that_match_arrive_whole() {
    let daemon = Daemon::start(&[]);
    let mut sender = Sender::new(&daemon);
    sender.store(numbered(0..5));
    let mut all = Tail::open(&daemon, "");
    let mut some = Tail::open(&daemon, "&q=%228%22");
    let long = "x".repeat(50_000);
    sender.store(numbered(5..10).chain([message("/test/long", &long)]));
    assert_eq!(all.seqs(5), [6, 7, 8, 9, 10]);
    let last = all.next().expect("the long one");
    let expect = Event { seq: 11, key: "/test/long".into(), level: 9, text: long };
    assert_eq!(last, expect);
    let (seq, text) = some.next().map(|e| (e.seq, e.text)).expect("one matches");
    assert_eq!((seq, text.as_str()), (9, "event 8"));
}

#[test]
fn a_tail_resumes_without_gap_or_duplicate_while_events_keep_coming() {
    let daemon = Daemon::start(&[]);
    let mut sender = Sender::new(&daemon);
    sender.store(numbered(0..3000));
    let seqs: Vec<u64> = std::thread::scope(|scope| {
        scope.spawn(|| sender.store(numbered(3000..9000)));
        let mut seqs = vec![10];
        // Drops the connection in the middle of a block, and goes on behind the last event.
        for n in [1, 1999, 700, 300, 5990] {
            let last = seqs[seqs.len() - 1];
            seqs.extend(Tail::open(&daemon, &format!("&since={last}")).seqs(n));
        }
        seqs
    });
    assert_eq!(seqs, (10..=9000).collect::<Vec<u64>>());
}

#[test]
fn what_is_gone_is_a_jump_in_the_numbers() {
    let daemon = Daemon::start(&["--set", "fallback.max_events=1000"]);
    Sender::new(&daemon).store(numbered(0..5000));
    let mut tail = Tail::open(&daemon, "&since=7");
    let first = tail.next().expect("what is left").seq;
    assert!(first > 4000, "{first}");
    assert_eq!(tail.seqs(5000 - first as usize), (first + 1..=5000).collect::<Vec<_>>());
    let metrics = daemon.get("/metrics");
    let expect = format!("logd_tail_missed_events_total{{door=\"http\"}} {}\n", first - 8);
    assert!(metrics.contains(&expect), "{metrics}");
}

#[test]
fn everything_is_new_to_who_comes_from_another_life() {
    let daemon = Daemon::start(&[]);
    Sender::new(&daemon).store(numbered(0..20));
    let mut tail = Tail::open(&daemon, "&since=12");
    assert_eq!(tail.next().expect("the next").seq, 13);
    let life = tail.life.clone();
    let mut tail = Tail::open(&daemon, &format!("&since=15-{life}"));
    assert_eq!(tail.next().expect("the next").seq, 16);
    let daemon = daemon.restart();
    Sender::new(&daemon).store(numbered(0..20));
    let mut tail = Tail::open(&daemon, &format!("&since=15-{life}"));
    assert_ne!(tail.life, life);
    assert_eq!(tail.next().expect("the first").seq, 1);
    assert!(daemon.stop().success());
    assert_eq!(tail.seqs(100), (2..=20).collect::<Vec<_>>());
}

#[test]
fn mistakes_are_explained() {
    let daemon = Daemon::start(&[]);
    for (query, expect) in [
        ("format=xml", "format must be sse or buffer"),
        ("format=buffer&since=x", "since must be"),
        ("format=buffer&q=(", "column"),
    ] {
        let reply = daemon.reply(&format!("/api/v1/tail?{query}"));
        assert_eq!(reply.status, 400, "{query}");
        assert!(reply.text().contains(expect), "{}", reply.text());
    }
}
