//! Searches over one block of about a mebibyte that no filter prunes.

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use logd_bench::{Samples, with_event};
use logd_core::block::Scratch;
use logd_core::query::filter::Filter;
use logd_core::query::parse::parse;
use logd_core::query::{Limits, Query, Search};
use logd_core::store::{RingConfig, Snapshot, Store, StoreConfig};
use logd_core::time::{MonoNanos, Now, UnixNanos};
use logd_proto::query::{HistogramRequest, QueryRequest};

/// What no text contains, in the ways that are searched for differently.
const ABSENT: &[&str] = &[
    // A substring, in any case of its letters.
    "quetzalcoatl",
    // A pattern with a literal that need not occur.
    "/quetzal[a-z]+tl/",
    // A pattern without any literal.
    r"/[0-9]{3}-[a-f]{9}-[0-9]{3}/",
];

/// The rows of a block that match.
#[divan::bench(args = ABSENT)]
fn scan(bencher: Bencher<'_, '_>, filter: &str) {
    let block = super::block::filled().freeze();
    let filter =
        Filter::compile(&parse(filter).expect("it is an expression")).expect("it is small");
    let mut scratch = Scratch::default();
    let view = block.view(&mut scratch);
    assert!(filter.select(&view).is_empty());
    bencher.counter(BytesCount::new(block.memory())).bench_local(|| filter.select(&view));
}

/// The same, of a block that has to be decompressed first.
#[divan::bench]
fn scan_compressed(bencher: Bencher<'_, '_>) {
    let block = super::block::filled().freeze().compressed();
    // Too short for the filter over the text to know it.
    let filter = Filter::compile(&parse("qzx").expect("it is an expression")).expect("it is small");
    let mut scratch = Scratch::default();
    bencher
        .counter(BytesCount::new(block.memory()))
        .bench_local(|| filter.select(&block.view(&mut scratch)));
}

/// Events by level in buckets of a second; most blocks lie in one bucket and are counted by their headers.
#[divan::bench]
fn histogram(bencher: Bencher<'_, '_>) {
    let (_store, snapshot, events) = store();
    let request = QueryRequest {
        histogram: Some(HistogramRequest { bucket_nanos: 1_000_000_000 }),
        ..QueryRequest::default()
    };
    let query = Query::compile(&request, &Limits::default()).expect("the request is sound");
    bencher
        .counter(ItemsCount::new(events))
        .with_inputs(|| (query.clone(), snapshot.clone()))
        .bench_local_values(|(query, snapshot)| Search::new(query, snapshot).run());
}

/// Two seconds of a busy service; the store keeps the snapshot's blocks alive.
fn store() -> (Store, Snapshot, usize) {
    const EVENTS: u64 = 200_000;
    let fallback = RingConfig {
        prefix: "/".into(),
        budget: 1 << 30,
        max_age: None,
        max_events: None,
        hot: usize::MAX,
    };
    let mut store = Store::new(StoreConfig { rings: Vec::new(), fallback }).expect("it is sound");
    let mut samples = Samples::new(1);
    for i in 0..EVENTS {
        let time = 1_795_000_000_000_000_000 + i * 10_000;
        let now = Now { unix: UnixNanos(time.cast_signed()), mono: MonoNanos(0) };
        with_event(&samples.event(time), |event| store.append(now, event)).expect("there is room");
    }
    let snapshot = store.snapshot(&[]);
    (store, snapshot, EVENTS as usize)
}
