//! From the configuration to an engine, and what all of it needs in memory.

use core::fmt;

use anyhow::bail;
use logd_core::datagram::{Keyring, Right, Secret};
use logd_core::engine;
use logd_core::store::{RingConfig, StoreConfig};
use logd_core::time::UnixNanos;

use super::config::secrets::Use;
use super::config::units::Size;
use super::config::{Config, Ring};
use super::ingest::batch::BATCH_BYTES;
use super::ingest::receiver::RECEIVER_BYTES;
use super::{COMPRESSING, doors, http};

/// The program, its threads' stacks in use, and what libraries hold, as measured, rounded up.
const BASE: usize = 24 << 20;

/// The allocator rounds large blocks up to the next of four sizes between two powers of two, by an eighth on average.
const ROUNDING: usize = 8;

/// The keys of the configured secrets.
pub(super) fn keyring(config: &Config) -> anyhow::Result<Keyring> {
    let secrets = config.secrets.iter().map(|s| {
        let right = match s.right {
            Use::Read => Right::Read,
            Use::Write => Right::Write,
            Use::Delete => Right::Delete,
        };
        let mut secret = Secret::new(s.name.as_str(), right, s.value.as_bytes());
        secret.legacy_sha256 = s.legacy_sha256;
        secret
    });
    Ok(Keyring::new(secrets)?)
}

/// The engine's part of the configuration.
pub(super) fn engine(config: &Config, start: UnixNanos) -> engine::Config {
    let store = StoreConfig {
        rings: config.rings.iter().map(ring).collect(),
        fallback: ring(&config.fallback),
    };
    let limits = &config.limits;
    engine::Config {
        ttl: config.ttl,
        replay_capacity: limits.replay_datagrams,
        max_text_len: limits.text,
        max_tails: limits.udp_tails,
        max_udp_queries: limits.udp_queries,
        udp_query_hard_limit: limits.udp_query_results,
        fresh_bytes: http::FRESH_BYTES,
        ..engine::Config::new(store, start)
    }
}

fn ring(ring: &Ring) -> RingConfig {
    let prefix = if ring.prefix.is_empty() { "/".to_owned() } else { ring.prefix.clone() };
    RingConfig {
        prefix,
        budget: ring.size,
        hot: ring.hot,
        max_age: ring.max_age,
        max_events: ring.max_events,
    }
}

/// What the daemon may need in memory at most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Memory {
    parts: Vec<(String, usize)>,
    limit: usize,
}

impl Memory {
    /// Adds up everything that has a bound.
    pub(super) fn plan(config: &Config, engine: &engine::Config) -> Self {
        let limits = &config.limits;
        let rings: usize = config.rings.iter().map(|r| r.size).sum();
        let own = rings.saturating_add(config.fallback.size);
        let snapshot = engine.store.snapshot_memory();
        let parts = [
            (format!("rings ({})", config.rings.len()), rings),
            ("fallback ring".to_owned(), config.fallback.size),
            (
                format!(
                    "replay window ({} datagrams), UDP tails and queries",
                    limits.replay_datagrams
                ),
                engine.memory().saturating_sub(own),
            ),
            (
                format!("receive buffers (ingest_threads = {})", config.ingest_threads),
                (config.ingest_threads.get() - 1)
                    .saturating_mul(RECEIVER_BYTES)
                    .saturating_add(BATCH_BYTES),
            ),
            ("upkeep of one block".to_owned(), COMPRESSING),
            ("events for tails (limits.tail_buffer)".to_owned(), limits.tail_buffer),
            (format!("searches ({})", limits.searches), http::search_memory(limits, snapshot)),
            ("answers being sent (limits.answers)".to_owned(), limits.answers),
            (
                format!("tails ({})", limits.tails),
                limits.tails.saturating_mul(http::tail_memory(limits, snapshot)),
            ),
            (
                format!("exports ({})", limits.exports),
                limits.exports.saturating_mul(http::export_memory(snapshot)),
            ),
            (
                format!("HTTP connections ({})", limits.connections),
                limits.connections.saturating_mul(http::connection_memory(limits)),
            ),
            ("what the allocator rounds up".to_owned(), own / ROUNDING),
            ("the program".to_owned(), BASE),
        ];
        let doors = doors::open(config).into_iter();
        let doors = doors.map(|door| (format!("door: {}", door.name()), door.memory(limits)));
        Self { parts: parts.into_iter().chain(doors).collect(), limit: config.memory_limit }
    }

    /// Their sum, in bytes.
    pub(super) fn total(&self) -> usize {
        self.parts.iter().fold(0, |sum, (_, bytes)| sum.saturating_add(*bytes))
    }

    /// Refuses what does not fit, with the arithmetic.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        if self.total() > self.limit {
            let short = self.total() - self.limit;
            bail!(
                "the configuration needs {} more than memory_limit:\n{self}\n\
                 Raise memory_limit (--memory-limit), or lower a part of it; see docs/configuration.md",
                Size(short)
            );
        }
        Ok(())
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, bytes) in self.parts.iter().filter(|(_, bytes)| *bytes > 0) {
            writeln!(f, "  {:>10}  {name}", Size(*bytes).to_string())?;
        }
        writeln!(f, "  {:>10}  in all", Size(self.total()).to_string())?;
        write!(f, "  {:>10}  memory_limit", Size(self.limit).to_string())
    }
}
