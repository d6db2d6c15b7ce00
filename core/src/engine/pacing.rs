//! How fast replies may leave: a token bucket for each address, and one over all of them.

use core::time::Duration;

use crate::time::MonoNanos;

/// What one datagram costs beside its bytes. A receiver's kernel charges its buffer several hundred bytes for
/// a datagram however short it is, so counting payload alone would overrun a reader of short lines.
pub const DATAGRAM_OVERHEAD: u64 = 512;

/// A rate of replies: sustained bytes a second, and how many bytes may leave at once after a pause.
///
/// A datagram counts as its payload plus [`DATAGRAM_OVERHEAD`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Sustained; not zero.
    pub bytes_per_second: u64,
    /// At once; the datagram that crosses the line still leaves whole.
    pub burst: u64,
}

impl Rate {
    /// How long `bytes` take at the sustained rate.
    fn time_for(self, bytes: u64) -> Duration {
        Duration::from_nanos(bytes.saturating_mul(1_000_000_000) / self.bytes_per_second)
    }
}

/// A token bucket, kept as the one moment at which all that was sent is paid for.
///
/// Algorithm: the generic cell rate algorithm (ITU-T I.371, annex A), virtual scheduling form.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pacer {
    paid_at: MonoNanos,
}

impl Pacer {
    /// When the next datagram may leave; a moment in the past means now.
    pub(super) fn ready_at(self, rate: Rate) -> MonoNanos {
        let burst = u64::try_from(rate.time_for(rate.burst).as_nanos()).unwrap_or(u64::MAX);
        MonoNanos(self.paid_at.0.saturating_sub(burst))
    }

    /// Takes a datagram with `len` bytes of payload into account.
    pub(super) fn spend(&mut self, now: MonoNanos, rate: Rate, len: usize) {
        let cost = rate.time_for(len as u64 + DATAGRAM_OVERHEAD);
        self.paid_at = self.paid_at.max(now).saturating_add(cost);
    }

    /// Whether forgetting this pacer changes nothing: everything is paid for.
    pub(super) fn is_idle(self, now: MonoNanos) -> bool {
        self.paid_at <= now
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test;

    const RATE: Rate = Rate { bytes_per_second: 1_000_000, burst: 10_000 };

    /// Sends datagrams of 488 bytes (1,000 with overhead) as fast as `pacer` allows until `end`.
    fn send_until(pacer: &mut Pacer, start: u64, end: u64) -> u64 {
        let (mut now, mut sent) = (start, 0);
        loop {
            now = now.max(pacer.ready_at(RATE).0);
            if now > end {
                return sent;
            }
            pacer.spend(MonoNanos(now), RATE, 488);
            sent += 1;
        }
    }

    #[test]
    fn a_burst_then_the_sustained_rate() {
        let mut pacer = Pacer::default();
        // Ten fill the burst, the eleventh crosses the line.
        assert_eq!(send_until(&mut pacer, 0, 0), 11);
        // 1,000 bytes a millisecond from then on.
        assert_eq!(send_until(&mut pacer, 0, 100_000_000), 100);
    }

    #[test]
    fn a_pause_earns_one_burst_and_no_more() {
        let mut pacer = Pacer::default();
        send_until(&mut pacer, 0, 0);
        assert!(!pacer.is_idle(MonoNanos(10_999_999)));
        assert!(pacer.is_idle(MonoNanos(11_000_000)));
        let hour = 3_600_000_000_000;
        assert_eq!(send_until(&mut pacer, hour, hour), 11);
    }
}
