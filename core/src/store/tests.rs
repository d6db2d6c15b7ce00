use super::*;
use crate::block::Scratch;
use crate::key::Key;
use crate::severity::Severity;
use crate::test;
use crate::time::MonoNanos;
use alloc::format;
use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec;
use core::time::Duration;
use proptest::prelude::*;

fn ring(prefix: &str, budget: usize) -> RingConfig {
    RingConfig { prefix: prefix.into(), budget, max_age: None, max_events: None, hot: MIN_BUDGET }
}

fn now(seconds: i64) -> Now {
    Now { unix: UnixNanos(seconds * 1_000_000_000), mono: MonoNanos(0) }
}

fn event<'a>(key: &'a str, text: &'a str) -> NewEvent<'a> {
    let key = Key::parse(key).unwrap();
    NewEvent { time: UnixNanos(7), key, severity: Severity::INFO, text, attributes: &[] }
}

/// What the rings hold: (seq, key, text) by ring, ascending.
fn contents(store: &mut Store) -> Vec<Vec<(u64, String, String)>> {
    let snapshot = store.snapshot(&[]);
    let mut scratch = Scratch::default();
    let mut rings = Vec::new();
    for ring in &snapshot.rings {
        let mut events = Vec::new();
        for handle in &ring.blocks {
            let block = handle.get().unwrap();
            events.extend(
                block.view(&mut scratch).rows().map(|e| (e.seq, e.key.into(), e.text.into())),
            );
        }
        rings.push(events);
    }
    rings
}

proptest! {
    /// Each ring holds exactly the newest of its events, whatever was appended and however often it was looked at.
    #[test]
    fn eviction_agrees_with_a_naive_model(
        appends in prop::collection::vec((0usize..3, 0usize..6000, any::<bool>(), any::<bool>()), 1..200),
        max_events in prop::option::of(1u64..100),
        hot in 0usize..MIN_BUDGET,
    ) {
        let keys = ["/a/b", "/a/c/d", "/z/y"];
        let mut small = ring("/a", MIN_BUDGET);
        small.max_events = max_events;
        small.hot = hot;
        let mut store = Store::new(StoreConfig { rings: vec![small], fallback: ring("", 2 * MIN_BUDGET) }).unwrap();
        let mut model: [Vec<(u64, String, String)>; 2] = [vec![], vec![]];
        let mut working = None;
        for (i, (key, len, look, work)) in appends.into_iter().enumerate() {
            let text = format!("{i}-").repeat(len / 4);
            let seq = store.append(now(i as i64), &event(keys[key], &text)).unwrap();
            prop_assert_eq!(seq, i as u64 + 1);
            model[usize::from(key == 2)].push((seq, keys[key].into(), text));
            if look {
                contents(&mut store);
            }
            // A job is begun in one turn and finished in a later one.
            if work {
                let done = working.take().or_else(|| store.poll_upkeep(Effort::All)).and_then(UpkeepJob::run);
                done.into_iter().for_each(|done| store.finish_upkeep(done));
                working = store.poll_upkeep(Effort::All);
            }
            for (status, model) in store.rings().zip(&model) {
                prop_assert!(status.used <= status.budget, "{status:?}");
                prop_assert_eq!(status.stored, model.len() as u64);
                prop_assert_eq!(status.events + status.overwritten, status.stored);
            }
        }
        // Looking may seal, and so evict.
        let contents = contents(&mut store);
        let statuses: Vec<_> = store.rings().collect();
        for ((held, model), status) in contents.iter().zip(&model).zip(&statuses) {
            prop_assert_eq!(held.len() as u64, status.events);
            prop_assert_eq!(&held[..], &model[model.len() - held.len()..]);
            prop_assert_eq!(status.oldest.map(|o| o.0), held.first().map(|e| e.0));
            prop_assert_eq!(status.newest.map(|o| o.0), held.last().map(|e| e.0));
        }
        if let Some(max) = max_events {
            prop_assert!(statuses[0].events <= max);
            prop_assert!(statuses[0].events as usize >= model[0].len().min(max as usize - max as usize / 16).min(8));
        }
    }
}

