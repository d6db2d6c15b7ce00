//! Reading a buffer piece by piece: its index first, then its newest blocks.
//!
//! The caller reads the ranges that [`Loader::poll_read`] asks for, from a file or over the network, and hands the bytes
//! in. What has been loaded can be searched at any time. A buffer whose end is missing is read from its beginning on.

use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Range;

use logd_proto::buffer::{BlockEntry, Footer};

use super::content;
use super::frame::{self, Frame, HEAD_LEN, TRAILER_LEN, check_head, read_frame};
use super::open::{Buffer, Fault};
use super::region::{self, Gone, Lack, Region};
use crate::block::{Block, Damage};
use crate::store::Snapshot;

/// The first read: enough for the index of a small buffer.
const END: u64 = 64 << 10;
/// How much is read at a time, if the blocks are smaller than that.
const READ: u64 = 4 << 20;

/// How far a [`Loader`] is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// Events that can be searched.
    pub events: u64,
    /// Events that the index speaks of; what has been found so far where there is no index.
    pub of_events: u64,
    /// Bytes of the buffer that have been read.
    pub bytes: u64,
    /// Its length.
    pub of_bytes: u64,
    /// Events that were left out because the memory for blocks was used up: the oldest ones.
    pub left_out: u64,
}

/// A buffer under way.
#[derive(Debug)]
pub struct Loader {
    len: u64,
    state: State,
    buffer: Buffer,
    loaded: Loaded,
    /// Bytes that blocks may take in memory, and those they take.
    budget: usize,
    held: usize,
    /// Whether blocks are unpacked as long as there is room.
    unpacks: bool,
    left_out: Gone,
    damaged: Vec<Region>,
    /// See [`Self::content`].
    content: Option<String>,
    scanned: Scanned,
}

/// What is known of the blocks of a buffer without an index.
#[derive(Debug, Default)]
struct Scanned {
    checksums: Vec<u32>,
    /// The latest time of the block read last.
    newest: Option<i64>,
    /// Something could not be read since.
    broken: bool,
}

#[derive(Debug)]
enum State {
    /// The last bytes are wanted.
    End,
    /// The index, which begins here, is wanted.
    Index(u64),
    /// Blocks are wanted that lie next to each other, the first range first; a range has the entries of its blocks.
    Blocks(VecDeque<Vec<BlockEntry>>),
    /// There is no index: frames from `at` on are wanted, at least `least` bytes.
    Scan {
        at: u64,
        least: u64,
    },
    Done,
}

impl Loader {
    /// For a buffer of `len` bytes, whose blocks may take `budget` bytes in memory. The newest ones are unpacked, as far as
    /// half of the budget is enough for these and all others.
    pub fn new(len: u64, budget: usize) -> Self {
        let loaded = Loaded { of_bytes: len, ..Loaded::default() };
        Self {
            len,
            state: State::End,
            buffer: Buffer::default(),
            loaded,
            budget,
            held: 0,
            unpacks: true,
            left_out: Gone::default(),
            damaged: Vec::new(),
            content: None,
            scanned: Scanned::default(),
        }
    }

    /// For a buffer of which everything is to be read, in order.
    pub(super) fn from_start(len: u64) -> Self {
        let state = State::Scan { at: 0, least: 0 };
        Self { state, unpacks: false, ..Self::new(len, usize::MAX) }
    }

    /// Which bytes to read next, from the start of the buffer; `None` at the end.
    pub fn poll_read(&self) -> Option<Range<u64>> {
        match &self.state {
            State::End => Some(self.len.saturating_sub(END)..self.len),
            State::Index(start) => Some(*start..self.len),
            State::Blocks(reads) => reads.front().and_then(|r| range(r)),
            State::Scan { at, least } => {
                (*at < self.len || *at == 0).then(|| *at..self.len.min(at + READ.max(*least)))
            }
            State::Done => None,
        }
    }

    /// Takes the bytes that were asked for last. Fewer mean that the buffer is shorter than it was said to be.
    ///
    /// Fails if the bytes are no buffer; the loader then asks for nothing more.
    pub fn handle_read(&mut self, bytes: &[u8]) -> Result<(), Damage> {
        let Some(asked) = self.poll_read() else { return Ok(()) };
        if (bytes.len() as u64) < asked.end - asked.start {
            self.len = asked.start + bytes.len() as u64;
        }
        match core::mem::replace(&mut self.state, State::Done) {
            State::End => {
                let index = bytes.last_chunk::<TRAILER_LEN>().and_then(|t| frame::footer_offset(t));
                match index {
                    Some(start) if start >= asked.start && start < asked.end => {
                        self.index(start, &bytes[(start - asked.start) as usize..]);
                    }
                    Some(start) if start >= HEAD_LEN as u64 && start < asked.start => {
                        self.state = State::Index(start);
                    }
                    _ => self.scan(),
                }
            }
            State::Index(start) => self.index(start, bytes),
            State::Blocks(mut reads) => {
                self.blocks(&reads.pop_front().unwrap_or_default(), asked.start, bytes);
                self.blocks_wanted(reads);
            }
            State::Scan { at, .. } => self.frames(at, bytes)?,
            State::Done => {}
        }
        Ok(())
    }

