//! The engine of logd for JavaScript: bytes of `query.proto` in, bytes out.
//!
//! A thin translation without rules of its own. What the engine refuses is thrown as an `Error` whose `name` says
//! what kind it is ([`error::Kind`]). After a `Panic` the module's memory cannot be trusted: load it anew.

pub mod error;
mod search;
mod types;
mod workspace;

use logd_core::buffer;
use logd_core::query::{self, Merge};
use logd_proto::prost::Message as _;
use wasm_bindgen::prelude::*;

use error::Kind;
pub use search::{Listing, Search};
pub use workspace::{BufferExport, Workspace};

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
        self.start(request).map(|search| Search::new(search, Merge::BySeq))
    }

    fn start(&self, request: &[u8]) -> Result<query::Search, JsValue> {
        let (query, rings) = search::compile(request)?;
        let snapshot = self.0.snapshot().only(&rings).map_err(|e| error::new(Kind::Query, &e))?;
        Ok(query::Search::new(query, snapshot))
    }
}
