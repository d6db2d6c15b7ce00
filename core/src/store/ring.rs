//! One ring: the newest events of some keys, within a budget of bytes.

use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::sync::Arc;
use core::time::Duration;

use super::deletion::{Deleted, Deletion, Rest, Select};
use super::slot::Slot;
use super::snapshot::{Handle, RingView};
use super::upkeep::{Done, Effort, Job, Made, Upkeep};
use crate::block::{Block, OpenBlock};
use crate::drop::DropReason;
use crate::event::NewEvent;
use crate::time::UnixNanos;

/// A ring is divided into at least this many blocks, so that evicting one loses little.
const BLOCKS: usize = 16;
const MAX_BLOCK: usize = 1 << 20;
const MIN_BLOCK: usize = 4 << 10;
/// The smallest budget of a ring, in bytes.
pub const MIN_BUDGET: usize = BLOCKS * MIN_BLOCK;
/// An event may take at most this part of its ring.
const MAX_EVENT_SHARE: usize = 4;
/// An open block of at least this part of a block is sealed for a snapshot, a smaller one is copied.
const COPY_SHARE: usize = 4;

/// What a ring holds, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RingConfig {
    /// Keys at or below this path; the longest prefix wins. `/` for the fallback ring.
    pub prefix: String,
    /// Bytes, everything included; at least [`MIN_BUDGET`].
    pub budget: usize,
    /// Events are dropped at this age, give or take a sixteenth; by the daemon's time of receipt.
    pub max_age: Option<Duration>,
    /// At most this many events, give or take a sixteenth.
    pub max_events: Option<u64>,
    /// Bytes of the newest blocks whose texts stay as they are, for speed; older ones are compressed, for room.
    pub hot: usize,
}

/// How a ring stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RingStatus {
    /// See [`RingConfig::prefix`].
    pub prefix: String,
    /// Bytes it may use.
    pub budget: usize,
    /// Bytes it uses.
    pub used: usize,
    /// Blocks, the open one included.
    pub blocks: usize,
    /// Events it holds.
    pub events: u64,
    /// Events it has accepted.
    pub stored: u64,
    /// Events it has evicted.
    pub overwritten: u64,
    /// Events that were deleted on demand.
    pub deleted: u64,
    /// Sequence number and time of receipt of the oldest event it holds.
    pub oldest: Option<(u64, UnixNanos)>,
    /// The same of the newest.
    pub newest: Option<(u64, UnixNanos)>,
}

/// The newest evicted event: everything up to it is gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Evicted {
    pub(super) events: u64,
    pub(super) last_seq: u64,
    pub(super) last_received: UnixNanos,
}

/// Where the open block has a key, so that it need not be looked up there for each event.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place {
    /// Which of the ring's open blocks, counted from 1; 0 is none.
    block: u64,
    key: u32,
}

#[derive(Debug)]
pub(super) struct Ring {
    config: RingConfig,
    /// Sealed blocks, oldest first.
    blocks: VecDeque<Slot>,
    /// Bytes and events of `blocks`.
    sealed_bytes: usize,
    sealed_events: u64,
    open: OpenBlock,
    /// How many open blocks there have been, this one included.
    opened: u64,
    /// At least the bytes in `open`; exact now and then.
    open_bound: usize,
    /// What `open` has allocated.
    open_capacity: usize,
    /// The copy of `open` that the last snapshot made, while nothing has been appended since.
    frozen: Option<Arc<Block>>,
    evicted: Evicted,
    upkeep: Upkeep,
    deletion: Option<Deletion>,
    deleted: Deleted,
}

impl Ring {
    pub(super) fn new(config: RingConfig) -> Self {
        Self {
            config,
            blocks: VecDeque::new(),
            sealed_bytes: 0,
            sealed_events: 0,
            open: OpenBlock::new(),
            opened: 1,
            open_bound: 0,
            open_capacity: 0,
            frozen: None,
            evicted: Evicted::default(),
            upkeep: Upkeep::default(),
            deletion: None,
            deleted: Deleted::default(),
        }
    }

