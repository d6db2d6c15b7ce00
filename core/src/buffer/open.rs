//! What is in a buffer.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use logd_proto::buffer::Origin;

use super::load::Loader;
use super::times::Times;
use crate::block::{Block, Damage};
use crate::store::{Handle, RingView, Snapshot};
use crate::time::UnixNanos;

/// A part of a buffer that could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where it begins, in bytes from the start of the buffer.
    pub offset: u64,
    /// How many bytes were skipped until the next readable frame, or the end.
    pub len: u64,
    /// What was wrong there.
    pub damage: Damage,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes at offset {} are lost: {}", self.len, self.offset, self.damage)
    }
}

/// A buffer, opened as far as it goes.
#[derive(Debug, Default)]
pub struct Buffer {
    /// In ascending order of their first number.
    pub blocks: Vec<Arc<Block>>,
    /// Where it came from; `None` if the end is missing.
    pub origin: Option<Origin>,
    /// What could not be read, in the order of the file. A buffer that was cut has one at its end.
    pub faults: Vec<Fault>,
    /// Of each block.
    times: Vec<Times>,
}

impl Buffer {
    /// Reads every frame that is whole. Fails only if the bytes do not begin as a buffer does.
    pub fn open(bytes: &[u8]) -> Result<Self, Damage> {
        let mut loader = Loader::from_start(bytes.len() as u64);
        while let Some(range) = loader.poll_read() {
            loader.handle_read(&bytes[range.start as usize..range.end as usize])?;
        }
        Ok(loader.into_buffer())
    }

    /// When its events were.
    pub fn times(&self) -> Times {
        self.times.iter().copied().fold(Times::default(), Times::and)
    }

    /// What a search runs on. Holds the blocks.
    pub fn snapshot(&self) -> Snapshot {
        let mut rings: Vec<RingView> = Vec::new();
        for origin in self.origin.iter().flat_map(|o| &o.rings) {
            rings.push(RingView {
                prefix: origin.prefix.clone(),
                overwritten: origin.overwritten + origin.evicted_during,
                overwritten_seq: origin.overwritten_seq,
                overwritten_until: UnixNanos(origin.overwritten_until),
                ..RingView::default()
            });
        }
        for block in &self.blocks {
            let prefix: &String = &block.header().ring;
            let at = rings.iter().position(|r| r.prefix == *prefix).unwrap_or_else(|| {
                rings.push(RingView { prefix: prefix.clone(), ..RingView::default() });
                rings.len() - 1
            });
            rings[at].blocks.push(Handle::owned(block));
        }
        Snapshot { rings }
    }

    /// Puts a block where its numbers belong.
    pub(super) fn insert(&mut self, block: Arc<Block>) {
        let first = block.header().first_seq;
        let at = self.blocks.partition_point(|b| b.header().first_seq <= first);
        self.times.insert(at, Times::of_block(&block));
        self.blocks.insert(at, block);
    }

    /// Takes out the block with the smallest numbers.
    pub(super) fn evict(&mut self) -> Option<Arc<Block>> {
        (!self.blocks.is_empty()).then(|| {
            self.times.remove(0);
            self.blocks.remove(0)
        })
    }

    /// Neighbouring faults are one.
    pub(super) fn fault(&mut self, fault: Fault) {
        match self.faults.last_mut() {
            Some(last) if last.offset + last.len == fault.offset => last.len += fault.len,
            _ => self.faults.push(fault),
        }
    }
}
