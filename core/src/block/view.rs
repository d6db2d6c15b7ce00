//! Reading a block.

use alloc::string::String;
use alloc::vec::Vec;

use logd_proto::buffer::{BlockHeader, ColumnKind, Compression};

use super::{Attributes, Block, TERMINATOR, attributes};
use crate::event::NewEvent;
use crate::severity::Severity;
use crate::time::UnixNanos;
use crate::varint;

/// Where compressed columns are unpacked; reused from block to block.
#[derive(Debug, Default)]
pub struct Scratch {
    text: Vec<u8>,
    attributes: Vec<u8>,
}

/// The columns of a block, readable.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    header: &'a BlockHeader,
    seq: &'a [u8],
    time: &'a [u8],
    received: &'a [u8],
    severity: &'a [u8],
    key: &'a [u8],
    text: &'a [u8],
    attributes: &'a [u8],
}

/// An event that has a number: in a block, or on its way into one.
#[derive(Clone, Copy, Debug)]
pub struct EventRef<'a> {
    /// Given on acceptance; total order of one daemon.
    pub seq: u64,
    /// The sender's clock.
    pub time: UnixNanos,
    /// The daemon's clock.
    pub received: UnixNanos,
    /// `/env/svc/fn`.
    pub key: &'a str,
    /// OpenTelemetry number.
    pub severity: Severity,
    /// The text.
    pub text: &'a str,
    /// Name and value pairs.
    pub attributes: Attributes<'a>,
}

impl<'a> EventRef<'a> {
    /// An event that was accepted just now under the number `seq`.
    pub fn accepted(seq: u64, received: UnixNanos, event: &NewEvent<'a>) -> Self {
        Self {
            seq,
            time: event.time,
            received,
            key: event.key.as_str(),
            severity: event.severity,
            text: event.text,
            attributes: event.attributes.into(),
        }
    }
}

impl<'a> View<'a> {
    pub(super) fn new(block: &'a Block, scratch: &'a mut Scratch) -> Self {
        unpack(block, ColumnKind::Text, &mut scratch.text);
        unpack(block, ColumnKind::Attributes, &mut scratch.attributes);
        let column = |kind, unpacked: &'a [u8]| {
            if compression(block, kind) == Compression::None {
                block.column(kind)
            } else {
                unpacked
            }
        };
        Self {
            header: &block.header,
            seq: block.column(ColumnKind::Seq),
            time: block.column(ColumnKind::Time),
            received: block.column(ColumnKind::Received),
            severity: block.column(ColumnKind::Severity),
            key: block.column(ColumnKind::Key),
            text: column(ColumnKind::Text, &scratch.text),
            attributes: column(ColumnKind::Attributes, &scratch.attributes),
        }
    }

    /// What the block says of itself.
    pub fn header(&self) -> &'a BlockHeader {
        self.header
    }

    /// Sequence numbers, ascending.
    pub fn seqs(&self) -> impl Iterator<Item = u64> + use<'a> {
        let (mut rest, mut seq) = (self.seq, self.header.first_seq);
        core::iter::from_fn(move || {
            seq = seq.wrapping_add(varint::read(&mut rest)?);
            Some(seq)
        })
    }

    /// The senders' times, Unix nanoseconds.
    pub fn times(&self) -> impl Iterator<Item = i64> + use<'a> {
        deltas(self.time, self.header.first_time)
    }

    /// Times of receipt, Unix nanoseconds.
    pub fn receipts(&self) -> impl Iterator<Item = i64> + use<'a> {
        deltas(self.received, self.header.first_received)
    }

    /// OpenTelemetry numbers.
    pub fn severities(&self) -> &'a [u8] {
        self.severity
    }

    /// Indexes into the header's keys.
    pub fn key_ids(&self) -> impl Iterator<Item = u32> + use<'a> {
        let mut rest = self.key;
        core::iter::from_fn(move || varint::read(&mut rest).map(|id| id as u32))
    }

    /// All texts, each ended by the terminator.
    pub(crate) fn text(&self) -> &'a [u8] {
        self.text
    }

    /// The attribute column as it is.
    pub(super) fn attribute_column(&self) -> &'a [u8] {
        self.attributes
    }

    /// The entries of each event's attributes, for [`super::take_entry`].
    pub(crate) fn entries(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let mut rest = self.attributes;
        core::iter::from_fn(move || attributes::take_event(&mut rest))
    }

    /// The events in ascending order of sequence number.
    pub fn rows(&self) -> Rows<'a> {
        Rows {
            view: *self,
            seq: self.header.first_seq,
            time: self.header.first_time,
            received: self.header.first_received,
            row: 0,
        }
    }
}