    #[inline]
    pub(super) fn append(
        &mut self,
        seq: u64,
        received: UnixNanos,
        event: &NewEvent<'_>,
        place: &mut Place,
    ) -> Result<(), DropReason> {
        let cost = OpenBlock::max_cost(event);
        if cost > self.config.budget / MAX_EVENT_SHARE {
            return Err(DropReason::RingFull);
        }
        self.frozen = None;
        let full = !self.has_room(cost) && !self.open.is_empty();
        if full {
            self.seal();
        }
        if place.block != self.opened {
            *place = Place { block: self.opened, key: self.open.intern_key(event.key) };
        }
        self.open.push_with_key(place.key, seq, received, event);
        self.open_bound += cost;
        let capacity = self.open.capacity_bytes();
        // Nothing else changes how much the ring holds.
        if full || capacity != self.open_capacity || self.config.max_events.is_some() {
            self.open_capacity = capacity;
            self.fit();
        }
        Ok(())
    }

    /// Whether the open block may take one more event that takes at most `cost` bytes.
    #[inline]
    fn has_room(&mut self, cost: usize) -> bool {
        // Events take less than they might. Their bytes are summed up when it matters, and not for each event.
        if self.open_bound + cost > self.block_bytes() {
            self.open_bound = self.open.len_bytes();
        }
        self.open_bound + cost <= self.block_bytes()
            && (self.open.events() as u64) < self.block_events()
    }

    /// Evicts what is too old; seals an open block that would otherwise outlive its age.
    pub(super) fn expire(&mut self, now: UnixNanos) {
        let Some(max_age) = self.config.max_age else { return };
        if !self.open.is_empty() && self.open.header().min_received <= seal_before(now, max_age).0 {
            self.seal();
        }
        let limit = now.saturating_sub(max_age);
        while self.blocks.front().is_some_and(|b| b.header().max_received <= limit.0) {
            self.evict();
        }
    }

    /// When [`Self::expire`] has something to do next.
    pub(super) fn next_expiry(&self) -> Option<UnixNanos> {
        let max_age = self.config.max_age?;
        let front =
            self.blocks.front().map(|b| UnixNanos(b.header().max_received).saturating_add(max_age));
        let open = (!self.open.is_empty()).then(|| {
            UnixNanos(self.open.header().min_received).saturating_add(max_age / BLOCKS as u32)
        });
        front.into_iter().chain(open).min()
    }

    pub(super) fn view(&mut self) -> RingView {
        if self.open.len_bytes() >= self.block_bytes() / COPY_SHARE {
            self.seal();
        }
        if self.frozen.is_none() && !self.open.is_empty() {
            self.frozen = Some(Arc::new(self.open.freeze()));
        }
        self.fit();
        let sealed = self.blocks.iter().map(Handle::evictable);
        RingView {
            prefix: self.config.prefix.clone(),
            blocks: sealed.chain(self.frozen.iter().map(Handle::owned)).collect(),
            overwritten: self.evicted.events,
            overwritten_seq: self.evicted.last_seq,
            overwritten_until: self.evicted.last_received,
            deleted: self.deleted,
        }
    }

    /// The next block that is due for a filter or for compression, unless one is being worked on.
    pub(super) fn poll_upkeep(&mut self, effort: Effort) -> Option<Job> {
        if self.deletion.is_some() {
            return self.upkeep.poll_deletion(&self.blocks, &mut self.deletion);
        }
        let hot_bytes = self.sealed_bytes - self.upkeep.cold_bytes;
        self.upkeep.poll(&self.blocks, effort, hot_bytes > self.config.hot)
    }

