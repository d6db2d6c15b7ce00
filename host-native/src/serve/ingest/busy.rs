//! How long a thread was at work.

use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use core::time::Duration;

/// Written by one thread, read by any.
#[derive(Debug, Default)]
pub(super) struct BusyTime(AtomicU64);

impl BusyTime {
    pub(super) fn add(&self, time: Duration) {
        // A u64 of nanoseconds lasts 584 years.
        self.0.fetch_add(time.as_nanos() as u64, Relaxed);
    }

    /// Since the thread began.
    pub(super) fn total(&self) -> Duration {
        Duration::from_nanos(self.0.load(Relaxed))
    }
}
