//! What every door counts about itself.

use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Counters since the start.
#[derive(Debug, Default)]
pub(in crate::serve) struct Counters {
    stored: AtomicU64,
    refused: AtomicU64,
}

impl Counters {
    /// Counts events that came through.
    pub(super) fn count(&self, stored: usize, refused: usize) {
        self.stored.fetch_add(stored as u64, Relaxed);
        self.refused.fetch_add(refused as u64, Relaxed);
    }

    /// Events that were stored.
    pub(in crate::serve) fn stored(&self) -> u64 {
        self.stored.load(Relaxed)
    }

    /// Events that were not, by the door or by the engine.
    pub(in crate::serve) fn refused(&self) -> u64 {
        self.refused.load(Relaxed)
    }
}
