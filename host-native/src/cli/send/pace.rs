//! Spreads datagrams evenly over time: the generic cell rate algorithm (ITU-T I.371, virtual scheduling).

use core::time::Duration;
use std::time::Instant;

/// How far ahead of an even pace a burst may be.
const BURST: Duration = Duration::from_millis(2);

/// The pace of one sender.
pub(super) struct Pace {
    /// Events a second; `None` is as fast as possible.
    rate: Option<f64>,
    /// When the next event is due.
    due: Instant,
}

impl Pace {
    /// `rate` in events a second; 0 does not limit.
    pub(super) fn new(rate: u32, now: Instant) -> Self {
        Self { rate: (rate > 0).then_some(f64::from(rate)), due: now }
    }

    /// How long to wait before sending `events`, which then count as sent.
    pub(super) fn next(&mut self, now: Instant, events: u64) -> Duration {
        let Some(rate) = self.rate else { return Duration::ZERO };
        let due = self.due.max(now);
        self.due = due + Duration::from_secs_f64(events as f64 / rate);
        due.saturating_duration_since(now).saturating_sub(BURST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_kept_and_idle_time_is_not_saved_up() {
        let start = Instant::now();
        let mut pace = Pace::new(1000, start);
        let mut now = start;
        for _ in 0..100 {
            now += pace.next(now, 10);
        }
        // The last of 1000 events is due at 990 ms; a burst may be ahead.
        assert_eq!(now - start, Duration::from_millis(990) - BURST);
        now += Duration::from_secs(3600);
        assert_eq!(pace.next(now, 1000), Duration::ZERO);
        assert_eq!(pace.next(now, 1), Duration::from_secs(1) - BURST);
    }

    #[test]
    fn no_rate_never_waits() {
        let now = Instant::now();
        let mut pace = Pace::new(0, now);
        assert_eq!((pace.next(now, 1 << 40), pace.next(now, 1)), (Duration::ZERO, Duration::ZERO));
    }
}
