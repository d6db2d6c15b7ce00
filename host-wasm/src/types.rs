//! The small objects that cross the boundary. Rows never do so: they are bytes of `query.proto`.

use logd_core::buffer;
use logd_core::query::parse::ParseError;
use serde::Serialize;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const TYPESCRIPT: &str = r#"
/** Where a filter is wrong; `column` and `length` in characters (code points), the first column is 1. */
export interface FilterProblem {
  column: number;
  length: number;
  message: string;
}

/** What an open buffer holds and lacks. Times are Unix nanoseconds. */
export interface BufferInfo {
  events: number;
  blocks: number;
  /** Earliest and latest time of an event; absent in an empty buffer. */
  oldest?: bigint;
  newest?: bigint;
  /** Events that were overwritten before the export, or while it was written. */
  overwritten: bigint;
  /** Absent if the end of the file is missing. */
  origin?: { writer: string; host: string; exported: bigint; filter: string };
  /** Parts of the file that could not be read, in bytes. */
  faults: { offset: number; length: number; message: string }[];
}
"#;

/// See `FilterProblem` in TypeScript.
#[derive(Debug, Serialize)]
pub(crate) struct FilterProblem {
    column: u32,
    length: u32,
    message: String,
}

impl From<ParseError> for FilterProblem {
    fn from(e: ParseError) -> Self {
        Self { column: number(e.column), length: number(e.len), message: e.message }
    }
}

/// See `BufferInfo` in TypeScript.
#[derive(Debug, Serialize)]
pub(crate) struct BufferInfo<'a> {
    events: u32,
    blocks: u32,
    oldest: Option<i64>,
    newest: Option<i64>,
    overwritten: u64,
    origin: Option<Origin<'a>>,
    faults: Vec<Fault>,
}

#[derive(Debug, Serialize)]
struct Origin<'a> {
    writer: &'a str,
    host: &'a str,
    exported: i64,
    filter: &'a str,
}

#[derive(Debug, Serialize)]
struct Fault {
    offset: f64,
    length: f64,
    message: String,
}

impl<'a> From<&'a buffer::Buffer> for BufferInfo<'a> {
    fn from(buffer: &'a buffer::Buffer) -> Self {
        let headers = || buffer.blocks.iter().map(|b| b.header());
        let rings = buffer.origin.iter().flat_map(|o| &o.rings);
        Self {
            events: number(buffer.blocks.iter().map(|b| b.events()).sum()),
            blocks: number(buffer.blocks.len()),
            oldest: headers().map(|h| h.min_time).min(),
            newest: headers().map(|h| h.max_time).max(),
            overwritten: rings.map(|r| r.overwritten + r.evicted_during).sum(),
            origin: buffer.origin.as_ref().map(|o| Origin {
                writer: &o.writer,
                host: &o.host,
                exported: o.exported,
                filter: &o.filter,
            }),
            faults: buffer
                .faults
                .iter()
                .map(|f| Fault {
                    offset: f.offset as f64,
                    length: f.len as f64,
                    message: f.damage.to_string(),
                })
                .collect(),
        }
    }
}

/// wasm32 counts in 32 bits. serde would widen a `usize` to 64, and those become a BigInt.
fn number(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// A number of 64 bits becomes a BigInt, a smaller one a number.
pub(crate) fn to_js(value: &impl Serialize) -> Result<JsValue, JsValue> {
    let serializer = serde_wasm_bindgen::Serializer::new()
        .serialize_large_number_types_as_bigints(true)
        .serialize_missing_as_null(false);
    Ok(value.serialize(&serializer)?)
}
