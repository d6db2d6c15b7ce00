//! When the sending thread sleeps.
//!
//! Waking a sleeping thread costs the logging thread a system call. Under load the sender therefore does not
//! sleep until it is woken: it naps and looks again, which also lets events gather for one datagram. With
//! little to do it sleeps, and an event that comes wakes it and leaves at once.

use core::time::Duration;
use std::time::Instant;

/// Passes closer together than this are load; after this long without an event the load is over. An application that logs
/// a few hundred events a second is spared the system call.
const LINGER: Duration = Duration::from_millis(4);

/// The first nap. The operating system adds some 50 µs of its own.
const SHORTEST_NAP: Duration = Duration::from_micros(50);

/// Naps double up to this. It bounds how long an event waits under load.
const LONGEST_NAP: Duration = Duration::from_micros(200);

/// Decides between naps and sleep.
#[derive(Debug)]
pub(crate) struct Pace {
    last_pass: Option<Instant>,
    nap_until: Option<Instant>,
    nap: Duration,
}

impl Pace {
    pub(crate) fn new() -> Self {
        Self { last_pass: None, nap_until: None, nap: SHORTEST_NAP }
    }

    /// Something was sent.
    pub(crate) fn sent(&mut self, now: Instant, events: u64) {
        let soon = self.last_pass.is_some_and(|last| now.duration_since(last) < LINGER);
        self.last_pass = Some(now);
        self.nap_until = (soon || events > 1).then(|| now + LINGER);
        self.nap = SHORTEST_NAP;
    }

    /// There is nothing to send: how long to nap, or `None` to sleep until woken.
    pub(crate) fn nap(&mut self, now: Instant) -> Option<Duration> {
        if self.nap_until.is_none_or(|until| now >= until) {
            return None;
        }
        let nap = self.nap;
        self.nap = (nap * 2).min(LONGEST_NAP);
        Some(nap)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sleeps_after_a_lone_event() {
        let mut pace = Pace::new();
        let now = Instant::now();
        assert_eq!(pace.nap(now), None);
        pace.sent(now, 1);
        assert_eq!(pace.nap(now), None);
        pace.sent(now + LINGER, 1);
        assert_eq!(pace.nap(now + LINGER), None);
    }

    #[test]
    fn naps_under_load_and_sleeps_when_it_is_over() {
        let start = Instant::now();
        let mut several = Pace::new();
        several.sent(start, 2);
        let mut soon = Pace::new();
        soon.sent(start - LINGER / 2, 1);
        soon.sent(start, 1);
        for mut pace in [several, soon] {
            let mut now = start;
            let mut naps = Vec::new();
            while let Some(nap) = pace.nap(now) {
                naps.push(nap);
                now += nap;
            }
            assert!(now >= start + LINGER);
            assert_eq!(naps[0], SHORTEST_NAP);
            assert!(naps.is_sorted() && naps.iter().all(|&nap| nap <= LONGEST_NAP));
            pace.sent(now, 2);
            assert_eq!(pace.nap(now), Some(SHORTEST_NAP));
        }
    }
}
