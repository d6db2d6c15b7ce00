//! The value of an attribute, borrowed from where it lives.

use alloc::string::ToString;
use core::fmt;

use crate::wire::attribute::Value as Wire;

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

impl<'a> From<&'a Wire> for Value<'a> {
    fn from(value: &'a Wire) -> Self {
        match value {
            Wire::Text(s) => Self::Text(s),
            Wire::Int(n) => Self::Int(*n),
            Wire::Float(x) => Self::Float(*x),
            Wire::Flag(b) => Self::Flag(*b),
            Wire::Bytes(b) => Self::Bytes(b),
        }
    }
}

impl From<Value<'_>> for Wire {
    fn from(value: Value<'_>) -> Self {
        match value {
            Value::Text(s) => Self::Text(s.into()),
            Value::Int(n) => Self::Int(n),
            Value::Float(x) => Self::Float(x),
            Value::Flag(b) => Self::Flag(b),
            Value::Bytes(b) => Self::Bytes(b.into()),
        }
    }
}
