//! Work on sealed blocks that need not be done while events arrive.

use alloc::collections::VecDeque;
use alloc::sync::{Arc, Weak};

use super::slot::Slot;
use crate::block::Block;

/// How much work a host has time for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// Filters and packed integers: a millisecond or two a block, and searches need them most of new blocks.
    Index,
    /// Compression as well, which takes several times as long and saves room, not time.
    All,
}

/// A block to work on. Holding one does not keep its block from being evicted.
#[derive(Debug)]
pub struct UpkeepJob {
    pub(super) ring: usize,
    pub(super) job: Job,
}

/// The outcome of an [`UpkeepJob`].
#[derive(Debug)]
pub struct UpkeepDone {
    pub(super) ring: usize,
    pub(super) done: Done,
}

#[derive(Debug)]
pub(super) struct Job {
    block: Weak<Block>,
    first_seq: u64,
    compress: bool,
}

#[derive(Debug)]
pub(super) struct Done {
    pub(super) block: Arc<Block>,
    first_seq: u64,
    compress: bool,
}

impl UpkeepJob {
    /// Does the work: a millisecond or a few. `None` if the block has been evicted.
    #[must_use]
    pub fn run(self) -> Option<UpkeepDone> {
        let Job { block, first_seq, compress } = self.job;
        let block = block.upgrade()?;
        let block = Arc::new(if compress { block.compressed() } else { block.indexed() });
        Some(UpkeepDone { ring: self.ring, done: Done { block, first_seq, compress } })
    }
}

/// How far the upkeep of a ring is. Blocks are worked on from the oldest, one at a time, so that those that are done
/// come first in the ring. The newest would not be better to begin with: a search that looks at all blocks reads as many
/// without a filter either way.
#[derive(Debug, Default)]
pub(super) struct Upkeep {
    /// How many of the oldest blocks are compressed, and their bytes.
    cold: usize,
    pub(super) cold_bytes: usize,
    /// How many of the oldest blocks have a filter; at least the cold ones.
    indexed: usize,
    /// The block that is being worked on; nobody may bring it back if its thread ends.
    busy: Option<Weak<Block>>,
}

impl Upkeep {
    /// A filter comes first: a block without one slows every search, one that is not compressed only takes room.
    pub(super) fn poll(
        &mut self,
        blocks: &VecDeque<Slot>,
        effort: Effort,
        too_hot: bool,
    ) -> Option<Job> {
        let evicted = |block: &Weak<Block>| block.strong_count() == 0;
        if self.busy.take_if(|block| evicted(block)).is_none() && self.busy.is_some() {
            return None;
        }
        let compress = self.indexed >= blocks.len();
        if compress && !(too_hot && effort == Effort::All) {
            return None;
        }
        let block = blocks.get(if compress { self.cold } else { self.indexed })?;
        let first_seq = block.header().first_seq;
        self.busy = Some(Arc::downgrade(block));
        Some(Job { block: Arc::downgrade(block), first_seq, compress })
    }

    /// Where the outcome belongs; `None` if the block has been evicted.
    pub(super) fn finish(&mut self, blocks: &VecDeque<Slot>, done: &Done) -> Option<usize> {
        self.busy = None;
        let at = blocks.binary_search_by_key(&done.first_seq, |b| b.header().first_seq).ok()?;
        self.indexed = self.indexed.max(at + 1);
        if done.compress {
            self.cold = self.cold.max(at + 1);
            self.cold_bytes += done.block.memory();
        }
        Some(at)
    }

    /// The oldest block, of this size, has gone.
    pub(super) fn evicted(&mut self, bytes: usize) {
        if self.cold > 0 {
            self.cold -= 1;
            self.cold_bytes -= bytes;
        }
        self.indexed = self.indexed.saturating_sub(1);
    }
}
