//! The block that is being filled.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use core::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};
use logd_proto::buffer::{BlockHeader, Column, ColumnKind, Compression, KeyCount};

use super::{Block, TERMINATOR, attributes};
use crate::event::NewEvent;
use crate::key::Key;
use crate::severity::Severity;
use crate::time::UnixNanos;
use crate::varint;

/// What one more event costs beyond its text, attributes and a new key, at most.
const MAX_FIXED: usize = 6 * varint::MAX_LEN + 2;
/// What a dictionary entry costs beyond its string: the string's header, a count, a slot of the index.
const ENTRY: usize = 48;

/// A block under construction. Its columns have the encoding of a sealed block, so sealing only copies; its
/// buffers are kept for the next block.
#[derive(Debug)]
pub struct OpenBlock {
    header: BlockHeader,
    keys: Dictionary,
    names: Dictionary,
    last_seq: u64,
    last_time: i64,
    last_received: i64,
    seq: Vec<u8>,
    time: Vec<u8>,
    received: Vec<u8>,
    severity: Vec<u8>,
    key: Vec<u8>,
    text: Vec<u8>,
    attributes: Vec<u8>,
}

impl Default for OpenBlock {
    fn default() -> Self {
        Self::new()
    }
}

impl OpenBlock {
    /// Empty, without buffers.
    pub fn new() -> Self {
        Self {
            header: empty_header(),
            keys: Dictionary::default(),
            names: Dictionary::default(),
            last_seq: 0,
            last_time: 0,
            last_received: 0,
            seq: Vec::new(),
            time: Vec::new(),
            received: Vec::new(),
            severity: Vec::new(),
            key: Vec::new(),
            text: Vec::new(),
            attributes: Vec::new(),
        }
    }

    /// How many events it holds.
    pub fn events(&self) -> usize {
        self.header.events as usize
    }

    /// Whether it holds no event.
    pub fn is_empty(&self) -> bool {
        self.header.events == 0
    }

    /// What it describes itself with so far; without columns.
    pub fn header(&self) -> &BlockHeader {
        &self.header
    }

    /// Bytes of the block that sealing now would give.
    pub fn len_bytes(&self) -> usize {
        self.columns().iter().map(|(_, c)| c.len()).sum::<usize>()
            + self.keys.bytes
            + self.names.bytes
    }

    /// Bytes that it has allocated.
    pub fn capacity_bytes(&self) -> usize {
        let columns = [
            &self.seq,
            &self.time,
            &self.received,
            &self.severity,
            &self.key,
            &self.text,
            &self.attributes,
        ];
        columns.iter().map(|c| c.capacity()).sum::<usize>() + self.keys.bytes + self.names.bytes
    }

    /// Upper bound of what appending `event` adds to [`Self::len_bytes`].
    #[inline]
    pub fn max_cost(event: &NewEvent<'_>) -> usize {
        let attributes: usize = event
            .attributes
            .iter()
            .map(|a| attributes::max_len(a.value) + a.name.len() + ENTRY)
            .sum();
        MAX_FIXED + event.text.len() + event.key.as_str().len() + ENTRY + attributes
    }

    /// Appends an event. `seq` must be above the last one's.
    pub fn push(&mut self, seq: u64, received: UnixNanos, event: &NewEvent<'_>) {
        let key = self.intern_key(event.key);
        self.push_with_key(key, seq, received, event);
    }

    /// Index of the key in this block; it stays until the block is sealed.
    pub(crate) fn intern_key(&mut self, key: Key<'_>) -> u32 {
        self.keys.intern(key.as_str(), &mut self.header.keys, new_key, |k| &k.key)
    }

    /// [`Self::push`] of an event whose key has been interned.
    pub(crate) fn push_with_key(
        &mut self,
        key: u32,
        seq: u64,
        received: UnixNanos,
        event: &NewEvent<'_>,
    ) {
        let (time, received) = (event.time.0, received.0);
        if self.is_empty() {
            self.begin(seq, time, received);
        }
        let h = &mut self.header;
        h.events += 1;
        h.last_seq = seq;
        h.min_time = h.min_time.min(time);
        h.max_time = h.max_time.max(time);
        h.min_received = h.min_received.min(received);
        h.max_received = h.max_received.max(received);
        h.by_severity[usize::from(event.severity.number())] += 1;

        h.keys[key as usize].events += 1;

        varint::write(&mut self.seq, seq - self.last_seq);
        varint::write(&mut self.time, varint::zigzag(time.wrapping_sub(self.last_time)));
        varint::write(
            &mut self.received,
            varint::zigzag(received.wrapping_sub(self.last_received)),
        );
        (self.last_seq, self.last_time, self.last_received) = (seq, time, received);
        self.severity.push(event.severity.number());
        varint::write(&mut self.key, u64::from(key));
        self.text.extend_from_slice(event.text.as_bytes());
        self.text.push(TERMINATOR);
        self.push_attributes(event);
    }

