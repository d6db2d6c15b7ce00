//! The two clocks that the engine is told.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use logd_core::time::{MonoNanos, Now, UnixNanos};

/// Reads both clocks; the monotonic one counts from when this was made.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
}

impl Clock {
    /// Starts the monotonic clock at zero.
    pub fn new() -> Self {
        Self { start: Instant::now() }
    }

    /// Both clocks, now.
    pub fn now(&self) -> Now {
        // 2⁶⁴ nanoseconds are 584 years.
        Now { unix: unix_now(), mono: MonoNanos(self.start.elapsed().as_nanos() as u64) }
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::new()
    }
}

/// The wall clock. Before 1970 it reads 1970, and after 2262 that year.
pub fn unix_now() -> UnixNanos {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixNanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}
