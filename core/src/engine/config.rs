//! What the engine may use, and for how long.

use core::fmt;
use core::time::Duration;

use super::filter;
use super::pacing::Rate;
use super::peers::Peers;
use super::reply::MIN_REPLY_LEN;
use super::udp_query::UdpQuery;
use crate::datagram::{ReplayWindow, SenderTable};
use crate::store::{StoreConfig, StoreError};
use crate::time::UnixNanos;

/// The longest payload of a UDP datagram over IPv4: 65,535 − 20 (IP) − 8 (UDP).
pub const MAX_DATAGRAM_LEN: usize = 65_507;
/// Longer freshness than this only weakens the replay window's bound.
const MAX_TTL: Duration = Duration::from_secs(3600);

/// Configuration of an [`Engine`](super::Engine). Every bound is a number here; [`Self::memory`] adds them up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The rings.
    pub store: StoreConfig,
    /// Datagrams older than this are stale; the host's wall clock at start. What a previous run accepted
    /// cannot be replayed into this one.
    pub start: UnixNanos,
    /// A datagram is fresh while it is at most this far from the daemon's clock, either way. Default 100 ms.
    pub ttl: Duration,
    /// How many signatures the replay window remembers at once, 43 bytes each. Datagrams beyond it are refused,
    /// not forgotten, so it must be at least 2.5 × ttl × datagrams a second. Default 524,288: 2,000,000 a second
    /// at 100 ms.
    pub replay_capacity: usize,
    /// Senders whose numbering is followed; the one not heard from for longest makes room. Default 4,096.
    pub senders: usize,
    /// Machines with a wrong clock that [`super::Engine::refused_senders`] lists. Default 64.
    pub refused_senders: usize,
    /// The longest datagram, without headers. Default [`MAX_DATAGRAM_LEN`].
    pub max_datagram_len: usize,
    /// The longest text of an event, in bytes. Default 64 KiB.
    pub max_text_len: usize,
    /// Tails over UDP at once. Default 64.
    pub max_tails: usize,
    /// A tail that sends neither TAIL nor PING for this long is kicked. Default 6 s: released clients send a
    /// PING every 1 or 2 s.
    pub tail_timeout: Duration,
    /// Bytes of replies that wait for one tail; what does not fit is missed, and the tail is told. Default 256 KiB.
    pub tail_queue_bytes: usize,
    /// Bytes of accepted events that wait for the host between two [`super::Engine::take_fresh`]. Default 4 MiB.
    pub fresh_bytes: usize,
    /// Queries over UDP at once. Default 8.
    pub max_udp_queries: usize,
    /// Most events that answer one query over UDP. Default 100,000, as in the original.
    pub udp_query_hard_limit: u32,
    /// Bytes of blocks that one step of a query over UDP looks at, before the engine turns to its other work.
    /// Default 1 MiB.
    pub udp_query_step_bytes: usize,
    /// The longest reply. Default 1,920: released clients read into a buffer of this length.
    pub max_reply_len: usize,
    /// Replies to one address. Default 16 MiB/s, 128 KiB at once: less than the 208 KiB that Linux gives a
    /// socket's receive buffer.
    pub reply_rate: Rate,
    /// Replies to all addresses together. Default 64 MiB/s, 1 MiB at once.
    pub reply_rate_total: Rate,
}

impl Config {
    /// The defaults, around what has none.
    pub fn new(store: StoreConfig, start: UnixNanos) -> Self {
        Self {
            store,
            start,
            ttl: Duration::from_millis(100),
            replay_capacity: 1 << 19,
            senders: 4096,
            refused_senders: 64,
            max_datagram_len: MAX_DATAGRAM_LEN,
            max_text_len: 64 << 10,
            max_tails: 64,
            tail_timeout: Duration::from_secs(6),
            tail_queue_bytes: 256 << 10,
            fresh_bytes: 4 << 20,
            max_udp_queries: 8,
            udp_query_hard_limit: 100_000,
            udp_query_step_bytes: 1 << 20,
            max_reply_len: 1920,
            reply_rate: Rate { bytes_per_second: 16 << 20, burst: 128 << 10 },
            reply_rate_total: Rate { bytes_per_second: 64 << 20, burst: 1 << 20 },
        }
    }