#[test]
fn older_blocks_are_compressed_and_found_by_their_filter() {
    let mut config = ring("", 4 << 20);
    config.hot = 1 << 20;
    let mut store = Store::new(StoreConfig { rings: vec![], fallback: config }).unwrap();
    let text = |i: i64| format!("request {i} of user u{:08x} took {} ms", i * 7919, i % 977);
    let fill = |store: &mut Store, upkeep: bool| {
        for i in 0..200_000 {
            store.append(now(i), &event("/a/b", &text(i))).unwrap();
            while let Some(job) = store.poll_upkeep(Effort::All).filter(|_| upkeep) {
                store.finish_upkeep(job.run().unwrap());
            }
        }
        store.rings().next().unwrap()
    };
    let kept = fill(&mut store, true);
    let mut plain = Store::new(StoreConfig { rings: vec![], fallback: ring("", 4 << 20) }).unwrap();
    let unkept = fill(&mut plain, false);
    assert!(kept.used <= kept.budget);
    assert!(kept.events * 10 > unkept.events * 14, "{} and {}", kept.events, unkept.events);

    let held = contents(&mut store).concat();
    let first = held[0].0;
    for (seq, _, held) in held {
        assert_eq!(held, text(seq as i64 - 1));
    }
    let ask = |store: &mut Store, filter: &str| {
        let request = logd_proto::query::QueryRequest {
            filter: filter.into(),
            total: true,
            ..Default::default()
        };
        let query = crate::query::Query::compile(&request, &crate::query::Limits::default());
        crate::query::Search::new(query.unwrap(), store.snapshot(&[])).run().total.unwrap()
    };
    for seq in [first, first + 1000, 199_999] {
        assert_eq!(ask(&mut store, &format!("u{:08x}", (seq as i64 - 1) * 7919)), 1);
        assert_eq!(ask(&mut store, &format!("/user u{:08x} /", (seq as i64 - 1) * 7919)), 1);
    }
    assert_eq!(ask(&mut store, "unobtainium"), 0);
}

#[test]
fn a_snapshot_finds_blocks_that_upkeep_has_replaced() {
    let mut store = Store::new(StoreConfig { rings: vec![], fallback: ring("", 4 << 20) }).unwrap();
    for i in 0..20_000 {
        store.append(now(i), &event("/a/b", "the same text again")).unwrap();
    }
    // The ring is not full: nothing is evicted.
    let before = store.snapshot(&[]);
    let mut replaced = 0;
    while let Some(job) = store.poll_upkeep(Effort::All) {
        store.finish_upkeep(job.run().unwrap());
        replaced += 1;
    }
    assert!(replaced > 0);
    let blocks = &before.rings[0].blocks;
    let found: usize = blocks.iter().filter_map(|b| b.get()).map(|b| b.events()).sum();
    assert_eq!(found, 20_000);
}

#[test]
fn little_effort_filters_every_block_and_compresses_none() {
    let mut config = ring("", 4 << 20);
    config.hot = 0;
    let mut store = Store::new(StoreConfig { rings: vec![], fallback: config }).unwrap();
    for i in 0..20_000 {
        store.append(now(i), &event("/a/b", "the same text again")).unwrap();
    }
    let blocks = store.rings().next().unwrap().blocks;
    let work = |store: &mut Store, effort| {
        core::iter::from_fn(|| {
            store.poll_upkeep(effort).and_then(UpkeepJob::run).map(|d| store.finish_upkeep(d))
        })
        .count()
    };
    // The last one is still open.
    let sealed = blocks - 1;
    assert!(sealed > 1);
    assert_eq!(work(&mut store, Effort::Index), sealed);
    let indexed = store.rings().next().unwrap().used;
    assert_eq!(work(&mut store, Effort::All), sealed);
    let compressed = store.rings().next().unwrap().used;
    assert!(compressed < indexed, "{indexed}, {compressed}");
}

