//! The bytes around a block.

use alloc::sync::Arc;
use alloc::vec::Vec;

use crc::{CRC_32_ISCSI, Crc, Table};
use logd_proto::buffer::Footer;
use logd_proto::prost::Message;

use crate::block::{Block, Damage};

/// Begins a buffer; the last byte is the version of the format.
const HEAD: [u8; HEAD_LEN] = *b"LOGDBUF\x01";
/// Ends a buffer, after the footer's offset.
const TAIL: [u8; 8] = *b"LOGDEND\x01";
const BLOCK: [u8; 4] = *b"LGDB";
const FOOTER: [u8; 4] = *b"LGDF";

/// Length of a buffer's head, in bytes.
pub const HEAD_LEN: usize = 8;
/// Length of what precedes a frame's contents: mark, length of header, length of body, CRC-32C.
pub const FRAME_HEADER_LEN: usize = 16;
/// Length of a buffer's trailer.
pub const TRAILER_LEN: usize = 16;

/// CRC-32C (Castagnoli), as in RFC 3720.
static CRC: Crc<u32, Table<16>> = Crc::<u32, Table<16>>::new(&CRC_32_ISCSI);

/// What a frame holds.
#[derive(Debug)]
pub enum Frame {
    /// A block; with the prefix of its ring in the header.
    Block(Arc<Block>),
    /// The index of the buffer.
    Footer(Footer),
}

/// Whether these bytes begin a buffer of this version.
pub fn check_head(bytes: &[u8]) -> Result<(), Damage> {
    if bytes.starts_with(&HEAD) { Ok(()) } else { Err(Damage::Magic) }
}

/// Where the footer begins, from the last [`TRAILER_LEN`] bytes of a buffer; `None` if the buffer was cut.
pub fn footer_offset(trailer: &[u8]) -> Option<u64> {
    let (offset, tail) = trailer.split_first_chunk()?;
    (tail == TAIL).then(|| u64::from_le_bytes(*offset))
}

/// Reads the frame at the start of `bytes`; returns it with its length.
pub fn read_frame(bytes: &[u8]) -> Result<(Frame, usize), Damage> {
    let (mark, rest) = bytes.split_first_chunk().ok_or(Damage::Truncated)?;
    if *mark != BLOCK && *mark != FOOTER {
        return Err(Damage::Magic);
    }
    let number = |at: usize| {
        let bytes = rest.get(at..)?.first_chunk()?;
        Some(u32::from_le_bytes(*bytes))
    };
    let (Some(header_len), Some(body_len), Some(crc)) = (number(0), number(4), number(8)) else {
        return Err(Damage::Truncated);
    };
    let contents = rest.get(12..).ok_or(Damage::Truncated)?;
    let (header, contents) =
        contents.split_at_checked(header_len as usize).ok_or(Damage::Truncated)?;
    let body = contents.get(..body_len as usize).ok_or(Damage::Truncated)?;
    if checksum(mark, header, body) != crc {
        return Err(Damage::Checksum);
    }
    let len = FRAME_HEADER_LEN + header.len() + body.len();
    let frame = if *mark == BLOCK {
        Frame::Block(Arc::new(Block::decode(header, body)?))
    } else {
        Frame::Footer(Footer::decode(header).map_err(|_| Damage::Header)?)
    };
    Ok((frame, len))
}

/// The checksum that the frame at the start of `bytes` has, right or wrong; `None` where these are too few.
pub(super) fn checksum_of(bytes: &[u8]) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(12..)?.first_chunk()?))
}

/// Length of the frame at the start of `bytes`, as it says itself; `None` where these are too few to tell, or begin no
/// frame.
pub(super) fn frame_len(bytes: &[u8]) -> Option<u64> {
    let mark = bytes.first_chunk()?;
    let number = |at: usize| Some(u64::from(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?)));
    let known = *mark == BLOCK || *mark == FOOTER;
    Some(FRAME_HEADER_LEN as u64 + number(4)? + number(8)?).filter(|_| known)
}

pub(super) fn write_head(out: &mut Vec<u8>) {
    out.extend_from_slice(&HEAD);
}

pub(super) fn write_block(out: &mut Vec<u8>, header: &[u8], body: &[u8]) {
    write(out, &BLOCK, header, body);
}

pub(super) fn write_footer(out: &mut Vec<u8>, footer: &Footer, offset: u64) {
    write(out, &FOOTER, &footer.encode_to_vec(), &[]);
    out.extend_from_slice(&offset.to_le_bytes());
    out.extend_from_slice(&TAIL);
}

/// The offset of the next place in `bytes` that may begin a frame.
pub(super) fn next_mark(bytes: &[u8]) -> Option<usize> {
    // The marks differ in their last byte only.
    let mut from = 0;
    loop {
        let at = from + memchr::memmem::find(bytes.get(from..)?, &BLOCK[..3])?;
        let rest = &bytes[at..];
        if rest.starts_with(&BLOCK) || rest.starts_with(&FOOTER) {
            return Some(at);
        }
        from = at + 1;
    }
}

fn write(out: &mut Vec<u8>, mark: &[u8; 4], header: &[u8], body: &[u8]) {
    out.extend_from_slice(mark);
    out.extend_from_slice(&(header.len() as u32).to_le_bytes());
    out.extend_from_slice(&(body.len() as u32).to_le_bytes());
    out.extend_from_slice(&checksum(mark, header, body).to_le_bytes());
    out.extend_from_slice(header);
    out.extend_from_slice(body);
}

/// Covers the mark, both lengths and the contents: all of a frame but the checksum itself.
fn checksum(mark: &[u8; 4], header: &[u8], body: &[u8]) -> u32 {
    let mut digest = CRC.digest();
    digest.update(mark);
    digest.update(&(header.len() as u32).to_le_bytes());
    digest.update(&(body.len() as u32).to_le_bytes());
    digest.update(header);
    digest.update(body);
    digest.finalize()
}
