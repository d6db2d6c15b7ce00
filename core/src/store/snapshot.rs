//! What a reader holds while it searches.

use alloc::string::String;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::fmt;

use super::deletion::Deleted;
use super::slot::{Forms, Slot};
use crate::block::{Block, Scratch};
use crate::time::UnixNanos;

/// The blocks of some rings at one moment.
///
/// A snapshot does not keep sealed blocks alive: the memory bound would not be hard if a slow reader could hold
/// what its ring has evicted. A block that is evicted before the reader comes to it is gone, and the answer
/// says so ([`logd_proto::query::Coverage`]). While a block is being read, it stays. A block that upkeep has replaced is
/// found in its new form.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// In the order of the configuration, the fallback ring last.
    pub rings: Vec<RingView>,
}

impl Snapshot {
    /// The rings with these prefixes only; all of them when none is named.
    pub fn only(mut self, prefixes: &[String]) -> Result<Self, UnknownRing> {
        let known = |prefix: &String| self.rings.iter().any(|r| r.prefix == *prefix);
        if let Some(unknown) = prefixes.iter().find(|p| !known(p)) {
            return Err(UnknownRing {
                prefix: unknown.clone(),
                rings: self.rings.into_iter().map(|r| r.prefix).collect(),
            });
        }
        if !prefixes.is_empty() {
            self.rings.retain(|r| prefixes.contains(&r.prefix));
        }
        Ok(self)
    }
}

/// A question named a ring that is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownRing {
    /// The name.
    pub prefix: String,
    /// The rings that are there.
    pub rings: Vec<String>,
}

impl fmt::Display for UnknownRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no ring {}; the rings are {}", self.prefix, self.rings.join(" "))
    }
}

impl core::error::Error for UnknownRing {}

/// One ring of a [`Snapshot`].
#[derive(Clone, Debug, Default)]
pub struct RingView {
    /// The ring's prefix; `/` for the fallback ring.
    pub prefix: String,
    /// Ascending by sequence number.
    pub blocks: Vec<Handle>,
    /// Events that the ring had evicted.
    pub overwritten: u64,
    /// Sequence number of the newest of them.
    pub overwritten_seq: u64,
    /// When it had been received.
    pub overwritten_until: UnixNanos,
    /// What had been deleted on demand.
    pub deleted: Deleted,
}

impl RingView {
    /// The sequence number of the ring's first event that was received at this time or later; `None` if there is none.
    ///
    /// Where the daemon's clock stepped back, events count as received when the one before them was: all events of the
    /// ring from this number on are of this time or later. A block that has been evicted meanwhile counts as a whole.
    pub fn first_seq_since(&self, received: UnixNanos) -> Option<u64> {
        let block = self.blocks.iter().find(|block| block.last_received >= received)?;
        if block.first_received >= received {
            return Some(block.first_seq);
        }
        let Some(found) = block.get() else { return Some(block.first_seq) };
        let mut scratch = Scratch::default();
        let view = found.view(&mut scratch);
        let mut events = view.seqs().zip(view.receipts());
        events.find(|&(_, r)| r >= received.0).map(|(seq, _)| seq)
    }
}

/// A block of a snapshot.
#[derive(Clone, Debug)]
pub struct Handle {
    block: Held,
    /// Events of the block.
    pub events: usize,
    /// Its first and last sequence number.
    pub first_seq: u64,
    /// See `first_seq`.
    pub last_seq: u64,
    /// When the earliest and the latest of its events were received.
    pub first_received: UnixNanos,
    /// See `first_received`.
    pub last_received: UnixNanos,
    /// Which of several buffers it is from, as their reader counts them; 0 in a daemon.
    pub source: u32,
}

/// Tells blocks apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct BlockId(usize);

/// Keeps the [`BlockId`] of a block its own, as a handle does, and not the block.
#[derive(Clone, Debug)]
pub(crate) struct Mark {
    _held: Marked,
}

#[derive(Clone, Debug)]
#[expect(dead_code, reason = "what is held is not read")]
enum Marked {
    Evictable(Arc<Forms>),
    Owned(Weak<Block>),
}

#[derive(Clone, Debug)]
enum Held {
    /// A ring owns it and may evict it at any time.
    Evictable(Arc<Forms>),
    /// It lives as long as the snapshot.
    Owned(Arc<Block>),
}

impl Handle {
    /// To a block that its ring owns.
    pub(super) fn evictable(block: &Slot) -> Self {
        Self::new(block, Held::Evictable(block.forms().clone()))
    }

    /// To a block that lives as long as the snapshot.
    pub(crate) fn owned(block: &Arc<Block>) -> Self {
        Self::new(block, Held::Owned(block.clone()))
    }

    fn new(block: &Block, held: Held) -> Self {
        let h = block.header();
        Self {
            block: held,
            events: block.events(),
            first_seq: h.first_seq,
            last_seq: h.last_seq,
            first_received: UnixNanos(h.min_received),
            last_received: UnixNanos(h.max_received),
            source: 0,
        }
    }

    /// The same for handles to the same block, and for no others while one of them, or a [`Self::mark`], is held.
    pub(crate) fn id(&self) -> BlockId {
        BlockId(match &self.block {
            Held::Evictable(forms) => Arc::as_ptr(forms).addr(),
            Held::Owned(block) => Arc::as_ptr(block).addr(),
        })
    }

    pub(crate) fn mark(&self) -> Mark {
        Mark {
            _held: match &self.block {
                Held::Evictable(forms) => Marked::Evictable(forms.clone()),
                Held::Owned(block) => Marked::Owned(Arc::downgrade(block)),
            },
        }
    }

    /// The block, unless it has been evicted.
    pub fn get(&self) -> Option<Arc<Block>> {
        match &self.block {
            Held::Evictable(forms) => forms.get(),
            Held::Owned(block) => Some(block.clone()),
        }
    }
}