#[test]
fn a_ring_uses_most_of_its_budget() {
    let mut store = Store::new(StoreConfig { rings: vec![], fallback: ring("", 4 << 20) }).unwrap();
    for i in 0..200_000 {
        let text = format!("request {i} took {} ms", i % 977);
        store.append(now(i), &event("/a/b", &text)).unwrap();
    }
    let status = store.rings().next().unwrap();
    assert!(status.overwritten > 0);
    assert!(status.used <= status.budget && status.used * 10 >= status.budget * 8, "{status:?}");
}

#[test]
fn events_expire_at_their_age_without_new_ones() {
    let config = RingConfig { max_age: Some(Duration::from_secs(160)), ..ring("", MIN_BUDGET) };
    let mut store = Store::new(StoreConfig { rings: vec![], fallback: config }).unwrap();
    assert_eq!(store.next_expiry(), None);
    for t in 0..100 {
        store.append(now(t), &event("/a/b", "x")).unwrap();
    }
    // Nothing but the timer drives it from here.
    let mut last = 0;
    while let Some(due) = store.next_expiry() {
        let at = due.0 / 1_000_000_000;
        assert!(at >= last, "time goes forward");
        last = at;
        store.expire(Now { unix: due, mono: MonoNanos(0) });
        for e in contents(&mut store).concat() {
            assert!(at - (e.0 as i64 - 1) <= 170, "event {} is still there at {at}", e.0);
        }
    }
    let status = store.rings().next().unwrap();
    assert_eq!((status.events, status.overwritten), (0, 100));
    assert!((259..=270).contains(&last), "{last}");
}

#[test]
fn an_event_larger_than_its_ring_is_refused_and_takes_no_number() {
    let mut store =
        Store::new(StoreConfig { rings: vec![], fallback: ring("", MIN_BUDGET) }).unwrap();
    let huge = "x".repeat(MIN_BUDGET);
    assert_eq!(store.append(now(1), &event("/a/b", &huge)), Err(DropReason::RingFull));
    assert_eq!(store.append(now(1), &event("/a/b", "ok")), Ok(1));
}

#[test]
fn a_snapshot_does_not_pin_what_is_evicted() {
    let mut store =
        Store::new(StoreConfig { rings: vec![], fallback: ring("", MIN_BUDGET) }).unwrap();
    let text = "x".repeat(1000);
    for i in 0..100 {
        store.append(now(i), &event("/a/b", &text)).unwrap();
    }
    let snapshot = store.snapshot(&[]);
    let held = || snapshot.rings[0].blocks.iter().filter(|h| h.get().is_some()).count();
    assert_eq!(held(), snapshot.rings[0].blocks.len());
    for i in 0..200 {
        store.append(now(i), &event("/a/b", &text)).unwrap();
    }
    assert!(held() <= 1, "only a copy of the open block may be left");
}

#[test]
fn snapshots_of_named_rings_only() {
    let rings = vec![ring("/a", MIN_BUDGET), ring("/b", MIN_BUDGET)];
    let mut store = Store::new(StoreConfig { rings, fallback: ring("", MIN_BUDGET) }).unwrap();
    store.append(now(1), &event("/a/x", "1")).unwrap();
    let snapshot = store.snapshot(&["/a".into(), "/".into()]);
    let prefixes: Vec<_> = snapshot.rings.iter().map(|r| r.prefix.as_str()).collect();
    assert_eq!(prefixes, ["/a", "/"]);

    let only = |names: &[&str]| {
        let names: Vec<_> = names.iter().map(|&n| n.into()).collect();
        snapshot.clone().only(&names).map(|s| s.rings.into_iter().map(|r| r.prefix).collect())
    };
    assert_eq!(only(&[]), Ok(vec!["/a".into(), "/".into()]));
    assert_eq!(only(&["/"]), Ok(vec![String::from("/")]));
    let error = only(&["/a", "/b"]).unwrap_err();
    assert_eq!(error.to_string(), "there is no ring /b; the rings are /a /");
}

