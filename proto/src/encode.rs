//! Encodes a WRITE field by field, into a buffer that the caller keeps.
//!
//! For the hot path of a sender: nothing is built and nothing is allocated that does not end up in the
//! datagram. The order of the calls is the order of the fields; any order decodes to the same message, save
//! that attributes keep theirs.
//!
//! ```
//! use logd_proto::{encode, prost::Message, wire};
//!
//! let mut event = Vec::new();
//! encode::key(&mut event, "/prod/api");
//! encode::text(&mut event, "hello");
//! encode::attribute(&mut event, "status", encode::Value::Int(200));
//!
//! let mut payload = Vec::new();
//! encode::sender(&mut payload, 7);
//! encode::counter(&mut payload, 0);
//! encode::batch(&mut payload, &event);
//!
//! let cmd = wire::Cmd::decode(&payload[..])?;
//! assert_eq!(cmd.batch[0].txt, "hello");
//! # Ok::<(), logd_proto::prost::DecodeError>(())
//! ```

pub use crate::Value;
use alloc::vec::Vec;

/// A field's tag as it stands on the wire: `number << 3 | wire type`. All of them fit one byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag(u8);

impl Tag {
    /// `Cmd.batch`
    pub const BATCH: Self = Self::new(4, Self::LEN);
    /// `Msg.txt`
    pub const TEXT: Self = Self::new(7, Self::LEN);
    /// `Msg.key`
    pub const KEY: Self = Self::new(12, Self::LEN);
    /// `Msg.attributes`
    pub const ATTRIBUTE: Self = Self::new(14, Self::LEN);
    /// `Attribute.name`
    pub const ATTRIBUTE_NAME: Self = Self::new(1, Self::LEN);
    /// `Attribute.text`
    pub const ATTRIBUTE_TEXT: Self = Self::new(2, Self::LEN);

    const CMD_SENDER: Self = Self::new(5, Self::I64);
    const CMD_COUNTER: Self = Self::new(6, Self::VARINT);
    const SEVERITY: Self = Self::new(13, Self::VARINT);
    const TIME_UNIX_NANO: Self = Self::new(15, Self::I64);
    const ATTRIBUTE_INT: Self = Self::new(3, Self::VARINT);
    const ATTRIBUTE_FLOAT: Self = Self::new(4, Self::I64);
    const ATTRIBUTE_FLAG: Self = Self::new(5, Self::VARINT);
    const ATTRIBUTE_BYTES: Self = Self::new(6, Self::LEN);

    // Wire types: protobuf.dev, "Encoding", "Message Structure".
    const VARINT: u8 = 0;
    const I64: u8 = 1;
    const LEN: u8 = 2;

    const fn new(number: u8, wire_type: u8) -> Self {
        Self(number << 3 | wire_type)
    }

    /// The byte.
    pub const fn byte(self) -> u8 {
        self.0
    }
}

/// Appends `Cmd.sender`.
pub fn sender(out: &mut Vec<u8>, id: u64) {
    fixed64(out, Tag::CMD_SENDER, id);
}

/// Appends `Cmd.counter`.
pub fn counter(out: &mut Vec<u8>, first: u64) {
    out.push(Tag::CMD_COUNTER.0);
    varint(out, first);
}

/// Appends one event, already encoded, to `Cmd.batch`.
pub fn batch(out: &mut Vec<u8>, msg: &[u8]) {
    bytes(out, Tag::BATCH, msg);
}

/// How many bytes [`batch`] appends for an event of `msg_len` bytes.
pub const fn batch_len(msg_len: usize) -> usize {
    1 + varint_len(msg_len as u64) + msg_len
}

/// Appends `Msg.key`.
pub fn key(out: &mut Vec<u8>, key: &str) {
    bytes(out, Tag::KEY, key.as_bytes());
}

/// Appends `Msg.txt`.
pub fn text(out: &mut Vec<u8>, text: &str) {
    bytes(out, Tag::TEXT, text.as_bytes());
}

