//! The bytes of a buffer and of answers, on every target the same.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../tests/corpus/mod.rs"]
mod corpus;

use logd_core::buffer::{Buffer, Export};
use logd_core::event::{Attribute, NewEvent, Value};
use logd_core::key::Key;
use logd_core::query::{Limits, Query, Search};
use logd_core::severity::Severity;
use logd_core::store::{Effort, MIN_BUDGET, RingConfig, Snapshot, Store, StoreConfig};
use logd_core::time::{MonoNanos, Now, UnixNanos};
use logd_proto::buffer::Origin;
use logd_proto::prost::Message as _;
use logd_proto::query::QueryRequest;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const EVENTS: u64 = 3000;
/// 2023-11-14T22:13:20Z
const START: i64 = 1_700_000_000_000_000_000;

#[test]
fn the_exported_bytes_are_as_before() {
    let export = export();
    if !bless("sample.logd", &export) {
        assert!(
            export == corpus::SAMPLE,
            "the exported bytes have changed; see tests/corpus/mod.rs"
        );
    }
}

#[test]
fn the_answers_are_as_before() {
    let buffer = Buffer::open(&export()).unwrap();
    let answers = corpus::answers(|request| {
        let request = QueryRequest::decode(request).unwrap();
        answer(&request, buffer.snapshot())
    });
    if !bless("answers.txt", answers.as_bytes()) {
        corpus::assert_as_before(&answers);
    }
}

/// The store answers as the buffer that was exported from it.
#[test]
fn the_store_answers_the_same() {
    let mut store = store();
    corpus::assert_as_before(&corpus::answers(|request| {
        let request = QueryRequest::decode(request).unwrap();
        answer(&request, store.snapshot(&[]))
    }));
}

fn answer(request: &QueryRequest, snapshot: Snapshot) -> Vec<u8> {
    let query = Query::compile(request, &Limits::default()).unwrap();
    Search::new(query, snapshot.only(&request.rings).unwrap()).run().encode_to_vec()
}

fn export() -> Vec<u8> {
    let origin = Origin {
        writer: "logd".into(),
        host: "sample".into(),
        exported: START + EVENTS as i64 * 50_000_000,
        ..Origin::default()
    };
    // The snapshot does not keep the store's blocks.
    let mut store = store();
    let mut export = Export::new(store.snapshot(&[]), None, origin);
    let mut out = Vec::new();
    while export.step(&mut out).is_some() {}
    out
}

/// Three rings, of which one has overwritten most of what it was given.
fn store() -> Store {
    let ring = |prefix: &str, budget| RingConfig {
        prefix: prefix.into(),
        budget,
        max_age: None,
        max_events: None,
        hot: budget / 4,
    };
    let mut store = Store::new(StoreConfig {
        rings: vec![ring("/dev", MIN_BUDGET), ring("/prod/noisy", MIN_BUDGET)],
        fallback: ring("", 3 * MIN_BUDGET),
    })
    .unwrap();
    let mut random = Random(1);
    for i in 0..EVENTS {
        append(&mut store, i as i64, &mut random);
        while let Some(job) = store.poll_upkeep(Effort::All) {
            store.finish_upkeep(job.run().unwrap());
        }
    }
    store
}

fn append(store: &mut Store, i: i64, random: &mut Random) {
    let n = random.below(1000) as i64;
    let text = match random.below(12) {
        0 => format!("upstream timeout after {n} ms, retry {}", n % 4),
        1 => "read: connection reset by peer".into(),
        2 => format!("GET /items/{n} took {n}ms"),
        3 => format!("user u{n} logged in"),
        4 => format!("user u{n} signed out"),
        5 => "Viele Grüße, 日本語 and 🦀".into(),
        6 => format!("dial tcp 10.0.0.{}: connection refused", n % 256),
        7 => format!("panic: index {n} out of range\n\tat handler ({n})\n\tat main"),
        8 => "x".repeat(random.below(400) as usize),
        _ => format!("cache warmed with {n} entries"),
    };
    let key = match random.below(10) {
        0 => "/dev/me/app",
        1 => "/dev/me/worker/queue",
        2 => "/prod/api/login",
        3 => "/prod/api/items",
        4 => "/prod/billing",
        _ => "/prod/noisy/proxy",
    };
    let id = format!("{:032x}", n * n);
    let all = [
        Attribute { name: "status", value: Value::Int([200, 204, 404, 500, 503][n as usize % 5]) },
        Attribute { name: "host", value: Value::Text(["a1", "b2", "c3"][n as usize % 3]) },
        Attribute { name: "ratio", value: Value::Float(n as f64 / 1000.0) },
        Attribute { name: "cached", value: Value::Flag(n % 2 == 0) },
        Attribute { name: "trace_id", value: Value::Text(&id) },
        Attribute { name: "digest", value: Value::Bytes(&[0xde, 0xad, 0xbe, 0xef]) },
    ];
    let from = random.below(6) as usize;
    let event = NewEvent {
        // Senders' clocks are not in step.
        time: UnixNanos(START + i * 50_000_000 - n * 1_000_000),
        key: Key::parse(key).unwrap(),
        severity: Severity::from_number(random.below(25) as u32).unwrap(),
        text: &text,
        attributes: &all[from..from + random.below(7 - from as u64) as usize],
    };
    let now = Now { unix: UnixNanos(START + i * 50_000_000), mono: MonoNanos(0) };
    store.append(now, &event).unwrap();
}

/// SplitMix64: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }
}

/// Writes a file of the corpus anew, if asked to. What was compiled in is then out of date.
fn bless(file: &str, bytes: &[u8]) -> bool {
    // wasm32 has no environment: never there.
    let asked = std::env::var_os("LOGD_BLESS").is_some();
    if asked {
        let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/corpus/");
        std::fs::write(format!("{dir}{file}"), bytes).unwrap();
    }
    asked
}
