//! What JavaScript sees, under Node.

#![cfg(target_arch = "wasm32")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../tests/corpus/mod.rs"]
mod corpus;

use js_sys::Reflect;
use logd_proto::prost::Message as _;
use logd_proto::query::{Change, Comparison, QueryRequest, Rows};
use logd_wasm::edit::{only_level, read, term, toggled, typing};
use logd_wasm::{TextFormat, Workspace, parse};
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::wasm_bindgen_test as test;

fn sample() -> Workspace {
    let mut workspace = Workspace::new(64 << 20);
    open(&mut workspace, corpus::SAMPLE);
    workspace
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

fn answer(workspace: &mut Workspace, request: &[u8], step: usize) -> Vec<u8> {
    let mut search = workspace.search(request).unwrap();
    while !search.step(step) {}
    search.answer()
}

#[test]
fn answers_are_those_of_the_core() {
    let mut workspace = sample();
    corpus::assert_as_before(&corpus::answers(|request| answer(&mut workspace, request, 1 << 30)));
}

#[test]
fn steps_lead_to_the_same_answers() {
    let mut workspace = sample();
    corpus::assert_as_before(&corpus::answers(|request| answer(&mut workspace, request, 1)));
}

#[test]
fn a_search_goes_on_over_what_is_loaded_later() {
    let mut workspace = Workspace::new(1 << 30);
    let mut search = workspace.search(&request("level>=warn")).unwrap();
    let source = open(&mut workspace, corpus::SAMPLE);
    workspace.renew(&mut search).unwrap();
    assert!(!search.step(0), "one step is not enough for all blocks");
    while !search.step(1) {}
    assert_eq!(search.answer(), answer(&mut workspace, &request("level>=warn"), 1 << 30));
    workspace.close(source);
    workspace.renew(&mut search).unwrap();
    assert!(search.step(0));
    assert_eq!(search.listing().length(), 0.0);
}

#[test]
fn buffers_share_the_memory() {
    let mut workspace = Workspace::new(80_000);
    open(&mut workspace, corpus::SAMPLE);
    open(&mut workspace, corpus::SAMPLE);
    let sources = js_sys::Array::from(&workspace.sources().unwrap());
    let number = |at: u32, name: &str| field(&sources.get(at), name).as_f64().unwrap();
    assert!(number(0, "events") > number(1, "events"));
    assert!(number(1, "leftOut") > number(0, "leftOut"));
}

#[test]
fn a_bad_filter_says_where() {
    let thrown = sample().search(&request("größe levle:error")).unwrap_err();
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
        assert_eq!(text(&sample().search(bad).unwrap_err(), "name"), "QueryError");
    }
    let mut workspace = Workspace::new(64 << 20);
    let source = workspace.open("none".into(), 9.0);
    let refused = loop {
        if let Err(e) = workspace.supply(source, b"no buffer") {
            break e;
        }
        assert!(!workspace.wanted(source).unwrap().is_undefined());
    };
    assert_eq!(text(&refused, "name"), "BufferError");
}

#[test]
fn a_cut_buffer_opens_as_far_as_it_goes() {
    let info = |bytes: &[u8]| {
        let mut workspace = Workspace::new(64 << 20);
        open(&mut workspace, bytes);
        js_sys::Array::from(&workspace.sources().unwrap()).get(0)
    };
    let whole = info(corpus::SAMPLE);
    let cut = info(&corpus::SAMPLE[..corpus::SAMPLE.len() / 2]);
    let events = |info| field(info, "events").as_f64().unwrap();
    assert!(events(&cut) > 0.0 && events(&cut) < events(&whole));
    assert!(field(&whole, "overwritten").is_bigint());
    assert_eq!(text(&field(&whole, "origin"), "host"), "sample");
    assert!(field(&cut, "origin").is_undefined());
    let faults = |info| js_sys::Array::from(&field(info, "faults"));
    assert_eq!(faults(&whole).length(), 0);
    assert_eq!(faults(&cut).length(), 1);
}