/// Appends `Msg.severity`, an OpenTelemetry number.
pub fn severity(out: &mut Vec<u8>, number: u8) {
    out.push(Tag::SEVERITY.0);
    varint(out, u64::from(number));
}

/// Appends `Msg.time_unix_nano`, Unix nanoseconds.
pub fn time_unix_nano(out: &mut Vec<u8>, time: u64) {
    fixed64(out, Tag::TIME_UNIX_NANO, time);
}

/// Appends one to `Msg.attributes`.
pub fn attribute(out: &mut Vec<u8>, name: &str, value: Value<'_>) {
    delimited(out, Tag::ATTRIBUTE, |out| {
        bytes(out, Tag::ATTRIBUTE_NAME, name.as_bytes());
        match value {
            Value::Text(text) => bytes(out, Tag::ATTRIBUTE_TEXT, text.as_bytes()),
            Value::Int(n) => {
                out.push(Tag::ATTRIBUTE_INT.0);
                varint(out, zigzag(n));
            }
            Value::Float(x) => fixed64(out, Tag::ATTRIBUTE_FLOAT, x.to_bits()),
            Value::Flag(flag) => out.extend_from_slice(&[Tag::ATTRIBUTE_FLAG.0, u8::from(flag)]),
            Value::Bytes(b) => bytes(out, Tag::ATTRIBUTE_BYTES, b),
        }
    });
}

/// Appends a field whose content `write` appends, for contents whose length is not known before.
///
/// `write` must only append. Where the field is a `string` it must append UTF-8.
pub fn delimited<R>(out: &mut Vec<u8>, tag: Tag, write: impl FnOnce(&mut Vec<u8>) -> R) -> R {
    // One byte is left for the length, which is enough below 128; a longer content is moved up to make room.
    out.extend_from_slice(&[tag.0, 0]);
    let start = out.len();
    let result = write(out);
    let len = out.len() - start;
    if len < 0x80 {
        out[start - 1] = len as u8;
    } else {
        let extra = varint_len(len as u64) - 1;
        out.resize(out.len() + extra, 0);
        out.copy_within(start..start + len, start + extra);
        let mut rest = len;
        for byte in &mut out[start - 1..start + extra] {
            *byte = rest as u8 | 0x80;
            rest >>= 7;
        }
        out[start + extra - 1] &= 0x7f;
    }
    result
}

/// Appends a base-128 varint.
pub fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// How many bytes [`varint`] appends: 1 to 10.
pub const fn varint_len(value: u64) -> usize {
    // Seven bits a byte, and one byte for zero.
    (64 - (value | 1).leading_zeros()).div_ceil(7) as usize
}

fn bytes(out: &mut Vec<u8>, tag: Tag, content: &[u8]) {
    out.push(tag.0);
    varint(out, content.len() as u64);
    out.extend_from_slice(content);
}

fn fixed64(out: &mut Vec<u8>, tag: Tag, value: u64) {
    out.push(tag.0);
    out.extend_from_slice(&value.to_le_bytes());
}

