//! The commands that talk to a daemon, or read an exported buffer.

pub mod export;
pub mod query;
pub mod send;
pub mod status;
pub mod tail;
