//! What HTTP counts about itself.

use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

use axum::http::StatusCode;

/// Counters since the start.
#[derive(Debug, Default)]
pub(super) struct Counters {
    /// Responses by the first digit of their status: 2xx to 5xx.
    responses: [AtomicU64; 4],
    /// Searches that ran, for pages, counts and tails.
    pub(super) searches: AtomicU64,
    /// Exports that began.
    pub(super) exports: AtomicU64,
    /// Events that tails were told they missed.
    pub(super) tail_missed: AtomicU64,
}

impl Counters {
    pub(super) fn count_response(&self, status: StatusCode) {
        let class = usize::from(status.as_u16() / 100).clamp(2, 5) - 2;
        self.responses[class].fetch_add(1, Relaxed);
    }

    /// Class and count.
    pub(super) fn responses(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        let counts = self.responses.iter().map(|n| n.load(Relaxed));
        ["2xx", "3xx", "4xx", "5xx"].into_iter().zip(counts)
    }
}