    /// Upper bound of the bytes that an engine with this configuration takes: rings, replay window, senders,
    /// tails and their replies, queries over UDP, fresh events. A host that cannot spare them should not start.
    ///
    /// What a host takes for its own queries over snapshots comes on top.
    pub fn memory(&self) -> usize {
        let rings = self.store.rings.iter().chain([&self.store.fallback]);
        let parts = [
            ReplayWindow::memory_for(self.replay_capacity),
            SenderTable::memory_for(self.senders),
            self.refused_senders.saturating_mul(REFUSED_SENDER),
            self.max_tails.saturating_mul(self.tail_queue_bytes.saturating_add(filter::MAX_MEMORY)),
            // Growing buffers may be twice as large as their content; the host holds the block before.
            self.fresh_bytes.saturating_mul(3),
            Peers::memory_for(self.max_tails, self.max_udp_queries),
            self.max_udp_queries.saturating_mul(UdpQuery::memory_for(self)),
        ];
        rings.map(|r| r.budget).chain(parts).fold(0, usize::saturating_add)
    }

    /// Whether the engine can run with this.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let range = |name, value: usize, min: usize, max: usize| {
            if (min..=max).contains(&value) {
                Ok(())
            } else {
                Err(ConfigError::OutOfRange {
                    name,
                    value: value as u64,
                    min: min as u64,
                    max: max as u64,
                })
            }
        };
        let positive =
            |name, value: u64| if value > 0 { Ok(()) } else { Err(ConfigError::Zero { name }) };
        if self.ttl.is_zero() || self.ttl > MAX_TTL {
            return Err(ConfigError::Ttl);
        }
        positive("tail_timeout", self.tail_timeout.as_nanos().min(1) as u64)?;
        positive("replay_capacity", self.replay_capacity as u64)?;
        positive("udp_query_hard_limit", u64::from(self.udp_query_hard_limit))?;
        positive("udp_query_step_bytes", self.udp_query_step_bytes as u64)?;
        positive("reply_rate", self.reply_rate.bytes_per_second)?;
        positive("reply_rate_total", self.reply_rate_total.bytes_per_second)?;
        range("max_datagram_len", self.max_datagram_len, MIN_DATAGRAM_LEN, MAX_DATAGRAM_LEN)?;
        range("max_reply_len", self.max_reply_len, MIN_REPLY_LEN, MAX_DATAGRAM_LEN)?;
        range("max_text_len", self.max_text_len, 1, MAX_TEXT_LEN)?;
        // A queue that cannot hold one reply would miss everything.
        range("tail_queue_bytes", self.tail_queue_bytes, 2 * self.max_reply_len, MAX_QUEUE)
    }
}

/// An event of the shortest useful kind fits: 40 bytes of header, a key, some text.
const MIN_DATAGRAM_LEN: usize = 128;
/// Blocks count text in 32 bits; this stays well below.
const MAX_TEXT_LEN: usize = 16 << 20;
const MAX_QUEUE: usize = 1 << 30;
/// A row of the table of refused senders with its share of the tree, rounded up.
const REFUSED_SENDER: usize = 160;

/// Why an engine cannot be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigError {
    /// The rings.
    Store(StoreError),
    /// `ttl` is zero or beyond an hour.
    Ttl,
    /// A setting is zero.
    Zero {
        /// The field of [`Config`].
        name: &'static str,
    },
    /// A setting is too small or too large.
    OutOfRange {
        /// The field of [`Config`].
        name: &'static str,
        /// What it is.
        value: u64,
        /// The smallest that works.
        min: u64,
        /// The largest that works.
        max: u64,
    },
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(e) => e.fmt(f),
            Self::Ttl => f.write_str("ttl must be above zero and at most an hour; 100 ms is usual"),
            Self::Zero { name } => write!(f, "{name} must not be zero"),
            Self::OutOfRange { name, value, min, max } => {
                write!(f, "{name} is {value}; it must be at least {min} and at most {max}")
            }
        }
    }
}

impl core::error::Error for ConfigError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Store(e) => Some(e),
            Self::Ttl | Self::Zero { .. } | Self::OutOfRange { .. } => None,
        }
    }
}

impl From<StoreError> for ConfigError {
    fn from(e: StoreError) -> Self {
        Self::Store(e)
    }
}
