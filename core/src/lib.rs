//! The engine of logd.
//!
//! Pure: no I/O, no clock, no threads, no unsafe. Time comes in as [`time::Now`], bytes come in and go out
//! in buffers that the caller owns, and the same inputs give the same bytes on every target.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod drop;
pub mod event;
pub mod key;
pub mod query;
pub mod severity;
pub mod time;