#[test]
fn bad_configurations_say_what_is_wrong() {
    let fallback = ring("", MIN_BUDGET);
    let make = |rings| Store::new(StoreConfig { rings, fallback: fallback.clone() }).err();
    for bad in ["", "prod", "/", "/prod/", "//x"] {
        assert_eq!(make(vec![ring(bad, MIN_BUDGET)]), Some(StoreError::Prefix(bad.into())));
    }
    let twice = vec![ring("/a", MIN_BUDGET), ring("/a", MIN_BUDGET)];
    assert_eq!(make(twice), Some(StoreError::Duplicate("/a".into())));
    assert_eq!(make(vec![ring("/a", MIN_BUDGET - 1)]), Some(StoreError::Budget("/a".into())));
    let zero = RingConfig { max_events: Some(0), ..ring("/a", MIN_BUDGET) };
    assert_eq!(make(vec![zero]), Some(StoreError::Zero("/a".into())));
}

#[test]
fn a_time_of_receipt_has_a_first_event() {
    let mut store = Store::new(StoreConfig {
        rings: vec![ring("/a", MIN_BUDGET)],
        fallback: ring("", MIN_BUDGET),
    })
    .unwrap();
    // The clock steps back after the third.
    for (seconds, key) in [(10, "/a/b"), (20, "/z/y"), (30, "/a/b"), (25, "/z/y"), (40, "/z/y")] {
        store.append(now(seconds), &event(key, "x")).unwrap();
    }
    let snapshot = store.snapshot(&[]);
    let first = |ring: usize| {
        let ring = &snapshot.rings[ring];
        move |seconds: i64| ring.first_seq_since(UnixNanos(seconds * 1_000_000_000))
    };
    assert_eq!([0, 10, 11, 31].map(first(0)), [Some(1), Some(1), Some(3), None]);
    assert_eq!([0, 20, 21, 26, 41].map(first(1)), [Some(2), Some(2), Some(4), Some(5), None]);
    // What is gone counts as if it were there.
    let text = "x".repeat(MIN_BUDGET / 8);
    for _ in 0..20 {
        store.append(now(50), &event("/a/b", &text)).unwrap();
    }
    let snapshot = store.snapshot(&[]);
    let held = snapshot.rings[0].blocks[0].first_seq;
    for _ in 0..20 {
        store.append(now(60), &event("/a/b", &text)).unwrap();
    }
    assert!(snapshot.rings[0].blocks[0].get().is_none());
    assert_eq!(snapshot.rings[0].first_seq_since(now(45).unix), Some(held));
}