    /// Puts the outcome in the place of the block, if the ring still has it.
    pub(super) fn finish_upkeep(&mut self, done: Done) {
        let Some(at) = self.upkeep.finish(&self.blocks, &done) else { return };
        let before = self.blocks[at].memory();
        match done.made {
            Made::Form(block, _) => {
                self.sealed_bytes = self.sealed_bytes - before + block.memory();
                self.blocks[at].replace(block);
            }
            Made::Rest(Rest::Same) => {}
            Made::Rest(Rest::Other(rest, deleted)) => {
                self.deleted.add(deleted);
                self.sealed_events -= deleted.events;
                self.sealed_bytes -= before;
                match rest {
                    Some(rest) => {
                        self.sealed_bytes += rest.memory();
                        self.blocks[at] = Slot::new(*rest);
                    }
                    None => drop(self.blocks.remove(at)),
                }
            }
        }
        self.fit();
    }

    /// Begins to delete of what it holds now; [`Self::poll_upkeep`] gives the work.
    pub(super) fn delete(&mut self, select: Arc<dyn Select>) {
        if !self.open.is_empty() {
            self.seal();
            self.fit();
        }
        let newest = self.blocks.back().map_or(0, |b| b.header().last_seq);
        self.deletion = Some(Deletion::new(select, newest));
    }

    /// Whether a deletion is under way.
    pub(super) fn is_deleting(&self) -> bool {
        self.deletion.is_some()
    }

    pub(super) fn deleted(&self) -> u64 {
        self.deleted.events
    }

    pub(super) fn config(&self) -> &RingConfig {
        &self.config
    }

    pub(super) fn status(&self) -> RingStatus {
        let events = self.sealed_events + self.open.events() as u64;
        let open = (!self.open.is_empty()).then(|| self.open.header());
        let first = self.blocks.front().map(|b| b.header()).or(open);
        let last = open.or(self.blocks.back().map(|b| b.header()));
        RingStatus {
            prefix: self.config.prefix.clone(),
            budget: self.config.budget,
            used: self.used(),
            blocks: self.blocks.len() + usize::from(open.is_some()),
            events,
            stored: events + self.evicted.events + self.deleted.events,
            overwritten: self.evicted.events,
            deleted: self.deleted.events,
            oldest: first.map(|h| (h.first_seq, UnixNanos(h.min_received))),
            newest: last.map(|h| (h.last_seq, UnixNanos(h.max_received))),
        }
    }

    fn used(&self) -> usize {
        self.sealed_bytes + self.open_capacity + self.frozen.as_ref().map_or(0, |b| b.memory())
    }

    #[inline]
    fn block_bytes(&self) -> usize {
        (self.config.budget / BLOCKS).clamp(MIN_BLOCK, MAX_BLOCK)
    }

    fn block_events(&self) -> u64 {
        self.config.max_events.map_or(u64::MAX, |n| (n / BLOCKS as u64).max(1))
    }

    fn seal(&mut self) {
        self.frozen = None;
        let block = self.open.seal();
        self.opened += 1;
        // An event larger than a block leaves large buffers behind.
        if self.open.capacity_bytes() > 2 * self.block_bytes() {
            self.open = OpenBlock::new();
        }
        self.open_bound = 0;
        self.open_capacity = self.open.capacity_bytes();
        self.sealed_bytes += block.memory();
        self.sealed_events += block.events() as u64;
        self.blocks.push_back(Slot::new(block));
    }

    fn fit(&mut self) {
        let max_events = self.config.max_events.unwrap_or(u64::MAX);
        while !self.blocks.is_empty()
            && (self.used() > self.config.budget
                || self.sealed_events + self.open.events() as u64 > max_events)
        {
            self.evict();
        }
    }

    fn evict(&mut self) {
        let Some(block) = self.blocks.pop_front() else { return };
        self.sealed_bytes -= block.memory();
        self.sealed_events -= block.events() as u64;
        self.upkeep.evicted(block.memory());
        self.evicted.events += block.events() as u64;
        self.evicted.last_seq = block.header().last_seq;
        self.evicted.last_received = UnixNanos(block.header().max_received);
    }
}

/// An open block whose oldest event was received before this is sealed, so that its youngest is evicted in time.
fn seal_before(now: UnixNanos, max_age: Duration) -> UnixNanos {
    now.saturating_sub(max_age / BLOCKS as u32)
}
