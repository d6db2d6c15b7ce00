//! The status of a daemon, as `GET /info` answers it and `logd status` reads it: one definition for both sides.
//!
//! All counters are since the daemon's start. Members may be added; a reader takes what it does not find as zero.

use alloc::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The document.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Info {
    /// Of the crate.
    pub version: String,
    /// Of the source the daemon was built from; empty if that is not known.
    pub commit: String,
    /// Seconds since the start.
    pub uptime: f64,
    /// The daemon's clock, RFC 3339.
    pub time: String,
    /// What it runs on.
    pub machine: Machine,
    /// What arrived and what became of it.
    pub ingest: Ingest,
    /// What is kept.
    pub store: Store,
}

/// What a daemon runs on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Machine {
    /// Operating system and architecture: `linux x86_64`.
    pub system: String,
    /// Logical processors.
    pub cores: u64,
    /// Bytes of the daemon's resident set.
    pub resident: u64,
}

/// What arrived and what became of it. Received datagrams are accepted or dropped, offered events stored or dropped.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Ingest {
    /// Datagrams that came, or are known to have been lost by the kernel.
    pub datagrams: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Accepted datagrams by command: `write`, `tail`, `ping`, `query`.
    pub accepted: BTreeMap<String, u64>,
    /// Events in accepted datagrams and of other doors.
    pub events_offered: u64,
    /// Of those, stored.
    pub events_stored: u64,
    /// Datagrams and events dropped, by the name of the reason; only those that happened.
    pub drops: BTreeMap<String, u64>,
    /// Events that their senders numbered and that never came.
    pub gaps: u64,
    /// Tails that are open, over UDP and over HTTP.
    pub tails: u64,
    /// Machines whose datagrams were refused because of their time. A hint: nobody proved to be at these addresses.
    pub refused_senders: Vec<RefusedSender>,
}

/// A machine whose clock differs, or whose datagrams take too long.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RefusedSender {
    /// Its IP address.
    pub addr: String,
    /// `stale` or `future`.
    pub reason: String,
    /// Seconds its clock was ahead of the daemon's in the last datagram; negative if behind.
    pub skew: f64,
    /// Datagrams refused.
    pub count: u64,
    /// When the last came, RFC 3339.
    pub last: String,
}

/// What is kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Store {
    /// Events ever stored.
    pub writes: u64,
    /// Bytes that all rings may use, and use.
    pub budget: u64,
    /// See [`Self::budget`].
    pub used: u64,
    /// The rings, the fallback last.
    pub rings: Vec<Ring>,
}

/// One ring.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Ring {
    /// Prefix of the keys in it; `/` for the fallback.
    pub key: String,
    /// Newest sequence number; 0 when nothing was stored yet.
    pub head: u64,
    /// Oldest sequence number that is still there; 0 when the ring is empty.
    pub tail: u64,
    /// Events in it.
    pub size: u64,
    /// Bytes it may use, and uses.
    pub budget: u64,
    /// See [`Self::budget`].
    pub used: u64,
    /// Events ever stored in it, and those of them that were overwritten since or grew too old.
    pub stored: u64,
    /// See [`Self::stored`].
    pub overwritten: u64,
    /// Of those, deleted on demand.
    pub deleted: u64,
    /// When the oldest event was received, RFC 3339; empty when the ring is.
    pub oldest: String,
    /// Seconds after which events are dropped; absent without such a limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_age: Option<f64>,
}
