//! A copy of a daemon's newest events that follows it.

use alloc::sync::Arc;
use alloc::vec::Vec;

use logd_proto::buffer::BlockHeader;

use super::frame::Frame;
use super::open::Buffer;
use super::region::{self, Gone, Lack, Region};
use super::stream::FrameStream;
use super::times::Times;
use crate::bits::Bits;
use crate::block::{Block, Damage, OpenBlock, Scratch};
use crate::store::{Handle, RingView, Snapshot};

/// Events of the tail are gathered into blocks of about this many bytes.
const BLOCK: usize = 1 << 20;

/// What a daemon has stored, as far as it was sent: an export, which goes back in time, and a tail, which goes on from it.
#[derive(Debug)]
pub struct Live {
    history: FrameStream,
    tail: FrameStream,
    buffer: Buffer,
    /// The newest events of the tail.
    open: OpenBlock,
    /// `open` as a block, while nothing has been added since.
    frozen: Option<Arc<Block>>,
    /// Number of the newest event.
    last_seq: u64,
    /// Its time.
    last_time: i64,
    missed: Vec<Region>,
    evicted: Gone,
    /// The rest of the export was not taken.
    history_cut: bool,
    /// An earlier export broke off: this one brings again what that one brought.
    history_again: bool,
    held: usize,
    budget: usize,
    scratch: Scratch,
}

impl Live {
    /// Blocks take `budget` bytes at most; the oldest go. Up to half of it they are unpacked.
    pub fn new(budget: usize) -> Self {
        Self {
            history: FrameStream::default(),
            tail: FrameStream::default(),
            buffer: Buffer::default(),
            open: OpenBlock::new(),
            frozen: None,
            last_seq: 0,
            last_time: 0,
            missed: Vec::new(),
            evicted: Gone::default(),
            history_cut: false,
            history_again: false,
            held: 0,
            budget,
            scratch: Scratch::default(),
        }
    }

    /// From now on blocks take so many bytes at most: the oldest go with the next bytes of the tail.
    pub fn set_budget(&mut self, budget: usize) {
        self.budget = budget;
    }

    /// Bytes that blocks take in memory.
    pub fn held(&self) -> usize {
        self.held + self.open.capacity_bytes()
    }

    /// The next bytes of an export, newest blocks first. False once the budget is used up: the rest would be evicted at
    /// once.
    pub fn handle_history(&mut self, bytes: &[u8]) -> Result<bool, Damage> {
        self.history.push(bytes);
        while let Some(frame) = self.history.next_frame()? {
            match frame {
                Frame::Block(block) if self.held + block.memory() <= self.budget => {
                    let Some(mut block) = self.not_held(block) else { continue };
                    let room = (self.budget / 2).saturating_sub(self.held);
                    if let Some(unpacked) = block.unpacked(room) {
                        block = Arc::new(unpacked);
                    }
                    if block.header().last_seq > self.last_seq {
                        self.last_seq = block.header().last_seq;
                        self.last_time = block.header().max_time;
                    }
                    self.held += block.memory();
                    self.buffer.insert(block);
                }
                Frame::Block(_) => {
                    self.history_cut = true;
                    return Ok(false);
                }
                Frame::Footer(footer) => {
                    self.buffer.origin = Some(footer.origin.unwrap_or_default())
                }
            }
        }
        Ok(true)
    }

    /// The next bytes of a tail. A new tail may begin after an old one has broken off, see [`Self::begin_tail`].
    pub fn handle_tail(&mut self, bytes: &[u8]) -> Result<(), Damage> {
        self.tail.push(bytes);
        while let Some(frame) = self.tail.next_frame()? {
            if let Frame::Block(block) = frame {
                self.append(&block);
            }
        }
        Ok(())
    }

    /// The bytes of the export that come next are those of another one, from its beginning on. What of it is held already
    /// is not taken twice.
    pub fn begin_history(&mut self) {
        self.history_again |= !self.buffer.blocks.is_empty() || !self.open.is_empty();
        self.history = FrameStream::default();
    }

