//! All open buffers, searched as one.

use logd_core::buffer::{self, Export, Live, Loader};
use logd_core::query::filter::Filter;
use logd_core::query::{self, Comparer, Merge, QueryError, Recent};
use logd_core::store::{Handle, Snapshot};
use logd_proto::buffer::Origin;
use wasm_bindgen::prelude::*;

use crate::error::{self, Kind};
use crate::search::{Comparison, Search, compile, decode, refused};
use crate::types;

/// Buffers by number; the same number is never given twice.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Workspace {
    sources: Vec<Option<Source>>,
    budget: usize,
    recent: Recent,
}

#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) name: String,
    pub(crate) kind: SourceKind,
}

#[derive(Debug)]
pub(crate) enum SourceKind {
    File(Box<Loader>),
    Live(Box<Live>),
}

impl Source {
    fn snapshot(&mut self) -> Snapshot {
        match &mut self.kind {
            SourceKind::File(loader) => loader.snapshot(),
            SourceKind::Live(live) => live.snapshot(),
        }
    }

    /// Bytes that its blocks take.
    fn held(&self) -> usize {
        match &self.kind {
            SourceKind::File(loader) => loader.held(),
            SourceKind::Live(live) => live.held(),
        }
    }

    fn set_budget(&mut self, budget: usize) {
        match &mut self.kind {
            SourceKind::File(loader) => loader.set_budget(budget),
            SourceKind::Live(live) => live.set_budget(budget),
        }
    }

    fn times(&self) -> buffer::Times {
        match &self.kind {
            SourceKind::File(loader) => loader.buffer().times(),
            SourceKind::Live(live) => live.times(),
        }
    }

    pub(crate) fn buffer(&self) -> &buffer::Buffer {
        match &self.kind {
            SourceKind::File(loader) => loader.buffer(),
            SourceKind::Live(live) => live.buffer(),
        }
    }
}

#[wasm_bindgen]
impl Workspace {
    /// The blocks of all buffers together may take `budget` bytes of memory.
    #[wasm_bindgen(constructor)]
    pub fn new(budget: usize) -> Self {
        Self { sources: Vec::new(), budget, recent: Recent::default() }
    }

    /// A buffer of `length` bytes, to be read piece by piece; returns its number.
    pub fn open(&mut self, name: String, length: f64) -> usize {
        self.add(name, SourceKind::File(Box::new(Loader::new(length as u64, self.budget))))
    }

    /// What to read next of a buffer; nothing once all of it has been read.
    #[wasm_bindgen(unchecked_return_type = "{ offset: number; length: number } | undefined")]
    pub fn wanted(&self, source: usize) -> Result<JsValue, JsValue> {
        let SourceKind::File(loader) = &self.get(source)?.kind else {
            return Ok(JsValue::UNDEFINED);
        };
        types::to_js(&loader.poll_read().map(types::Wanted::from))
    }

    /// The bytes that were wanted. Throws a `BufferError` if they are no buffer's.
    pub fn supply(&mut self, source: usize, bytes: &[u8]) -> Result<(), JsValue> {
        match &mut self.with_room(source)?.kind {
            SourceKind::File(loader) => loader.handle_read(bytes).map_err(buffer_error),
            SourceKind::Live(_) => Ok(()),
        }
    }

    /// A copy of a daemon's events; returns its number.
    pub fn live(&mut self, name: String) -> usize {
        self.add(name, SourceKind::Live(Box::new(Live::new(self.budget))))
    }

    /// The next bytes of the daemon's export, newest blocks first. False when the rest is not wanted: the memory is used up.
    pub fn history(&mut self, source: usize, bytes: &[u8]) -> Result<bool, JsValue> {
        self.get_live(source)?.handle_history(bytes).map_err(buffer_error)
    }

    /// The next bytes of the export will be those of another one, which begins anew.
    #[wasm_bindgen(js_name = beginHistory)]
    pub fn begin_history(&mut self, source: usize) -> Result<(), JsValue> {
        self.get_live(source)?.begin_history();
        Ok(())
    }

    /// The next bytes of the daemon's tail.
    pub fn tail(&mut self, source: usize, bytes: &[u8]) -> Result<(), JsValue> {
        self.get_live(source)?.handle_tail(bytes).map_err(buffer_error)
    }

    /// The tail's next bytes will be those of another connection.
    #[wasm_bindgen(js_name = beginTail)]
    pub fn begin_tail(&mut self, source: usize) -> Result<(), JsValue> {
        self.get_live(source)?.begin_tail();
        Ok(())
    }

    /// The ring that the events of a key are in, where the buffer tells.
    #[wasm_bindgen(js_name = ringOf, unchecked_return_type = "RingOfKey | undefined")]
    pub fn ring_of(&self, source: usize, key: &str) -> Result<JsValue, JsValue> {
        types::to_js(&self.get(source)?.buffer().ring_of(key).map(types::RingOfKey::from))
    }

    /// Forgets a buffer.
    pub fn close(&mut self, source: usize) {
        if let Some(slot) = self.sources.get_mut(source) {
            *slot = None;
        }
    }

    /// What the open buffers hold and lack.
    #[wasm_bindgen(unchecked_return_type = "SourceInfo[]")]
    pub fn sources(&self) -> Result<JsValue, JsValue> {
        let open = self.sources.iter().enumerate();
        let infos =
            open.filter_map(|(number, s)| Some(types::SourceInfo::new(number, s.as_ref()?)));
        types::to_js(&infos.collect::<Vec<_>>())
    }

