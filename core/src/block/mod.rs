//! Blocks: the unit of retention, reading, pruning and export.
//!
//! A block holds its events column by column. Columns are byte streams to which an event only appends, so the
//! block that is being filled ([`OpenBlock`]) and a sealed one ([`Block`]) have the same encoding:
//!
//! | column | an event adds |
//! |---|---|
//! | seq | varint: difference to the event before (0 for the first, whose value is in the header) |
//! | time, received | zigzag varint: the same |
//! | severity | one byte |
//! | key | varint: index of the key in the header |
//! | text | its UTF-8, then the byte `0xff`, which occurs in no UTF-8 |
//! | attributes | varint: length of its entries; then the entries |
//! | grams | nothing: one filter over all texts, added to a sealed block |
//!
//! The terminator lets a search run over the text of a whole block at once: no needle of text can match across it.

mod attributes;
mod check;
mod grams;
mod open;
mod pack;
mod view;

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ops::Range;

use crate::bits::Bits;
use logd_proto::buffer::{BlockHeader, Column, ColumnKind, Compression};
use logd_proto::prost::Message;

pub use attributes::Attributes;
pub(crate) use attributes::take_entry;
pub use check::Damage;
pub(crate) use grams::NeedleGrams;
pub use open::OpenBlock;
pub use view::{EventRef, Rows, Scratch, View};

/// Ends each text in the text column.
pub(crate) const TERMINATOR: u8 = 0xff;

const KINDS: usize = 9;

// What a block takes beside its data, and each of its columns. Not `size_of`: a ring of one budget must hold the
// same events on every target, and pointers differ.
const FIXED: usize = 384;
const COLUMN: usize = 16;
const _: () = assert!(size_of::<Block>() <= FIXED && size_of::<Column>() <= COLUMN);

/// An immutable block of events.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    header: BlockHeader,
    body: Box<[u8]>,
    /// Where each [`ColumnKind`] lies in `body`.
    stored: [Range<usize>; KINDS],
    /// See [`Self::unpacked`].
    known: Option<Box<Known>>,
    /// See [`Self::memory`].
    memory: usize,
}

/// What is known of a text column that was unpacked.
#[derive(Clone, Debug, PartialEq)]
struct Known {
    /// See [`View::words`].
    words: Option<Box<[u8]>>,
    /// Where every [`STRIDE`]th text begins.
    starts: Box<[u32]>,
}

/// Texts from one that is found at once to the next, in a block that was unpacked.
const STRIDE: usize = 8;

/// What takes the time of a search in a compressed block.
const UNPACKED: [ColumnKind; 2] = [ColumnKind::Text, ColumnKind::Attributes];

impl Block {
    /// `header.columns` must describe `body`; [`Self::decode`] checks what comes from elsewhere.
    pub(crate) fn from_parts(header: BlockHeader, body: Box<[u8]>) -> Self {
        let mut stored: [Range<usize>; KINDS] = core::array::from_fn(|_| 0..0);
        let mut start = 0;
        for column in &header.columns {
            let end = start + column.stored_len as usize;
            stored[column.kind() as usize] = start..end;
            start = end;
        }
        let memory = memory(&header, body.len());
        Self { header, body, stored, known: None, memory }
    }

    /// From a header's bytes and a body, as [`Self::header`] and [`Self::body`] gave them. Every column is
    /// checked, so that reading the block cannot fail later.
    pub fn decode(header: &[u8], body: &[u8]) -> Result<Self, Damage> {
        let header = BlockHeader::decode(header).map_err(|_| Damage::Header)?;
        check::columns(&header, body.len())?;
        let block = Self::from_parts(header, Box::from(body));
        check::contents(&block)?;
        Ok(block)
    }

    /// What the block says of itself: counts, ranges, dictionaries, columns.
    pub fn header(&self) -> &BlockHeader {
        &self.header
    }

    /// The columns, one after the other.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// How many events it holds.
    pub fn events(&self) -> usize {
        self.header.events as usize
    }

    /// Bytes that it occupies in memory, dictionaries included.
    pub fn memory(&self) -> usize {
        self.memory
    }

    /// The columns as slices; `scratch` holds those that had to be decompressed.
    pub fn view<'a>(&'a self, scratch: &'a mut Scratch) -> View<'a> {
        View::new(self, scratch)
    }

    /// [`Self::view`] with a scratch that holds columns of this block, or none: what is unpacked stays so.
    pub(crate) fn view_again<'a>(&'a self, scratch: &'a mut Scratch) -> View<'a> {
        View::again(self, scratch)
    }

