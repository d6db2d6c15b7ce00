//! Reading a block.

use alloc::string::String;
use alloc::vec::Vec;
use core::cell::{OnceCell, RefCell};

use logd_proto::buffer::{BlockHeader, ColumnKind, Compression};

use super::grams::NeedleGrams;
use super::{Attributes, Block, KINDS, STRIDE, TERMINATOR, attributes, pack};
use crate::event::{Attribute, NewEvent, to_wire};
use crate::key::Key;
use crate::severity::Severity;
use crate::time::UnixNanos;
use crate::varint;

/// Where compressed columns are unpacked; reused from block to block.
#[derive(Debug, Default)]
pub struct Scratch {
    unpacked: [OnceCell<Vec<u8>>; KINDS],
    /// Buffers of blocks read before, by kind of column: else each would grow to the size of the largest column.
    spare: RefCell<[Vec<u8>; KINDS]>,
    /// See [`View::words`].
    words: OnceCell<Option<Vec<u8>>>,
}

impl Scratch {
    /// Forgets what was unpacked and keeps the buffers.
    fn clear(&mut self) {
        self.words.take();
        for (spare, unpacked) in self.spare.get_mut().iter_mut().zip(&mut self.unpacked) {
            if let Some(buffer) = unpacked.take() {
                *spare = buffer;
            }
        }
    }
}

/// The columns of a block, readable. A compressed column is unpacked when it is first asked for.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    block: &'a Block,
    scratch: &'a Scratch,
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

impl<'a> EventRef<'a> {
    /// The event as it can be stored anew; `attributes` is a buffer for its attributes. `None` if its key is not valid,
    /// which that of a stored event is.
    pub(crate) fn to_new<'n>(self, attributes: &'n mut Vec<Attribute<'a>>) -> Option<NewEvent<'n>> {
        attributes.clear();
        attributes.extend(self.attributes);
        let (time, severity, text) = (self.time, self.severity, self.text);
        Some(NewEvent { time, key: Key::parse(self.key).ok()?, severity, text, attributes })
    }

    /// Its attributes as the wire has them.
    pub(crate) fn wire_attributes(self) -> logd_proto::query::Attributes {
        let attributes = self.attributes.map(|a| to_wire(&a)).collect();
        logd_proto::query::Attributes { attributes }
    }
}

impl<'a> View<'a> {
    pub(super) fn new(block: &'a Block, scratch: &'a mut Scratch) -> Self {
        scratch.clear();
        Self { block, scratch }
    }

    pub(super) fn again(block: &'a Block, scratch: &'a Scratch) -> Self {
        Self { block, scratch }
    }

