//! The rings, and the numbering of events.

mod deletion;
mod ring;
mod router;
mod slot;
mod snapshot;
mod upkeep;

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

pub use deletion::{Deleted, Select};
pub use ring::{MIN_BUDGET, RingConfig, RingStatus};
pub(crate) use snapshot::{BlockId, Mark};
pub use snapshot::{Handle, RingView, Snapshot, UnknownRing};
pub use upkeep::{Effort, UpkeepDone, UpkeepJob};

use crate::drop::DropReason;
use crate::event::NewEvent;
use crate::key::{self, InvalidKey, Key};
use crate::time::{Now, UnixNanos};
use ring::Ring;
use router::Router;
use slot::Forms;

/// Most rings of a store.
pub const MAX_RINGS: usize = 1024;

/// The rings of a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreConfig {
    /// Rings with a prefix each.
    pub rings: Vec<RingConfig>,
    /// Takes what no prefix covers; its own prefix is ignored.
    pub fallback: RingConfig,
}

impl StoreConfig {
    /// Bytes that a [`Snapshot`] of all rings takes at most, beside the rings.
    pub fn snapshot_memory(&self) -> usize {
        self.rings.iter().chain([&self.fallback]).map(snapshot_of).fold(0, usize::saturating_add)
    }
}

/// Of one ring: a copy of up to a quarter of a block, a handle to each block, and what that keeps of an evicted one. Blocks are a sixteenth of the ring,
/// 1 MiB at most; snapshots may leave some at a quarter of that.
fn snapshot_of(ring: &RingConfig) -> usize {
    let block = (ring.budget / 16).min(1 << 20);
    let blocks = ring.budget / (block / 4).max(1) + 1;
    block / 4 + blocks * (size_of::<Handle>() + size_of::<Forms>())
}

/// Why a store cannot be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreError {
    /// Not a path such as `/prod` or `/prod/api`.
    Prefix(String),
    /// Two rings have this prefix.
    Duplicate(String),
    /// The ring with this prefix has less than [`MIN_BUDGET`].
    Budget(String),
    /// `max_age` or `max_events` of the ring with this prefix is zero.
    Zero(String),
    /// More than [`MAX_RINGS`].
    TooMany,
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Prefix(p) => write!(f, "ring prefix {p:?} is not a path such as /prod/api"),
            Self::Duplicate(p) => write!(f, "two rings have the prefix {p:?}"),
            Self::Budget(p) => {
                write!(f, "the budget of ring {p:?} is below the smallest, {MIN_BUDGET} bytes")
            }
            Self::Zero(p) => write!(f, "max_age or max_events of ring {p:?} is zero"),
            Self::TooMany => write!(f, "there are more than {MAX_RINGS} rings"),
        }
    }
}

impl core::error::Error for StoreError {}

/// A key that has been looked up; holds until the next one is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found(usize);

/// Keeps the newest events of each ring.
#[derive(Debug)]
pub struct Store {
    /// The configured rings, then the fallback.
    rings: Vec<Ring>,
    router: Router,
    last_seq: u64,
    /// Events deleted before the deletion that is under way.
    deletion: Option<u64>,
}

impl Store {
    /// Checks the configuration; allocates nothing yet.
    pub fn new(config: StoreConfig) -> Result<Self, StoreError> {
        let fallback = RingConfig { prefix: "/".into(), ..config.fallback };
        check(&config.rings, &fallback)?;
        let router =
            Router::new(config.rings.iter().map(|r| r.prefix.as_str()), config.rings.len());
        let rings = config.rings.into_iter().chain([fallback]).map(Ring::new).collect();
        Ok(Self { rings, router, last_seq: 0, deletion: None })
    }

    /// Stores an event in the ring of its key and gives it the next sequence number; the first is 1.
    pub fn append(&mut self, now: Now, event: &NewEvent<'_>) -> Result<u64, DropReason> {
        let (_, found) = self.find(event.key.as_str()).map_err(|_| DropReason::InvalidKey)?;
        self.append_to(found, now, event)
    }

