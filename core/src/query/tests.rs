use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use logd_proto::query::{
    FacetRequest, HistogramRequest, Order, Page, QueryRequest, QueryResponse, Rows,
};
use proptest::prelude::*;

use super::ast::{AttrTest, Compare, Expr, StrTest, Term};
use super::filter::Filter;
use super::pattern::{pattern_of, write_pattern};
use super::*;
use crate::block::Scratch;
use crate::event::{Attribute, NewEvent, Value};
use crate::key::Key;
use crate::severity::Severity;
use crate::store::{MIN_BUDGET, RingConfig, Store, StoreConfig};
use crate::test;
use crate::time::{MonoNanos, Now, UnixNanos};

/// The model: events as plain values, and the meaning of an expression spelled out.
#[derive(Clone, Debug)]
struct Event {
    seq: u64,
    time: i64,
    received: i64,
    key: String,
    severity: u8,
    text: String,
    attributes: Vec<(String, Attr)>,
}

#[derive(Clone, Debug)]
enum Attr {
    Text(String),
    Int(i64),
    Float(f64),
    Flag(bool),
}

impl Attr {
    fn text(&self) -> String {
        match self {
            Self::Text(s) => s.clone(),
            Self::Int(n) => n.to_string(),
            Self::Float(x) => x.to_string(),
            Self::Flag(b) => b.to_string(),
        }
    }

    fn value(&self) -> Value<'_> {
        match self {
            Self::Text(s) => Value::Text(s),
            Self::Int(n) => Value::Int(*n),
            Self::Float(x) => Value::Float(*x),
            Self::Flag(b) => Value::Flag(*b),
        }
    }
}

fn naive(expr: &Expr, e: &Event) -> bool {
    match expr {
        Expr::All => true,
        Expr::And(list) => list.iter().all(|x| naive(x, e)),
        Expr::Or(list) => list.iter().any(|x| naive(x, e)),
        Expr::Not(x) => !naive(x, e),
        Expr::Term(Term::Text(needle)) => {
            e.text.to_ascii_lowercase().contains(&needle.to_ascii_lowercase())
        }
        Expr::Term(Term::Regex(p)) => regex::compile(p).unwrap().is_match(&e.text),
        Expr::Term(Term::Pattern(p)) => {
            let mut pattern = String::new();
            write_pattern(&e.text, &mut pattern);
            pattern == *p
        }
        Expr::Term(Term::Key(test)) => naive_str(test, &e.key),
        Expr::Term(Term::Severity(c, s)) => c.holds(&e.severity, &s.number()),
        Expr::Term(Term::Time(c, t)) => c.holds(&e.time, t),
        Expr::Term(Term::Received(c, t)) => c.holds(&e.received, t),
        Expr::Term(Term::Seq(c, s)) => c.holds(&e.seq, s),
        Expr::Term(Term::Attr(name, test)) => {
            let values = e.attributes.iter().filter(|(n, _)| n == name).map(|(_, v)| v);
            match test {
                AttrTest::Exists => values.count() > 0,
                AttrTest::Str(test) => values.into_iter().any(|v| naive_str(test, &v.text())),
                AttrTest::Number(c, x) => values.into_iter().any(|v| match v {
                    Attr::Flag(_) => false,
                    Attr::Text(_) | Attr::Int(_) | Attr::Float(_) => {
                        v.text().trim().parse::<f64>().is_ok_and(|n| c.holds(&n, x))
                    }
                }),
            }
        }
    }
}

fn naive_str(test: &StrTest, s: &str) -> bool {
    match test {
        StrTest::Under(p) => s == p || s.starts_with(&format!("{p}/")),
        StrTest::Equals(p) => s == p,
        StrTest::Prefix(p) => s.starts_with(p.as_str()),
        StrTest::Contains(p) => s.to_ascii_lowercase().contains(&p.to_ascii_lowercase()),
        StrTest::Regex(p) => regex::compile(p).unwrap().is_match(s),
    }
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let attr = prop_oneof![
        "[a-b0-2]{0,3}".prop_map(Attr::Text),
        (-3i64..600).prop_map(Attr::Int),
        (0.0..3.0).prop_map(Attr::Float),
        any::<bool>().prop_map(Attr::Flag),
    ];
    let event = (
        (0i64..40, 0u8..25, 0usize..4),
        prop_oneof!["[abAB ]{0,8}", "[ab 01]{0,6}", "[ab]{0,4}\n[ab]{0,4}", "[aéÉ ]{0,6}"],
        prop::collection::vec((prop_oneof!["status", "user"], attr), 0..3),
    );
    prop::collection::vec(event, 0..60).prop_map(|list| {
        let keys = ["/a/b", "/a/b/c", "/a/bc", "/z/y"];
        let numbered = list.into_iter().enumerate();
        numbered
            .map(|(i, ((time, severity, key), text, attributes))| Event {
                seq: i as u64 + 1,
                time: time * 100,
                received: i as i64 * 10,
                key: keys[key].into(),
                severity,
                text,
                attributes,
            })
            .collect()
    })
}

