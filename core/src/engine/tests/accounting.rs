//! Stored + dropped = offered, whatever comes.

use super::*;
use crate::test;
use alloc::collections::BTreeMap;
use proptest::prelude::*;

/// One thing that arrives, and what must become of it.
#[derive(Clone, Debug)]
enum Arrival {
    /// A WRITE with these events, some of them bad.
    Write(Vec<Event>),
    /// An earlier datagram once more.
    Again(prop::sample::Index),
    Stale,
    Future,
    Garbage(Vec<u8>),
    Stranger,
    NoMessage,
    NotPermitted,
    /// Through another door.
    Door(bool),
    Tail,
    Query,
    KernelDrop(u64),
    /// The clock runs on, and the engine does its work.
    Wait(u64),
}

#[derive(Clone, Copy, Debug)]
enum Event {
    Good,
    BadKey,
    BadSeverity,
    LongText,
    NamelessAttribute,
    NotUtf8,
}

fn any_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => Just(Event::Good),
        1 => Just(Event::BadKey),
        1 => Just(Event::BadSeverity),
        1 => Just(Event::LongText),
        1 => Just(Event::NamelessAttribute),
        1 => Just(Event::NotUtf8),
    ]
}

fn any_arrival() -> impl Strategy<Value = Arrival> {
    prop_oneof![
        8 => prop::collection::vec(any_event(), 1..8).prop_map(Arrival::Write),
        3 => any::<prop::sample::Index>().prop_map(Arrival::Again),
        1 => Just(Arrival::Stale),
        1 => Just(Arrival::Future),
        1 => prop::collection::vec(any::<u8>(), 0..100).prop_map(Arrival::Garbage),
        1 => Just(Arrival::Stranger),
        1 => Just(Arrival::NoMessage),
        1 => Just(Arrival::NotPermitted),
        2 => any::<bool>().prop_map(Arrival::Door),
        1 => Just(Arrival::Tail),
        1 => Just(Arrival::Query),
        1 => (0..5_u64).prop_map(Arrival::KernelDrop),
        2 => (0..60_u64).prop_map(Arrival::Wait),
    ]
}

impl Event {
    /// The event as the field of a `Cmd`, and why it is refused.
    fn encode(self) -> (Vec<u8>, Option<DropReason>) {
        let good = msg("/dev/a", "hello");
        let (bytes, reason) = match self {
            Self::Good => (good.encode_to_vec(), None),
            Self::BadKey => (msg("x", "hello").encode_to_vec(), Some(DropReason::InvalidKey)),
            Self::BadSeverity => {
                (Msg { severity: 99, ..good }.encode_to_vec(), Some(DropReason::InvalidSeverity))
            }
            Self::LongText => {
                (msg("/dev/a", &"x".repeat(600)).encode_to_vec(), Some(DropReason::TextTooLong))
            }
            Self::NamelessAttribute => {
                let attributes = vec![logd_proto::wire::Attribute::default()];
                (Msg { attributes, ..good }.encode_to_vec(), Some(DropReason::BadAttribute))
            }
            // Field 7, two bytes, which are no UTF-8.
            Self::NotUtf8 => (vec![0x3a, 2, 0xff, 0xfe], Some(DropReason::Undecodable)),
        };
        let mut field = vec![0x22];
        prost::encoding::encode_varint(bytes.len() as u64, &mut field);
        field.extend(bytes);
        (field, reason)
    }
}

/// What should have been counted.
#[derive(Default)]
struct Expected {
    received: u64,
    accepted: [u64; 4],
    stored: u64,
    offered: u64,
    datagrams: BTreeMap<&'static str, u64>,
    events: BTreeMap<&'static str, u64>,
}

fn add(counts: &mut BTreeMap<&'static str, u64>, reason: DropReason, n: u64) {
    if n > 0 {
        *counts.entry(reason.name()).or_default() += n;
    }
}

fn counted(drops: &crate::drop::Drops) -> BTreeMap<&'static str, u64> {
    drops.iter().filter(|&(_, n)| n > 0).map(|(reason, n)| (reason.name(), n)).collect()
}