    /// From now on blocks may take so many bytes in memory. Those that are there stay.
    pub fn set_budget(&mut self, budget: usize) {
        self.budget = budget;
    }

    /// Bytes that blocks take in memory.
    pub fn held(&self) -> usize {
        self.held
    }

    /// How far it is.
    pub fn loaded(&self) -> Loaded {
        self.loaded
    }

    /// What has been read so far: blocks, origin and faults.
    pub fn buffer(&self) -> &Buffer {
        &self.buffer
    }

    /// A hash of the content: of the checksums of all blocks, those that were left out, too. Known once the index has been
    /// read, or all of a buffer that has none.
    pub fn content(&self) -> Option<&str> {
        self.content.as_deref()
    }

    /// Of which times events are missing.
    pub fn regions(&self) -> Vec<Region> {
        let left_out = self.left_out.region();
        self.buffer.overwritten().chain(left_out).chain(self.damaged.iter().cloned()).collect()
    }

    pub(super) fn into_buffer(self) -> Buffer {
        self.buffer
    }

    /// What a search runs on: the blocks so far.
    pub fn snapshot(&self) -> Snapshot {
        self.buffer.snapshot()
    }

    /// The index, and the trailer after it.
    fn index(&mut self, start: u64, bytes: &[u8]) {
        match read_frame(bytes) {
            Ok((Frame::Footer(footer), _)) if self.is_sound(&footer, start) => {
                self.loaded.bytes += self.len - start;
                self.loaded.of_events = footer.blocks.iter().map(events).sum();
                self.buffer.origin = Some(footer.origin.unwrap_or_default());
                let checksums: Option<Vec<u32>> = footer.blocks.iter().map(|b| b.crc).collect();
                self.content = checksums.map(|all| content::hash(all.into_iter()));
                self.plan(footer.blocks);
            }
            _ => self.scan(),
        }
    }

    /// Whether the index can be that of this buffer: the blocks lie between head and index, one after the other.
    fn is_sound(&self, footer: &Footer, start: u64) -> bool {
        let mut at = HEAD_LEN as u64;
        footer.blocks.iter().all(|entry| {
            let follows = entry.offset >= at && entry.header.is_some();
            at = entry.offset.saturating_add(u64::from(entry.frame_len));
            follows && at <= start
        })
    }

    /// Newest blocks first; neighbours in one read.
    fn plan(&mut self, mut entries: Vec<BlockEntry>) {
        entries.sort_by_key(|e| core::cmp::Reverse(e.header.as_ref().map(|h| h.last_seq)));
        let mut reads: VecDeque<Vec<BlockEntry>> = VecDeque::new();
        for entry in entries {
            let len = u64::from(entry.frame_len);
            match reads.back_mut().filter(|read| {
                range(read)
                    .is_some_and(|r| r.start == entry.offset + len && r.end - entry.offset <= READ)
            }) {
                Some(read) => read.push(entry),
                None => reads.push_back(Vec::from([entry])),
            }
        }
        self.blocks_wanted(reads);
    }

    fn blocks_wanted(&mut self, reads: VecDeque<Vec<BlockEntry>>) {
        if self.held < self.budget && !reads.is_empty() {
            self.state = State::Blocks(reads);
            return;
        }
        for entry in reads.iter().flatten() {
            self.loaded.left_out += events(entry);
            if let Some(h) = &entry.header {
                self.left_out.add(events(entry), h.min_time..=h.max_time);
            }
        }
    }

    fn blocks(&mut self, entries: &[BlockEntry], start: u64, bytes: &[u8]) {
        self.loaded.bytes += bytes.len() as u64;
        for entry in entries {
            let at = (entry.offset - start) as usize;
            let frame = bytes.get(at..).ok_or(Damage::Truncated).and_then(read_frame);
            let damage = match frame {
                // A sound block, and not the one that the index is of.
                Ok(_) if !is_of(entry, bytes.get(at..)) => Damage::Checksum,
                Ok((Frame::Block(block), _)) => {
                    self.hold(block);
                    continue;
                }
                Ok((Frame::Footer(_), _)) => Damage::Magic,
                Err(damage) => damage,
            };
            self.fault(entry.offset, entry.frame_len, damage);
            if let Some(h) = &entry.header {
                let lost = Some(events(entry));
                let region = Region::between(Lack::Damaged, h.min_time, h.max_time, lost);
                region::push(&mut self.damaged, region);
            }
        }
    }

    fn scan(&mut self) {
        self.state = State::Scan { at: 0, least: 0 };
    }

