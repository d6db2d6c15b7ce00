//! Protobuf's wire format: keys, varints, fixed-width numbers, lengths.
//!
//! Source: protobuf.dev, "Encoding". What is refused here is at least what prost refuses.

use core::fmt;
use core::ops::RangeInclusive;

use ascii::AsciiStr;

/// Why bytes are not a message of the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// A field reaches beyond the end of its message.
    Truncated,
    /// A varint of more than 64 bits.
    Varint,
    /// A field number of 0, or above the largest one.
    FieldNumber,
    /// A field of the schema has another type, or the type does not exist.
    WireType,
    /// A string is not UTF-8.
    Utf8,
    /// A group that does not end where it should, or groups nested too deep.
    Group,
    /// A singular message occurs twice.
    Repeated,
    /// The command's number is not one of the schema's.
    UnknownCommand,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Truncated => "a field reaches beyond the end of its message",
            Self::Varint => "a varint has more than 64 bits",
            Self::FieldNumber => "a field number is out of range",
            Self::WireType => "a field has the wrong type",
            Self::Utf8 => "a string is not UTF-8",
            Self::Group => "a group does not end where it should, or is nested too deep",
            Self::Repeated => "a field that may occur once occurs twice",
            Self::UnknownCommand => "the command is unknown",
        })
    }
}

impl core::error::Error for DecodeError {}

// Wire types: the low three bits of a key.
pub(super) const VARINT: u32 = 0;
pub(super) const I64: u32 = 1;
pub(super) const LEN: u32 = 2;
const GROUP: u32 = 3;
const GROUP_END: u32 = 4;
const I32: u32 = 5;

/// The key of a field: its number and its wire type.
pub(super) const fn key(number: u32, wire_type: u32) -> u32 {
    number << 3 | wire_type
}

/// Groups are never written by proto3; a few levels suffice to skip somebody's unknown field, and the stack
/// stays bounded. prost allows 100.
const MAX_GROUP_DEPTH: u32 = 8;

/// The rest of a message. Each method takes what it returns off the front.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) const fn new(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    /// The key of the next field; `None` at the end of the message.
    #[inline]
    pub(super) fn key(&mut self) -> Result<Option<u32>, DecodeError> {
        match *self.rest {
            [] => Ok(None),
            [key @ ..0x80, ref rest @ ..] => {
                self.rest = rest;
                Ok(Some(u32::from(key)))
            }
            _ => {
                let key = self.long_varint()?;
                u32::try_from(key).map(Some).map_err(|_| DecodeError::FieldNumber)
            }
        }
    }

    #[inline]
    pub(super) fn varint(&mut self) -> Result<u64, DecodeError> {
        // Enumerations and most lengths have one byte, long texts two.
        match *self.rest {
            [a @ ..0x80, ref rest @ ..] => {
                self.rest = rest;
                Ok(u64::from(a))
            }
            [a, b @ ..0x80, ref rest @ ..] => {
                self.rest = rest;
                Ok(u64::from(a & 0x7f) | u64::from(b) << 7)
            }
            _ => self.long_varint(),
        }
    }

    #[inline(never)]
    fn long_varint(&mut self) -> Result<u64, DecodeError> {
        let mut value = 0;
        for (i, &byte) in self.rest.iter().take(10).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * i);
            if byte < 0x80 {
                // The tenth byte holds the one bit that is left.
                if i == 9 && byte > 1 {
                    return Err(DecodeError::Varint);
                }
                self.rest = &self.rest[i + 1..];
                return Ok(value);
            }
        }
        Err(if self.rest.len() < 10 { DecodeError::Truncated } else { DecodeError::Varint })
    }

    #[inline]
    pub(super) fn fixed64(&mut self) -> Result<u64, DecodeError> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or(DecodeError::Truncated)?;
        self.rest = rest;
        Ok(u64::from_le_bytes(*bytes))
    }

    /// A length and as many bytes.
    #[inline]
    pub(super) fn bytes(&mut self) -> Result<&'a [u8], DecodeError> {
        // A length that does not fit usize does not fit the datagram either.
        let len = usize::try_from(self.varint()?).map_err(|_| DecodeError::Truncated)?;
        self.take(len)
    }

    #[inline]
    pub(super) fn str(&mut self) -> Result<&'a str, DecodeError> {
        let bytes = self.bytes()?;
        // Logs are ASCII nearly always, and that is found out sooner.
        match AsciiStr::from_ascii(bytes) {
            Ok(ascii) => Ok(ascii.as_str()),
            Err(_) => core::str::from_utf8(bytes).map_err(|_| DecodeError::Utf8),
        }
    }

    #[inline]
    fn take(&mut self, len: usize) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self.rest.split_at_checked(len).ok_or(DecodeError::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    /// Skips a field whose key is none of those that the message knows.
    ///
    /// A number in `known` is a field of the schema under another wire type.
    #[inline(never)]
    pub(super) fn skip_unknown(
        &mut self,
        key: u32,
        known: RangeInclusive<u32>,
    ) -> Result<(), DecodeError> {
        if known.contains(&(key >> 3)) {
            return Err(DecodeError::WireType);
        }
        self.skip(key, MAX_GROUP_DEPTH)
    }

    fn skip(&mut self, key: u32, depth: u32) -> Result<(), DecodeError> {
        if key >> 3 == 0 {
            return Err(DecodeError::FieldNumber);
        }
        match key & 7 {
            VARINT => self.varint().map(drop),
            I64 => self.take(8).map(drop),
            LEN => self.bytes().map(drop),
            I32 => self.take(4).map(drop),
            GROUP => self.skip_group(key >> 3, depth),
            GROUP_END => Err(DecodeError::Group),
            _ => Err(DecodeError::WireType),
        }
    }

    fn skip_group(&mut self, number: u32, depth: u32) -> Result<(), DecodeError> {
        let depth = depth.checked_sub(1).ok_or(DecodeError::Group)?;
        loop {
            match self.key()?.ok_or(DecodeError::Truncated)? {
                end if end == key(number, GROUP_END) => return Ok(()),
                inner => self.skip(inner, depth)?,
            }
        }
    }

    /// The next field under `wanted`, which is length-delimited; `None` at the end of the message or at damage.
    #[inline]
    pub(super) fn find(&mut self, wanted: u32) -> Option<&'a [u8]> {
        loop {
            match self.key().ok()?? {
                key if key == wanted => return self.bytes().ok(),
                other => self.skip(other, MAX_GROUP_DEPTH).ok()?,
            }
        }
    }
}