    /// The events of a block that are not held yet: the daemon may have cut its blocks elsewhere this time, and the tail has
    /// brought the newest.
    fn not_held(&mut self, block: Arc<Block>) -> Option<Arc<Block>> {
        if !self.history_again {
            return Some(block);
        }
        let h = block.header();
        let mut held: Vec<u64> = Vec::new();
        let overlaps = |b: &BlockHeader| b.first_seq <= h.last_seq && h.first_seq <= b.last_seq;
        let open = self.frozen();
        for other in self.buffer.blocks.iter().chain(&open) {
            if overlaps(other.header()) {
                held.extend(other.view(&mut self.scratch).seqs());
            }
        }
        if held.is_empty() {
            return Some(block);
        }
        held.sort_unstable();
        let is_new = |seq| held.binary_search(&seq).is_err();
        let mut scratch = Scratch::default();
        let rows = Bits::from_values(block.events(), block.view(&mut scratch).seqs(), is_new);
        if rows.count() == block.events() {
            return Some(block);
        }
        Some(Arc::new(block.only(&rows, &mut scratch)?))
    }

    /// The bytes that come next are those of another connection.
    pub fn begin_tail(&mut self) {
        self.tail = FrameStream::default();
    }

    /// The newest events of the tail as a block, if there are any.
    fn frozen(&mut self) -> Option<Arc<Block>> {
        if self.frozen.is_none() && !self.open.is_empty() {
            self.frozen = Some(Arc::new(self.open.freeze()));
        }
        self.frozen.clone()
    }

    /// What a search runs on.
    pub fn snapshot(&mut self) -> Snapshot {
        let open = self.frozen();
        let mut snapshot = self.buffer.snapshot();
        if let Some(open) = open {
            let blocks = Vec::from([Handle::owned(&open)]);
            snapshot.rings.push(RingView { blocks, ..RingView::default() });
        }
        if let Some(ring) = snapshot.rings.first_mut() {
            ring.overwritten += self.evicted.events;
        }
        snapshot
    }

    /// The blocks of the export and of the tail, without the newest events.
    pub fn buffer(&self) -> &Buffer {
        &self.buffer
    }

    /// Events that it holds.
    pub fn events(&self) -> u64 {
        let sealed: usize = self.buffer.blocks.iter().map(|b| b.events()).sum();
        (sealed + self.open.events()) as u64
    }

    /// When its events were.
    pub fn times(&self) -> Times {
        let sealed = self.buffer.times();
        if self.open.is_empty() {
            return sealed;
        }
        let open = Times::of_header(self.open.header(), self.open.events());
        sealed.and(open.unwrap_or_else(|| match &self.frozen {
            Some(block) => Times::of_block(block),
            None => Times::of_block(&self.open.freeze()),
        }))
    }

    /// Number of the newest event; the tail goes on after it.
    pub fn last_seq(&self) -> u64 {
        self.last_seq
    }

    /// Events that the daemon stored and the tail did not bring.
    pub fn missed(&self) -> u64 {
        self.missed.iter().filter_map(|region| region.events).sum()
    }

    /// Events that went, to keep to the budget.
    pub fn evicted(&self) -> u64 {
        self.evicted.events
    }

    /// Of which times events are missing.
    pub fn regions(&self) -> Vec<Region> {
        let oldest = self.times().all.map(|(oldest, _)| oldest).filter(|_| self.history_cut);
        let cut = oldest.map(|oldest| Region::between(Lack::LeftOut, None, oldest, None));
        let left_out = cut.or_else(|| self.evicted.region());
        self.buffer.overwritten().chain(left_out).chain(self.missed.iter().cloned()).collect()
    }

    fn append(&mut self, block: &Block) {
        let mut scratch = core::mem::take(&mut self.scratch);
        let mut attributes = Vec::new();
        for e in block.view(&mut scratch).rows() {
            // What an older connection has brought already.
            if e.seq <= self.last_seq {
                continue;
            }
            let Some(event) = e.to_new(&mut attributes) else { continue };
            let missed = e.seq - self.last_seq - 1;
            if self.last_seq > 0 && missed > 0 {
                let (from, until) = (self.last_time, e.time.0);
                let region = Region::between(Lack::Missed, from, until, Some(missed));
                region::push(&mut self.missed, region);
            }
            self.last_seq = e.seq;
            self.last_time = e.time.0;
            if !self.open.is_empty() && self.open.len_bytes() + OpenBlock::max_cost(&event) > BLOCK
            {
                let block = self.open.seal();
                let fits = self.held + block.memory() <= self.budget / 2;
                let block = if fits { block.indexed() } else { block.compressed() };
                self.held += block.memory();
                self.buffer.insert(Arc::new(block));
            }
            self.open.push(e.seq, e.received, &event);
            self.frozen = None;
        }
        drop(attributes);
        self.scratch = scratch;
        while self.held() > self.budget
            && let Some(block) = self.buffer.evict()
        {
            self.held -= block.memory();
            let h = block.header();
            self.evicted.add(block.events() as u64, h.min_time..=h.max_time);
        }
    }
}
