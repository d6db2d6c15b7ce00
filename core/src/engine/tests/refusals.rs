//! Everything that must be refused: its own counter, nothing stored, no reply.

use super::*;
use crate::datagram::HEADER_LEN;
use crate::test;
use alloc::vec;
use proptest::prelude::*;

const NO_READER: u16 = 9;

/// Delivers a datagram and expects exactly one drop, for `reason`.
fn refused(pair: &mut Pair, datagram: &[u8], reason: DropReason) {
    let before = pair.engine.stats();
    pair.deliver(addr(NO_READER), datagram);
    pair.run_for(Duration::from_millis(1));
    let after = pair.engine.stats();
    assert_eq!(after.drops(reason), before.drops(reason) + 1, "{reason:?}: {after:?}");
    let total = |s: &Stats| s.datagram_drops.total() + s.event_drops.total();
    assert_eq!(total(&after), total(&before) + 1, "{reason:?}");
    assert_eq!(after.events_stored, before.events_stored, "{reason:?}");
    assert_eq!((after.replies, after.bytes_out), (before.replies, before.bytes_out));
    assert_eq!(pair.engine.last_seq(), after.events_stored);
}

fn signed(pair: &mut Pair, cmd: &Cmd) -> Vec<u8> {
    let signer = pair.writer.clone();
    pair.sign(&signer, cmd)
}

fn write_of(msg: Msg) -> Cmd {
    Cmd { msg: Some(msg), ..Cmd::default() }
}

#[test]
fn short_and_long_datagrams() {
    let mut pair = Pair::new(Config { max_datagram_len: 1000, ..config() });
    let whole = signed(&mut pair, &write_of(msg("/dev/a", "hello")));
    for len in [0, 1, HEADER_LEN - 1, HEADER_LEN] {
        refused(&mut pair, &whole[..len], DropReason::TooShort);
    }
    let long = signed(&mut pair, &write_of(msg("/dev/a", &"x".repeat(1000))));
    refused(&mut pair, &long, DropReason::TooLong);
    pair.deliver(addr(1), &whole);
    assert_eq!(pair.engine.stats().events_stored, 1);
}

#[test]
fn truncated_and_altered_datagrams() {
    let mut pair = Pair::new(config());
    let whole = signed(&mut pair, &write_of(msg("/dev/a", "hello")));
    for len in HEADER_LEN + 1..whole.len() {
        refused(&mut pair, &whole[..len], DropReason::BadMac);
    }
    for at in (0..32).chain(HEADER_LEN..whole.len()) {
        let mut altered = whole.clone();
        altered[at] ^= 1;
        refused(&mut pair, &altered, DropReason::BadMac);
    }
    // The last bits of the time keep it fresh.
    let mut altered = whole.clone();
    altered[HEADER_LEN - 1] ^= 1;
    refused(&mut pair, &altered, DropReason::BadMac);
}

#[test]
fn a_wrong_secret() {
    let mut pair = Pair::new(config());
    let stranger = Signer::new(b"a secret that nobody was given");
    let datagram = pair.sign(&stranger, &write_of(msg("/dev/a", "hello")));
    refused(&mut pair, &datagram, DropReason::BadMac);
}

#[test]
fn a_time_that_is_not_now() {
    let mut pair = Pair::new(config());
    let before = signed(&mut pair, &write_of(msg("/dev/a", "old")));
    pair.pass(TTL);
    pair.deliver(addr(1), &before);
    assert_eq!(pair.engine.stats().events_stored, 1, "exactly the ttl is fresh");

    let stale = signed(&mut pair, &write_of(msg("/dev/a", "old")));
    pair.pass(TTL + Duration::from_nanos(1));
    refused(&mut pair, &stale, DropReason::Stale);

    let now = pair.now;
    pair.pass(TTL + Duration::from_millis(5));
    let future = signed(&mut pair, &write_of(msg("/dev/a", "new")));
    pair.now = now;
    refused(&mut pair, &future, DropReason::Future);

    let seen: Vec<_> = pair.engine.refused_senders().collect();
    assert_eq!(seen.len(), 1);
    assert_eq!((seen[0].addr, seen[0].count), (addr(0).ip(), 2));
    assert_eq!(seen[0].reason, DropReason::Future);
    assert_eq!(seen[0].skew, 105_000_001);
}

#[test]
fn what_is_older_than_the_start() {
    let mut pair = Pair::new(config());
    pair.now.unix = START.saturating_sub(Duration::from_millis(1));
    let datagram = signed(&mut pair, &write_of(msg("/dev/a", "of the run before")));
    pair.now.unix = START.saturating_add(Duration::from_millis(1));
    refused(&mut pair, &datagram, DropReason::Stale);
}

#[test]
fn a_second_copy() {
    let mut pair = Pair::new(config());
    let datagram = signed(&mut pair, &write_of(msg("/dev/a", "hello")));
    pair.deliver(addr(1), &datagram);
    assert_eq!(pair.engine.stats().events_stored, 1);
    refused(&mut pair, &datagram, DropReason::Replay);
    pair.pass(TTL);
    refused(&mut pair, &datagram, DropReason::Stale);
}

#[test]
fn more_than_the_replay_window_holds() {
    let mut pair = Pair::new(Config { replay_capacity: 10, ..config() });
    for _ in 0..10 {
        let datagram = signed(&mut pair, &write_of(msg("/dev/a", "hello")));
        pair.deliver(addr(1), &datagram);
    }
    let stats = pair.engine.stats();
    assert_eq!(stats.events_stored + stats.drops(DropReason::ReplayWindowFull), 10);
    assert!(stats.events_stored > 0 && stats.drops(DropReason::ReplayWindowFull) > 0);
}

