//! The engine of logd for JavaScript: bytes of `query.proto` in, bytes out.
//!
//! A thin translation without rules of its own. What the engine refuses is thrown as an `Error` whose `name` says
//! what kind it is ([`error::Kind`]). After a `Panic` the module's memory cannot be trusted: load it anew.

pub mod error;
mod types;

use logd_core::buffer;
use logd_core::query::{self, Limits, Query, QueryError, Step};
use logd_proto::prost::Message as _;
use logd_proto::query::QueryRequest;
use wasm_bindgen::prelude::*;

use error::Kind;

/// Runs once, when the module is loaded.
#[wasm_bindgen(start)]
fn start() {
    error::throw_panics();
}

/// What is wrong with a filter, or nothing.
#[wasm_bindgen(unchecked_return_type = "FilterProblem | undefined")]
pub fn parse(filter: &str) -> Result<JsValue, JsValue> {
    types::to_js(&query::parse::parse(filter).err().map(types::FilterProblem::from))
}

/// An open buffer.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Buffer(buffer::Buffer);

#[wasm_bindgen]
impl Buffer {
    /// Opens a whole file; a damaged or cut one as far as it goes, which `info` tells. Throws a `BufferError` if the
    /// bytes are no buffer.
    #[wasm_bindgen(constructor)]
    pub fn new(bytes: &[u8]) -> Result<Self, JsValue> {
        buffer::Buffer::open(bytes).map(Self).map_err(|e| error::new(Kind::Buffer, &e).into())
    }

    /// What the buffer holds, and what it lacks.
    #[wasm_bindgen(unchecked_return_type = "BufferInfo")]
    pub fn info(&self) -> Result<JsValue, JsValue> {
        types::to_js(&types::BufferInfo::from(&self.0))
    }

    /// Answers a `QueryRequest` with a `QueryResponse`, both as bytes, in one go.
    pub fn query(&self, request: &[u8]) -> Result<Vec<u8>, JsValue> {
        Ok(self.start(request)?.run().encode_to_vec())
    }

    /// The same in steps.
    pub fn search(&self, request: &[u8]) -> Result<Search, JsValue> {
        self.start(request).map(|search| Search(Some(search)))
    }

    fn start(&self, request: &[u8]) -> Result<query::Search, JsValue> {
        let request = QueryRequest::decode(request).map_err(|e| error::new(Kind::Query, &e))?;
        let query = Query::compile(&request, &Limits::default()).map_err(|e| {
            if let QueryError::Parse(e) = &e {
                error::filter(e)
            } else {
                error::new(Kind::Query, &e)
            }
        })?;
        let snapshot =
            self.0.snapshot().only(&request.rings).map_err(|e| error::new(Kind::Query, &e))?;
        Ok(query::Search::new(query, snapshot))
    }
}

/// A query under way. To cancel it, do not call it again, and `free()` it.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Search(Option<query::Search>);

#[wasm_bindgen]
impl Search {
    /// Searches about `budget` bytes of events, at least one block; true when there is nothing left to search.
    pub fn step(&mut self, budget: usize) -> bool {
        self.0.as_mut().is_none_or(|search| search.step(budget) == Step::Done)
    }

    /// The answer, a `QueryResponse`; of what was searched so far, if there is more. Throws the second time.
    pub fn finish(&mut self) -> Result<Vec<u8>, JsValue> {
        let search =
            self.0.take().ok_or_else(|| error::new(Kind::Query, &"this search is over"))?;
        Ok(search.finish().encode_to_vec())
    }
}
