//! What an attribute may be given as.

use alloc::borrow::Cow;
use core::fmt;

/// The value of an attribute. Made by `From`, so that [`attr`](crate::Event::attr) takes plain values.
///
/// A type of your own becomes an attribute by `impl From<&MyType> for Value<'_>`.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Value<'a> {
    /// Text.
    Text(&'a str),
    /// Text that is formatted when it is logged: `format_args!("{x:?}")`.
    Format(fmt::Arguments<'a>),
    /// A whole number.
    Int(i64),
    /// A whole number that is not negative. Above `i64::MAX`, which the protocol does not have, it is sent as
    /// decimal text.
    Unsigned(u64),
    /// A number with a fraction.
    Float(f64),
    /// True or false.
    Flag(bool),
    /// Anything else.
    Bytes(&'a [u8]),
}

macro_rules! from {
    ($variant:ident($to:ty): $($from:ty),*) => {
        $(impl From<$from> for Value<'_> {
            fn from(value: $from) -> Self {
                Self::$variant(<$to>::from(value))
            }
        })*
    };
}

from!(Int(i64): i8, i16, i32, i64, u8, u16, u32);
from!(Unsigned(u64): u64);
from!(Float(f64): f32, f64);
from!(Flag(bool): bool);

impl From<isize> for Value<'_> {
    fn from(n: isize) -> Self {
        // No target of std has pointers above 64 bits.
        Self::Int(n as i64)
    }
}

impl From<usize> for Value<'_> {
    fn from(n: usize) -> Self {
        Self::Unsigned(n as u64)
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a Cow<'_, str>> for Value<'a> {
    fn from(text: &'a Cow<'_, str>) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<fmt::Arguments<'a>> for Value<'a> {
    fn from(text: fmt::Arguments<'a>) -> Self {
        Self::Format(text)
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Bytes(bytes)
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Value<'a> {
    fn from(bytes: &'a [u8; N]) -> Self {
        Self::Bytes(bytes)
    }
}

impl<'a> From<&'a Vec<u8>> for Value<'a> {
    fn from(bytes: &'a Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}
