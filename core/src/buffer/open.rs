//! Reading a buffer that is in memory as a whole.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use logd_proto::buffer::{Footer, Origin};

use super::frame::{self, Frame, HEAD_LEN, TRAILER_LEN, check_head, read_frame};
use crate::block::{Block, Damage};
use crate::store::{Handle, RingView, Snapshot};
use crate::time::UnixNanos;

/// A part of a buffer that could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where it begins, in bytes from the start of the buffer.
    pub offset: usize,
    /// How many bytes were skipped until the next readable frame, or the end.
    pub len: usize,
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
    /// In the order of the file.
    pub blocks: Vec<Arc<Block>>,
    /// Where it came from; `None` if the end is missing.
    pub origin: Option<Origin>,
    /// What could not be read, in the order of the file. A buffer that was cut has one at its end.
    pub faults: Vec<Fault>,
}

impl Buffer {
    /// Reads every frame that is whole. Fails only if the bytes do not begin as a buffer does.
    pub fn open(bytes: &[u8]) -> Result<Self, Damage> {
        check_head(bytes)?;
        let mut buffer = Self::default();
        let mut at = HEAD_LEN;
        while at < bytes.len() && buffer.origin.is_none() {
            match read_frame(&bytes[at..]) {
                Ok((Frame::Block(block), len)) => {
                    buffer.blocks.push(block);
                    at += len;
                }
                Ok((Frame::Footer(footer), len)) => {
                    buffer.end(footer, at, at + len, &bytes[at + len..]);
                    at += len;
                }
                Err(damage) => {
                    // A mark within a column can look like a frame; its checksum tells.
                    let skipped =
                        1 + frame::next_mark(&bytes[at + 1..]).unwrap_or(bytes.len() - at - 1);
                    buffer.fault(Fault { offset: at, len: skipped, damage });
                    at += skipped;
                }
            }
        }
        if buffer.origin.is_none() && buffer.faults.last().is_none_or(|f| f.offset + f.len < at) {
            buffer.fault(Fault { offset: at, len: 0, damage: Damage::Truncated });
        }
        Ok(buffer)
    }

    /// What a search runs on. Holds the blocks.
    pub fn snapshot(&self) -> Snapshot {
        let mut rings: Vec<RingView> = Vec::new();
        for origin in self.origin.iter().flat_map(|o| &o.rings) {
            rings.push(RingView {
                prefix: origin.prefix.clone(),
                blocks: Vec::new(),
                overwritten: origin.overwritten + origin.evicted_during,
                overwritten_seq: origin.overwritten_seq,
                overwritten_until: UnixNanos(origin.overwritten_until),
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

    /// A footer at `start..end`, and what follows it.
    fn end(&mut self, footer: Footer, start: usize, end: usize, rest: &[u8]) {
        self.origin = Some(footer.origin.unwrap_or_default());
        if rest.len() != TRAILER_LEN || frame::footer_offset(rest) != Some(start as u64) {
            self.fault(Fault { offset: end, len: rest.len(), damage: Damage::Truncated });
        }
    }

    /// Neighbouring faults are one.
    fn fault(&mut self, fault: Fault) {
        match self.faults.last_mut() {
            Some(last) if last.offset + last.len == fault.offset => last.len += fault.len,
            _ => self.faults.push(fault),
        }
    }
}
