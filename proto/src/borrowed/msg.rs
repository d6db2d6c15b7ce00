//! One event and its attributes.

use super::reader::{DecodeError, I64, LEN, Reader, VARINT, key};
use crate::Value;

/// An event, borrowed from the payload of a datagram. A field that was not sent is empty or zero.
#[derive(Clone, Copy, Debug, Default)]
pub struct Msg<'a> {
    /// Unix nanoseconds, from `time_unix_nano` when that is set, else from `t`; saturates at the ends of i64.
    pub time: Option<i64>,
    /// First segment of the key, when `key` is empty.
    pub env: &'a str,
    /// Second segment of the key, when `key` is empty.
    pub svc: &'a str,
    /// Third segment of the key, when `key` is empty.
    pub function: &'a str,
    /// Number of a [`Lvl`](crate::wire::Lvl), or one that the schema does not know.
    pub lvl: i32,
    /// The text.
    pub txt: &'a str,
    /// The stack trace.
    pub stack_trace: &'a str,
    /// Number of an [`HttpMethod`](crate::wire::HttpMethod), or one that the schema does not know.
    pub http_method: i32,
    /// The request's URL.
    pub url: &'a str,
    /// The response's status.
    pub response_status: i32,
    /// The key, `/env/svc/fn`.
    pub key: &'a str,
    /// OpenTelemetry severity number as it was sent, in place of `lvl` when not 0.
    pub severity: u32,
}

impl<'a> Msg<'a> {
    /// Reads the fields of one event, and hands each attribute to `attribute` as it comes.
    #[inline]
    pub fn parse(
        bytes: &'a [u8],
        mut attribute: impl FnMut(Attribute<'a>),
    ) -> Result<Self, DecodeError> {
        let mut msg = Self::default();
        let mut t: Option<Timestamp> = None;
        let mut time_unix_nano = 0;
        let mut reader = Reader::new(bytes);
        while let Some(key) = reader.key()? {
            match key {
                T => t.get_or_insert_default().merge(reader.bytes()?)?,
                ENV => msg.env = reader.str()?,
                SVC => msg.svc = reader.str()?,
                FUNCTION => msg.function = reader.str()?,
                LVL => msg.lvl = reader.varint()? as i32,
                TXT => msg.txt = reader.str()?,
                STACK_TRACE => msg.stack_trace = reader.str()?,
                HTTP_METHOD => msg.http_method = reader.varint()? as i32,
                URL => msg.url = reader.str()?,
                RESPONSE_STATUS => msg.response_status = reader.varint()? as i32,
                KEY => msg.key = reader.str()?,
                SEVERITY => msg.severity = reader.varint()? as u32,
                ATTRIBUTE => attribute(Attribute::parse(reader.bytes()?)?),
                TIME_UNIX_NANO => time_unix_nano = reader.fixed64()?,
                // 2 is reserved: not known, so skipped whatever its type.
                other if other >> 3 == 2 => reader.skip_unknown(other, 1..=1)?,
                other => reader.skip_unknown(other, 1..=15)?,
            }
        }
        msg.time = match time_unix_nano {
            0 => t.map(Timestamp::unix_nanos),
            n => Some(i64::try_from(n).unwrap_or(i64::MAX)),
        };
        Ok(msg)
    }
}

/// A name with its value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Attribute<'a> {
    /// Empty when it was not sent.
    pub name: &'a str,
    /// `None` when it was not sent, or has a type that the schema does not know.
    pub value: Option<Value<'a>>,
}

impl<'a> Attribute<'a> {
    #[inline]
    fn parse(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let mut attribute = Self { name: "", value: None };
        while let Some(key) = reader.key()? {
            // Of several values the last one counts, as everywhere in protobuf.
            attribute.value = Some(match key {
                ATTRIBUTE_NAME => {
                    attribute.name = reader.str()?;
                    continue;
                }
                ATTRIBUTE_TEXT => Value::Text(reader.str()?),
                ATTRIBUTE_INT => Value::Int(zigzag(reader.varint()?)),
                ATTRIBUTE_FLOAT => Value::Float(f64::from_bits(reader.fixed64()?)),
                ATTRIBUTE_FLAG => Value::Flag(reader.varint()? != 0),
                ATTRIBUTE_BYTES => Value::Bytes(reader.bytes()?),
                other => {
                    reader.skip_unknown(other, 1..=6)?;
                    continue;
                }
            });
        }
        Ok(attribute)
    }
}

/// `google.protobuf.Timestamp`.
#[derive(Clone, Copy, Default)]
struct Timestamp {
    seconds: i64,
    nanos: i32,
}

impl Timestamp {
    #[inline]
    fn merge(&mut self, bytes: &[u8]) -> Result<(), DecodeError> {
        let mut reader = Reader::new(bytes);
        while let Some(key) = reader.key()? {
            match key {
                TIMESTAMP_SECONDS => self.seconds = reader.varint()? as i64,
                TIMESTAMP_NANOS => self.nanos = reader.varint()? as i32,
                other => reader.skip_unknown(other, 1..=2)?,
            }
        }
        Ok(())
    }

    fn unix_nanos(self) -> i64 {
        self.seconds.saturating_mul(1_000_000_000).saturating_add(i64::from(self.nanos))
    }
}

/// Protobuf's `sint64`: small numbers of either sign have few bytes.
fn zigzag(n: u64) -> i64 {
    (n >> 1) as i64 ^ -((n & 1) as i64)
}

const T: u32 = key(1, LEN);
const ENV: u32 = key(3, LEN);
const SVC: u32 = key(4, LEN);
const FUNCTION: u32 = key(5, LEN);
const LVL: u32 = key(6, VARINT);
const TXT: u32 = key(7, LEN);
const STACK_TRACE: u32 = key(8, LEN);
const HTTP_METHOD: u32 = key(9, VARINT);
const URL: u32 = key(10, LEN);
const RESPONSE_STATUS: u32 = key(11, VARINT);
const KEY: u32 = key(12, LEN);
const SEVERITY: u32 = key(13, VARINT);
const ATTRIBUTE: u32 = key(14, LEN);
const TIME_UNIX_NANO: u32 = key(15, I64);

const ATTRIBUTE_NAME: u32 = key(1, LEN);
const ATTRIBUTE_TEXT: u32 = key(2, LEN);
const ATTRIBUTE_INT: u32 = key(3, VARINT);
const ATTRIBUTE_FLOAT: u32 = key(4, I64);
const ATTRIBUTE_FLAG: u32 = key(5, VARINT);
const ATTRIBUTE_BYTES: u32 = key(6, LEN);

const TIMESTAMP_SECONDS: u32 = key(1, VARINT);
const TIMESTAMP_NANOS: u32 = key(2, VARINT);
