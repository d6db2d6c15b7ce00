//! When a thread that has emptied its socket looks at it again.
//!
//! To be woken costs several times what receiving a datagram does, and under load every datagram would wake the
//! thread anew, for it is done with one before the next comes. So a thread that was woken soon after it went to sleep
//! naps for a fixed time instead of waiting, and then takes what has come together. A datagram after a pause still
//! wakes it at once.

use core::time::Duration;

/// What a nap is asked to last. Linux adds up to 50 µs to let timers fire together. The kernel's buffer must hold what
/// comes meanwhile: at 400,000 datagrams a second, 60.
pub(super) const NAP: Duration = Duration::from_micros(100);
/// Who is woken sooner than this is under load.
const SOON: Duration = Duration::from_micros(150);

/// Decides between waiting and napping.
#[derive(Debug, Default)]
pub(super) struct Pace {
    loaded: bool,
}

impl Pace {
    /// The thread waited for a datagram, and something woke it after this long.
    pub(super) fn waited(&mut self, time: Duration) {
        self.loaded = time < SOON;
    }

    /// Whether to nap, after a look at the socket that brought something or nothing.
    pub(super) fn naps(&self, received: bool) -> bool {
        self.loaded && received
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_was_woken_soon_and_found_something_naps() {
        let mut pace = Pace::default();
        assert!(!pace.naps(true));
        pace.waited(Duration::from_micros(20));
        assert!(pace.naps(true) && !pace.naps(false));
        pace.waited(Duration::from_millis(1));
        assert!(!pace.naps(true));
    }
}
