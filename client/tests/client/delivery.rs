//! What a client logs arrives at a socket: signed, whole, in order and numbered.

use crate::receiver::{PATIENCE, Receiver, attributes, now};
use core::time::Duration;
use logd_client::{BuildError, Client, InvalidKey, LogError, MAX_EVENT_LEN, Severity};
use logd_core::time::UnixNanos;
use std::thread;
use std::time::SystemTime;

#[test]
fn one_line_logs() {
    let receiver = Receiver::new();
    let client = receiver.client();
    let before = now();
    client.info("hello").unwrap();
    let datagram = receiver.receive();
    let after = now();
    let [msg] = &datagram.cmd.batch[..] else { panic!("one event") };
    assert_eq!((&*msg.key, &*msg.txt, msg.severity), ("/test/client", "hello", 9));
    assert!(msg.attributes.is_empty());
    let logged = UnixNanos(msg.time_unix_nano as i64);
    assert!(before <= logged && logged <= datagram.time && datagram.time <= after);
    assert_eq!(datagram.cmd.counter, 0);
}

#[test]
fn every_level_has_its_severity() {
    let receiver = Receiver::new();
    let client = receiver.client();
    client.trace("").unwrap();
    client.debug("").unwrap();
    client.info("").unwrap();
    client.warn("").unwrap();
    client.error("").unwrap();
    client.fatal("").unwrap();
    client.event(Severity::from_name("notice").unwrap(), "").send().unwrap();
    let datagrams = receiver.receive_events(7);
    let severities = datagrams.iter().flat_map(|d| &d.cmd.batch).map(|msg| msg.severity);
    assert_eq!(severities.collect::<Vec<_>>(), [1, 5, 9, 13, 17, 21, 10]);
}

#[test]
fn attributes_keep_type_and_order() {
    let receiver = Receiver::new();
    let client = receiver.builder().attr("host", "web-1").build().unwrap();
    let owned = String::from("/login?next=/");
    client
        .event(Severity::WARN, format_args!("{} is {}", "this", "formatted"))
        .attr("status", 503)
        .attr("url", &owned)
        .attr("took", 1.5)
        .attr("cached", false)
        .attr("raw", b"\x00\xff")
        .attr("debug", format_args!("{:?}", Some(1)))
        .attr("huge", u64::MAX)
        .attr("status", -1i8)
        .at(SystemTime::UNIX_EPOCH + Duration::from_nanos(42))
        .send()
        .unwrap();
    let msg = receiver.receive_event();
    assert_eq!((&*msg.txt, msg.severity, msg.time_unix_nano), ("this is formatted", 13, 42));
    assert_eq!(
        attributes(&msg),
        [
            "host=\"web-1\"",
            "status=503",
            "url=\"/login?next=/\"",
            "took=1.5",
            "cached=false",
            "raw=[0, 255]",
            "debug=\"Some(1)\"",
            "huge=\"18446744073709551615\"",
            "status=-1",
        ]
    );
}

#[test]
fn another_key_shares_all_but_the_key() {
    let receiver = Receiver::new();
    let client = receiver.builder().attr("host", "web-1").build().unwrap();
    let other = client.with_key("/test/other/fn").unwrap();
    client.info("1").unwrap();
    other.info("2").unwrap();
    let datagrams = receiver.receive_events(2);
    let keys: Vec<_> = datagrams.iter().flat_map(|d| &d.cmd.batch).map(|msg| &*msg.key).collect();
    assert_eq!(keys, ["/test/client", "/test/other/fn"]);
    assert!(datagrams.iter().flat_map(|d| &d.cmd.batch).all(|msg| msg.attributes.len() == 1));
    assert_eq!(client.with_key("x").err(), Some(InvalidKey::NoLeadingSlash));
}

#[test]
fn batches_in_order_within_a_packet() {
    const ROUNDS: usize = 50;
    const ROUND: usize = 100;
    let receiver = Receiver::new();
    let client = receiver.client();
    let mut expect = 0;
    let (mut datagrams, mut sender) = (0, None);
    for _ in 0..ROUNDS {
        // A round fits the receive buffer, so that nothing is lost on the way.
        for i in 0..ROUND {
            client
                .event(Severity::INFO, expect + i)
                .attr("padding", "x".repeat(i).as_str())
                .send()
                .unwrap();
        }
        for datagram in receiver.receive_events(ROUND) {
            assert!(datagram.len <= 1_400);
            assert_eq!(datagram.cmd.counter, expect as u64);
            assert_eq!(*sender.get_or_insert(datagram.cmd.sender), datagram.cmd.sender);
            for msg in &datagram.cmd.batch {
                assert_eq!(msg.txt, expect.to_string());
                expect += 1;
            }
            datagrams += 1;
        }
    }
    assert!(datagrams < ROUNDS * ROUND, "nothing was batched");
    client.flush(PATIENCE).unwrap();
    let stats = client.stats();
    assert_eq!((stats.sent_events, stats.sent_datagrams), (expect as u64, datagrams as u64));
}

#[test]
fn threads_share_a_numbering_and_keep_their_order() {
    const THREADS: usize = 4;
    const EACH: usize = 100;
    let receiver = Receiver::new();
    let client = receiver.client();
    thread::scope(|scope| {
        for t in 0..THREADS {
            let client = client.clone();
            scope.spawn(move || {
                for i in 0..EACH {
                    client.event(Severity::INFO, i).attr("thread", t).send().unwrap();
                }
            });
        }
    });
    let mut next = [0; THREADS];
    let mut counter = 0;
    for datagram in receiver.receive_events(THREADS * EACH) {
        assert_eq!(datagram.cmd.counter, counter);
        counter += datagram.cmd.batch.len() as u64;
        for msg in &datagram.cmd.batch {
            let thread: usize =
                attributes(msg)[0].strip_prefix("thread=").unwrap().parse().unwrap();
            assert_eq!(msg.txt, next[thread].to_string());
            next[thread] += 1;
        }
    }
    assert_eq!(next, [EACH; THREADS]);
}

