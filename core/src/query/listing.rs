//! All matching events as a list that can be read at any place: what a grid of rows shows.
//!
//! A search leaves behind which rows of each block match, one bit a row. From these the list knows how many events lie
//! before each block, and finds the n-th event without looking at those before it. Rings (and buffers) overlap in time;
//! their blocks are dealt out to runs of blocks that do not, and the runs are merged where they are read.

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Range;

use logd_proto::query::Rows;

use super::rows::{Parts, RowsBuilder};
use crate::bits::Bits;
use crate::block::{Block, Scratch};
use crate::store::Handle;

/// What the events are in order of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Merge {
    /// The numbers that one daemon gave them.
    BySeq,
    /// When they were received, for events of several daemons, whose numbers say nothing about each other. Where a clock
    /// stepped back, events count as received when the one before them was.
    ByReceipt,
}

/// Blocks whose keys or columns stay unpacked for the next read.
const CACHED: usize = 4;

/// Matching rows of one block.
#[derive(Clone, Debug)]
pub(super) struct Matches {
    pub(super) block: Handle,
    /// Of [`Merge::ByReceipt`].
    pub(super) received: Range<i64>,
    /// None: all of them.
    pub(super) selected: Option<Arc<Bits>>,
}

/// The matching events of a search, oldest first.
#[derive(Debug)]
pub struct Listing {
    merge: Merge,
    entries: Vec<Entry>,
    /// Ranges of `entries`: blocks in ascending order that do not overlap.
    runs: Vec<Range<usize>>,
    len: u64,
    keys: VecDeque<(usize, Arc<[u64]>)>,
    scratches: VecDeque<(usize, Scratch)>,
}

#[derive(Debug)]
struct Entry {
    block: Handle,
    selected: Option<Arc<Bits>>,
    /// Matches in the run's blocks before this one.
    before: u64,
    matches: u64,
    /// The keys of the block's events lie within these, both included.
    first: u64,
    last: u64,
}

/// A place in a run: a block, and how many of its matches lie before.
#[derive(Clone, Copy, Debug)]
struct Place {
    entry: usize,
    skip: usize,
}

impl Listing {
    pub(super) fn new(found: impl Iterator<Item = Matches>, merge: Merge) -> Self {
        let mut entries: Vec<Entry> = found.map(|m| Entry::new(m, merge)).collect();
        entries.retain(|e| e.matches > 0);
        entries.sort_by_key(|e| (e.first, e.block.source, e.block.first_seq));
        let mut runs: Vec<Vec<Entry>> = Vec::new();
        for mut entry in entries {
            let after =
                |run: &&mut Vec<Entry>| run.last().is_none_or(|last| last.last <= entry.first);
            match runs.iter_mut().find(after) {
                Some(run) => {
                    entry.before = run.last().map_or(0, |last| last.before + last.matches);
                    run.push(entry);
                }
                None => runs.push(Vec::from([entry])),
            }
        }
        let mut listing = Self {
            merge,
            entries: Vec::new(),
            runs: Vec::new(),
            len: 0,
            keys: VecDeque::new(),
            scratches: VecDeque::new(),
        };
        for run in runs {
            listing.len += run.last().map_or(0, |last| last.before + last.matches);
            let start = listing.entries.len();
            listing.entries.extend(run);
            listing.runs.push(start..listing.entries.len());
        }
        listing
    }

    /// How many events there are.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// `count` events from the one with this index on, oldest first; fewer at the end of the list. Events that have been
    /// evicted since the search are left out.
    pub fn rows(&mut self, start: u64, count: usize) -> Rows {
        let (places, mut skip) = self.places(start);
        let mut order: Vec<(usize, usize)> = Vec::with_capacity(count);
        let mut heads: Vec<Option<Head>> =
            places.iter().enumerate().map(|(run, p)| self.head(run, *p)).collect();
        while order.len() < count {
            let next =
                (0..heads.len()).filter_map(|run| Some((heads[run].as_ref()?.key(), run))).min();
            let Some((_, run)) = next else { break };
            let head = heads[run].as_mut().expect("it has a key");
            if skip > 0 {
                skip -= 1;
            } else {
                order.push((head.entry, head.row()));
            }
            if !head.advance() {
                let next = Place { entry: head.entry + 1, skip: 0 };
                heads[run] = self.head(run, next);
            }
        }
        self.render(&order)
    }

