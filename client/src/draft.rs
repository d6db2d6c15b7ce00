//! The event under construction: encoded bytes in a buffer that the thread keeps for its next event.

use crate::error::LogError;
use crate::value::Value;
use core::cell::Cell;
use core::fmt::{self, Write};
use logd_proto::encode::{self, Tag};

/// Longest encoded event, in bytes.
///
/// A UDP datagram over IPv4 carries 65,507 bytes; signature and time take 40 of them, sender and counter at
/// most 20, and the event's own tag and length 4.
pub const MAX_EVENT_LEN: usize = 65_507 - 40 - 20 - 4;

thread_local! {
    /// The buffer of the thread's previous event. An event logged while another is under construction (by
    /// the `Display` of an attribute, say) finds it taken and allocates its own.
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// The bytes of a `Msg`, and what is wrong with them.
pub(crate) struct Draft {
    bytes: Vec<u8>,
    /// It would be longer than [`MAX_EVENT_LEN`]; the bytes are incomplete.
    too_large: bool,
    nameless_attribute: bool,
}

impl Draft {
    pub(crate) fn new() -> Self {
        // A thread that is being torn down has no spare buffer any more, but may still log.
        let mut bytes = SPARE.try_with(Cell::take).unwrap_or_default();
        bytes.clear();
        Self { bytes, too_large: false, nameless_attribute: false }
    }

    pub(crate) fn key(&mut self, key: &str) {
        encode::key(&mut self.bytes, key);
    }

    pub(crate) fn severity(&mut self, number: u8) {
        encode::severity(&mut self.bytes, number);
    }

    pub(crate) fn time_unix_nano(&mut self, time: u64) {
        encode::time_unix_nano(&mut self.bytes, time);
    }

    pub(crate) fn text(&mut self, text: impl fmt::Display) {
        let Self { bytes, too_large, .. } = self;
        encode::delimited(bytes, Tag::TEXT, |bytes| display(bytes, too_large, text));
    }

    pub(crate) fn attribute(&mut self, name: &str, value: Value<'_>) {
        if name.is_empty() {
            self.nameless_attribute = true;
            return;
        }
        let value = match value {
            Value::Text(text) => encode::Value::Text(text),
            Value::Format(text) => return self.display_attribute(name, text),
            Value::Int(n) => encode::Value::Int(n),
            Value::Unsigned(n) => match i64::try_from(n) {
                Ok(n) => encode::Value::Int(n),
                Err(_) => return self.display_attribute(name, format_args!("{n}")),
            },
            Value::Float(x) => encode::Value::Float(x),
            Value::Flag(flag) => encode::Value::Flag(flag),
            Value::Bytes(bytes) => encode::Value::Bytes(bytes),
        };
        let len = match value {
            encode::Value::Text(text) => text.len(),
            encode::Value::Bytes(bytes) => bytes.len(),
            encode::Value::Int(_) | encode::Value::Float(_) | encode::Value::Flag(_) => 0,
        };
        if self.has_room(name.len() + len) {
            encode::attribute(&mut self.bytes, name, value);
        }
    }

    /// Appends fields that are encoded already.
    pub(crate) fn append(&mut self, fields: &[u8]) {
        if self.has_room(fields.len()) {
            self.bytes.extend_from_slice(fields);
        }
    }

    /// The finished event.
    pub(crate) fn encoded(&self) -> Result<&[u8], LogError> {
        if self.too_large || self.bytes.len() > MAX_EVENT_LEN {
            Err(LogError::TooLarge)
        } else if self.nameless_attribute {
            Err(LogError::NamelessAttribute)
        } else {
            Ok(&self.bytes)
        }
    }

    /// What has been encoded, whole or not.
    pub(crate) fn fields(&self) -> &[u8] {
        &self.bytes
    }

    fn display_attribute(&mut self, name: &str, text: fmt::Arguments<'_>) {
        if !self.has_room(name.len()) {
            return;
        }
        let Self { bytes, too_large, .. } = self;
        encode::delimited(bytes, Tag::ATTRIBUTE, |bytes| {
            encode::delimited(bytes, Tag::ATTRIBUTE_NAME, |bytes| {
                bytes.extend_from_slice(name.as_bytes());
            });
            encode::delimited(bytes, Tag::ATTRIBUTE_TEXT, |bytes| display(bytes, too_large, text));
        });
    }

    /// Whether `len` more bytes may fit; if not, the event is too large.
    fn has_room(&mut self, len: usize) -> bool {
        self.too_large |= len > MAX_EVENT_LEN || self.bytes.len() + len > MAX_EVENT_LEN;
        !self.too_large
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        let bytes = core::mem::take(&mut self.bytes);
        // The thread is being torn down: then the buffer goes, too.
        let _ = SPARE.try_with(|spare| spare.set(bytes));
    }
}

/// Formats `text` into `out` until the event is too large.
///
/// The only other error is that of a faulty `Display`; what it wrote before is kept.
fn display(out: &mut Vec<u8>, too_large: &mut bool, text: impl fmt::Display) {
    let _ = write!(Bounded { out, too_large }, "{text}");
}

/// Stops the formatting of a text that will not be sent.
struct Bounded<'a> {
    out: &'a mut Vec<u8>,
    too_large: &'a mut bool,
}

impl Write for Bounded<'_> {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        *self.too_large |= s.len() > MAX_EVENT_LEN || self.out.len() + s.len() > MAX_EVENT_LEN;
        if *self.too_large {
            return Err(fmt::Error);
        }
        self.out.extend_from_slice(s.as_bytes());
        Ok(())
    }
}