fn expr() -> impl Strategy<Value = Expr> {
    let compare = prop::sample::select(vec![
        Compare::Eq,
        Compare::Ne,
        Compare::Lt,
        Compare::Le,
        Compare::Gt,
        Compare::Ge,
    ]);
    let pattern = prop::sample::select(vec![
        "ab", "^a", "b$", "(?i)A+b", "a.b", "[^a]b", "a*", "a|é", r"\ba", "(?s)a.b", "(?m)^b", "",
    ]);
    let string = prop_oneof![
        prop::sample::select(vec!["/a", "/a/b", "/z"]).prop_map(|s| StrTest::Under(s.into())),
        prop::sample::select(vec!["/a/b", "a", "12"]).prop_map(|s| StrTest::Equals(s.into())),
        prop::sample::select(vec!["/a/b", "1", "a"]).prop_map(|s| StrTest::Prefix(s.into())),
        "[ab/1]{1,2}".prop_map(StrTest::Contains),
        prop::sample::select(vec!["b$", "[0-9]", "^/a"]).prop_map(|s| StrTest::Regex(s.into())),
    ];
    let attr = prop_oneof![
        Just(AttrTest::Exists),
        string.clone().prop_map(AttrTest::Str),
        (compare.clone(), prop::sample::select(vec![0.0, 1.0, 500.0, f64::NAN]))
            .prop_map(|(c, x)| AttrTest::Number(c, x)),
    ];
    let severity = (0u32..25).prop_map(|n| Severity::from_number(n).unwrap());
    let term = prop_oneof![
        "[abAB ]{1,3}".prop_map(Term::Text),
        pattern.prop_map(|p| Term::Regex(p.into())),
        "[abAB 0]{0,6}".prop_map(|text| Term::Pattern(pattern_of(&text))),
        string.prop_map(Term::Key),
        (compare.clone(), severity).prop_map(|(c, s)| Term::Severity(c, s)),
        (compare.clone(), (0i64..40).prop_map(|t| t * 100)).prop_map(|(c, t)| Term::Time(c, t)),
        (compare.clone(), 0i64..600).prop_map(|(c, t)| Term::Received(c, t)),
        (compare, 0u64..60).prop_map(|(c, s)| Term::Seq(c, s)),
        (prop_oneof!["status", "user", "none"], attr).prop_map(|(n, t)| Term::Attr(n, t)),
    ];
    term.prop_map(Expr::Term).prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(Expr::And),
            prop::collection::vec(inner.clone(), 2..4).prop_map(Expr::Or),
            inner.prop_map(|x| Expr::Not(x.into())),
        ]
    })
}

/// Two rings with tiny blocks, so that a few events make many.
fn store(events: &[Event]) -> Store {
    let ring = |prefix: &str| RingConfig {
        prefix: prefix.into(),
        budget: MIN_BUDGET,
        max_age: None,
        max_events: Some(64),
        hot: usize::MAX,
    };
    let mut store =
        Store::new(StoreConfig { rings: vec![ring("/a/b")], fallback: ring("") }).unwrap();
    for e in events {
        let attributes: Vec<_> =
            e.attributes.iter().map(|(n, v)| Attribute { name: n, value: v.value() }).collect();
        let new = NewEvent {
            time: UnixNanos(e.time),
            key: Key::parse(&e.key).unwrap(),
            severity: Severity::from_number(e.severity.into()).unwrap(),
            text: &e.text,
            attributes: &attributes,
        };
        let now = Now { unix: UnixNanos(e.received), mono: MonoNanos(0) };
        assert_eq!(store.append(now, &new), Ok(e.seq));
    }
    store
}

/// Runs in small steps; when the step is odd, in three parts after the first.
fn ask(store: &mut Store, expr: &Expr, request: &QueryRequest, step: usize) -> QueryResponse {
    let query = Query::with_filter(expr.clone(), request, &Limits::default()).unwrap();
    let mut search = Search::new(query, store.snapshot(&[]));
    let mut parts = vec![];
    if step % 2 == 1 {
        let _ = search.step(step);
        parts = search.split(3);
    } else {
        parts.push(search);
    }
    for part in &mut parts {
        while part.step(step) == Step::Pending {}
    }
    let mut parts = parts.into_iter();
    let mut first = parts.next().unwrap();
    parts.for_each(|part| first.merge(part));
    first.finish()
}

