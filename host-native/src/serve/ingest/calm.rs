//! How much time the ingest thread has to spare, and so how much upkeep may go on beside it.

use core::time::Duration;

use logd_core::store::Effort;
use logd_core::time::MonoNanos;

/// How long is looked at before judging.
pub(super) const WINDOW: Duration = Duration::from_millis(50);
/// The part of a window that must have been spent asleep for compression. It costs as much processor time as ingest
/// does; under load, events that arrive come first.
const ASLEEP_TO_COMPRESS: f64 = 0.75;
/// The same for filters. They take a seventh of what receiving their events did, and queries over new events need
/// it; only a thread that is about to lose datagrams has no time for that, and leaves it for later.
const ASLEEP_TO_INDEX: f64 = 0.1;

/// Watches how much the thread sleeps.
#[derive(Debug)]
pub(super) struct Calm {
    since: MonoNanos,
    slept: Duration,
    effort: Option<Effort>,
}

impl Calm {
    pub(super) fn new(now: MonoNanos) -> Self {
        Self { since: now, slept: Duration::ZERO, effort: Some(Effort::All) }
    }

    /// The thread slept for this long.
    pub(super) fn slept(&mut self, time: Duration) {
        self.slept += time;
    }

    /// What the last whole window left time for.
    pub(super) fn effort(&mut self, now: MonoNanos) -> Option<Effort> {
        let window = now.since(self.since);
        if window >= WINDOW {
            let asleep = self.slept.as_secs_f64() / window.as_secs_f64();
            self.effort = if asleep >= ASLEEP_TO_COMPRESS {
                Some(Effort::All)
            } else if asleep >= ASLEEP_TO_INDEX {
                Some(Effort::Index)
            } else {
                None
            };
            self.since = now;
            self.slept = Duration::ZERO;
        }
        self.effort
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_busier_a_window_the_less_upkeep_after_it() {
        let at = |ms: u64| MonoNanos(ms * 1_000_000);
        let mut calm = Calm::new(at(0));
        assert_eq!(calm.effort(at(10)), Some(Effort::All));
        calm.slept(Duration::from_millis(30));
        assert_eq!(calm.effort(at(60)), Some(Effort::Index));
        assert_eq!(calm.effort(at(70)), Some(Effort::Index));
        calm.slept(Duration::from_millis(4));
        assert_eq!(calm.effort(at(120)), None);
        calm.slept(Duration::from_millis(49));
        assert_eq!(calm.effort(at(170)), Some(Effort::All));
    }
}