    /// How many events were received before this time, in Unix nanoseconds: the index of the first one since.
    ///
    /// In a list of one daemon's events this is exact where its clock never stepped back.
    pub fn index_of_time(&mut self, received: i64) -> u64 {
        match self.merge {
            Merge::ByReceipt => self.rank(ordered(received)),
            Merge::BySeq => {
                let runs = self.runs.clone();
                runs.into_iter().map(|run| self.received_before(run, received)).sum()
            }
        }
    }

    /// How many events have a smaller number: the index of this one if it is in the list. For [`Merge::BySeq`].
    pub fn index_of_seq(&mut self, seq: u64) -> u64 {
        debug_assert_eq!(self.merge, Merge::BySeq);
        self.rank(seq)
    }

    /// Events of all runs with a key below this one.
    fn rank(&mut self, key: u64) -> u64 {
        (0..self.runs.len()).map(|run| self.rank_in(run, key)).sum()
    }

    fn rank_in(&mut self, run: usize, key: u64) -> u64 {
        let run = self.runs[run].clone();
        let at = run.start + self.entries[run.clone()].partition_point(|e| e.last < key);
        if at == run.end {
            let last = &self.entries[run.end - 1];
            return last.before + last.matches;
        }
        if self.entries[at].first >= key {
            return self.entries[at].before;
        }
        let keys = self.keys(at);
        let rows = keys.partition_point(|&k| k < key);
        self.entries[at].before + self.entries[at].rank(rows) as u64
    }

    fn received_before(&mut self, run: Range<usize>, received: i64) -> u64 {
        let mut before = 0;
        for at in run {
            let entry = &self.entries[at];
            let Some(block) = entry.block.get() else { continue };
            let h = block.header();
            if h.max_received < received {
                before = entry.before + entry.matches;
                continue;
            }
            if h.min_received >= received {
                break;
            }
            let mut scratch = take(&mut self.scratches, at).unwrap_or_default();
            let receipts = block.view_again(&mut scratch).receipts();
            let rows = receipts.take_while(|&r| r < received).count();
            keep(&mut self.scratches, at, scratch);
            before = self.entries[at].before + self.entries[at].rank(rows) as u64;
            break;
        }
        before
    }

    /// Where each run stands when about `start` events are behind, and how many more are to be skipped: events with equal
    /// keys lie there.
    fn places(&mut self, start: u64) -> (Vec<Place>, u64) {
        let (mut low, mut high) = (0, u64::MAX);
        if self.runs.len() > 1 {
            // rank(low) <= start: the largest such key.
            while low + 1 < high {
                let middle = low + (high - low) / 2;
                if self.rank(middle) <= start { low = middle } else { high = middle }
            }
        }
        let ranks: Vec<u64> = match self.runs.len() {
            1 => Vec::from([start.min(self.len)]),
            _ => (0..self.runs.len()).map(|run| self.rank_in(run, low)).collect(),
        };
        let skip = start - ranks.iter().sum::<u64>().min(start);
        let places = ranks.iter().zip(&self.runs).map(|(&rank, run)| {
            let entries = &self.entries[run.clone()];
            let at = entries.partition_point(|e| e.before + e.matches <= rank);
            let skip = entries.get(at).map_or(0, |e| (rank - e.before) as usize);
            Place { entry: run.start + at, skip }
        });
        (places.collect(), skip)
    }

    /// The rest of a run from a place on, within its block.
    fn head(&mut self, run: usize, place: Place) -> Option<Head> {
        if !self.runs[run].contains(&place.entry) {
            return None;
        }
        let entry = &self.entries[place.entry];
        let rows: Vec<usize> = match &entry.selected {
            Some(selected) => selected.iter().skip(place.skip).collect(),
            None => (place.skip..entry.block.events).collect(),
        };
        (!rows.is_empty()).then(|| Head {
            entry: place.entry,
            rows,
            at: 0,
            keys: self.keys(place.entry),
        })
    }