fn seqs(events: &[&Event]) -> Vec<u64> {
    events.iter().map(|e| e.seq).collect()
}

fn check_rows(rows: &Rows, expected: &[&Event]) {
    assert_eq!(rows.seq, seqs(expected));
    let mut text = &rows.text[..];
    for (i, e) in expected.iter().enumerate() {
        assert_eq!((rows.time[i], rows.received[i]), (e.time, e.received));
        assert_eq!((rows.severity[i], &rows.keys[rows.key[i] as usize]), (e.severity, &e.key));
        let (this, rest) = text.split_at(rows.text_len[i] as usize);
        assert_eq!(this, e.text);
        text = rest;
        let attributes = rows.attributes.get(i).map_or(0, |a| a.attributes.len());
        assert_eq!(attributes, e.attributes.len());
    }
    assert!(text.is_empty());
}

proptest! {
    #[test]
    fn selecting_agrees_with_the_naive_meaning(events in events(), expr in expr()) {
        let filter = Filter::compile(&expr).unwrap();
        let mut scratch = Scratch::default();
        let mut selected = Vec::new();
        for ring in store(&events).snapshot(&[]).rings {
            for handle in ring.blocks {
                let Some(block) = handle.get() else { continue };
                let view = block.view(&mut scratch);
                let rows = filter.select(&view);
                for (row, e) in view.rows().enumerate() {
                    prop_assert_eq!(rows.contains(row), filter.matches(&e));
                    prop_assert_eq!(rows.contains(row), naive(&expr, &events[e.seq as usize - 1]));
                }
                selected.extend(rows.iter());
            }
        }
        prop_assert!(selected.len() <= events.len());
    }

    #[test]
    fn searching_agrees_with_the_naive_filter(
        events in events(), expr in expr(), oldest in any::<bool>(), limit in 1u32..20, step in 0usize..3000,
        from in prop::option::of((0i64..40).prop_map(|t| t * 100)), width in 1u64..700,
    ) {
        let mut store = store(&events);
        let until = from.map(|t| t + 1500);
        let order = if oldest { Order::OldestFirst } else { Order::NewestFirst };
        let in_range = |e: &&Event| from.is_none_or(|t| t <= e.time) && until.is_none_or(|t| e.time < t);
        let mut expected: Vec<_> = events.iter().filter(in_range).filter(|e| naive(&expr, e)).collect();
        if !oldest {
            expected.reverse();
        }

        let mut cursor = Vec::new();
        let mut shown = 0;
        loop {
            let page = Page { order: order.into(), limit, cursor: cursor.clone() };
            let request = QueryRequest { from, until, page: Some(page), ..QueryRequest::default() };
            let rows = ask(&mut store, &expr, &request, step).rows.unwrap();
            let end = expected.len().min(shown + limit as usize);
            check_rows(&rows, &expected[shown..end]);
            shown = end;
            cursor = rows.next_cursor;
            prop_assert_eq!(cursor.is_empty(), shown == expected.len());
            if cursor.is_empty() {
                break;
            }
        }

        let facet = |field: &str| FacetRequest { field: field.into(), limit: 3 };
        let request = QueryRequest {
            from,
            until,
            page: Some(Page { order: order.into(), limit, cursor: vec![] }),
            total: true,
            histogram: Some(HistogramRequest { bucket_nanos: width }),
            facets: vec![facet("key"), facet("level"), facet("attr.status")],
            ..QueryRequest::default()
        };
        let answer = ask(&mut store, &expr, &request, step);
        check_rows(&answer.rows.unwrap(), &expected[..expected.len().min(limit as usize)]);
        prop_assert_eq!(answer.total, Some(expected.len() as u64));

        let mut buckets: BTreeMap<i64, [u64; 7]> = BTreeMap::new();
        for e in &expected {
            let start = e.time.div_euclid(width as i64) * width as i64;
            buckets.entry(start).or_default()[usize::from(e.severity).div_ceil(4)] += 1;
        }
        let histogram = answer.histogram.unwrap();
        let got: Vec<_> = histogram.buckets.iter().map(|b| (b.start, b.by_level.clone())).collect();
        prop_assert_eq!(got, buckets.into_iter().map(|(s, n)| (s, n.to_vec())).collect::<Vec<_>>());

        let count = |value: &dyn Fn(&Event) -> Option<String>| {
            let mut counts: BTreeMap<String, u64> = BTreeMap::new();
            expected.iter().filter_map(|e| value(e)).for_each(|v| *counts.entry(v).or_default() += 1);
            let present: u64 = counts.values().sum();
            let mut counts: Vec<_> = counts.into_iter().collect();
            counts.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
            counts.truncate(3);
            (counts, present)
        };
        let levels = ["none", "trace", "debug", "info", "warn", "error", "fatal"];
        let models = [
            count(&|e| Some(e.key.clone())),
            count(&|e| Some(levels[usize::from(e.severity).div_ceil(4)].into())),
            count(&|e| e.attributes.iter().find(|(n, _)| n == "status").map(|(_, v)| v.text())),
        ];
        for (facet, model) in answer.facets.into_iter().zip(models) {
            let values: Vec<_> = facet.values.into_iter().map(|v| (v.value, v.count)).collect();
            prop_assert_eq!((values, facet.present), model);
        }
    }
}