/// Reads a file as a page does: what is wanted, piece by piece.
fn open(workspace: &mut Workspace, bytes: &[u8]) -> usize {
    let source = workspace.open("sample".into(), bytes.len() as f64);
    loop {
        let wanted = workspace.wanted(source).unwrap();
        if wanted.is_undefined() {
            return source;
        }
        let number = |name| field(&wanted, name).as_f64().unwrap() as usize;
        let (offset, length) = (number("offset"), number("length"));
        workspace.supply(source, &bytes[offset..offset + length]).unwrap();
    }
}

fn texts(rows: &Rows) -> Vec<&str> {
    let mut rest = rows.text.as_str();
    let cut = |&len: &u32| {
        let (text, after) = rest.split_at(len as usize);
        rest = after;
        text
    };
    rows.text_len.iter().map(cut).collect()
}

#[test]
fn a_listing_has_what_the_search_found() {
    let mut workspace = sample();
    let mut search = workspace.search(&request("level>=warn")).unwrap();
    search.step(1);
    let early = search.listing().length();
    while !search.step(1) {}
    let mut listing = search.listing();
    assert!(early < listing.length());
    let all = Rows::decode(&listing.rows(0.0, 1 << 20)[..]).unwrap();
    assert_eq!(all.seq.len() as f64, listing.length());
    assert!(all.seq.is_sorted() && all.severity.iter().all(|&s| s >= 13));
    let part = Rows::decode(&listing.rows(7.0, 5)[..]).unwrap();
    assert_eq!((texts(&part), &part.seq[..]), (texts(&all)[7..12].to_vec(), &all.seq[7..12]));
    assert_eq!(listing.index_of_seq(all.seq[9]), 9.0);
}

#[test]
fn buffers_are_merged_and_told_apart() {
    let mut workspace = Workspace::new(64 << 20);
    let first = open(&mut workspace, corpus::SAMPLE);
    let one = workspace.search(&request("")).unwrap();
    open(&mut workspace, corpus::SAMPLE);
    let count = |workspace: &mut Workspace| {
        let mut search = workspace.search(&request("")).unwrap();
        while !search.step(1 << 20) {}
        search.listing()
    };
    drop(one);
    let mut both = count(&mut workspace);
    let rows = Rows::decode(&both.rows(0.0, 1 << 20)[..]).unwrap();
    assert!(rows.received.is_sorted());
    assert_eq!(rows.source.iter().filter(|&&s| s == 1).count() * 2, rows.seq.len());
    workspace.close(first);
    assert_eq!(count(&mut workspace).length() * 2.0, both.length());
    assert_eq!(text(&workspace.supply(first, &[]).unwrap_err(), "name"), "BufferError");
}

#[test]
fn a_copy_of_a_daemon_takes_an_export_as_it_comes() {
    let mut workspace = Workspace::new(64 << 20);
    let live = workspace.live("daemon".into());
    for piece in corpus::SAMPLE.chunks(1000) {
        assert!(workspace.history(live, piece).unwrap());
    }
    let file = open(&mut workspace, corpus::SAMPLE);
    let infos = js_sys::Array::from(&workspace.sources().unwrap());
    let [a, b] = [infos.get(0), infos.get(1)];
    assert_eq!(field(&a, "events"), field(&b, "events"));
    assert_eq!((field(&a, "live"), field(&b, "live")), (JsValue::TRUE, JsValue::FALSE));
    assert_eq!(field(&b, "source"), file as f64);
    assert_eq!(text(&workspace.tail(live, b"not a buffer").unwrap_err(), "name"), "BufferError");
}

#[test]
fn what_is_exported_opens_again() {
    let mut workspace = sample();
    let mut export = workspace.export("level>=warn", 7).unwrap();
    let mut bytes = Vec::new();
    while let Some(piece) = export.step() {
        bytes.extend(piece);
    }
    let mut part = Workspace::new(64 << 20);
    open(&mut part, &bytes);
    let mut all = part.search(&request("")).unwrap();
    let mut expect = workspace.search(&request("level>=warn")).unwrap();
    while !all.step(1 << 20) {}
    while !expect.step(1 << 20) {}
    assert_eq!(all.listing().length(), expect.listing().length());
    assert_eq!(text(&workspace.export("levle:x", 7).unwrap_err(), "name"), "FilterError");
}

