//! The attribute column: for each event the length of its entries, then for each entry the id of its name,
//! a tag and the value.

use alloc::string::String;
use alloc::vec::Vec;

use crate::event::{Attribute, Value};
use crate::varint;

const TEXT: u8 = 0;
const INT: u8 = 1;
const FLOAT: u8 = 2;
const FALSE: u8 = 3;
const TRUE: u8 = 4;
const BYTES: u8 = 5;

/// Appends one entry.
pub(super) fn write(out: &mut Vec<u8>, name: u32, value: Value<'_>) {
    varint::write(out, u64::from(name));
    match value {
        Value::Text(s) => write_bytes(out, TEXT, s.as_bytes()),
        Value::Int(n) => {
            out.push(INT);
            varint::write(out, varint::zigzag(n));
        }
        Value::Float(x) => {
            out.push(FLOAT);
            out.extend_from_slice(&x.to_le_bytes());
        }
        Value::Flag(b) => out.push(if b { TRUE } else { FALSE }),
        Value::Bytes(b) => write_bytes(out, BYTES, b),
    }
}

/// Upper bound of what [`write`] appends.
pub(super) fn max_len(value: Value<'_>) -> usize {
    let value = match value {
        Value::Text(s) => varint::MAX_LEN + s.len(),
        Value::Bytes(b) => varint::MAX_LEN + b.len(),
        Value::Int(_) | Value::Float(_) | Value::Flag(_) => varint::MAX_LEN,
    };
    varint::MAX_LEN + 1 + value
}

fn write_bytes(out: &mut Vec<u8>, tag: u8, bytes: &[u8]) {
    out.push(tag);
    varint::write(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Takes the entries of one event off the front of a column; `None` where the column is damaged.
#[inline]
pub(super) fn take_event<'a>(column: &mut &'a [u8]) -> Option<&'a [u8]> {
    // Nearly every event of nearly every block has none.
    if let [0, rest @ ..] = *column {
        *column = rest;
        return Some(&[]);
    }
    take_bytes(column)
}

#[inline]
fn take_bytes<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let len = usize::try_from(varint::read(bytes)?).ok()?;
    let (taken, rest) = bytes.split_at_checked(len)?;
    *bytes = rest;
    Some(taken)
}

/// Takes one entry: the id of its name, and its value.
#[inline]
pub(crate) fn take_entry<'a>(entries: &mut &'a [u8]) -> Option<(u32, Value<'a>)> {
    let name = u32::try_from(varint::read(entries)?).ok()?;
    let (&tag, rest) = entries.split_first()?;
    *entries = rest;
    let value = match tag {
        TEXT => Value::Text(core::str::from_utf8(take_bytes(entries)?).ok()?),
        INT => Value::Int(varint::unzigzag(varint::read(entries)?)),
        FLOAT => {
            let (bytes, rest) = entries.split_first_chunk()?;
            *entries = rest;
            Value::Float(f64::from_le_bytes(*bytes))
        }
        FALSE => Value::Flag(false),
        TRUE => Value::Flag(true),
        BYTES => Value::Bytes(take_bytes(entries)?),
        _ => return None,
    };
    Some((name, value))
}

/// The attributes of one event, in the sender's order.
#[derive(Clone, Copy, Debug)]
pub struct Attributes<'a>(Source<'a>);

#[derive(Clone, Copy, Debug)]
enum Source<'a> {
    /// Of an event that lies in a block.
    Stored { names: &'a [String], entries: &'a [u8] },
    /// Of an event that does not, yet.
    Given(&'a [Attribute<'a>]),
}

impl<'a> Attributes<'a> {
    pub(super) fn stored(names: &'a [String], entries: &'a [u8]) -> Self {
        Self(Source::Stored { names, entries })
    }

    /// Whether the event has none, or none is left.
    pub fn is_empty(&self) -> bool {
        match self.0 {
            Source::Stored { entries, .. } => entries.is_empty(),
            Source::Given(list) => list.is_empty(),
        }
    }
}

impl<'a> From<&'a [Attribute<'a>]> for Attributes<'a> {
    fn from(list: &'a [Attribute<'a>]) -> Self {
        Self(Source::Given(list))
    }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = Attribute<'a>;

    fn next(&mut self) -> Option<Attribute<'a>> {
        match &mut self.0 {
            Source::Stored { names, entries } => {
                if entries.is_empty() {
                    return None;
                }
                let (name, value) = take_entry(entries)?;
                Some(Attribute { name: names.get(name as usize)?, value })
            }
            Source::Given(list) => {
                let (first, rest) = list.split_first()?;
                *list = rest;
                Some(*first)
            }
        }
    }
}
