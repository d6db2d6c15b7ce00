//! From a snapshot to a buffer.

use alloc::vec::Vec;

use logd_proto::buffer::{Origin, RingOrigin};

use super::Writer;
use crate::block::{Block, OpenBlock, Scratch};
use crate::event::{Attribute, NewEvent};
use crate::key::Key;
use crate::query::filter::{Filter, Verdict};
use crate::store::Snapshot;
use crate::time::UnixNanos;

/// An export under way: one block a step, so that a host can write it away and hold no more than that.
#[derive(Debug)]
pub struct Export {
    snapshot: Snapshot,
    filter: Option<Filter>,
    origin: Origin,
    writer: Option<Writer>,
    /// Ring and block that come next.
    next: (usize, usize),
    progress: Progress,
    scratch: Scratch,
}

/// How far an export is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Blocks gone through, and how many there are.
    pub blocks: usize,
    /// See `blocks`.
    pub of: usize,
    /// Events written.
    pub events: u64,
}

impl Export {
    /// Exports what the snapshot holds, or what the filter selects of it. `origin` names the writer, the host, the
    /// time and the filter's text; its rings are filled in here.
    pub fn new(snapshot: Snapshot, filter: Option<Filter>, mut origin: Origin) -> Self {
        let of = snapshot.rings.iter().map(|r| r.blocks.len()).sum();
        origin.rings = snapshot
            .rings
            .iter()
            .map(|r| RingOrigin {
                prefix: r.prefix.clone(),
                overwritten: r.overwritten,
                overwritten_seq: r.overwritten_seq,
                overwritten_until: r.overwritten_until.0,
                evicted_during: 0,
            })
            .collect();
        Self {
            snapshot,
            filter,
            origin,
            writer: None,
            next: (0, 0),
            progress: Progress { of, ..Progress::default() },
            scratch: Scratch::default(),
        }
    }

    /// Appends the next part of the buffer to `out`; `None`, and nothing appended, after the last.
    #[must_use]
    pub fn step(&mut self, out: &mut Vec<u8>) -> Option<Progress> {
        if self.next.0 > self.snapshot.rings.len() {
            return None;
        }
        let mut writer = self.writer.take().unwrap_or_else(|| Writer::new(out));
        let Some(ring) = self.snapshot.rings.get(self.next.0) else {
            writer.finish(core::mem::take(&mut self.origin), out);
            self.next.0 += 1;
            return Some(self.progress);
        };
        match ring.blocks.get(self.next.1) {
            None => self.next = (self.next.0 + 1, 0),
            Some(handle) => {
                match handle.get() {
                    Some(block) => {
                        let selected = match &self.filter {
                            None => Some(block.compressed()),
                            Some(filter) => select(&block, filter, &mut self.scratch),
                        };
                        if let Some(block) = selected {
                            writer.block(&ring.prefix, &block, out);
                            self.progress.events += block.events() as u64;
                        }
                    }
                    None => {
                        self.origin.rings[self.next.0].evicted_during += handle.events as u64;
                    }
                }
                self.progress.blocks += 1;
                self.next.1 += 1;
            }
        }
        self.writer = Some(writer);
        Some(self.progress)
    }
}

/// The matching events as a block of their own; `None` if there are none.
fn select(block: &Block, filter: &Filter, scratch: &mut Scratch) -> Option<Block> {
    match filter.prune(block.header()) {
        Verdict::None => return None,
        Verdict::All => return Some(block.compressed()),
        Verdict::Some => {}
    }
    let view = block.view(scratch);
    let mut open = OpenBlock::new();
    let mut rows = view.rows();
    for row in filter.select(&view).iter() {
        let e = rows.at(row)?;
        // A stored key is valid.
        let key = Key::parse(e.key).ok()?;
        let attributes: Vec<Attribute<'_>> = e.attributes.collect();
        let event = NewEvent {
            time: e.time,
            key,
            severity: e.severity,
            text: e.text,
            attributes: &attributes,
        };
        open.push(e.seq, UnixNanos(e.received.0), &event);
    }
    (!open.is_empty()).then(|| open.seal().compressed())
}
