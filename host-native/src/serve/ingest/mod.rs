//! Ingest: the thread that owns the engine and the UDP socket.

pub mod feed;
pub mod kernel;
pub mod socket;
mod wake;
