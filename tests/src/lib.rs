//! Tests that cross crates, and what they share.

mod daemon;

pub use daemon::{Daemon, READ_SECRET, WRITE_SECRET, repository};
