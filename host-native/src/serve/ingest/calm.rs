//! Whether the ingest thread has time to spare.

use core::time::Duration;

use logd_core::time::MonoNanos;

/// How long is looked at before judging.
pub(super) const WINDOW: Duration = Duration::from_millis(50);
/// The part of a window that must have been spent asleep. Upkeep costs as much processor time as ingest does; under
/// load, events that arrive come first.
const ASLEEP: f64 = 0.75;

/// Watches how much the thread sleeps.
#[derive(Debug)]
pub(super) struct Calm {
    since: MonoNanos,
    slept: Duration,
    calm: bool,
}

impl Calm {
    pub(super) fn new(now: MonoNanos) -> Self {
        Self { since: now, slept: Duration::ZERO, calm: true }
    }

    /// The thread slept for this long.
    pub(super) fn slept(&mut self, time: Duration) {
        self.slept += time;
    }

    /// Whether the last whole window was calm.
    pub(super) fn is_calm(&mut self, now: MonoNanos) -> bool {
        let window = now.since(self.since);
        if window >= WINDOW {
            self.calm = self.slept.as_secs_f64() >= ASLEEP * window.as_secs_f64();
            self.since = now;
            self.slept = Duration::ZERO;
        }
        self.calm
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_window_is_not_calm_and_a_quiet_one_after_it_is() {
        let at = |ms: u64| MonoNanos(ms * 1_000_000);
        let mut calm = Calm::new(at(0));
        assert!(calm.is_calm(at(10)));
        calm.slept(Duration::from_millis(30));
        assert!(!calm.is_calm(at(60)));
        assert!(!calm.is_calm(at(70)));
        calm.slept(Duration::from_millis(49));
        assert!(calm.is_calm(at(120)));
    }
}