    /// What the block says of itself.
    pub fn header(&self) -> &'a BlockHeader {
        &self.block.header
    }

    /// False only if the block has a filter and it says that no text contains the needle.
    pub(crate) fn may_contain(&self, needle: &NeedleGrams) -> bool {
        needle.may_be_in(self.block.column(ColumnKind::Grams))
    }

    /// Bytes in which every run of ASCII letters of the texts is, if the run has one beyond `f`. `None` where there is
    /// nothing shorter to search than the texts.
    pub(crate) fn words(&self) -> Option<&'a [u8]> {
        if let Some(words) = self.block.known.as_ref().and_then(|known| known.words.as_ref()) {
            return Some(words);
        }
        let kind = ColumnKind::Text;
        if self.scratch.unpacked[kind as usize].get().is_some() {
            return None;
        }
        let words = self.scratch.words.get_or_init(|| {
            let column = self.block.header.columns.iter().find(|c| c.kind() == kind)?;
            pack::words(column.compression(), self.block.column(kind), column.len as usize)
        });
        words.as_deref()
    }

    /// A block is checked when it is made, so unpacking cannot fail; if it did, the column would read as empty.
    pub(super) fn column(&self, kind: ColumnKind) -> &'a [u8] {
        let stored = self.block.column(kind);
        let column = self.block.header.columns.iter().find(|c| c.kind() == kind);
        let Some(column) = column.filter(|c| c.compression() != Compression::None) else {
            return stored;
        };
        self.scratch.unpacked[kind as usize].get_or_init(|| {
            let mut out = core::mem::take(&mut self.scratch.spare.borrow_mut()[kind as usize]);
            out.clear();
            let done = pack::unpack(column.compression(), stored, column.len as usize, &mut out);
            if done.is_none() {
                out.clear();
            }
            out
        })
    }

    /// Sequence numbers, ascending.
    pub fn seqs(&self) -> impl Iterator<Item = u64> + use<'a> {
        let (mut rest, mut seq) = (self.column(ColumnKind::Seq), self.header().first_seq);
        core::iter::from_fn(move || {
            seq = seq.wrapping_add(varint::read(&mut rest)?);
            Some(seq)
        })
    }

    /// The senders' times, Unix nanoseconds.
    pub fn times(&self) -> impl Iterator<Item = i64> + use<'a> {
        deltas(self.column(ColumnKind::Time), self.header().first_time)
    }

    /// Times of receipt, Unix nanoseconds.
    pub fn receipts(&self) -> impl Iterator<Item = i64> + use<'a> {
        deltas(self.column(ColumnKind::Received), self.header().first_received)
    }

    /// OpenTelemetry numbers.
    pub fn severities(&self) -> &'a [u8] {
        self.column(ColumnKind::Severity)
    }

    /// Indexes into the header's keys.
    pub fn key_ids(&self) -> impl Iterator<Item = u32> + use<'a> {
        let mut rest = self.column(ColumnKind::Key);
        core::iter::from_fn(move || varint::read(&mut rest).map(|id| id as u32))
    }

    /// All texts, each ended by the terminator.
    pub(crate) fn text(&self) -> &'a [u8] {
        self.column(ColumnKind::Text)
    }

    /// The last row up to this one of which the block knows where its text begins, and where.
    pub(crate) fn text_near(&self, row: usize) -> (usize, usize) {
        let known = self.block.known.as_ref();
        let start = known.and_then(|known| known.starts.get(row / STRIDE));
        start.map_or((0, 0), |&start| (row - row % STRIDE, start as usize))
    }

    /// The entries of each event's attributes, for [`super::take_entry`].
    pub(crate) fn entries(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let mut rest = self.column(ColumnKind::Attributes);
        core::iter::from_fn(move || attributes::take_event(&mut rest))
    }

    /// The events in ascending order of sequence number.
    pub fn rows(&self) -> Rows<'a> {
        let header = self.header();
        Rows {
            header,
            rest: Columns {
                seq: self.column(ColumnKind::Seq),
                time: self.column(ColumnKind::Time),
                received: self.column(ColumnKind::Received),
                severity: self.column(ColumnKind::Severity),
                key: self.column(ColumnKind::Key),
                text: self.column(ColumnKind::Text),
                attributes: self.column(ColumnKind::Attributes),
            },
            seq: header.first_seq,
            time: header.first_time,
            received: header.first_received,
            row: 0,
        }
    }
}

/// Iterator over the events of a block. Each column is consumed as the rows go by.
#[derive(Clone, Debug)]
pub struct Rows<'a> {
    header: &'a BlockHeader,
    rest: Columns<'a>,
    /// Of the event before.
    seq: u64,
    time: i64,
    received: i64,
    row: usize,
}

/// What is left of each column.
#[derive(Clone, Debug)]
struct Columns<'a> {
    seq: &'a [u8],
    time: &'a [u8],
    received: &'a [u8],
    severity: &'a [u8],
    key: &'a [u8],
    text: &'a [u8],
    attributes: &'a [u8],
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
        let v = &mut self.rest;
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
        let names: &'a [String] = &self.header.attribute_names;
        Some(EventRef {
            seq: self.seq,
            time: UnixNanos(self.time),
            received: UnixNanos(self.received),
            key: &self.header.keys.get(key_id as usize)?.key,
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