    /// When the events of all open buffers were; nothing while there is none.
    #[wasm_bindgen(unchecked_return_type = "Spans | undefined")]
    pub fn spans(&self) -> Result<JsValue, JsValue> {
        let times = self.sources.iter().flatten().map(Source::times);
        types::to_js(&types::Spans::new(&times.fold(buffer::Times::default(), buffer::Times::and)))
    }

    /// Begins to answer a `QueryRequest` over all open buffers. One that wants a page has no listing: it may then do with
    /// a part of the events.
    pub fn search(&mut self, request: &[u8]) -> Result<Search, JsValue> {
        let (query, rings) = compile(request)?;
        let query = if query.has_page() { query } else { query.with_listing() };
        let snapshot = self.searched(&rings)?;
        Ok(Search { search: self.recent.search(query, snapshot), rings, merge: self.merge() })
    }

    /// Remembers what a search has found so far: one for the same or for less will be faster.
    pub fn remember(&mut self, search: &Search) {
        self.recent.remember(&search.search);
    }

    /// Has a search go on over what is there now. What it has searched already it does not search again, if that can be.
    pub fn renew(&mut self, search: &mut Search) -> Result<(), JsValue> {
        search.search.renew(self.searched(&search.rings)?);
        search.merge = self.merge();
        Ok(())
    }

    /// Begins to compare what a `QueryRequest` selects of two buffers.
    pub fn compare(&mut self, request: &[u8], a: usize, b: usize) -> Result<Comparison, JsValue> {
        let (a, b) = (self.get_mut(a)?.snapshot(), self.get_mut(b)?.snapshot());
        let comparer = Comparer::new(&decode(request)?, a, b).map_err(|e| refused(&e))?;
        Ok(Comparison::new(comparer))
    }

    /// Begins to write what matches a filter as a buffer.
    pub fn export(&mut self, filter: &str, exported: i64) -> Result<BufferExport, JsValue> {
        let expr = query::parse::parse(filter).map_err(|e| error::filter(&e))?;
        let compiled =
            Filter::compile(&expr).map_err(|e| error::new(Kind::Query, &QueryError::from(e)))?;
        let origin = Origin {
            writer: concat!("logd viewer ", env!("CARGO_PKG_VERSION")).into(),
            exported,
            filter: filter.into(),
            ..Origin::default()
        };
        let filter = (!filter.trim().is_empty()).then_some(compiled);
        Ok(BufferExport(Export::new(self.snapshot(), filter, origin)))
    }

    fn add(&mut self, name: String, kind: SourceKind) -> usize {
        self.sources.push(Some(Source { name, kind }));
        self.sources.len() - 1
    }

    fn get(&self, source: usize) -> Result<&Source, JsValue> {
        self.sources.get(source).and_then(Option::as_ref).ok_or_else(|| closed().into())
    }

    /// A buffer that knows how much room the others leave it.
    fn with_room(&mut self, source: usize) -> Result<&mut Source, JsValue> {
        let held = |(number, other): (usize, &Option<Source>)| {
            other.as_ref().filter(|_| number != source).map_or(0, Source::held)
        };
        let others: usize = self.sources.iter().enumerate().map(held).sum();
        let budget = self.budget.saturating_sub(others);
        let source = self.get_mut(source)?;
        source.set_budget(budget);
        Ok(source)
    }

    fn get_mut(&mut self, source: usize) -> Result<&mut Source, JsValue> {
        self.sources.get_mut(source).and_then(Option::as_mut).ok_or_else(|| closed().into())
    }

    fn get_live(&mut self, source: usize) -> Result<&mut Live, JsValue> {
        match &mut self.with_room(source)?.kind {
            SourceKind::Live(live) => Ok(live),
            SourceKind::File(_) => {
                Err(error::new(Kind::Buffer, &"this is a file, not a daemon").into())
            }
        }
    }

    /// What a search over these rings runs on.
    fn searched(&mut self, rings: &[String]) -> Result<Snapshot, JsValue> {
        Ok(self.snapshot().only(rings).map_err(|e| error::new(Kind::Query, &e))?)
    }

    fn merge(&self) -> Merge {
        if self.sources.iter().flatten().count() > 1 { Merge::ByReceipt } else { Merge::BySeq }
    }

    /// The blocks of all buffers; each knows which one it is from.
    fn snapshot(&mut self) -> Snapshot {
        let mut all = Snapshot::default();
        for (number, source) in (0..).zip(&mut self.sources) {
            let Some(source) = source else { continue };
            let mut snapshot = source.snapshot();
            for ring in &mut snapshot.rings {
                ring.blocks.iter_mut().for_each(|block: &mut Handle| block.source = number);
            }
            all.rings.append(&mut snapshot.rings);
        }
        all
    }
}

fn closed() -> js_sys::Error {
    error::new(Kind::Buffer, &"this buffer is closed")
}

fn buffer_error(damage: logd_core::block::Damage) -> JsValue {
    error::new(Kind::Buffer, &damage).into()
}

/// A buffer being written.
#[wasm_bindgen]
#[derive(Debug)]
pub struct BufferExport(Export);

#[wasm_bindgen]
impl BufferExport {
    /// The next bytes of the buffer; nothing after the last ones.
    pub fn step(&mut self) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        self.0.step(&mut out)?;
        Some(out)
    }
}