#[test]
fn buffers_are_compared() {
    let mut workspace = sample();
    open(&mut workspace, corpus::SAMPLE);
    let mut comparison = workspace.compare(&request("level>=warn"), 0, 1).unwrap();
    assert!(!comparison.step(0), "one step is not enough for all blocks");
    while !comparison.step(1) {}
    let found = Comparison::decode(&comparison.finish().unwrap()[..]).unwrap();
    assert!(comparison.finish().is_err());
    assert!(found.a > 0 && found.a == found.b);
    for aspect in &found.aspects {
        assert!(aspect.differences.iter().all(|d| d.change() == Change::Alike), "{}", aspect.field);
    }
    assert_eq!(text(&workspace.compare(&request("("), 0, 1).unwrap_err(), "name"), "FilterError");
    assert_eq!(text(&workspace.compare(&request(""), 0, 7).unwrap_err(), "name"), "BufferError");
}

#[test]
fn a_listing_is_written_as_text() {
    let mut workspace = sample();
    let mut search = workspace.search(&request("level>=warn")).unwrap();
    while !search.step(1 << 20) {}
    let mut listing = search.listing();
    let mut text =
        |format, start| String::from_utf8(listing.text(format, start, 3)).unwrap().lines().count();
    assert_eq!((text(TextFormat::Ndjson, 0.0), text(TextFormat::Ndjson, 3.0)), (3, 3));
    let head = String::from_utf8(listing.text(TextFormat::Csv, 0.0, 0)).unwrap();
    assert_eq!(head, logd_core::csv::HEADER);
    assert!(listing.text(TextFormat::Csv, 1.0, 0).is_empty());
    let line = listing.text(TextFormat::Ndjson, 0.0, 1);
    let event: serde_json::Value = serde_json::from_slice(&line).unwrap();
    assert!(event["severity"].as_u64() >= Some(13));
}

#[test]
fn places_in_an_expression_are_those_of_javascript() {
    let pieces = field(&read("🦀 levle:x").unwrap(), "pieces");
    let last = js_sys::Array::from(&pieces).get(1);
    assert_eq!((field(&last, "start"), field(&last, "length")), (3.into(), 7.into()));
    assert_eq!(field(&typing("🦀 key:/a").unwrap(), "start"), 3);
    assert!(typing("").unwrap().is_undefined());
}

#[test]
fn terms_are_made_and_taken_out() {
    let debug = term("level", "debug", true).unwrap();
    assert_eq!(debug, "-level:debug");
    assert_eq!(toggled(&toggled("a", &debug), &debug), "a");
    assert_eq!(only_level("a -level:debug", "level:warn"), "a level:warn");
    assert_eq!(term("nothing", "x", false), None);
    let terms = js_sys::Array::from(&field(&read(&debug).unwrap(), "terms"));
    assert_eq!(text(&terms.get(0), "value"), "debug");
}

#[test]
fn a_buffer_tells_rings_content_and_what_it_lacks() {
    let workspace = sample();
    let info = js_sys::Array::from(&workspace.sources().unwrap()).get(0);
    assert_eq!(text(&info, "content").len(), 24);
    let origin_lacks = field(&info, "overwritten") != JsValue::bigint_from_str("0");
    let regions = js_sys::Array::from(&field(&info, "regions"));
    assert_eq!(regions.length() > 0, origin_lacks);
    for region in regions {
        assert_eq!(text(&region, "lack"), "overwritten");
    }
    let ring = workspace.ring_of(0, "/prod/api/login").unwrap();
    assert!(parse(&text(&ring, "filter")).unwrap().is_undefined());
    assert!(!text(&ring, "prefix").is_empty());
}