fn plain(seq: u64, key: &str, text: &str) -> Event {
    Event {
        seq,
        time: seq as i64,
        received: seq as i64,
        key: key.into(),
        severity: 9,
        text: text.into(),
        attributes: vec![],
    }
}

fn page(order: Order, limit: u32, cursor: Vec<u8>) -> QueryRequest {
    QueryRequest {
        page: Some(Page { order: order.into(), limit, cursor }),
        ..QueryRequest::default()
    }
}

#[test]
fn cursors_survive_eviction() {
    let events: Vec<_> = (1..=64).map(|i| plain(i, "/a/b", "x")).collect();
    let mut store = store(&events);
    let first = ask(&mut store, &Expr::All, &page(Order::NewestFirst, 10, vec![]), 0).rows.unwrap();
    assert_eq!(first.seq, (55..=64).rev().collect::<Vec<_>>());
    // Forty more push out the oldest; the cursor's own event stays or goes, the next page goes on below it.
    for i in 65..=104 {
        let key = Key::parse("/a/b").unwrap();
        let e = NewEvent {
            time: UnixNanos(i),
            key,
            severity: Severity::INFO,
            text: "y",
            attributes: &[],
        };
        store.append(Now { unix: UnixNanos(i), mono: MonoNanos(0) }, &e).unwrap();
    }
    let next = page(Order::NewestFirst, 10, first.next_cursor);
    let answer = ask(&mut store, &Expr::All, &next, 0);
    let oldest = answer.coverage.unwrap().oldest_seq;
    assert!(oldest > 40);
    assert_eq!(answer.rows.unwrap().seq, (oldest.max(45)..=54).rev().collect::<Vec<_>>());
}

#[test]
fn what_is_evicted_during_a_search_is_counted() {
    let events: Vec<_> = (1..=64).map(|i| plain(i, "/a/b", "x")).collect();
    let mut store = store(&events);
    let request = QueryRequest { total: true, ..QueryRequest::default() };
    let query = Query::compile(&request, &Limits::default()).unwrap();
    let search = Search::new(query, store.snapshot(&[]));
    let key = Key::parse("/a/b").unwrap();
    let e =
        NewEvent { time: UnixNanos(0), key, severity: Severity::INFO, text: "", attributes: &[] };
    (0..32).for_each(|_| {
        store.append(Now::default(), &e).unwrap();
    });
    let answer = search.run();
    let evicted = answer.coverage.unwrap().evicted_during;
    assert!(evicted >= 32);
    assert_eq!(answer.total.unwrap() + evicted, 64);
}

#[test]
fn patterns_that_are_too_large_together_are_refused() {
    let compile = |filter: &str| {
        let request = QueryRequest { filter: filter.into(), ..QueryRequest::default() };
        Query::compile(&request, &Limits::default())
    };
    assert!(compile(r"/a+b/ or /c+d/ or /\w{9}/ or key~/x+/").is_ok());
    assert!(compile(r"/\w{9}/ or /\w{8}/").is_ok());
    let e = compile(r"/\w{20}/ or -(attr.x~/\w{20}/ or (key~/\w{19}/ /\w{20}/))").unwrap_err();
    assert!(e.to_string().contains("too large together"), "{e}");
}

