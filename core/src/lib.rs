//! The engine of logd.
//!
//! Pure: no I/O, no clock, no threads, no unsafe. Time comes in as [`time::Now`], bytes come in and go out
//! in buffers that the caller owns, and the same inputs give the same bytes on every target.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

// What `#[test]` means. A module of tests says `use crate::test;`, so that the same tests run on both targets.
#[cfg(all(test, not(target_arch = "wasm32")))]
use core::prelude::v1::test;
#[cfg(all(test, target_arch = "wasm32"))]
use wasm_bindgen_test::wasm_bindgen_test as test;

pub mod bits;
pub mod block;
pub mod buffer;
pub mod csv;
pub mod datagram;
pub mod drop;
pub mod engine;
pub mod event;
pub mod fresh;
pub mod json;
pub mod key;
pub mod query;
pub mod severity;
pub mod store;
pub mod time;
mod varint;
