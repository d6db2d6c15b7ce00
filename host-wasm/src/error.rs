//! What JavaScript catches.

use core::fmt::Display;

use js_sys::{Error, Reflect};
use logd_core::query::parse::ParseError;

/// The `name` of a thrown `Error`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The filter does not parse; `column` and `length`, in characters from 1, tell where.
    Filter,
    /// Another part of the question is wrong.
    Query,
    /// The file is no buffer.
    Buffer,
    /// The engine broke one of its own rules: a bug.
    Panic,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Filter => "FilterError",
            Self::Query => "QueryError",
            Self::Buffer => "BufferError",
            Self::Panic => "Panic",
        }
    }
}

/// An `Error` of this kind.
pub fn new(kind: Kind, message: &dyn Display) -> Error {
    let error = Error::new(&message.to_string());
    error.set_name(kind.name());
    error
}

/// An `Error` that points into the filter.
pub(crate) fn filter(e: &ParseError) -> Error {
    let error = new(Kind::Filter, &e.message);
    for (name, value) in [("column", e.column), ("length", e.len)] {
        // Setting a property of an object that was made a line ago cannot fail.
        let _ = Reflect::set(&error, &name.into(), &value.into());
    }
    error
}

/// Makes a panic throw an `Error` with its message; otherwise JavaScript would see no more than "unreachable".
pub fn throw_panics() {
    std::panic::set_hook(Box::new(|panic| wasm_bindgen::throw_val(new(Kind::Panic, panic).into())));
}
