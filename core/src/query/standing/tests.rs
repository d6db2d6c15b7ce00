use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;

use logd_proto::query::{FacetRequest, HistogramRequest, Page, QueryRequest, Rows};
use proptest::prelude::*;

use super::*;
use crate::block::{Block, OpenBlock};
use crate::event::{Attribute, NewEvent, Value};
use crate::key::Key;
use crate::query::Limits;
use crate::severity::Severity;
use crate::store::RingView;
use crate::test;
use crate::time::UnixNanos;

/// A block of so many events, which differ from those of other blocks.
pub(in crate::query) fn block(number: u64, events: u64) -> Arc<Block> {
    let mut open = OpenBlock::new();
    for i in 0..events {
        let seq = number * 100 + i + 1;
        let text =
            format!("{} no{}", if seq.is_multiple_of(3) { "timeout" } else { "done" }, seq % 7);
        let key = format!("/a/{}", seq % 4);
        let attributes = [Attribute { name: "n", value: Value::Int((seq % 5) as i64) }];
        let event = NewEvent {
            time: UnixNanos(seq as i64 * 10),
            key: Key::parse(&key).unwrap(),
            severity: Severity::from_number((seq % 20) as u32).unwrap(),
            text: &text,
            attributes: &attributes,
        };
        open.push(seq, UnixNanos(seq as i64 * 10), &event);
    }
    Arc::new(open.freeze())
}

pub(in crate::query) fn snapshot(blocks: &[Arc<Block>]) -> Snapshot {
    let blocks = blocks.iter().map(Handle::owned).collect();
    Snapshot { rings: Vec::from([RingView { blocks, ..RingView::default() }]) }
}

pub(in crate::query) fn request(filter: &str) -> QueryRequest {
    let facet = |field: &str| FacetRequest { field: field.into(), limit: 3 };
    QueryRequest {
        filter: filter.into(),
        total: true,
        histogram: Some(HistogramRequest { bucket_nanos: 70 }),
        facets: Vec::from([facet("key"), facet("level"), facet("attr.n")]),
        ..QueryRequest::default()
    }
}

pub(in crate::query) fn query(request: &QueryRequest, limits: &Limits) -> Query {
    Query::compile(request, limits).unwrap().with_listing()
}

pub(in crate::query) fn run(search: &mut StandingSearch) -> (QueryResponse, Rows) {
    while search.step(1) == Step::Pending {}
    (search.answer(), search.listing(Merge::BySeq).rows(0, 10_000))
}

fn assert_as_new(query: &Query, search: &mut StandingSearch, snapshot: Snapshot) {
    assert_eq!(run(search), run(&mut StandingSearch::new(query.clone(), snapshot)));
}

proptest! {
    #[test]
    fn answers_as_a_new_search(
        filter in prop::sample::select(&["", "timeout", "key:/a/1", "level>=warn -no3", "nowhere", "time<2000"][..]),
        changes in prop::collection::vec((0u64..12, 0u64..9, 0usize..20), 1..12),
        page in any::<bool>(),
        narrow in any::<bool>(),
    ) {
        let mut limits = Limits::default();
        if narrow {
            // What is widened is no sum.
            limits.max_buckets = 4;
        }
        let page = page.then(|| Page { limit: 5, ..Page::default() });
        let query = query(&QueryRequest { page, ..request(filter) }, &limits);
        let mut blocks: Vec<(u64, Arc<Block>)> = Vec::new();
        let mut search = StandingSearch::new(query.clone(), Snapshot::default());
        for (number, events, steps) in changes {
            // A block comes, goes, or is replaced by one with more or fewer events.
            blocks.retain(|(n, _)| *n != number);
            if events > 0 {
                blocks.push((number, block(number, events)));
            }
            let blocks: Vec<_> = blocks.iter().map(|(_, block)| block.clone()).collect();
            search.renew(snapshot(&blocks));
            for _ in 0..steps {
                _ = search.step(1);
            }
            if steps % 2 == 0 {
                assert_as_new(&query, &mut search, snapshot(&blocks));
            }
        }
    }
}

#[test]
fn only_what_is_new_is_searched() {
    let limits = Limits::default();
    let query = query(&request("timeout"), &limits);
    let mut blocks: Vec<_> = (0..30).map(|n| block(n, 9)).collect();
    let mut search = StandingSearch::new(query.clone(), snapshot(&blocks));
    run(&mut search);
    blocks.remove(0);
    blocks.pop();
    blocks.extend([block(29, 50), block(30, 4)]);
    search.renew(snapshot(&blocks));
    assert_eq!(search.search.wanted().len(), 2);
    assert_as_new(&query, &mut search, snapshot(&blocks));
}

#[test]
fn when_much_is_gone_it_begins_anew() {
    let query = query(&request("timeout"), &Limits::default());
    let blocks: Vec<_> = (0..30).map(|n| block(n, 9)).collect();
    let mut search = StandingSearch::new(query.clone(), snapshot(&blocks));
    run(&mut search);
    search.renew(snapshot(&blocks[MAX_GONE + 1..]));
    assert_eq!(search.search.wanted().len(), blocks.len() - MAX_GONE - 1);
    assert_as_new(&query, &mut search, snapshot(&blocks[MAX_GONE + 1..]));
}

#[test]
fn a_capped_facet_is_counted_anew() {
    let limits = Limits { max_facet_values: 2, ..Limits::default() };
    let query = query(&request(""), &limits);
    let blocks: Vec<_> = (0..4).map(|n| block(n, 9)).collect();
    let mut search = StandingSearch::new(query.clone(), snapshot(&blocks));
    assert!(run(&mut search).0.facets[0].capped);
    search.renew(snapshot(&blocks[1..]));
    assert_eq!(search.search.wanted().len(), 3);
    assert_as_new(&query, &mut search, snapshot(&blocks[1..]));
}