proptest! {
    #[test]
    fn stored_plus_dropped_is_offered(arrivals in prop::collection::vec(any_arrival(), 1..60)) {
        let mut pair = Pair::new(Config { max_text_len: 500, max_tails: 2, ..config() });
        let mut expected = Expected::default();
        // Accepted datagrams with the time of their signature.
        let mut accepted: Vec<(Vec<u8>, UnixNanos)> = Vec::new();
        let (writer, reader) = (pair.writer.clone(), pair.reader.clone());
        let stranger = Signer::new(b"a secret that nobody was given");
        let good = Cmd { msg: Some(msg("/dev/a", "hello")), ..Cmd::default() };
        for (n, arrival) in arrivals.into_iter().enumerate() {
            let from = addr(100 + n as u16);
            let mut refuse = |pair: &mut Pair, datagram: &[u8], reason| {
                pair.deliver(from, datagram);
                expected.received += 1;
                add(&mut expected.datagrams, reason, 1);
            };
            match arrival {
                Arrival::Write(events) => {
                    let mut payload = Vec::new();
                    for event in events {
                        let (field, reason) = event.encode();
                        payload.extend(field);
                        expected.offered += 1;
                        match reason {
                            None => expected.stored += 1,
                            Some(reason) => add(&mut expected.events, reason, 1),
                        }
                    }
                    pair.pass(Duration::from_nanos(1));
                    let mut datagram = Vec::new();
                    writer.sign(pair.now.unix, &payload, &mut datagram);
                    pair.deliver(from, &datagram);
                    accepted.push((datagram, pair.now.unix));
                    expected.received += 1;
                    expected.accepted[Name::Write as usize] += 1;
                }
                Arrival::Again(index) => {
                    let Some((datagram, time)) = accepted.get(index.index(accepted.len().max(1)))
                    else { continue };
                    let stale = *time < pair.now.unix.saturating_sub(TTL);
                    let reason = if stale { DropReason::Stale } else { DropReason::Replay };
                    refuse(&mut pair, &datagram.clone(), reason);
                }
                Arrival::Stale => {
                    let datagram = pair.sign(&writer, &good);
                    pair.pass(TTL + Duration::from_nanos(1));
                    refuse(&mut pair, &datagram, DropReason::Stale);
                }
                Arrival::Future => {
                    let mut datagram = Vec::new();
                    let time = pair.now.unix.saturating_add(TTL + Duration::from_nanos(1));
                    writer.sign(time, &good.encode_to_vec(), &mut datagram);
                    refuse(&mut pair, &datagram, DropReason::Future);
                }
                Arrival::Garbage(bytes) => {
                    // Whether it is short, stale or from the future depends on the bytes.
                    let before = pair.engine.stats().datagram_drops;
                    pair.deliver(from, &bytes);
                    expected.received += 1;
                    let after = pair.engine.stats().datagram_drops;
                    let mut changed = after.iter().zip(before.iter()).filter(|(a, b)| a != b);
                    let ((reason, _), _) = changed.next().unwrap();
                    prop_assert!(changed.next().is_none());
                    let possible = [DropReason::TooShort, DropReason::Stale, DropReason::Future];
                    prop_assert!(possible.contains(&reason));
                    add(&mut expected.datagrams, reason, 1);
                }
                Arrival::Stranger => {
                    let datagram = pair.sign(&stranger, &good);
                    refuse(&mut pair, &datagram, DropReason::BadMac);
                }
                Arrival::NoMessage => {
                    let datagram = pair.sign(&writer, &Cmd { counter: 1, ..Cmd::default() });
                    refuse(&mut pair, &datagram, DropReason::NoMessage);
                }
                Arrival::NotPermitted => {
                    let datagram = pair.sign(&reader, &good);
                    refuse(&mut pair, &datagram, DropReason::NotPermitted);
                }
                Arrival::Door(named) => {
                    let value = Some(logd_proto::wire::attribute::Value::Flag(true));
                    let name = if named { "a".into() } else { String::new() };
                    let attributes = vec![logd_proto::wire::Attribute { name, value }];
                    let event = Msg { attributes, ..msg("/prod/door", "hello") };
                    let write = Cmd { batch: vec![event], ..Cmd::default() }.encode_to_vec();
                    let mut outcomes = Vec::new();
                    let done = pair.engine.handle_write(pair.now, None, &write, &mut outcomes);
                    prop_assert_eq!(done, Ok(()));
                    expected.offered += 1;
                    if named {
                        expected.stored += 1;
                        prop_assert_eq!(outcomes, [Ok(expected.stored)]);
                    } else {
                        add(&mut expected.events, DropReason::BadAttribute, 1);
                        prop_assert_eq!(outcomes, [Err(DropReason::BadAttribute)]);
                    }
                }
                Arrival::Tail => {
                    let full = pair.engine.stats().tails == 2;
                    pair.ask(from, Name::Tail, QueryParams::default());
                    expected.received += 1;
                    if full {
                        add(&mut expected.datagrams, DropReason::TooManyTails, 1);
                    } else {
                        expected.accepted[Name::Tail as usize] += 1;
                    }
                }
                Arrival::Query => {
                    let full = pair.engine.stats().udp_queries == pair.engine.config().max_udp_queries;
                    pair.ask(from, Name::Query, QueryParams::default());
                    expected.received += 1;
                    if full {
                        add(&mut expected.datagrams, DropReason::TooManyQueries, 1);
                    } else {
                        expected.accepted[Name::Query as usize] += 1;
                    }
                }
                Arrival::KernelDrop(lost) => {
                    pair.engine.count_drop(DropReason::KernelDrop, lost);
                    expected.received += lost;
                    add(&mut expected.datagrams, DropReason::KernelDrop, lost);
                }
                Arrival::Wait(ms) => pair.run_for(Duration::from_millis(ms)),
            }
            let stats = pair.engine.stats();
            prop_assert!(stats.is_balanced());
            prop_assert_eq!(stats.received_datagrams, expected.received);
            prop_assert_eq!(stats.accepted, expected.accepted);
            prop_assert_eq!((stats.events_offered, stats.events_stored), (expected.offered, expected.stored));
            prop_assert_eq!(counted(&stats.datagram_drops), expected.datagrams.clone());
            prop_assert_eq!(counted(&stats.event_drops), expected.events.clone());
        }
        let held: u64 = pair.engine.rings().map(|ring| ring.stored).sum();
        prop_assert_eq!(held, expected.stored);
        prop_assert_eq!(pair.engine.last_seq(), expected.stored);
    }
}