    /// The frames in these bytes, which lie at `at`; the last one may reach beyond them.
    fn frames(&mut self, start: u64, bytes: &[u8]) -> Result<(), Damage> {
        let mut at = 0;
        if start == 0 {
            check_head(bytes)?;
            at = HEAD_LEN;
        }
        let to_the_end = start + bytes.len() as u64 >= self.len;
        let mut least = 0;
        while at < bytes.len() && self.buffer.origin.is_none() {
            let offset = start + at as u64;
            match read_frame(&bytes[at..]) {
                Ok((Frame::Block(block), len)) => {
                    self.scanned(&block, frame::checksum_of(&bytes[at..]));
                    at += len;
                }
                Ok((Frame::Footer(footer), len)) => {
                    self.buffer.origin = Some(footer.origin.unwrap_or_default());
                    at += len;
                    let trailer = bytes[at..].first_chunk::<TRAILER_LEN>();
                    if trailer.is_some_and(|t| frame::footer_offset(t) != Some(offset)) {
                        self.fault(start + at as u64, TRAILER_LEN as u32, Damage::Magic);
                    }
                }
                Err(damage) => {
                    // The frame goes on beyond these bytes, unless it claims to be longer than the buffer.
                    let frame_len = frame::frame_len(&bytes[at..]);
                    if damage == Damage::Truncated
                        && !to_the_end
                        && frame_len.is_none_or(|len| len <= self.len - offset)
                    {
                        least = frame_len.unwrap_or(0);
                        break;
                    }
                    let rest = &bytes[at + 1..];
                    let skipped = 1 + frame::next_mark(rest).unwrap_or(rest.len());
                    self.fault(offset, skipped as u32, damage);
                    self.scanned.broken = true;
                    at += skipped;
                }
            }
        }
        self.loaded.bytes = start + at as u64;
        if self.buffer.origin.is_some() {
            let rest = self.len.saturating_sub(start + at as u64);
            if rest != TRAILER_LEN as u64 {
                self.fault(start + at as u64, rest.min(u32::MAX.into()) as u32, Damage::Truncated);
            }
        } else if to_the_end {
            self.fault(start + at as u64, 0, Damage::Truncated);
            self.scanned.broken = true;
        } else {
            self.state = State::Scan { at: start + at as u64, least };
            return Ok(());
        }
        self.scan_over();
        Ok(())
    }

    fn scanned(&mut self, block: &Arc<Block>, checksum: Option<u32>) {
        let h = block.header();
        let events = block.events() as u64;
        self.scanned.checksums.extend(checksum);
        if core::mem::take(&mut self.scanned.broken) {
            // A file that begins with damage may lack anything before its first block.
            let region = Region::between(Lack::Damaged, self.scanned.newest, h.min_time, None);
            region::push(&mut self.damaged, region);
        }
        self.scanned.newest = Some(h.max_time);
        self.loaded.of_events += events;
        if self.held < self.budget {
            self.hold(block.clone());
        } else {
            self.loaded.left_out += events;
            self.left_out.add(events, h.min_time..=h.max_time);
        }
    }

    fn scan_over(&mut self) {
        if let (true, newest @ Some(_)) = (self.scanned.broken, self.scanned.newest) {
            region::push(&mut self.damaged, Region::between(Lack::Damaged, newest, None, None));
        }
        let checksums = core::mem::take(&mut self.scanned.checksums);
        self.content = Some(content::hash(checksums.into_iter()));
    }

    fn hold(&mut self, mut block: Arc<Block>) {
        let ahead =
            usize::try_from(self.len.saturating_sub(self.loaded.bytes)).unwrap_or(usize::MAX);
        let room = (self.budget / 2).saturating_sub(self.held).saturating_sub(ahead);
        if self.unpacks
            && let Some(unpacked) = block.unpacked(room)
        {
            block = Arc::new(unpacked);
        }
        self.held += block.memory();
        self.loaded.events += block.events() as u64;
        self.buffer.insert(block);
    }

    fn fault(&mut self, offset: u64, len: u32, damage: Damage) {
        self.buffer.fault(Fault { offset, len: u64::from(len), damage });
    }
}

/// Whether the index speaks of the frame at the start of these bytes.
fn is_of(entry: &BlockEntry, bytes: Option<&[u8]>) -> bool {
    entry.crc.is_none_or(|crc| bytes.and_then(frame::checksum_of) == Some(crc))
}

fn events(entry: &BlockEntry) -> u64 {
    entry.header.as_ref().map_or(0, |h| u64::from(h.events))
}

/// Where blocks lie that follow one another, the last one first.
fn range(entries: &[BlockEntry]) -> Option<Range<u64>> {
    let (first, last) = (entries.last()?, entries.first()?);
    Some(first.offset..last.offset + u64::from(last.frame_len))
}
