//! From a snapshot to a buffer.

use alloc::vec::Vec;

use logd_proto::buffer::{Origin, RingOrigin};

use super::Writer;
use crate::block::{Block, Scratch};
use crate::query::filter::{Filter, Verdict};
use crate::store::{Handle, Snapshot};

/// An export under way: one block a step, so that a host can write it away and hold no more than that.
#[derive(Debug)]
pub struct Export {
    filter: Option<Filter>,
    origin: Origin,
    writer: Option<Writer>,
    /// What comes next, last: number of the ring, and block. `None` after the footer.
    blocks: Option<Vec<(usize, Handle)>>,
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
        let rings = snapshot.rings.into_iter().enumerate();
        let mut blocks: Vec<_> =
            rings.flat_map(|(at, ring)| ring.blocks.into_iter().map(move |b| (at, b))).collect();
        blocks.reverse();
        let progress = Progress { of: blocks.len(), ..Progress::default() };
        let (blocks, scratch) = (Some(blocks), Scratch::default());
        Self { filter, origin, writer: None, blocks, progress, scratch }
    }

    /// Writes the blocks of all rings from the newest to the oldest, instead of ring by ring from the oldest on: what a
    /// reader gets before it breaks off is what happened last. Before the first step.
    #[must_use]
    pub fn newest_first(mut self) -> Self {
        if let Some(blocks) = &mut self.blocks {
            blocks.sort_by_key(|(_, block)| block.last_seq);
        }
        self
    }

    /// Appends the next part of the buffer to `out`; `None`, and nothing appended, after the last.
    #[must_use]
    pub fn step(&mut self, out: &mut Vec<u8>) -> Option<Progress> {
        let blocks = self.blocks.as_mut()?;
        let mut writer = self.writer.take().unwrap_or_else(|| Writer::new(out));
        let Some((ring, handle)) = blocks.pop() else {
            writer.finish(core::mem::take(&mut self.origin), out);
            self.blocks = None;
            return Some(self.progress);
        };
        let ring = &mut self.origin.rings[ring];
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
            None => ring.evicted_during += handle.events as u64,
        }
        self.progress.blocks += 1;
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
    let selected = filter.select(&block.view(scratch));
    Some(block.only(&selected, scratch)?.compressed())
}
