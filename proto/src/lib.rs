//! The one schema of logd, and the Rust types generated from it.
//!
//! - [`wire`]: what travels in a signed datagram (`wire.proto`).
//! - [`query`]: questions and answers (`query.proto`).
//! - [`buffer`]: what describes a block of events (`buffer.proto`).
//! - [`borrowed`]: decodes a datagram's payload without allocating; the same format, for the hot path.
//! - [`encode`]: encodes a WRITE into a buffer that the caller keeps.
//! - [`Value`]: an attribute's value, borrowed, on either way.

#![no_std]

extern crate alloc;

pub mod borrowed;
pub mod encode;
mod value;

/// Generated from `wire.proto`.
#[expect(
    missing_docs,
    reason = "prost carries the schema's comments only where the schema has them"
)]
pub mod wire {
    include!(concat!(env!("OUT_DIR"), "/logd.wire.rs"));
}

/// Generated from `query.proto`.
#[expect(
    missing_docs,
    reason = "prost carries the schema's comments only where the schema has them"
)]
pub mod query {
    include!(concat!(env!("OUT_DIR"), "/logd.query.rs"));
}

/// Generated from `buffer.proto`.
#[expect(
    missing_docs,
    reason = "prost carries the schema's comments only where the schema has them"
)]
pub mod buffer {
    include!(concat!(env!("OUT_DIR"), "/logd.buffer.rs"));
}

pub use prost;
pub use value::Value;