    /// Checks a key and finds where its events go: for [`Self::append_to`].
    #[inline]
    pub(crate) fn find<'k>(&mut self, key: &'k str) -> Result<(Key<'k>, Found), InvalidKey> {
        let (key, route) = self.router.find(key)?;
        Ok((key, Found(route)))
    }

    /// [`Self::append`] for an event whose key has been looked up.
    #[inline]
    pub(crate) fn append_to(
        &mut self,
        found: Found,
        now: Now,
        event: &NewEvent<'_>,
    ) -> Result<u64, DropReason> {
        let seq = self.last_seq + 1;
        let route = self.router.route(found.0);
        self.rings[route.ring].append(seq, now.unix, event, &mut route.place)?;
        self.last_seq = seq;
        Ok(seq)
    }

    /// The sequence number given last; 0 before the first.
    pub fn last_seq(&self) -> u64 {
        self.last_seq
    }

    /// The rings with these prefixes as they are now, or all when none is named. Copies at most a quarter of a
    /// block a ring.
    pub fn snapshot(&mut self, prefixes: &[String]) -> Snapshot {
        let wanted = |ring: &Ring| prefixes.is_empty() || prefixes.contains(&ring.config().prefix);
        Snapshot { rings: self.rings.iter_mut().filter(|r| wanted(r)).map(Ring::view).collect() }
    }

    /// Evicts what is older than its ring's `max_age`.
    pub fn expire(&mut self, now: Now) {
        self.rings.iter_mut().for_each(|r| r.expire(now.unix));
    }

    /// When [`Self::expire`] has something to do next, by the wall clock.
    pub fn next_expiry(&self) -> Option<UnixNanos> {
        self.rings.iter().filter_map(Ring::next_expiry).min()
    }

    /// Work on a sealed block that is due: a filter over its text, or compression, if `effort` goes so far.
    /// [`UpkeepJob::run`] does it, on any thread; its outcome goes to [`Self::finish_upkeep`]. Without upkeep a store works, only with more memory for
    /// each event and slower searches.
    #[must_use]
    pub fn poll_upkeep(&mut self, effort: Effort) -> Option<UpkeepJob> {
        // Somebody waits for a deletion.
        let deleting = self.rings.iter().any(Ring::is_deleting);
        let jobs = self.rings.iter_mut().enumerate();
        let jobs = jobs.filter(|(_, ring)| !deleting || ring.is_deleting());
        jobs.filter_map(|(ring, r)| Some(UpkeepJob { ring, job: r.poll_upkeep(effort)? })).next()
    }

    /// Takes the outcome of a job. What has been evicted in the meantime stays so.
    pub fn finish_upkeep(&mut self, done: UpkeepDone) {
        if let Some(ring) = self.rings.get_mut(done.ring) {
            ring.finish_upkeep(done.done);
        }
    }

    /// Begins to delete what is selected of what the rings hold now; [`Self::poll_upkeep`] gives the work. False, and nothing
    /// done, while another deletion is under way.
    #[must_use]
    pub fn delete(&mut self, select: &Arc<dyn Select>) -> bool {
        if self.deletion.is_some() {
            return false;
        }
        self.deletion = Some(self.deleted());
        self.rings.iter_mut().for_each(|ring| ring.delete(select.clone()));
        true
    }

    /// Whether a deletion is under way: until [`Self::poll_deleted`] has told its outcome.
    pub fn is_deleting(&self) -> bool {
        self.deletion.is_some()
    }

    /// How many events a deletion has deleted, once it is over.
    #[must_use]
    pub fn poll_deleted(&mut self) -> Option<u64> {
        if self.rings.iter().any(Ring::is_deleting) {
            return None;
        }
        let before = self.deletion.take()?;
        Some(self.deleted() - before)
    }

    fn deleted(&self) -> u64 {
        self.rings.iter().map(Ring::deleted).sum()
    }

    /// How each ring stands; the fallback ring last.
    pub fn rings(&self) -> impl Iterator<Item = RingStatus> + '_ {
        self.rings.iter().map(Ring::status)
    }
}

fn check(rings: &[RingConfig], fallback: &RingConfig) -> Result<(), StoreError> {
    if rings.len() > MAX_RINGS {
        return Err(StoreError::TooMany);
    }
    for (i, ring) in rings.iter().enumerate() {
        let path = ring.prefix.strip_prefix('/');
        let valid = path.is_some_and(|p| p.split('/').all(|segment| !segment.is_empty()))
            && ring.prefix.len() <= key::MAX_KEY_LEN;
        if !valid {
            return Err(StoreError::Prefix(ring.prefix.clone()));
        }
        if rings[..i].iter().any(|other| other.prefix == ring.prefix) {
            return Err(StoreError::Duplicate(ring.prefix.clone()));
        }
    }
    for ring in rings.iter().chain([fallback]) {
        if ring.budget < MIN_BUDGET {
            return Err(StoreError::Budget(ring.prefix.clone()));
        }
        if ring.max_age.is_some_and(|a| a.is_zero()) || ring.max_events == Some(0) {
            return Err(StoreError::Zero(ring.prefix.clone()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
