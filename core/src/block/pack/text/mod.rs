//! A column of texts as templates and what fills them.
//!
//! Most texts of a service come from few format strings. Texts are parted into words, numbers, identifiers and the
//! marks between them; those that differ in few words share a template. A text is then the number of its template
//! and what varies: words by their place in a dictionary, decimal numbers as integers, hexadecimal ones two digits to
//! a byte. What varies has, for each place of each template, the bits that its values there need, or those of the
//! difference to the value before.
//!
//! docs/buffer-format.md has the bytes.
//!
//! Source of the idea: Rodrigues, Luo and Yuan, "CLP: efficient and scalable search on compressed text logs", 2021.

mod decode;
mod encode;
mod hex;
mod miner;
mod number;
mod tokens;

use alloc::vec::Vec;

pub(super) use decode::{unpack, words};
pub(super) use encode::pack;

use super::bitstream::Layout;
use super::{lz4, unlz4};
use crate::varint;

/// Bytes that may be written or read beyond the end of a piece, so that short ones need no loop.
const SLACK: usize = 16;

/// Words, templates, and parts of all templates: of each at most so many. This bounds the tables of a reader, which are
/// larger than what they are read from.
const MAX_ENTRIES: usize = 1 << 18;

/// Largest section of a column of that length; in one that is of use, sections are far smaller.
fn max_section(column: usize) -> usize {
    2 * column + 1024
}

/// What varies after a text of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Nothing: the template ends.
    End,
    /// A word of the dictionary.
    Word(Layout),
    /// A decimal number.
    Number(Layout),
    /// Its difference to the one before, which is at first this.
    Delta(Layout, u64),
    /// Hexadecimal digits, and how many.
    Hex(u8),
    /// A UUID.
    Uuid,
}

impl Kind {
    fn encode(self, out: &mut Vec<u8>) {
        match self {
            Self::End => out.push(0),
            Self::Word(layout) => {
                out.push(1);
                layout.encode(out);
            }
            Self::Number(layout) => {
                out.push(2);
                layout.encode(out);
            }
            Self::Delta(layout, before) => {
                out.push(3);
                layout.encode(out);
                varint::write(out, before);
            }
            Self::Hex(len) => out.extend([4, len]),
            Self::Uuid => out.push(5),
        }
    }

    fn decode(bytes: &mut &[u8]) -> Option<Self> {
        let byte = |bytes: &mut &[u8]| {
            let (&first, rest) = bytes.split_first()?;
            *bytes = rest;
            Some(first)
        };
        Some(match byte(bytes)? {
            0 => Self::End,
            1 => Self::Word(Layout::decode(bytes)?),
            2 => Self::Number(Layout::decode(bytes)?),
            3 => Self::Delta(Layout::decode(bytes)?, varint::read(bytes)?),
            4 => Self::Hex(byte(bytes).filter(|&len| len > 0)?),
            5 => Self::Uuid,
            _ => return None,
        })
    }
}

fn write_section(out: &mut Vec<u8>, bytes: &[u8]) {
    varint::write(out, bytes.len() as u64);
    let packed = lz4(bytes);
    let helps = packed.len() < bytes.len();
    varint::write(out, if helps { packed.len() as u64 } else { 0 });
    out.extend_from_slice(if helps { &packed } else { bytes });
}

/// Takes a section of a column of that length off the front; [`SLACK`] zeros follow its bytes.
fn read_section(packed: &mut &[u8], column: usize) -> Option<Vec<u8>> {
    let len = usize::try_from(varint::read(packed)?).ok().filter(|&l| l <= max_section(column))?;
    let stored = usize::try_from(varint::read(packed)?).ok()?;
    let mut out = Vec::new();
    let (bytes, rest) = packed.split_at_checked(if stored == 0 { len } else { stored })?;
    *packed = rest;
    if stored == 0 {
        out.extend_from_slice(bytes);
    } else {
        unlz4(bytes, len, &mut out)?;
    }
    out.resize(len + SLACK, 0);
    Some(out)
}

#[cfg(test)]
mod tests;
