//! Work on sealed blocks that need not be done while events arrive.

use alloc::collections::VecDeque;
use alloc::sync::{Arc, Weak};

use super::deletion::{Deletion, Rest, Select, rest};
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
    work: Work,
}

#[derive(Debug)]
enum Work {
    Index,
    Compress,
    /// Whether what is left is to be compressed.
    Delete(Arc<dyn Select>, bool),
}

#[derive(Debug)]
pub(super) struct Done {
    first_seq: u64,
    pub(super) made: Made,
}

/// What takes the place of a block.
#[derive(Debug)]
pub(super) enum Made {
    /// The same events; compressed or not.
    Form(Arc<Block>, bool),
    /// Without the deleted ones.
    Rest(Rest),
}

impl UpkeepJob {
    /// Does the work: a millisecond or a few. `None` if the block has been evicted.
    #[must_use]
    pub fn run(self) -> Option<UpkeepDone> {
        let Job { block, first_seq, work } = self.job;
        let block = block.upgrade()?;
        let made = match work {
            Work::Index => Made::Form(Arc::new(block.indexed()), false),
            Work::Compress => Made::Form(Arc::new(block.compressed()), true),
            Work::Delete(select, compress) => Made::Rest(rest(&block, &*select, compress)),
        };
        Some(UpkeepDone { ring: self.ring, done: Done { first_seq, made } })
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
    /// Whether the outcome of a job is to come.
    fn is_busy(&mut self) -> bool {
        let evicted = |block: &Weak<Block>| block.strong_count() == 0;
        self.busy.take_if(|block| evicted(block));
        self.busy.is_some()
    }

    fn job(&mut self, block: &Slot, work: Work) -> Job {
        self.busy = Some(Arc::downgrade(block));
        Job { block: Arc::downgrade(block), first_seq: block.header().first_seq, work }
    }

    /// The next block of a deletion. It is over when there is none, and no job is under way.
    pub(super) fn poll_deletion(
        &mut self,
        blocks: &VecDeque<Slot>,
        deletion: &mut Option<Deletion>,
    ) -> Option<Job> {
        if self.is_busy() {
            return None;
        }
        let Some((at, select)) = deletion.as_mut()?.next(blocks) else {
            *deletion = None;
            return None;
        };
        Some(self.job(blocks.get(at)?, Work::Delete(select, at < self.cold)))
    }

    /// A filter comes first: a block without one slows every search, one that is not compressed only takes room.
    pub(super) fn poll(
        &mut self,
        blocks: &VecDeque<Slot>,
        effort: Effort,
        too_hot: bool,
    ) -> Option<Job> {
        if self.is_busy() {
            return None;
        }
        let compress = self.indexed >= blocks.len();
        if compress && !(too_hot && effort == Effort::All) {
            return None;
        }
        let block = blocks.get(if compress { self.cold } else { self.indexed })?;
        Some(self.job(block, if compress { Work::Compress } else { Work::Index }))
    }

    /// Where the outcome belongs; `None` if the block has been evicted.
    pub(super) fn finish(&mut self, blocks: &VecDeque<Slot>, done: &Done) -> Option<usize> {
        self.busy = None;
        let at = blocks.binary_search_by_key(&done.first_seq, |b| b.header().first_seq).ok()?;
        match &done.made {
            Made::Form(block, compressed) => {
                self.indexed = self.indexed.max(at + 1);
                if *compressed {
                    self.cold = self.cold.max(at + 1);
                    self.cold_bytes += block.memory();
                }
            }
            Made::Rest(Rest::Same) => {}
            Made::Rest(Rest::Other(rest, _)) => {
                if at < self.cold {
                    self.cold_bytes -= blocks[at].memory();
                    self.cold_bytes += rest.as_ref().map_or(0, |rest| rest.memory());
                }
                if rest.is_none() {
                    self.cold -= usize::from(at < self.cold);
                    self.indexed -= usize::from(at < self.indexed);
                }
            }
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