    fn begin(&mut self, seq: u64, time: i64, received: i64) {
        let h = &mut self.header;
        h.first_seq = seq;
        (h.first_time, h.min_time, h.max_time) = (time, time, time);
        (h.first_received, h.min_received, h.max_received) = (received, received, received);
        (self.last_seq, self.last_time, self.last_received) = (seq, time, received);
    }

    fn push_attributes(&mut self, event: &NewEvent<'_>) {
        if event.attributes.is_empty() {
            self.attributes.push(0);
            return;
        }
        let start = self.attributes.len();
        self.attributes.push(0);
        for a in event.attributes {
            let names = &mut self.header.attribute_names;
            let name = self.names.intern(a.name, names, str::to_string, |n| n);
            attributes::write(&mut self.attributes, name, a.value);
        }
        varint::write_len_at(&mut self.attributes, start);
    }

    /// The events so far as a block of their own; the open block goes on.
    pub fn freeze(&self) -> Block {
        self.block(self.header.clone())
    }

    /// The columns under `header`.
    fn block(&self, mut header: BlockHeader) -> Block {
        let columns = self.columns();
        let mut body = Vec::with_capacity(columns.iter().map(|(_, c)| c.len()).sum());
        for (kind, column) in columns {
            body.extend_from_slice(column);
            // A block stays far below 4 GiB: the ring's block size bounds it, or the largest event.
            let len = column.len() as u32;
            header.columns.push(Column {
                kind: kind.into(),
                compression: Compression::None.into(),
                stored_len: len,
                len,
            });
        }
        Block::from_parts(header, Box::from(body))
    }

    /// The events so far as a block; the open block is empty again and keeps its buffers.
    pub fn seal(&mut self) -> Block {
        let header = core::mem::replace(&mut self.header, empty_header());
        let block = self.block(header);
        self.keys.clear();
        self.names.clear();
        for column in [
            &mut self.seq,
            &mut self.time,
            &mut self.received,
            &mut self.severity,
            &mut self.key,
            &mut self.text,
            &mut self.attributes,
        ] {
            column.clear();
        }
        block
    }

    fn columns(&self) -> [(ColumnKind, &Vec<u8>); 7] {
        [
            (ColumnKind::Seq, &self.seq),
            (ColumnKind::Time, &self.time),
            (ColumnKind::Received, &self.received),
            (ColumnKind::Severity, &self.severity),
            (ColumnKind::Key, &self.key),
            (ColumnKind::Text, &self.text),
            (ColumnKind::Attributes, &self.attributes),
        ]
    }
}

fn empty_header() -> BlockHeader {
    BlockHeader { by_severity: vec![0; Severity::COUNT], ..BlockHeader::default() }
}

fn new_key(key: &str) -> KeyCount {
    KeyCount { key: String::from(key), events: 0 }
}

/// Finds the id of a string among a block's entries.
#[derive(Debug, Default)]
struct Dictionary {
    index: HashTable<u32>,
    hasher: DefaultHashBuilder,
    /// The id that was asked for last: events come in runs.
    last: u32,
    /// What the entries and the index occupy.
    bytes: usize,
}

impl Dictionary {
    fn intern<T>(
        &mut self,
        s: &str,
        entries: &mut Vec<T>,
        new: impl Fn(&str) -> T,
        as_str: impl Fn(&T) -> &str,
    ) -> u32 {
        if entries.get(self.last as usize).is_some_and(|e| as_str(e) == s) {
            return self.last;
        }
        let hash = self.hasher.hash_one(s);
        let found = self.index.find(hash, |&id| as_str(&entries[id as usize]) == s);
        self.last = match found {
            Some(&id) => id,
            None => {
                let id = entries.len() as u32;
                entries.push(new(s));
                self.bytes += s.len() + ENTRY;
                let rehash = |&id: &u32| self.hasher.hash_one(as_str(&entries[id as usize]));
                self.index.insert_unique(hash, id, rehash);
                id
            }
        };
        self.last
    }

    fn clear(&mut self) {
        self.index.clear();
        self.last = 0;
        self.bytes = 0;
    }
}
