//! What JavaScript sees, under Node.

#![cfg(target_arch = "wasm32")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../tests/corpus/mod.rs"]
mod corpus;

use js_sys::Reflect;
use logd_proto::prost::Message as _;
use logd_proto::query::QueryRequest;
use logd_wasm::{Buffer, parse};
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::wasm_bindgen_test as test;

fn sample() -> Buffer {
    Buffer::new(corpus::SAMPLE).unwrap()
}

fn request(filter: &str) -> Vec<u8> {
    QueryRequest { filter: filter.into(), total: true, ..QueryRequest::default() }.encode_to_vec()
}

fn field(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap()
}

fn text(object: &JsValue, name: &str) -> String {
    field(object, name).as_string().unwrap_or_default()
}

#[test]
fn answers_are_those_of_the_core() {
    let buffer = sample();
    corpus::assert_as_before(&corpus::answers(|request| buffer.query(request).unwrap()));
}

#[test]
fn steps_lead_to_the_same_answers() {
    let buffer = sample();
    corpus::assert_as_before(&corpus::answers(|request| {
        let mut search = buffer.search(request).unwrap();
        while !search.step(1) {}
        search.finish().unwrap()
    }));
}

#[test]
fn a_search_ends_once() {
    let mut search = sample().search(&request("")).unwrap();
    assert!(!search.step(0), "one step is not enough for all blocks");
    search.finish().unwrap();
    assert!(search.step(0));
    assert_eq!(text(&search.finish().unwrap_err(), "name"), "QueryError");
}

#[test]
fn a_bad_filter_says_where() {
    let thrown = sample().query(&request("größe levle:error")).unwrap_err();
    let parsed = parse("größe levle:error").unwrap();
    for problem in [&thrown, &parsed] {
        assert_eq!(field(problem, "column"), 7);
        assert_eq!(field(problem, "length"), 5);
        assert!(text(problem, "message").contains("level"));
    }
    assert_eq!(text(&thrown, "name"), "FilterError");
    assert!(parse("level:error").unwrap().is_undefined());
}

#[test]
fn other_refusals_have_a_name() {
    let ring = QueryRequest { rings: vec!["/no".into()], ..QueryRequest::default() };
    for bad in [&[0xff][..], &ring.encode_to_vec()] {
        assert_eq!(text(&sample().query(bad).unwrap_err(), "name"), "QueryError");
    }
    assert_eq!(text(&Buffer::new(b"no buffer").unwrap_err(), "name"), "BufferError");
}

#[test]
fn a_cut_buffer_opens_as_far_as_it_goes() {
    let whole = sample().info().unwrap();
    let cut = Buffer::new(&corpus::SAMPLE[..corpus::SAMPLE.len() / 2]).unwrap().info().unwrap();
    let events = |info| field(info, "events").as_f64().unwrap();
    assert!(events(&cut) > 0.0 && events(&cut) < events(&whole));
    assert!(field(&whole, "oldest").is_bigint() && field(&whole, "overwritten").is_bigint());
    assert_eq!(text(&field(&whole, "origin"), "host"), "sample");
    assert!(field(&cut, "origin").is_undefined());
    let faults = |info| js_sys::Array::from(&field(info, "faults"));
    assert_eq!(faults(&whole).length(), 0);
    assert_eq!(faults(&cut).length(), 1);
}
