//! The engine of logd for JavaScript: bytes of `query.proto` in, bytes out.
//!
//! A thin translation without rules of its own. What the engine refuses is thrown as an `Error` whose `name` says
//! what kind it is ([`error::Kind`]). After a `Panic` the module's memory cannot be trusted: load it anew.

pub mod edit;
pub mod error;
mod search;
mod types;
mod workspace;

use logd_core::query;
use wasm_bindgen::prelude::*;

pub use search::{Comparison, Listing, Search, TextFormat};
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