/// Selects the events of one key.
#[derive(Debug)]
struct OfKey(&'static str);

impl Select for OfKey {
    fn rows(&self, view: &crate::block::View<'_>) -> crate::bits::Bits {
        let id = view.header().keys.iter().position(|k| k.key == self.0);
        let test = |key: u32| Some(key as usize) == id;
        crate::bits::Bits::from_values(view.header().events as usize, view.key_ids(), test)
    }
}

/// Deletes the events of a key, and does nothing else meanwhile.
fn delete(store: &mut Store, key: &'static str) -> u64 {
    let select: Arc<dyn Select> = Arc::new(OfKey(key));
    assert!(store.delete(&select));
    assert!(!store.delete(&select), "one at a time");
    loop {
        if let Some(job) = store.poll_upkeep(Effort::Index) {
            store.finish_upkeep(job.run().expect("nothing is evicted"));
        } else if let Some(deleted) = store.poll_deleted() {
            assert!(!store.is_deleting());
            return deleted;
        }
    }
}

proptest! {
    /// What was there is gone wholly, and nothing else; and every event stays accounted for.
    #[test]
    fn deletion_agrees_with_a_naive_model(
        steps in prop::collection::vec((0usize..3, 1usize..3000, 0u8..8), 1..200),
        hot in 0usize..MIN_BUDGET,
    ) {
        let keys = ["/a/b", "/a/c", "/z/y"];
        let mut small = ring("/a", MIN_BUDGET);
        small.hot = hot;
        let mut store = Store::new(StoreConfig { rings: vec![small], fallback: ring("", 2 * MIN_BUDGET) }).unwrap();
        let mut model: [Vec<(u64, String, String)>; 2] = [vec![], vec![]];
        let mut working: Option<UpkeepJob> = None;
        let mut deleting = false;
        for (i, (key, len, what)) in steps.into_iter().enumerate() {
            match what {
                0 if !deleting => {
                    let select: Arc<dyn Select> = Arc::new(OfKey(keys[0]));
                    prop_assert!(store.delete(&select));
                    deleting = true;
                    model[0].retain(|e| e.1 != keys[0]);
                }
                // A job takes a while: others events come between its beginning and its end.
                0..3 => match working.take() {
                    Some(job) => if let Some(done) = job.run() { store.finish_upkeep(done) },
                    None => working = store.poll_upkeep(Effort::All),
                },
                _ => {
                    let text = format!("{i}-").repeat(len / 4 + 1);
                    let seq = store.append(now(i as i64), &event(keys[key], &text)).unwrap();
                    model[usize::from(key == 2)].push((seq, keys[key].into(), text));
                }
            }
            deleting &= store.poll_deleted().is_none();
        }
        if let Some(done) = working.and_then(UpkeepJob::run) {
            store.finish_upkeep(done);
        }
        while deleting {
            if let Some(done) = store.poll_upkeep(Effort::Index).and_then(UpkeepJob::run) {
                store.finish_upkeep(done);
            }
            deleting = store.poll_deleted().is_none();
        }
        let held = contents(&mut store);
        for ((held, model), status) in held.iter().zip(&model).zip(store.rings()) {
            prop_assert!(model.ends_with(held), "{:?}", held.iter().map(|e| e.0).collect::<Vec<_>>());
            prop_assert_eq!(status.events, held.len() as u64);
            prop_assert_eq!(status.events + status.overwritten + status.deleted, status.stored);
            prop_assert!(status.used <= status.budget);
        }
    }
}

#[test]
fn a_deletion_leaves_the_rest_in_its_place_and_readers_are_told() {
    let mut store =
        Store::new(StoreConfig { rings: vec![], fallback: ring("", 8 * MIN_BUDGET) }).unwrap();
    for n in 0..600_i64 {
        let key = if n < 300 && n % 2 == 0 { "/a/gone" } else { "/a/stays" };
        store.append(now(n), &event(key, &"x".repeat(400))).unwrap();
    }
    let before = store.snapshot(&[]);
    assert_eq!(delete(&mut store, "/a/gone"), 150);
    let held: Vec<u64> = contents(&mut store)[0].iter().map(|e| e.0).collect();
    // Numbers begin with 1.
    assert_eq!(
        held,
        (0..600).filter(|n| *n >= 300 || n % 2 == 1).map(|n| n + 1).collect::<Vec<u64>>()
    );
    let status = store.rings().next().unwrap();
    assert_eq!(
        (status.stored, status.events, status.deleted, status.overwritten),
        (600, 450, 150, 0)
    );
    let after = store.snapshot(&[]);
    assert_eq!(
        after.rings[0].deleted,
        Deleted {
            events: 150,
            first_seq: 1,
            last_seq: 299,
            first_received: now(0).unix,
            last_received: now(298).unix
        }
    );
    // Blocks that lost events are gone for who found them before; the others are not.
    let (old, new): (Vec<&Handle>, Vec<&Handle>) =
        before.rings[0].blocks.iter().partition(|b| b.first_seq < 300);
    assert!(old.iter().all(|b| b.get().is_none()) && new.iter().all(|b| b.get().is_some()));

    assert_eq!(delete(&mut store, "/a/gone"), 0);
    assert_eq!(delete(&mut store, "/a/stays"), 450);
    assert_eq!(contents(&mut store)[0], []);
    store.append(now(1000), &event("/a/stays", "new")).unwrap();
    assert_eq!(contents(&mut store)[0].len(), 1);
}