/// Maps numbers of small magnitude to small ones: protobuf's `sint64`.
fn zigzag(n: i64) -> u64 {
    (n.cast_unsigned() << 1) ^ (n >> 63).cast_unsigned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire;
    use alloc::string::String;
    use alloc::vec;
    use proptest::prelude::*;
    use prost::Message;

    fn any_value() -> impl Strategy<Value = wire::attribute::Value> {
        use wire::attribute::Value as Wire;
        prop_oneof![
            ".{0,200}".prop_map(Wire::Text),
            any::<i64>().prop_map(Wire::Int),
            (-100..100i64).prop_map(Wire::Int),
            // NaN equals nothing, itself included.
            any::<f64>().prop_filter("NaN", |x| !x.is_nan()).prop_map(Wire::Float),
            any::<bool>().prop_map(Wire::Flag),
            prop::collection::vec(any::<u8>(), 0..200).prop_map(Wire::Bytes),
        ]
    }

    fn any_msg() -> impl Strategy<Value = wire::Msg> {
        let attribute = ("[a-z.]{0,12}", any_value())
            .prop_map(|(name, value)| wire::Attribute { name, value: Some(value) });
        (".{0,200}", ".{0,300}", 0..25u32, any::<u64>(), prop::collection::vec(attribute, 0..6))
            .prop_map(|(key, txt, severity, time_unix_nano, attributes)| wire::Msg {
                key,
                txt,
                severity,
                time_unix_nano,
                attributes,
                ..Default::default()
            })
    }

    fn encode_msg(msg: &wire::Msg) -> Vec<u8> {
        let mut out = Vec::new();
        key(&mut out, &msg.key);
        time_unix_nano(&mut out, msg.time_unix_nano);
        severity(&mut out, msg.severity as u8);
        text(&mut out, &msg.txt);
        for a in &msg.attributes {
            attribute(&mut out, &a.name, a.value.as_ref().unwrap().into());
        }
        out
    }

    proptest! {
        #[test]
        fn prost_decodes_what_was_encoded(
            msgs in prop::collection::vec(any_msg(), 0..5),
            id in any::<u64>(),
            first in any::<u64>(),
        ) {
            let mut out = Vec::new();
            sender(&mut out, id);
            counter(&mut out, first);
            for msg in &msgs {
                let encoded = encode_msg(msg);
                let before = out.len();
                batch(&mut out, &encoded);
                prop_assert_eq!(out.len() - before, batch_len(encoded.len()));
            }
            let expect =
                wire::Cmd { sender: id, counter: first, batch: msgs, ..Default::default() };
            prop_assert_eq!(wire::Cmd::decode(&out[..]), Ok(expect));
        }

        #[test]
        fn varint_is_as_long_as_prost_says(shift in 0..64u32, any in any::<u64>()) {
            let value = any >> shift;
            let mut out = Vec::new();
            varint(&mut out, value);
            prop_assert_eq!(out.len(), varint_len(value));
            prop_assert_eq!(out.len(), prost::encoding::encoded_len_varint(value));
        }
    }

    #[test]
    fn contents_move_up_for_longer_lengths() {
        for len in [0, 1, 127, 128, 129, 16_383, 16_384, 2_097_151, 2_097_152] {
            let content = vec![b'x'; len];
            let mut expect = vec![0xff];
            bytes(&mut expect, Tag::TEXT, &content);
            let mut out = vec![0xff];
            let result = delimited(&mut out, Tag::TEXT, |out| {
                out.extend_from_slice(&content);
                len
            });
            assert_eq!(result, len);
            assert!(out == expect, "{len}");
        }
    }

    #[test]
    fn text_attributes_may_be_written_in_pieces() {
        let mut pieces = Vec::new();
        delimited(&mut pieces, Tag::ATTRIBUTE, |out| {
            delimited(out, Tag::ATTRIBUTE_NAME, |out| out.extend_from_slice(b"url"));
            delimited(out, Tag::ATTRIBUTE_TEXT, |out| {
                out.extend_from_slice(b"/login");
                out.extend_from_slice(b"?x");
            });
        });
        let mut whole = Vec::new();
        attribute(&mut whole, "url", Value::Text("/login?x"));
        assert_eq!(pieces, whole);
    }

    #[test]
    fn default_values_of_an_attribute_are_kept() {
        for value in [
            Value::Text(""),
            Value::Int(0),
            Value::Float(0.0),
            Value::Flag(false),
            Value::Bytes(&[]),
        ] {
            let mut out = Vec::new();
            attribute(&mut out, "a", value);
            let msg = wire::Msg::decode(&out[..]).unwrap();
            let expect = wire::Attribute { name: String::from("a"), value: Some(value.into()) };
            assert_eq!(msg.attributes, [expect]);
        }
    }
}
