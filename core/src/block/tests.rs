use super::*;
use crate::event::{Attribute, NewEvent, Value};
use crate::key::Key;
use crate::severity::Severity;
use crate::test;
use crate::time::UnixNanos;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use proptest::prelude::*;

/// An event that owns its parts.
#[derive(Clone, Debug, PartialEq)]
struct Owned {
    gap: u64,
    time: i64,
    received: i64,
    key: String,
    severity: u32,
    text: String,
    attributes: Vec<(String, OwnedValue)>,
}

#[derive(Clone, Debug, PartialEq)]
enum OwnedValue {
    Text(String),
    Int(i64),
    Float(f64),
    Flag(bool),
    Bytes(Vec<u8>),
}

impl OwnedValue {
    fn borrow(&self) -> Value<'_> {
        match self {
            Self::Text(s) => Value::Text(s),
            Self::Int(n) => Value::Int(*n),
            Self::Float(x) => Value::Float(*x),
            Self::Flag(b) => Value::Flag(*b),
            Self::Bytes(b) => Value::Bytes(b),
        }
    }
}

fn value() -> impl Strategy<Value = OwnedValue> {
    prop_oneof![
        ".{0,20}".prop_map(OwnedValue::Text),
        any::<i64>().prop_map(OwnedValue::Int),
        (-1e300..1e300).prop_map(OwnedValue::Float),
        any::<bool>().prop_map(OwnedValue::Flag),
        prop::collection::vec(any::<u8>(), 0..20).prop_map(OwnedValue::Bytes),
    ]
}

prop_compose! {
    fn event()(
        gap in prop_oneof![Just(0u64), 0u64..1000],
        time in any::<i64>(),
        received in 0i64..i64::MAX,
        key in prop_oneof!["/[ab]/[abc]", "/prod/[a-z]{1,8}/[a-z]{0,3}x"],
        severity in 0u32..25,
        text in prop_oneof!["[a-z ]{0,40}", ".{0,40}", "(\\PC|\n){0,40}"],
        attributes in prop::collection::vec(("[a-c]{1,3}", value()), 0..4),
    ) -> Owned {
        Owned { gap, time, received, key, severity, text, attributes }
    }
}

fn fill(events: &[Owned]) -> (OpenBlock, Vec<u64>) {
    let mut open = OpenBlock::new();
    let mut seqs = Vec::new();
    let mut seq = 1;
    for e in events {
        seq += e.gap;
        let attributes: Vec<_> =
            e.attributes.iter().map(|(n, v)| Attribute { name: n, value: v.borrow() }).collect();
        let new = NewEvent {
            time: UnixNanos(e.time),
            key: Key::parse(&e.key).unwrap(),
            severity: Severity::from_number(e.severity).unwrap(),
            text: &e.text,
            attributes: &attributes,
        };
        let before = open.len_bytes();
        open.push(seq, UnixNanos(e.received), &new);
        assert!(open.len_bytes() - before <= OpenBlock::max_cost(&new));
        seqs.push(seq);
        seq += 1;
    }
    (open, seqs)
}

fn check_rows(block: &Block, events: &[Owned], seqs: &[u64]) {
    let mut scratch = Scratch::default();
    let rows: Vec<_> = block.view(&mut scratch).rows().collect();
    assert_eq!(rows.len(), events.len());
    for ((row, e), &seq) in rows.iter().zip(events).zip(seqs) {
        assert_eq!((row.seq, row.time.0, row.received.0), (seq, e.time, e.received));
        assert_eq!((row.key, row.text), (e.key.as_str(), e.text.as_str()));
        assert_eq!(u32::from(row.severity.number()), e.severity);
        let attributes: Vec<_> = row.attributes.map(|a| (a.name, a.value)).collect();
        let expected: Vec<_> = e.attributes.iter().map(|(n, v)| (n.as_str(), v.borrow())).collect();
        assert_eq!(attributes, expected);
    }
}

