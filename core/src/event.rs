//! An event, borrowed from where it lives: a datagram on the way in, a block on the way out.

use logd_proto::borrowed;

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

/// A name with its value. An event's attributes keep their order; a repeated name is kept as it came.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Attribute<'a> {
    /// Not empty.
    pub name: &'a str,
    /// See [`Value`].
    pub value: Value<'a>,
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
    /// UTF-8, any length up to the engine's limit, may be empty only if there are attributes.
    pub text: &'a str,
    /// In the sender's order.
    pub attributes: &'a [Attribute<'a>],
}
