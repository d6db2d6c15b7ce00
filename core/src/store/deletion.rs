//! Deletes events while the ring goes on: block by block, as work that another thread may do.
//!
//! A deletion covers what the ring held when it began. A block with such events is replaced by one without them; readers
//! that had found the old one are told that it is gone, as when it is overwritten.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::sync::Arc;
use core::fmt::Debug;

use super::slot::Slot;
use crate::bits::Bits;
use crate::block::{Block, Scratch, View};
use crate::time::UnixNanos;

/// Says which events of a block are meant.
pub trait Select: Debug + Send + Sync {
    /// One bit a row.
    fn rows(&self, view: &View<'_>) -> Bits;
}

/// A deletion of a ring, under way.
#[derive(Debug)]
pub(super) struct Deletion {
    select: Arc<dyn Select>,
    /// The next block begins with this number or later.
    next: u64,
    /// The last one with this or earlier.
    until: u64,
}

/// What has been deleted of a ring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deleted {
    /// How many events.
    pub events: u64,
    /// The smallest and the largest of their sequence numbers.
    pub first_seq: u64,
    /// See `first_seq`.
    pub last_seq: u64,
    /// When the first and the last of them had been received.
    pub first_received: UnixNanos,
    /// See `first_received`.
    pub last_received: UnixNanos,
}

/// What a deletion makes of a block.
#[derive(Debug)]
pub(super) enum Rest {
    /// Nothing is deleted.
    Same,
    /// The other events, and what was deleted.
    Other(Option<Box<Block>>, Deleted),
}

impl Deletion {
    pub(super) fn new(select: Arc<dyn Select>, until: u64) -> Self {
        Self { select, next: 0, until }
    }

    /// The next block to look at, by its index.
    pub(super) fn next(&mut self, blocks: &VecDeque<Slot>) -> Option<(usize, Arc<dyn Select>)> {
        let at = blocks.partition_point(|b| b.header().first_seq < self.next);
        let first_seq = blocks.get(at)?.header().first_seq;
        self.next = first_seq + 1;
        (first_seq <= self.until).then(|| (at, self.select.clone()))
    }
}

impl Deleted {
    /// Both together.
    pub(super) fn add(&mut self, other: Self) {
        *self = match (self.events, other.events) {
            (0, _) => other,
            (_, 0) => *self,
            (a, b) => Self {
                events: a + b,
                first_seq: self.first_seq.min(other.first_seq),
                last_seq: self.last_seq.max(other.last_seq),
                first_received: self.first_received.min(other.first_received),
                last_received: self.last_received.max(other.last_received),
            },
        };
    }
}

/// The block without the events that are meant, compressed if it was.
pub(super) fn rest(block: &Block, select: &dyn Select, compress: bool) -> Rest {
    let mut scratch = Scratch::default();
    let view = block.view(&mut scratch);
    let rows = select.rows(&view);
    if rows.is_empty() {
        return Rest::Same;
    }
    let mut deleted = Deleted::default();
    for (row, (seq, received)) in view.seqs().zip(view.receipts()).enumerate() {
        if rows.contains(row) {
            let received = UnixNanos(received);
            deleted.add(Deleted {
                events: 1,
                first_seq: seq,
                last_seq: seq,
                first_received: received,
                last_received: received,
            });
        }
    }
    let mut others = Bits::all(block.events());
    others.subtract(&rows);
    let rest = block.only(&others, &mut scratch);
    let rest = rest.map(|rest| if compress { rest.compressed() } else { rest.indexed() });
    Rest::Other(rest.map(Box::new), deleted)
}
