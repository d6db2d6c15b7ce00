//! How many requests an address may make.
//!
//! The generic cell rate algorithm (ITU-T I.371): each address has the time at which it will have paid for all
//! its requests, and may be at most a burst ahead of now.

use core::net::{IpAddr, Ipv6Addr};
use core::time::Duration;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Addresses that are remembered; beyond them, those that owe nothing are forgotten.
const MAX_ADDRESSES: usize = 4096;

/// Admits requests by address.
#[derive(Debug)]
pub(super) struct RateLimit {
    /// What one request costs.
    cost: Duration,
    /// How far ahead an address may be.
    ahead: Duration,
    paid_until: Mutex<HashMap<IpAddr, Instant>>,
}

impl RateLimit {
    pub(super) fn new(per_second: u32, burst: u32) -> Self {
        let cost = Duration::from_secs(1) / per_second.max(1);
        Self { cost, ahead: cost * burst.max(1), paid_until: Mutex::new(HashMap::new()) }
    }

    /// Whether a request of `addr` may pass; else how long it has to wait.
    pub(super) fn admit(&self, now: Instant, addr: IpAddr) -> Result<(), Duration> {
        // No code between lock and unlock can panic half-way.
        let mut table = self.paid_until.lock().unwrap_or_else(PoisonError::into_inner);
        let addr = network(addr);
        if table.len() >= MAX_ADDRESSES && !table.contains_key(&addr) {
            table.retain(|_, paid| *paid > now);
            // Every place is taken by somebody who just asked: the newcomer waits.
            if table.len() >= MAX_ADDRESSES {
                return Err(self.cost);
            }
        }
        let paid = table.entry(addr).or_insert(now);
        let next = (*paid).max(now) + self.cost;
        match next.checked_duration_since(now + self.ahead) {
            None | Some(Duration::ZERO) => {
                *paid = next;
                Ok(())
            }
            Some(wait) => Err(wait),
        }
    }
}

/// One client usually has a whole /64 of IPv6.
fn network(addr: IpAddr) -> IpAddr {
    match addr.to_canonical() {
        IpAddr::V4(v4) => v4.into(),
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_then_the_rate_counts_for_each_address() {
        let limit = RateLimit::new(10, 3);
        let (a, b) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let start = Instant::now();
        let admitted = |now, addr| limit.admit(now, addr).is_ok();
        assert_eq!((0..10).filter(|_| admitted(start, a)).count(), 3);
        assert!(admitted(start, b));
        assert_eq!(limit.admit(start, a), Err(Duration::from_millis(100)));
        let later = start + Duration::from_millis(250);
        assert_eq!((0..10).filter(|_| admitted(later, a)).count(), 2);
    }

    #[test]
    fn the_table_is_bounded_and_makes_room_when_addresses_rest() {
        let limit = RateLimit::new(1, 1);
        let start = Instant::now();
        let address = |n: u32| IpAddr::from(n.to_be_bytes());
        let admitted = |now, range: core::ops::Range<u32>| {
            range.filter(|n| limit.admit(now, address(*n)).is_ok()).count()
        };
        assert_eq!(admitted(start, 0..10_000), MAX_ADDRESSES);
        assert_eq!(admitted(start + Duration::from_secs(2), 10_000..10_100), 100);
    }

    #[test]
    fn a_v6_network_is_one_client() {
        let limit = RateLimit::new(1, 1);
        let now = Instant::now();
        assert!(limit.admit(now, "2001:db8::1".parse().unwrap()).is_ok());
        assert!(limit.admit(now, "2001:db8::2".parse().unwrap()).is_err());
        assert!(limit.admit(now, "2001:db8:0:1::1".parse().unwrap()).is_ok());
    }
}
