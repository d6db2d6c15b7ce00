//! Writing a buffer.

use alloc::vec::Vec;

use logd_proto::buffer::{BlockEntry, Footer, Origin};
use logd_proto::prost::Message;

use super::frame;
use crate::block::Block;

/// Writes a buffer block by block into buffers that the caller owns and may flush in between.
#[derive(Debug)]
pub struct Writer {
    blocks: Vec<BlockEntry>,
    offset: u64,
}

impl Writer {
    /// Appends the head to `out`.
    pub fn new(out: &mut Vec<u8>) -> Self {
        frame::write_head(out);
        Self { blocks: Vec::new(), offset: frame::HEAD_LEN as u64 }
    }

    /// Appends a block of the ring with this prefix, as it is.
    pub fn block(&mut self, ring: &str, block: &Block, out: &mut Vec<u8>) {
        let mut header = block.header().clone();
        header.ring = ring.into();
        let start = out.len();
        frame::write_block(out, &header.encode_to_vec(), block.body());
        let len = out.len() - start;
        let crc = frame::checksum_of(&out[start..]);
        self.blocks.push(BlockEntry {
            offset: self.offset,
            frame_len: len as u32,
            header: Some(header),
            crc,
        });
        self.offset += len as u64;
    }

    /// Appends a block that no index will have: to a buffer without an end, such as a tail. It is of no ring.
    pub fn frame(block: &Block, out: &mut Vec<u8>) {
        frame::write_block(out, &block.header().encode_to_vec(), block.body());
    }

    /// Appends footer and trailer.
    pub fn finish(self, origin: Origin, out: &mut Vec<u8>) {
        let footer = Footer { blocks: self.blocks, origin: Some(origin) };
        frame::write_footer(out, &footer, self.offset);
    }
}
