//! What a daemon's ingest thread has before it: an engine, and datagrams that keep coming.

use logd_core::datagram::{Keyring, Right, Secret};
use logd_core::engine::{Config, Engine};
use logd_core::store::{RingConfig, StoreConfig};
use logd_core::time::{MonoNanos, Now, UnixNanos};

use crate::Load;

const SECRET: &[u8] = b"a secret of the bench";
const START: u64 = 1_795_000_000_000_000_000;
/// Nanoseconds between two datagrams: a third of a million a second.
const INTERVAL: u64 = 3_000;

/// Signed datagrams without end, and the clocks at which each arrives.
#[derive(Debug)]
pub struct Inbox {
    load: Load,
    next: usize,
    clock: u64,
}

impl Inbox {
    /// Of `events` events each.
    pub fn new(events: usize) -> Self {
        Self { load: Load::new(events, false, SECRET, 1), next: 0, clock: START }
    }

    /// The next datagram.
    pub fn receive(&mut self) -> (Now, &[u8]) {
        let at = self.next;
        self.next = (at + 1) % self.load.len();
        self.clock += INTERVAL;
        self.load.stamp(at, self.clock);
        (now(self.clock), self.load.bytes(at))
    }
}

/// An engine that accepts what an [`Inbox`] brings, with the default bounds and one ring of this many bytes.
///
/// # Panics
///
/// If that is too small for a ring.
pub fn engine(ring: usize) -> Engine {
    let fallback =
        RingConfig { prefix: "/".into(), budget: ring, max_age: None, max_events: None, hot: ring };
    let store = StoreConfig { rings: Vec::new(), fallback };
    let keyring = Keyring::new([Secret::new("bench", Right::Write, SECRET)]);
    let now = now(START);
    Engine::new(Config::new(store, now.unix), keyring.expect("the secret is not empty"), now)
        .expect("the defaults are sound")
}

fn now(unix_nanos: u64) -> Now {
    Now { unix: UnixNanos(unix_nanos.cast_signed()), mono: MonoNanos(unix_nanos - START) }
}
