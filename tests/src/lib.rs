//! Tests that cross crates, and what they share.

mod daemon;
mod http;
mod sender;

pub use daemon::{Daemon, READ_SECRET, WRITE_SECRET, program, repository};
pub use http::Reply;
pub use sender::{Sender, message, numbered};
