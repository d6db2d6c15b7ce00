//! Searches, and the lists that they leave behind.

use logd_core::query::{self, Comparer, Limits, Merge, Query, QueryError, StandingSearch, Step};
use logd_core::{csv, json};
use logd_proto::prost::Message as _;
use logd_proto::query::QueryRequest;
use wasm_bindgen::prelude::*;

use crate::error::{self, Kind};

/// The query of a `QueryRequest`, and the rings that it is about.
pub(crate) fn compile(request: &[u8]) -> Result<(Query, Vec<String>), JsValue> {
    let request = decode(request)?;
    let query = Query::compile(&request, &Limits::default()).map_err(|e| refused(&e))?;
    Ok((query, request.rings))
}

pub(crate) fn decode(request: &[u8]) -> Result<QueryRequest, JsValue> {
    QueryRequest::decode(request).map_err(|e| error::new(Kind::Query, &e).into())
}

pub(crate) fn refused(e: &QueryError) -> js_sys::Error {
    if let QueryError::Parse(e) = e { error::filter(e) } else { error::new(Kind::Query, e) }
}

/// A query under way. To cancel it, do not call it again, and `free()` it.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Search {
    pub(crate) search: StandingSearch,
    pub(crate) rings: Vec<String>,
    pub(crate) merge: Merge,
}

#[wasm_bindgen]
impl Search {
    /// Searches about `budget` bytes of events, at least one block; true when there is nothing left to search.
    pub fn step(&mut self, budget: usize) -> bool {
        self.search.step(budget) == Step::Done
    }

    /// The matching events of what was searched so far.
    pub fn listing(&self) -> Listing {
        Listing(self.search.listing(self.merge))
    }

    /// The answer, a `QueryResponse`; of what was searched so far, if there is more.
    pub fn answer(&self) -> Vec<u8> {
        self.search.answer().encode_to_vec()
    }
}

fn over() -> js_sys::Error {
    error::new(Kind::Query, &"this comparison is over")
}

/// A comparison of two buffers under way. To cancel it, `free()` it.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Comparison(Option<Comparer>);

impl Comparison {
    pub(crate) fn new(comparer: Comparer) -> Self {
        Self(Some(comparer))
    }
}

#[wasm_bindgen]
impl Comparison {
    /// Goes through about `budget` bytes of events, at least one block; true when there is nothing left.
    pub fn step(&mut self, budget: usize) -> bool {
        self.0.as_mut().is_none_or(|comparer| comparer.step(budget) == Step::Done)
    }

    /// The answer, a `Comparison` of query.proto. Throws the second time.
    pub fn finish(&mut self) -> Result<Vec<u8>, JsValue> {
        Ok(self.0.take().ok_or_else(over)?.finish().encode_to_vec())
    }
}

/// How events are written for other programs.
#[wasm_bindgen]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextFormat {
    /// One JSON object a line.
    Ndjson,
    /// RFC 4180, with a head.
    Csv,
}

/// Matching events, oldest first, readable at any place.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Listing(query::Listing);

#[wasm_bindgen]
impl Listing {
    /// How many events there are.
    #[wasm_bindgen(getter)]
    pub fn length(&self) -> f64 {
        self.0.len() as f64
    }

    /// `count` events from index `start` on, as `Rows`. Events that have been evicted since the search are left out.
    pub fn rows(&mut self, start: f64, count: usize) -> Vec<u8> {
        self.0.rows(start as u64, count).encode_to_vec()
    }

    /// The same events as text: JSON, one object a line, or records of a CSV table, the first ones with its head.
    pub fn text(&mut self, format: TextFormat, start: f64, count: usize) -> Vec<u8> {
        let rows = self.0.rows(start as u64, count);
        let mut out = Vec::new();
        if format == TextFormat::Csv && start == 0.0 {
            out.extend_from_slice(csv::HEADER.as_bytes());
        }
        for event in json::events(&rows) {
            match format {
                TextFormat::Ndjson => {
                    event.write(&mut out);
                    out.push(b'\n');
                }
                TextFormat::Csv => csv::write(&event, &mut out),
            }
        }
        out
    }

    /// The index of the first event received at or after this time, in Unix nanoseconds.
    #[wasm_bindgen(js_name = indexOfTime)]
    pub fn index_of_time(&mut self, received: i64) -> f64 {
        self.0.index_of_time(received) as f64
    }

    /// The index of the event with this number, or of the next one, where all events are of one daemon.
    #[wasm_bindgen(js_name = indexOfSeq)]
    pub fn index_of_seq(&mut self, seq: u64) -> f64 {
        self.0.index_of_seq(seq) as f64
    }
}