    /// The key of each event of a block; never less than the one before. All the same where the block is gone.
    fn keys(&mut self, at: usize) -> Arc<[u64]> {
        let keys = match take(&mut self.keys, at) {
            Some(keys) => keys,
            None => {
                let entry = &self.entries[at];
                let gone = || core::iter::repeat_n(entry.first, entry.block.events).collect();
                entry.block.get().map_or_else(gone, |block| entry.keys(&block, self.merge))
            }
        };
        keep(&mut self.keys, at, keys.clone());
        keys
    }

    fn render(&mut self, order: &[(usize, usize)]) -> Rows {
        let mut distinct: Vec<usize> = order.iter().map(|&(entry, _)| entry).collect();
        distinct.sort_unstable();
        distinct.dedup();
        let mut blocks: Vec<(usize, Arc<Block>, Scratch)> = Vec::new();
        for at in distinct {
            let Some(block) = self.entries[at].block.get() else { continue };
            blocks.push((at, block, take(&mut self.scratches, at).unwrap_or_default()));
        }
        let mut out = RowsBuilder::default();
        {
            let mut readers: Vec<_> = blocks
                .iter_mut()
                .map(|(at, block, scratch)| (*at, block.view_again(scratch).rows()))
                .collect();
            for &(at, row) in order {
                let Ok(reader) = readers.binary_search_by_key(&at, |r| r.0) else { continue };
                let Some(event) = readers[reader].1.at(row) else { continue };
                out.push(Parts {
                    seq: event.seq,
                    time: event.time.0,
                    received: event.received.0,
                    severity: event.severity.number(),
                    key: event.key,
                    text: event.text,
                    attributes: event.wire_attributes(),
                    source: self.entries[at].block.source,
                });
            }
        }
        for (at, _, scratch) in blocks {
            keep(&mut self.scratches, at, scratch);
        }
        out.finish()
    }
}

impl Entry {
    fn new(found: Matches, merge: Merge) -> Self {
        let Matches { block, received, selected } = found;
        let matches = selected.as_ref().map_or(block.events, |s| s.count()) as u64;
        let (first, last) = match merge {
            Merge::BySeq => (block.first_seq, block.last_seq),
            Merge::ByReceipt => (ordered(received.start), ordered(received.end)),
        };
        Self { block, selected, before: 0, matches, first, last }
    }

    /// Matches among the block's first `rows` rows.
    fn rank(&self, rows: usize) -> usize {
        self.selected.as_ref().map_or(rows, |selected| selected.rank(rows))
    }

    fn keys(&self, block: &Block, merge: Merge) -> Arc<[u64]> {
        let mut scratch = Scratch::default();
        let view = block.view(&mut scratch);
        match merge {
            Merge::BySeq => view.seqs().collect(),
            Merge::ByReceipt => {
                let mut latest = self.first;
                let keys = view.receipts().map(|received| {
                    latest = latest.max(ordered(received));
                    latest
                });
                keys.collect()
            }
        }
    }
}

/// The matches of a block that are yet to come.
struct Head {
    entry: usize,
    rows: Vec<usize>,
    at: usize,
    keys: Arc<[u64]>,
}

impl Head {
    fn row(&self) -> usize {
        self.rows[self.at]
    }

    fn key(&self) -> u64 {
        self.keys.get(self.row()).copied().unwrap_or(u64::MAX)
    }

    /// False at the end of the block.
    fn advance(&mut self) -> bool {
        self.at += 1;
        self.at < self.rows.len()
    }
}

/// Maps times to numbers in the same order.
fn ordered(time: i64) -> u64 {
    time.cast_unsigned() ^ (1 << 63)
}

fn take<T>(cache: &mut VecDeque<(usize, T)>, key: usize) -> Option<T> {
    let at = cache.iter().position(|(k, _)| *k == key)?;
    cache.remove(at).map(|(_, value)| value)
}

/// Puts a value into a cache, in the place of the one not used for longest.
fn keep<T>(cache: &mut VecDeque<(usize, T)>, key: usize, value: T) {
    if cache.len() >= CACHED {
        cache.pop_front();
    }
    cache.push_back((key, value));
}

#[cfg(test)]
mod tests;
