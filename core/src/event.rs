//! An event, borrowed from where it lives: a datagram on the way in, a block on the way out.

use logd_proto::wire;

use crate::key::Key;
use crate::severity::Severity;
use crate::time::UnixNanos;

pub use logd_proto::Value;

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
    wire::Attribute { name: a.name.into(), value: Some(a.value.into()) }
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
