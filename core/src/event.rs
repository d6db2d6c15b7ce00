//! An event, borrowed from where it lives: a datagram on the way in, a block on the way out.

use logd_proto::borrowed;

use alloc::string::ToString;
use core::fmt;

use logd_proto::wire;

use crate::key::Key;
use crate::severity::Severity;
use crate::time::UnixNanos;

/// The value of an attribute.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// Text.
    Text(&'a str),
    /// A whole number.
    Int(i64),
    /// A number with a fraction; NaN is allowed and equals nothing.
    Float(f64),
    /// True or false.
    Flag(bool),
    /// Anything else.
    Bytes(&'a [u8]),
}

impl<'a> From<borrowed::Value<'a>> for Value<'a> {
    fn from(value: borrowed::Value<'a>) -> Self {
        match value {
            borrowed::Value::Text(v) => Self::Text(v),
            borrowed::Value::Int(v) => Self::Int(v),
            borrowed::Value::Float(v) => Self::Float(v),
            borrowed::Value::Flag(v) => Self::Flag(v),
            borrowed::Value::Bytes(v) => Self::Bytes(v),
        }
    }
}

impl Value<'_> {
    /// Hands the value as text to `f`: numbers in decimal, `true` or `false`, bytes in lower-case hexadecimal.
    pub fn with_text<T>(&self, f: impl FnOnce(&str) -> T) -> T {
        match self {
            Self::Text(s) => f(s),
            Self::Int(_) | Self::Float(_) | Self::Flag(_) | Self::Bytes(_) => f(&self.to_string()),
        }
    }

    /// The value as a number, when it is one or is text that is one.
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Self::Int(n) => Some(*n as f64),
            Self::Float(x) => Some(*x),
            Self::Text(s) => s.trim().parse().ok(),
            Self::Flag(_) | Self::Bytes(_) => None,
        }
    }
}

impl fmt::Display for Value<'_> {
    /// See [`Self::with_text`].
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(s) => f.write_str(s),
            Self::Int(n) => write!(f, "{n}"),
            Self::Float(x) => write!(f, "{x}"),
            Self::Flag(b) => write!(f, "{b}"),
            Self::Bytes(bytes) => bytes.iter().try_for_each(|b| write!(f, "{b:02x}")),
        }
    }
}

/// A name with its value. An event's attributes keep their order; a repeated name is kept as it came.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Attribute<'a> {
    /// Not empty.
    pub name: &'a str,
    /// See [`Value`].
    pub value: Value<'a>,
}

/// An attribute as the wire has it.
pub fn to_wire(a: &Attribute<'_>) -> wire::Attribute {
    let value = match a.value {
        Value::Text(s) => wire::attribute::Value::Text(s.into()),
        Value::Int(n) => wire::attribute::Value::Int(n),
        Value::Float(x) => wire::attribute::Value::Float(x),
        Value::Flag(b) => wire::attribute::Value::Flag(b),
        Value::Bytes(b) => wire::attribute::Value::Bytes(b.into()),
    };
    wire::Attribute { name: a.name.into(), value: Some(value) }
}

/// Attribute names that events of the original protocol use.
pub mod names {
    /// The request's method, upper case.
    pub const HTTP_METHOD: &str = "http.method";
    /// The request's URL.
    pub const URL: &str = "url";
    /// The response's status.
    pub const STATUS: &str = "status";
    /// The stack trace.
    pub const STACK_TRACE: &str = "stack_trace";
}

/// An event that has not been stored yet.
#[derive(Clone, Copy, Debug)]
pub struct NewEvent<'a> {
    /// The sender's clock.
    pub time: UnixNanos,
    /// Decides the ring.
    pub key: Key<'a>,
    /// OpenTelemetry number.
    pub severity: Severity,
    /// UTF-8, any length up to the engine's limit; may be empty.
    pub text: &'a str,
    /// In the sender's order.
    pub attributes: &'a [Attribute<'a>],
}
