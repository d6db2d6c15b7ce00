//! Events without a datagram around them.

use logd_core::event::{Attribute, NewEvent, Value};
use logd_core::key::Key;
use logd_core::severity::Severity;
use logd_core::time::UnixNanos;
use logd_proto::wire::{Attribute as WireAttribute, Msg, attribute};

/// Hands `msg` to `f` as the store takes it.
///
/// # Panics
///
/// If it is not one of [`Samples`](crate::Samples), which are all valid.
pub fn with_event<R>(msg: &Msg, f: impl FnOnce(&NewEvent<'_>) -> R) -> R {
    let attributes: Vec<_> = msg.attributes.iter().filter_map(attribute).collect();
    f(&NewEvent {
        time: UnixNanos(msg.time_unix_nano.cast_signed()),
        key: Key::parse(&msg.key).expect("samples have valid keys"),
        severity: Severity::from_number(msg.severity).expect("samples have valid severities"),
        text: &msg.txt,
        attributes: &attributes,
    })
}

fn attribute(a: &WireAttribute) -> Option<Attribute<'_>> {
    let value = match a.value.as_ref()? {
        attribute::Value::Text(s) => Value::Text(s),
        attribute::Value::Int(n) => Value::Int(*n),
        attribute::Value::Float(x) => Value::Float(*x),
        attribute::Value::Flag(b) => Value::Flag(*b),
        attribute::Value::Bytes(b) => Value::Bytes(b),
    };
    Some(Attribute { name: &a.name, value })
}
