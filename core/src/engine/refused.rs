//! Whose clock is wrong: machines whose datagrams were refused as stale or from the future.

use alloc::collections::BTreeMap;
use core::net::IpAddr;

use crate::drop::DropReason;
use crate::time::{MonoNanos, Now, UnixNanos};

/// A machine whose datagrams were refused for their time.
///
/// A hint for people, not a fact: time is checked before the signature, so anybody can put any address and any
/// skew here. It answers "why do I not see my events?", and nothing is decided by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefusedSender {
    /// Without the port, which changes with each run of an application.
    pub addr: IpAddr,
    /// [`DropReason::Stale`] or [`DropReason::Future`], the latest.
    pub reason: DropReason,
    /// The latest datagram's time minus the daemon's, in nanoseconds; negative when the sender is behind.
    pub skew: i64,
    /// Datagrams refused since this address entered the table.
    pub count: u64,
    /// When the latest came.
    pub last: UnixNanos,
}

/// The refused machines, as many as fit; a new one takes the place of the one not heard from for longest.
#[derive(Debug)]
pub(super) struct RefusedSenders {
    capacity: usize,
    senders: BTreeMap<IpAddr, (RefusedSender, MonoNanos)>,
}

impl RefusedSenders {
    pub(super) fn new(capacity: usize) -> Self {
        Self { capacity, senders: BTreeMap::new() }
    }

    pub(super) fn note(&mut self, now: Now, addr: IpAddr, reason: DropReason, skew: i64) {
        let count = match self.senders.get(&addr) {
            Some((known, _)) => known.count,
            None => {
                if self.senders.len() >= self.capacity && !self.evict() {
                    return;
                }
                0
            }
        };
        let sender = RefusedSender { addr, reason, skew, count: count + 1, last: now.unix };
        self.senders.insert(addr, (sender, now.mono));
    }

    /// Forgets the sender not heard from for longest; false when there is none.
    fn evict(&mut self) -> bool {
        let oldest = self.senders.iter().min_by_key(|(_, (_, last))| *last).map(|(&addr, _)| addr);
        oldest.is_some_and(|addr| self.senders.remove(&addr).is_some())
    }

    /// In order of address.
    pub(super) fn iter(&self) -> impl Iterator<Item = RefusedSender> + '_ {
        self.senders.values().map(|(sender, _)| *sender)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test;
    use alloc::vec::Vec;

    fn at(ms: u64) -> Now {
        Now { unix: UnixNanos(ms as i64 * 1_000_000), mono: MonoNanos(ms * 1_000_000) }
    }

    #[test]
    fn counts_by_machine_and_keeps_the_latest_skew() {
        let mut refused = RefusedSenders::new(4);
        let addr = IpAddr::from([10, 0, 0, 1]);
        refused.note(at(1), addr, DropReason::Stale, -5);
        refused.note(at(2), addr, DropReason::Future, 7);
        let seen: Vec<_> = refused.iter().collect();
        assert_eq!(seen.len(), 1);
        assert_eq!((seen[0].count, seen[0].skew, seen[0].reason), (2, 7, DropReason::Future));
    }

    #[test]
    fn a_flood_of_addresses_stays_within_the_bound() {
        let mut refused = RefusedSenders::new(4);
        for n in 0..1000_u32 {
            refused.note(at(u64::from(n)), IpAddr::from(n.to_be_bytes()), DropReason::Stale, -1);
        }
        let seen: Vec<_> = refused.iter().map(|s| s.addr).collect();
        assert_eq!(
            seen,
            (996..1000_u32).map(|n| IpAddr::from(n.to_be_bytes())).collect::<Vec<_>>()
        );
        let mut none = RefusedSenders::new(0);
        none.note(at(0), IpAddr::from([1, 2, 3, 4]), DropReason::Stale, -1);
        assert_eq!(none.iter().count(), 0);
    }
}