#[test]
fn a_batch_is_stored_in_its_order_and_gaps_are_counted() {
    let mut pair = Pair::new(config());
    let writer = pair.writer.clone();
    let mut send = |counter, texts: &[&str]| {
        let cmd = Cmd {
            sender: 77,
            counter,
            batch: texts.iter().map(|t| msg("/dev/a", t)).collect(),
            ..Cmd::default()
        };
        let datagram = pair.sign(&writer, &cmd);
        pair.deliver(addr(1), &datagram);
    };
    send(0, &["a", "b"]);
    // Two events, numbers 2 and 3, were lost on the way. That is certain once enough has come after them.
    for n in 0..100 {
        send(4 + n, &["c"]);
    }
    let stats = pair.engine.stats();
    assert_eq!((stats.gaps, stats.events_stored), (2, 102));
    assert!(stats.is_balanced());
}

#[test]
fn a_bare_message_of_an_old_logger_is_a_write() {
    let mut pair = Pair::new(config());
    let msg = Msg { t: Some(Default::default()), ..msg("/dev/old", "hello") };
    let payload = msg.encode_to_vec();
    assert_eq!(payload[0], 0x0a);
    let mut datagram = Vec::new();
    pair.writer.sign(pair.now.unix, &payload, &mut datagram);
    pair.deliver(addr(1), &datagram);
    let stats = pair.engine.stats();
    assert_eq!((stats.accepted(Name::Write), stats.events_stored), (1, 1));
}

#[test]
fn verification_elsewhere_gives_the_same_result() {
    let mut pair = Pair::new(config());
    let writer = pair.writer.clone();
    let good = pair.sign(&writer, &Cmd { msg: Some(msg("/dev/a", "x")), ..Cmd::default() });
    let verifier = pair.engine.verifier().clone();
    for datagram in [&good[..], &good, &good[..50], b"short"] {
        let verified = verifier.verify(pair.now.unix, datagram);
        pair.engine.handle_verified(pair.now, addr(1), datagram.len(), verified);
    }
    let stats = pair.engine.stats();
    assert!(stats.is_balanced());
    assert_eq!((stats.received_datagrams, stats.events_stored), (4, 1));
    for reason in [DropReason::Replay, DropReason::BadMac, DropReason::TooShort] {
        assert_eq!(stats.drops(reason), 1, "{reason:?}");
    }
    assert_eq!(stats.bytes_in, 2 * good.len() as u64 + 55);
}