proptest! {
    #[test]
    fn events_come_back_as_they_went_in(events in prop::collection::vec(event(), 1..60)) {
        let (mut open, seqs) = fill(&events);
        check_rows(&open.freeze(), &events, &seqs);
        let block = open.seal();
        check_rows(&block, &events, &seqs);
        check_rows(&block.compressed(), &events, &seqs);
        prop_assert!(open.is_empty());
        let decoded = Block::decode(&block.header().encode_to_vec(), block.body()).unwrap();
        prop_assert_eq!(&decoded, &block);
        let packed = block.compressed();
        let unpacked = packed.unpacked(usize::MAX).unwrap();
        check_rows(&unpacked, &events, &seqs);
        prop_assert!(packed.unpacked(unpacked.memory()).is_some_and(|block| block == unpacked));
        prop_assert_eq!(packed.unpacked(unpacked.memory() - 1), None);
        let (mut a, mut b) = (Scratch::default(), Scratch::default());
        prop_assert_eq!(packed.view(&mut a).words(), unpacked.view(&mut b).words());
        prop_assert_eq!(&unpacked.compressed(), &packed);
        let decoded = Block::decode(&packed.header().encode_to_vec(), packed.body()).unwrap();
        prop_assert_eq!(decoded, packed);
    }

    #[test]
    fn a_changed_byte_is_refused_or_reads_without_panic(
        events in prop::collection::vec(event(), 1..10), at in any::<prop::sample::Index>(), to in any::<u8>(), packed in any::<bool>(),
    ) {
        let (mut open, _) = fill(&events);
        let mut block = open.seal();
        if packed {
            block = block.compressed();
        }
        let mut body = block.body().to_vec();
        *at.get_mut(&mut body[..]) = to;
        if let Ok(block) = Block::decode(&block.header().encode_to_vec(), &body) {
            let mut scratch = Scratch::default();
            prop_assert_eq!(block.view(&mut scratch).rows().count(), events.len());
        }
    }

    #[test]
    fn arbitrary_bytes_are_refused(header in prop::collection::vec(any::<u8>(), 0..60), body in prop::collection::vec(any::<u8>(), 0..60)) {
        prop_assert!(Block::decode(&header, &body).is_err());
    }
}

#[test]
fn a_small_block_that_claims_a_huge_column_is_refused() {
    let (mut open, _) = fill(&[Owned {
        gap: 0,
        time: 1,
        received: 2,
        key: "/a/b".into(),
        severity: 9,
        text: "x".repeat(1000),
        attributes: vec![],
    }]);
    let block = open.seal().compressed();
    let mut header = block.header().clone();
    let text = header.columns.iter_mut().find(|c| c.kind() == ColumnKind::Text).unwrap();
    assert_ne!(text.compression(), Compression::None);
    text.len = u32::MAX;
    let refused = Block::decode(&header.encode_to_vec(), block.body());
    assert_eq!(refused, Err(Damage::ColumnLength(ColumnKind::Text)));
}

#[test]
fn an_ordinary_event_costs_a_few_bytes_beyond_its_text() {
    let mut open = OpenBlock::new();
    let text = "GET /api/v1/users/123 200 in 12 ms";
    let n = 5_000;
    for i in 0..n {
        let new = NewEvent {
            time: UnixNanos(1_700_000_000_000_000_000 + i * 10_000),
            key: Key::parse(if i % 3 == 0 { "/prod/api" } else { "/prod/web" }).unwrap(),
            severity: Severity::INFO,
            text,
            attributes: &[],
        };
        open.push(i as u64 + 1, UnixNanos(new.time.0 + 50_000), &new);
    }
    let block = open.seal();
    let overhead = block.memory() as f64 / n as f64 - text.len() as f64;
    assert!(overhead <= 12.0, "{}", format!("{overhead:.1} bytes"));
}