    /// Some of its events as a block of their own; `None` if there are none.
    pub(crate) fn only(&self, rows: &Bits, scratch: &mut Scratch) -> Option<Self> {
        let view = self.view(scratch);
        let mut open = OpenBlock::new();
        let mut events = view.rows();
        let mut attributes = Vec::new();
        for row in rows.iter() {
            let e = events.at(row)?;
            open.push(e.seq, e.received, &e.to_new(&mut attributes)?);
        }
        if open.is_empty() {
            return None;
        }
        let mut block = open.seal();
        block.header.ring.clone_from(&self.header.ring);
        Some(block)
    }

    /// The same events with a filter over the text, and the columns of integers bit by bit. Text and attributes stay as
    /// they are: unpacking them is what would make a search slower.
    #[must_use]
    pub fn indexed(&self) -> Self {
        self.rebuilt(pack::pack_integers)
    }

    /// The same events with a filter over the text, and each column compressed where that makes it smaller.
    #[must_use]
    pub fn compressed(&self) -> Self {
        self.rebuilt(pack::pack)
    }

    /// The same events with text and attributes unpacked, if it then takes `room` bytes of memory at most: a search need
    /// not do it each time. What tells without the texts that a word is not in them is kept, and where texts are.
    pub fn unpacked(&self, room: usize) -> Option<Self> {
        let columns = self.header.columns.iter().filter(|c| UNPACKED.contains(&c.kind()));
        let more: usize = columns.map(|c| c.len.saturating_sub(c.stored_len) as usize).sum();
        if self.memory().saturating_add(more) > room {
            return None;
        }
        let mut scratch = Scratch::default();
        let view = self.view(&mut scratch);
        let words: Option<Box<[u8]>> = view.words().map(Box::from);
        let mut header = self.header.clone();
        let mut body = Vec::with_capacity(self.body.len() + more);
        for column in &mut header.columns {
            let kind = column.kind();
            if UNPACKED.contains(&kind) {
                column.set_compression(Compression::None);
                column.stored_len = column.len;
                body.extend_from_slice(view.column(kind));
            } else {
                body.extend_from_slice(self.column(kind));
            }
        }
        let block = Self::from_parts(header, Box::from(body));
        let starts = starts(view.text());
        let known = words.as_ref().map_or(0, |words| words.len()) + size_of_val(&*starts);
        let memory = block.memory + known;
        let block = Self { known: Some(Known { words, starts }.into()), memory, ..block };
        (block.memory() <= room).then_some(block)
    }

    /// With a filter, and `pack` applied to what is not packed yet.
    fn rebuilt(&self, pack: impl Fn(ColumnKind, &[u8]) -> Option<(Compression, Vec<u8>)>) -> Self {
        let mut header = self.header.clone();
        let mut grams = self.column(ColumnKind::Grams).to_vec();
        if grams.is_empty() {
            grams = grams::build(self.view(&mut Scratch::default()).text());
            let len = grams.len() as u32;
            let kind = ColumnKind::Grams.into();
            header.columns.push(Column { kind, stored_len: len, len, ..Column::default() });
        }
        let mut body = Vec::with_capacity(self.body.len() + grams.len());
        for column in &mut header.columns {
            let kind = column.kind();
            let bytes = if kind == ColumnKind::Grams { &grams } else { self.column(kind) };
            let plain = column.compression() == Compression::None;
            match plain.then(|| pack(kind, bytes)).flatten() {
                Some((compression, packed)) => {
                    column.stored_len = packed.len() as u32;
                    column.set_compression(compression);
                    body.extend_from_slice(&packed);
                }
                None => body.extend_from_slice(bytes),
            }
        }
        Self::from_parts(header, Box::from(body))
    }

    fn column(&self, kind: ColumnKind) -> &[u8] {
        &self.body[self.stored[kind as usize].clone()]
    }
}

/// Of a block with this header and so many bytes of columns.
fn memory(h: &BlockHeader, body: usize) -> usize {
    let strings = |n: usize, total: usize| n * 40 + total;
    FIXED
        + body
        + h.by_severity.len() * 4
        + h.columns.len() * COLUMN
        + strings(h.keys.len(), h.keys.iter().map(|k| k.key.len()).sum())
        + strings(h.attribute_names.len(), h.attribute_names.iter().map(|n| n.len()).sum())
}

fn starts(texts: &[u8]) -> Box<[u32]> {
    let after = memchr::memchr_iter(TERMINATOR, texts).map(|end| end as u32 + 1);
    core::iter::once(0).chain(after).step_by(STRIDE).collect()
}

#[cfg(test)]
mod tests;
