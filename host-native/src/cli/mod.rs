//! The commands that talk to a daemon, or read an exported buffer.
//!
//! Results go to standard output, everything else to standard error; the same question gives the same bytes
//! whether a daemon or a file answered it. Exit codes: 0 found, 1 nothing found, 2 usage or failure.

pub mod completions;
pub mod export;
pub mod query;
pub mod send;
pub mod status;
pub mod tail;

mod chart;
mod daemon;
mod escape;
mod event;
mod expression;
mod failure;
mod moment;
mod output;
mod render;
mod secret;
mod source;
mod sse;
mod style;
mod summary;