#[test]
fn what_is_no_command() {
    let mut pair = Pair::new(config());
    let signer = pair.writer.clone();
    let mut payload = |bytes: &[u8]| {
        pair.pass(Duration::from_nanos(1));
        let mut datagram = Vec::new();
        signer.sign(pair.now.unix, bytes, &mut datagram);
        (datagram, pair.now)
    };
    let garbage = payload(b"\xff\xff\xff");
    let cut = payload(&[0x12, 0x7f, 0x01]);
    let unknown = payload(&[0x08, 0x09]);
    for ((datagram, now), reason) in [
        (garbage, DropReason::Undecodable),
        (cut, DropReason::Undecodable),
        (unknown, DropReason::UnknownCommand),
    ] {
        let mut later = Pair { now, ..Pair::new(config()) };
        refused(&mut later, &datagram, reason);
    }
}

#[test]
fn commands_without_the_right() {
    let mut pair = Pair::new(config());
    let (writer, reader) = (pair.writer.clone(), pair.reader.clone());
    let datagram = pair.sign(&reader, &write_of(msg("/dev/a", "hello")));
    refused(&mut pair, &datagram, DropReason::NotPermitted);
    for name in [Name::Tail, Name::Ping, Name::Query] {
        let datagram = pair.sign(&writer, &Cmd { name: name as i32, ..Cmd::default() });
        refused(&mut pair, &datagram, DropReason::NotPermitted);
    }
}

#[test]
fn a_write_without_a_message() {
    let mut pair = Pair::new(config());
    let datagram = signed(&mut pair, &Cmd { sender: 7, ..Cmd::default() });
    refused(&mut pair, &datagram, DropReason::NoMessage);
    // An empty command has an empty payload.
    let datagram = signed(&mut pair, &Cmd::default());
    refused(&mut pair, &datagram, DropReason::TooShort);
}

#[test]
fn keys_that_are_none() {
    let mut pair = Pair::new(config());
    let long = String::from("/") + &"k/".repeat(5_000) + "k";
    for key in ["", "x", "/x", "//logd", "//logd/x", "/a//b", "/a/b/", &long] {
        let datagram = signed(&mut pair, &write_of(msg(key, "hello")));
        refused(&mut pair, &datagram, DropReason::InvalidKey);
    }
}

#[test]
fn events_out_of_bounds() {
    let mut pair = Pair::new(Config { max_text_len: 100, ..config() });
    let attribute = |name: &str| logd_proto::wire::Attribute {
        name: name.into(),
        value: Some(logd_proto::wire::attribute::Value::Flag(true)),
    };
    let good = msg("/dev/a", "hello");
    for (bad, reason) in [
        (msg("/dev/a", &"x".repeat(101)), DropReason::TextTooLong),
        (Msg { severity: 25, ..good.clone() }, DropReason::InvalidSeverity),
        (Msg { lvl: 7, ..good.clone() }, DropReason::InvalidSeverity),
        (Msg { attributes: vec![attribute("")], ..good.clone() }, DropReason::BadAttribute),
        (
            Msg { attributes: vec![attribute("a"); MAX_ATTRIBUTES + 1], ..good.clone() },
            DropReason::TooManyAttributes,
        ),
    ] {
        let datagram = signed(&mut pair, &write_of(bad));
        refused(&mut pair, &datagram, reason);
    }
    pair.write(msg("/dev/a", &"x".repeat(100)));
    assert_eq!(pair.engine.stats().events_stored, 1);
}

#[test]
fn an_event_larger_than_its_ring() {
    let mut config = config();
    config.store.fallback.budget = crate::store::MIN_BUDGET;
    let mut pair = Pair::new(config);
    let datagram = signed(&mut pair, &write_of(msg("/dev/a", &"x".repeat(60_000))));
    refused(&mut pair, &datagram, DropReason::RingFull);
}

#[test]
fn filters_out_of_range() {
    let mut pair = Pair::new(config());
    let reader = pair.reader.clone();
    for name in [Name::Tail, Name::Query] {
        for params in [
            QueryParams { lvl: 7, ..QueryParams::default() },
            QueryParams { http_method: -1, ..QueryParams::default() },
            QueryParams { txt: "x".repeat(1025), ..QueryParams::default() },
        ] {
            let cmd = Cmd { name: name as i32, query_params: Some(params), ..Cmd::default() };
            let datagram = pair.sign(&reader, &cmd);
            refused(&mut pair, &datagram, DropReason::InvalidFilter);
        }
    }
}

proptest! {
    /// Nothing that a stranger sends is stored, answered, or stops the engine.
    #[test]
    fn random_bytes(datagrams in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 1..20)) {
        let mut pair = Pair::new(config());
        for datagram in &datagrams {
            pair.deliver(addr(3), datagram);
        }
        pair.run_for(Duration::from_secs(1));
        let stats = pair.engine.stats();
        prop_assert_eq!(stats.datagram_drops.total(), datagrams.len() as u64);
        prop_assert_eq!((stats.events_offered, stats.bytes_out), (0, 0));
    }

    /// The same bytes under a good signature may be a command, but never more than that.
    #[test]
    fn random_payloads(payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..100), 1..20)) {
        let mut pair = Pair::new(config());
        for payload in &payloads {
            for signer in [pair.writer.clone(), pair.reader.clone()] {
                pair.pass(Duration::from_nanos(1));
                let mut datagram = Vec::new();
                signer.sign(pair.now.unix, payload, &mut datagram);
                pair.deliver(addr(3), &datagram);
            }
        }
        pair.run_for(Duration::from_secs(1));
        prop_assert!(pair.engine.stats().is_balanced());
    }
}