#[test]
fn clients_have_different_ids() {
    let receiver = Receiver::new();
    let ids = [(); 3].map(|()| {
        receiver.client().info("").unwrap();
        receiver.receive().cmd.sender
    });
    assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[2] != ids[0]);
}

#[test]
fn large_events_travel_alone_and_larger_ones_are_refused() {
    let receiver = Receiver::new();
    let client = receiver.client();
    client.info("x".repeat(60_000)).unwrap();
    let datagram = receiver.receive();
    assert_eq!(datagram.cmd.batch[0].txt.len(), 60_000);

    let huge = "x".repeat(MAX_EVENT_LEN);
    assert_eq!(client.info(&huge), Err(LogError::TooLarge));
    assert_eq!(client.info(format_args!("{huge}{huge}")), Err(LogError::TooLarge));
    for result in [
        client.event(Severity::INFO, "").attr("a", &huge).send(),
        client.event(Severity::INFO, "").attr("a", huge.as_bytes()).send(),
        client.event(Severity::INFO, "").attr(&huge, 1).send(),
        client.event(Severity::INFO, "").attr("a", format_args!("{huge}")).send(),
        client.event(Severity::INFO, "").attr("a", &huge).attr("b", 1).send(),
    ] {
        assert_eq!(result, Err(LogError::TooLarge));
    }
    client.info("after").unwrap();
    let datagram = receiver.receive();
    assert_eq!(datagram.cmd.batch[0].txt, "after");
    assert_eq!(datagram.cmd.counter, 8, "the refused ones were numbered");
    assert_eq!(client.stats().dropped.too_large, 7);
}

#[test]
fn a_nameless_attribute_is_refused() {
    let receiver = Receiver::new();
    let client = receiver.client();
    let result = client.event(Severity::INFO, "text").attr("", 1).send();
    assert_eq!(result, Err(LogError::NamelessAttribute));
    assert_eq!(client.stats().dropped.nameless_attribute, 1);
}

#[test]
fn flush_hands_everything_over() {
    let receiver = Receiver::new();
    let client = receiver.client();
    client.flush(Duration::ZERO).unwrap();
    for i in 0..50 {
        client.info(i).unwrap();
    }
    client.flush(PATIENCE).unwrap();
    let stats = client.stats();
    assert_eq!((stats.logged, stats.queued, stats.sent_events), (50, 0, 50));
    let datagrams = receiver.receive_events(50);
    assert_eq!(stats.sent_datagrams, datagrams.len() as u64);
    assert_eq!(stats.sent_bytes, datagrams.iter().map(|d| d.len as u64).sum());
}

#[test]
fn dropping_the_last_clone_sends_the_rest() {
    let receiver = Receiver::new();
    let client = receiver.builder().drop_timeout(PATIENCE).build().unwrap();
    let clone = client.clone();
    drop(client);
    for i in 0..50 {
        clone.info(i).unwrap();
    }
    drop(clone);
    receiver.receive_events(50);
}

#[test]
fn a_guard_flushes() {
    let receiver = Receiver::new();
    let client = receiver.client();
    let guard = client.flush_on_drop(PATIENCE);
    client.info("last words").unwrap();
    drop(guard);
    assert_eq!(client.stats().sent_events, 1);
}

#[test]
fn a_display_may_log() {
    struct Chatty<'a>(&'a Client);
    impl core::fmt::Display for Chatty<'_> {
        fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
            self.0.info("inner").unwrap();
            f.write_str("outer")
        }
    }
    let receiver = Receiver::new();
    let client = receiver.client();
    client.info(Chatty(&client)).unwrap();
    let datagrams = receiver.receive_events(2);
    let texts: Vec<_> = datagrams.iter().flat_map(|d| &d.cmd.batch).map(|msg| &*msg.txt).collect();
    assert_eq!(texts, ["inner", "outer"]);
}

#[test]
fn mistakes_are_told_before_anything_starts() {
    let build = |key: &str| Client::builder("127.0.0.1:9", "secret").key(key).build();
    assert!(matches!(build("x"), Err(BuildError::Key(InvalidKey::NoLeadingSlash))));
    assert!(matches!(build("//logd"), Err(BuildError::Key(InvalidKey::EmptySegment))));
    let builder = || Client::builder("127.0.0.1:9", "secret").key("/a/b");
    assert!(builder().build().is_ok());
    let empty = Client::builder("127.0.0.1:9", "").key("/a/b").build();
    assert!(matches!(empty, Err(BuildError::EmptySecret)));
    let no_key = Client::builder("127.0.0.1:9", "secret").build();
    assert!(matches!(no_key, Err(BuildError::NoKey)));
    let no_address = Client::builder("not an address", "secret").key("/a/b").build();
    assert!(matches!(no_address, Err(BuildError::Address(_))));
    for out_of_range in [
        builder().max_datagram(255),
        builder().max_datagram(65_508),
        builder().queue_bytes(65_535),
        builder().queue_bytes(usize::MAX),
    ] {
        assert!(matches!(out_of_range.build(), Err(BuildError::OutOfRange(_))));
    }
    let large = builder().attr("a", &"x".repeat(40_000)).build();
    assert!(matches!(large, Err(BuildError::Attributes(LogError::TooLarge))));
}
