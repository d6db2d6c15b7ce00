//! Stretches of time of which events are missing.

use alloc::string::String;
use alloc::vec::Vec;
use core::ops::RangeInclusive;

use super::open::Buffer;

/// Why events are missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lack {
    /// Their ring overwrote them.
    Overwritten,
    /// The reader had no memory for them.
    LeftOut,
    /// A part of the file could not be read.
    Damaged,
    /// The daemon stored them, and its tail did not bring them.
    Missed,
}

impl Lack {
    /// In lower case, in one word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Overwritten => "overwritten",
            Self::LeftOut => "leftOut",
            Self::Damaged => "damaged",
            Self::Missed => "missed",
        }
    }
}

/// The missing events lie within these times, both included; where one is missing, the stretch is open on that side.
/// Times are Unix nanoseconds of the senders' clocks, but for what a ring overwrote: of that only the receipt is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// Why.
    pub lack: Lack,
    /// Not before.
    pub from: Option<i64>,
    /// Not after.
    pub until: Option<i64>,
    /// How many events, where that is known.
    pub events: Option<u64>,
    /// Prefix of the ring that they were in, where that is known; `/` is the fallback ring.
    pub ring: Option<String>,
}

/// Regions at most; then the last one grows.
pub(super) const MAX_REGIONS: usize = 256;

impl Region {
    /// Of no ring in particular. Clocks differ: two times may come in either order.
    pub(super) fn between(
        lack: Lack,
        from: impl Into<Option<i64>>,
        until: impl Into<Option<i64>>,
        events: Option<u64>,
    ) -> Self {
        let (from, until) = match (from.into(), until.into()) {
            (Some(a), Some(b)) => (Some(a.min(b)), Some(a.max(b))),
            open => open,
        };
        Self { lack, from, until, events, ring: None }
    }
}

/// Adds a region; to the last one where there are too many.
pub(super) fn push(regions: &mut Vec<Region>, region: Region) {
    let full = regions.len() >= MAX_REGIONS;
    match regions.last_mut() {
        Some(last) if full => {
            last.from = last.from.zip(region.from).map(|(a, b)| a.min(b));
            last.until = last.until.zip(region.until).map(|(a, b)| a.max(b));
            last.events = last.events.zip(region.events).map(|(a, b)| a + b);
            last.ring = None;
        }
        _ => regions.push(region),
    }
}

/// The times of events that went, and how many they were.
#[derive(Clone, Debug, Default)]
pub(super) struct Gone {
    pub(super) events: u64,
    times: Option<(i64, i64)>,
}

impl Gone {
    pub(super) fn add(&mut self, events: u64, times: RangeInclusive<i64>) {
        self.events += events;
        let (from, until) = self.times.unwrap_or((i64::MAX, i64::MIN));
        self.times = Some((from.min(*times.start()), until.max(*times.end())));
    }

    pub(super) fn region(&self) -> Option<Region> {
        let (from, until) = self.times?;
        Some(Region::between(Lack::LeftOut, from, until, Some(self.events)))
    }
}

impl Buffer {
    /// What the rings that the buffer came from had overwritten.
    pub(super) fn overwritten(&self) -> impl Iterator<Item = Region> + '_ {
        let rings = self.origin.iter().flat_map(|o| &o.rings);
        rings.filter(|r| r.overwritten + r.evicted_during > 0).map(|r| {
            let first = self.blocks.iter().find(|b| b.header().ring == r.prefix);
            // What went while the export was written lay before what is there now.
            let until = match first {
                Some(block) if r.evicted_during > 0 => block.header().min_time,
                _ => r.overwritten_until,
            };
            Region {
                lack: Lack::Overwritten,
                from: None,
                until: Some(until),
                events: Some(r.overwritten + r.evicted_during),
                ring: Some(r.prefix.clone()),
            }
        })
    }
}
