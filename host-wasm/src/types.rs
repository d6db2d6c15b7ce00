//! The small objects that cross the boundary. Rows never do so: they are bytes of `query.proto`.

use core::ops::Range;

use logd_core::buffer;
use logd_core::query::parse::ParseError;
use serde::Serialize;
use wasm_bindgen::prelude::*;

use crate::workspace::{Source, SourceKind};

#[wasm_bindgen(typescript_custom_section)]
const TYPESCRIPT: &str = r#"
/** Where a filter is wrong; `column` and `length` in characters (code points), the first column is 1. */
export interface FilterProblem {
  column: number;
  length: number;
  message: string;
}

/** What an open buffer holds and lacks. Times are Unix nanoseconds. */
export interface SourceInfo {
  source: number;
  name: string;
  live: boolean;
  /** Events that can be searched, and those that the buffer has in all. */
  events: number;
  ofEvents: number;
  /** Bytes read, and the buffer's length; 0 for a daemon's. */
  bytes: number;
  ofBytes: number;
  /** Events that did not fit the memory: the oldest ones. */
  leftOut: number;
  /** Number of the newest event. */
  lastSeq: bigint;
  /** Events that the daemon stored and its tail did not bring. */
  missed: number;
  /** Events that were overwritten before the export, or while it was written. */
  overwritten: bigint;
  /** A hash of the content, once that is known; never of a daemon's. */
  content?: string;
  /** Of which times events are missing; open on a side that is absent. Times are Unix nanoseconds. */
  regions: Region[];
  /** Absent if the end of the file is missing. */
  origin?: { writer: string; host: string; exported: bigint; filter: string };
  /** Parts of the file that could not be read, in bytes. */
  faults: { offset: number; length: number; message: string }[];
}

/** A time of the senders' clocks, from ≤ time < until; Unix nanoseconds. */
export interface Span {
  from: bigint;
  until: bigint;
}

/** When events were; and when all but a few were whose clocks are far off. */
export interface Spans {
  all: Span;
  usual: Span;
}

/** The missing events lie between these times. */
export interface Region {
  lack: "overwritten" | "leftOut" | "damaged" | "missed";
  from?: bigint;
  until?: bigint;
  /** How many, where that is known. */
  events?: bigint;
  /** The ring that they were in, where that is known. */
  ring?: string;
}

/** The ring that the events of a key are in, and the expression for all of its events. */
export interface RingOfKey {
  prefix: string;
  filter: string;
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

#[derive(Debug, Serialize)]
struct Origin<'a> {
    writer: &'a str,
    host: &'a str,
    exported: i64,
    filter: &'a str,
}

#[derive(Debug, Serialize)]
struct Region {
    lack: &'static str,
    from: Option<i64>,
    until: Option<i64>,
    events: Option<u64>,
    ring: Option<String>,
}

impl From<buffer::Region> for Region {
    fn from(r: buffer::Region) -> Self {
        let buffer::Region { lack, from, until, events, ring } = r;
        Self { lack: lack.name(), from, until, events, ring }
    }
}

/// See `RingOfKey` in TypeScript.
#[derive(Debug, Serialize)]
pub(crate) struct RingOfKey {
    prefix: String,
    filter: String,
}

impl From<buffer::Ring> for RingOfKey {
    fn from(ring: buffer::Ring) -> Self {
        Self { prefix: ring.prefix, filter: ring.filter.to_string() }
    }
}

#[derive(Debug, Serialize)]
struct Fault {
    offset: f64,
    length: f64,
    message: String,
}

/// See `SourceInfo` in TypeScript.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SourceInfo<'a> {
    source: u32,
    name: &'a str,
    live: bool,
    events: f64,
    of_events: f64,
    bytes: f64,
    of_bytes: f64,
    left_out: f64,
    last_seq: u64,
    missed: f64,
    overwritten: u64,
    content: Option<&'a str>,
    regions: Vec<Region>,
    origin: Option<Origin<'a>>,
    faults: Vec<Fault>,
}

impl<'a> SourceInfo<'a> {
    pub(crate) fn new(source: usize, s: &'a Source) -> Self {
        let buffer = s.buffer();
        let mut info = Self {
            source: number(source),
            name: &s.name,
            live: false,
            events: 0.0,
            of_events: 0.0,
            bytes: 0.0,
            of_bytes: 0.0,
            left_out: 0.0,
            last_seq: buffer.blocks.iter().map(|b| b.header().last_seq).max().unwrap_or(0),
            missed: 0.0,
            overwritten: overwritten(buffer),
            content: None,
            regions: Vec::new(),
            origin: origin(buffer),
            faults: faults(buffer),
        };
        match &s.kind {
            SourceKind::File(loader) => {
                let loaded = loader.loaded();
                info.events = loaded.events as f64;
                info.of_events = loaded.of_events as f64;
                info.bytes = loaded.bytes as f64;
                info.of_bytes = loaded.of_bytes as f64;
                info.left_out = loaded.left_out as f64;
                info.content = loader.content();
                info.regions = loader.regions().into_iter().map(Region::from).collect();
            }
            SourceKind::Live(live) => {
                info.live = true;
                info.events = live.events() as f64;
                info.of_events = (live.events() + live.evicted()) as f64;
                info.left_out = live.evicted() as f64;
                info.last_seq = live.last_seq();
                info.missed = live.missed() as f64;
                info.regions = live.regions().into_iter().map(Region::from).collect();
            }
        }
        info
    }
}

#[derive(Debug, Serialize)]
struct Span {
    from: i64,
    until: i64,
}

impl From<(i64, i64)> for Span {
    fn from((first, last): (i64, i64)) -> Self {
        Self { from: first, until: last.saturating_add(1) }
    }
}

/// See `Spans` in TypeScript.
#[derive(Debug, Serialize)]
pub(crate) struct Spans {
    all: Span,
    usual: Span,
}

impl Spans {
    pub(crate) fn new(times: &buffer::Times) -> Option<Self> {
        Some(Self { all: times.all?.into(), usual: times.usual()?.into() })
    }
}

/// What a `Workspace` wants to read.
#[derive(Debug, Serialize)]
pub(crate) struct Wanted {
    offset: f64,
    length: f64,
}

impl From<Range<u64>> for Wanted {
    fn from(range: Range<u64>) -> Self {
        Self { offset: range.start as f64, length: (range.end - range.start) as f64 }
    }
}

fn overwritten(buffer: &buffer::Buffer) -> u64 {
    let rings = buffer.origin.iter().flat_map(|o| &o.rings);
    rings.map(|r| r.overwritten + r.evicted_during).sum()
}

fn origin(buffer: &buffer::Buffer) -> Option<Origin<'_>> {
    buffer.origin.as_ref().map(|o| Origin {
        writer: &o.writer,
        host: &o.host,
        exported: o.exported,
        filter: &o.filter,
    })
}

fn faults(buffer: &buffer::Buffer) -> Vec<Fault> {
    let faults = buffer.faults.iter();
    faults
        .map(|f| Fault {
            offset: f.offset as f64,
            length: f.len as f64,
            message: f.damage.to_string(),
        })
        .collect()
}

/// wasm32 counts in 32 bits. serde would widen a `usize` to 64, and those become a BigInt.
pub(crate) fn number(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// A number of 64 bits becomes a BigInt, a smaller one a number.
pub(crate) fn to_js(value: &impl Serialize) -> Result<JsValue, JsValue> {
    let serializer = serde_wasm_bindgen::Serializer::new()
        .serialize_large_number_types_as_bigints(true)
        .serialize_missing_as_null(false);
    Ok(value.serialize(&serializer)?)
}