#[test]
fn pages_that_are_capped_in_bytes_go_through_everything_once() {
    let sizes = [10, 4000, 300, 0, 900];
    // Several blocks, of many events each.
    let ring = |budget| RingConfig {
        prefix: "/".into(),
        budget,
        max_age: None,
        max_events: None,
        hot: usize::MAX,
    };
    let mut store =
        Store::new(StoreConfig { rings: vec![], fallback: ring(4 * MIN_BUDGET) }).unwrap();
    for i in 1..=50 {
        let key = Key::parse("/a/b").unwrap();
        let text = "x".repeat(sizes[i % sizes.len()]);
        let (time, severity) = (UnixNanos(0), Severity::INFO);
        let event = NewEvent { time, key, severity, text: &text, attributes: &[] };
        store.append(Now::default(), &event).unwrap();
    }
    for order in [Order::NewestFirst, Order::OldestFirst] {
        for max_page_bytes in [1, 500, 3000, 20_000] {
            let limits = Limits { max_page_bytes, ..Limits::default() };
            let (mut seen, mut cursor) = (Vec::new(), Vec::new());
            loop {
                let query = Query::compile(&page(order, 40, cursor), &limits).unwrap();
                let rows = Search::new(query, store.snapshot(&[])).run().rows.unwrap();
                seen.extend(rows.seq);
                cursor = rows.next_cursor;
                if cursor.is_empty() {
                    break;
                }
            }
            if order == Order::NewestFirst {
                seen.reverse();
            }
            assert_eq!(seen, (1..=50).collect::<Vec<u64>>(), "{order:?} {max_page_bytes}");
        }
    }
}

#[test]
fn a_page_is_capped_in_events_and_in_bytes_and_says_so() {
    let events: Vec<_> = (1..=50).map(|i| plain(i, "/a/b", &"x".repeat(500))).collect();
    let mut store = store(&events);
    let mut ask = |limits: Limits, limit| {
        let request = page(Order::NewestFirst, limit, vec![]);
        let query = Query::compile(&request, &limits).unwrap();
        Search::new(query, store.snapshot(&[])).run().rows.unwrap()
    };
    let limits = Limits::default();
    let rows = ask(Limits { max_page: 20, ..limits }, 30);
    assert_eq!((rows.seq.len(), rows.capped), (20, true));
    assert!(!rows.next_cursor.is_empty());
    let rows = ask(Limits { max_page_bytes: 3000, ..limits }, 30);
    assert!(rows.capped && (1..6).contains(&rows.seq.len()), "{}", rows.seq.len());
    assert_eq!(rows.seq[0], 50);
    let rows = ask(Limits { max_page_bytes: 1, ..limits }, 30);
    assert_eq!((rows.seq, rows.capped), (vec![50], true));
    let rows = ask(Limits { default_page: 7, ..limits }, 0);
    assert_eq!((rows.seq.len(), rows.capped), (7, false));
}

#[test]
fn a_histogram_widens_until_it_fits() {
    let events: Vec<_> = (1..=60).map(|i| plain(i, "/a/b", "x")).collect();
    let mut store = store(&events);
    let request = QueryRequest {
        histogram: Some(HistogramRequest { bucket_nanos: 1 }),
        ..QueryRequest::default()
    };
    let limits = Limits { max_buckets: 10, ..Limits::default() };
    let query = Query::compile(&request, &limits).unwrap();
    let histogram = Search::new(query, store.snapshot(&[])).run().histogram.unwrap();
    assert!(histogram.capped);
    assert_eq!((histogram.bucket_nanos, histogram.buckets.len()), (8, 8));
    assert_eq!(histogram.buckets.iter().map(|b| b.by_level[3]).sum::<u64>(), 60);
}

#[test]
fn bad_requests_say_what_is_wrong() {
    let compile = |r: &QueryRequest| Query::compile(r, &Limits::default()).unwrap_err();
    let facet = |field: &str| QueryRequest {
        facets: vec![FacetRequest { field: field.into(), limit: 1 }],
        ..QueryRequest::default()
    };
    assert_eq!(compile(&facet("nope")), QueryError::Facet("nope".into()));
    assert_eq!(compile(&facet("attr.")), QueryError::Facet("attr.".into()));
    let bad = page(Order::NewestFirst, 1, vec![1, 2, 3]);
    assert_eq!(compile(&bad), QueryError::Cursor);
    let other = Cursor { order: Order::OldestFirst, seq: 1 }.to_bytes();
    assert_eq!(compile(&page(Order::NewestFirst, 1, other)), QueryError::Cursor);
    let zero = HistogramRequest { bucket_nanos: 0 };
    let zero = QueryRequest { histogram: Some(zero), ..QueryRequest::default() };
    assert_eq!(compile(&zero), QueryError::BucketWidth);
    let filter = QueryRequest { filter: "(a".into(), ..QueryRequest::default() };
    assert!(matches!(compile(&filter), QueryError::Parse(_)));
    let facets = vec![FacetRequest { field: "key".into(), limit: 1 }; 17];
    let many = QueryRequest { facets, ..QueryRequest::default() };
    assert_eq!(compile(&many), QueryError::TooManyFacets(16));
}
