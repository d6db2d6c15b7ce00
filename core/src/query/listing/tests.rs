use alloc::format;
use alloc::string::String;
use alloc::vec;

use logd_proto::query::QueryRequest;
use proptest::prelude::*;

use super::super::{Limits, Query, Search, Step};
use super::*;
use crate::event::NewEvent;
use crate::key::Key;
use crate::severity::Severity;
use crate::store::{MIN_BUDGET, RingConfig, Snapshot, Store, StoreConfig};
use crate::test;
use crate::time::{MonoNanos, Now, UnixNanos};

/// Key and time of receipt of an event; its text is its number.
type Event = (&'static str, i64);

fn ring(prefix: &str) -> RingConfig {
    // Small blocks, so that there are many.
    let (budget, hot) = (64 * MIN_BUDGET, 16 * MIN_BUDGET);
    RingConfig { prefix: prefix.into(), budget, max_age: None, max_events: Some(160), hot }
}

fn snapshot(events: &[Event], source: u32) -> Snapshot {
    let rings = vec![ring("/a"), ring("/b")];
    let mut store = Store::new(StoreConfig { rings, fallback: ring("/") }).unwrap();
    for (i, &(key, received)) in events.iter().enumerate() {
        let text = format!("{i} of source {source}");
        let event = NewEvent {
            time: UnixNanos(7),
            key: Key::parse(key).unwrap(),
            severity: if i.is_multiple_of(3) { Severity::WARN } else { Severity::INFO },
            text: &text,
            attributes: &[],
        };
        let _ = store.append(Now { unix: UnixNanos(received), mono: MonoNanos(0) }, &event);
    }
    let mut snapshot = store.snapshot(&[]);
    for ring in &mut snapshot.rings {
        for block in &mut ring.blocks {
            let mut owned = Handle::owned(&block.get().unwrap());
            owned.source = source;
            *block = owned;
        }
    }
    snapshot
}

fn listing(snapshot: Snapshot, filter: &str, merge: Merge) -> Listing {
    let request = QueryRequest { filter: filter.into(), ..QueryRequest::default() };
    let query = Query::compile(&request, &Limits::default()).unwrap().with_listing();
    let mut search = Search::new(query, snapshot);
    while search.step(0) == Step::Pending {}
    search.listing(merge)
}

fn texts(rows: &Rows) -> Vec<String> {
    let mut rest = rows.text.as_str();
    let cut = |&len: &u32| {
        let (text, after) = rest.split_at(len as usize);
        rest = after;
        text.into()
    };
    rows.text_len.iter().map(cut).collect()
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = (prop_oneof![Just("/a/x"), Just("/b/x"), Just("/c/x")], 0..3i64);
    proptest::collection::vec(event, 0..150).prop_map(|mut events| {
        let mut now = 1_000;
        for event in &mut events {
            now += event.1;
            event.1 = now;
        }
        events
    })
}

const FILTERS: [&str; 4] = ["", "level>=warn", "7", "key:/a"];

proptest! {
    /// Any part of the list is that part of all its events one after the other.
    #[test]
    fn any_part_of_one_daemons_events_can_be_read(
        events in events(),
        filter in proptest::sample::select(&FILTERS[..]),
        start in 0..160u64,
        count in 0..40usize,
    ) {
        let snapshot = snapshot(&events, 0);
        let mut listing = listing(snapshot, filter, Merge::BySeq);
        let matches = |i: usize, key: &str| match filter {
            "" => true,
            "level>=warn" => i.is_multiple_of(3),
            "key:/a" => key.starts_with("/a"),
            _ => format!("{i}").contains('7'),
        };
        let expect: Vec<(u64, String)> = (1..)
            .zip(events.iter().enumerate())
            .filter(|(_, (i, (key, _)))| matches(*i, key))
            .map(|(seq, (i, _))| (seq, format!("{i} of source 0")))
            .collect();
        prop_assert_eq!(listing.len(), expect.len() as u64);
        let part: Vec<_> = expect.iter().skip(start as usize).take(count).cloned().collect();
        let rows = listing.rows(start, count);
        prop_assert_eq!(&rows.seq, &part.iter().map(|e| e.0).collect::<Vec<_>>());
        prop_assert_eq!(texts(&rows), part.into_iter().map(|e| e.1).collect::<Vec<_>>());
        for (index, (seq, _)) in expect.iter().enumerate() {
            prop_assert_eq!(listing.index_of_seq(*seq), index as u64);
        }
        for received in [0, 1_000, 1_070, 2_000] {
            let before = expect.iter().filter(|(seq, _)| events[*seq as usize - 1].1 < received);
            prop_assert_eq!(listing.index_of_time(received), before.count() as u64);
        }
    }

    /// Buffers are merged by time of receipt, and events of one buffer keep their order.
    #[test]
    fn any_part_of_several_buffers_can_be_read(
        buffers in proptest::collection::vec(events(), 1..4),
        start in 0..300u64,
        count in 0..40usize,
    ) {
        let mut merged = Snapshot::default();
        for (source, events) in (0..).zip(&buffers) {
            merged.rings.extend(snapshot(events, source).rings);
        }
        let mut listing = listing(merged, "", Merge::ByReceipt);
        let total: usize = buffers.iter().map(Vec::len).sum();
        prop_assert_eq!(listing.len(), total as u64);
        let all = listing.rows(0, total);
        prop_assert_eq!(all.seq.len(), total);
        prop_assert!(all.received.is_sorted());
        // What one part shows, the whole shows at the same place.
        let part = listing.rows(start, count);
        let from = (start as usize).min(total);
        let to = (from + count).min(total);
        prop_assert_eq!(&part.seq[..], &all.seq[from..to]);
        prop_assert_eq!(texts(&part), &texts(&all)[from..to]);
        for (source, events) in (0..).zip(&buffers) {
            let of = |i: &usize| all.source.get(*i).copied().unwrap_or(0) == source;
            prop_assert_eq!((0..total).filter(of).count(), events.len());
        }
    }
}

#[test]
fn events_that_are_gone_are_left_out() {
    let events: Vec<Event> = (0..100).map(|i| ("/a/x", i)).collect();
    let mut store = Store::new(StoreConfig { rings: vec![], fallback: ring("/") }).unwrap();
    let append = |store: &mut Store, received| {
        let key = Key::parse("/a/x").unwrap();
        let event = NewEvent {
            time: UnixNanos(1),
            key,
            severity: Severity::INFO,
            text: "x",
            attributes: &[],
        };
        store.append(Now { unix: UnixNanos(received), mono: MonoNanos(0) }, &event).unwrap();
    };
    for &(_, received) in &events {
        append(&mut store, received);
    }
    let mut listing = listing(store.snapshot(&[]), "", Merge::BySeq);
    assert_eq!(listing.rows(0, 10).seq.first(), Some(&1));
    for received in 100..220 {
        append(&mut store, received);
    }
    assert_eq!(listing.len(), 100);
    let rows = listing.rows(0, 100);
    assert!(rows.seq.len() < 100 && rows.seq.last() == Some(&100), "{:?}", rows.seq);
}