/// Iterator over the events of a block. Each column is consumed as the rows go by.
#[derive(Clone, Debug)]
pub struct Rows<'a> {
    /// What is left of each column.
    view: View<'a>,
    seq: u64,
    time: i64,
    received: i64,
    row: usize,
}

impl<'a> Rows<'a> {
    /// The event at `row`, counted from the block's first; rows must be asked for in ascending order.
    pub fn at(&mut self, row: usize) -> Option<EventRef<'a>> {
        while self.row < row {
            self.advance()?;
        }
        self.next()
    }

    /// Moves past one event without looking at what it says: (key id, severity, text, attribute entries).
    #[inline]
    fn advance(&mut self) -> Option<(u32, u8, &'a [u8], &'a [u8])> {
        let v = &mut self.view;
        self.seq = self.seq.wrapping_add(varint::read(&mut v.seq)?);
        self.time = self.time.wrapping_add(varint::unzigzag(varint::read(&mut v.time)?));
        self.received =
            self.received.wrapping_add(varint::unzigzag(varint::read(&mut v.received)?));
        let (&severity, rest) = v.severity.split_first()?;
        v.severity = rest;
        let key = varint::read(&mut v.key)? as u32;
        let end = memchr::memchr(TERMINATOR, v.text)?;
        let text = &v.text[..end];
        v.text = &v.text[end + 1..];
        let entries = attributes::take_event(&mut v.attributes)?;
        self.row += 1;
        Some((key, severity, text, entries))
    }
}

impl<'a> Iterator for Rows<'a> {
    type Item = EventRef<'a>;

    fn next(&mut self) -> Option<EventRef<'a>> {
        let (key_id, severity, text, entries) = self.advance()?;
        let names: &'a [String] = &self.view.header.attribute_names;
        Some(EventRef {
            seq: self.seq,
            time: UnixNanos(self.time),
            received: UnixNanos(self.received),
            key: &self.view.header.keys.get(key_id as usize)?.key,
            severity: Severity::from_number(u32::from(severity))?,
            text: core::str::from_utf8(text).ok()?,
            attributes: Attributes::stored(names, entries),
        })
    }
}

fn deltas(mut rest: &[u8], mut value: i64) -> impl Iterator<Item = i64> + use<'_> {
    core::iter::from_fn(move || {
        value = value.wrapping_add(varint::unzigzag(varint::read(&mut rest)?));
        Some(value)
    })
}

pub(super) fn compression(block: &Block, kind: ColumnKind) -> Compression {
    let column = block.header.columns.iter().find(|c| c.kind() == kind);
    column.map_or(Compression::None, |c| c.compression())
}

/// Decompresses a column into `out`. A block is checked when it is made, so this cannot fail; if it did, the
/// column would read as empty.
fn unpack(block: &Block, kind: ColumnKind, out: &mut Vec<u8>) {
    out.clear();
    let Some(column) = block.header.columns.iter().find(|c| c.kind() == kind) else { return };
    if column.compression() == Compression::Lz4 {
        out.resize(column.len as usize, 0);
        let len = lz4_flex::block::decompress_into(block.column(kind), out).unwrap_or(0);
        out.truncate(len);
    }
}
