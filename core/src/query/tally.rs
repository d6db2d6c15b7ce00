//! Counts events by time of receipt, key and severity: for statistics over days.

use alloc::collections::BTreeMap;
use alloc::collections::btree_map::Entry;
use alloc::string::String;
use alloc::vec::Vec;
use core::cmp::Reverse;
use core::num::NonZeroU64;

use super::filter::Filter;
use super::search::Step;
use crate::block::{Block, Scratch};
use crate::severity::Severity;
use crate::store::{Handle, Snapshot};
use crate::time::UnixNanos;

/// Counts by severity number.
pub type BySeverity = [u64; Severity::COUNT];

/// A count under way.
#[derive(Debug)]
pub struct Tally {
    filter: Filter,
    /// Nanoseconds.
    width: i64,
    max_cells: usize,
    /// What is left to do, the next block last.
    blocks: Vec<Handle>,
    found: Tallied,
    scratch: Scratch,
}

/// What was counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tallied {
    /// Counts that are not all zero, by the start of their bucket and by key.
    pub cells: BTreeMap<(UnixNanos, String), BySeverity>,
    /// There were more cells than allowed. Those that are there are complete.
    pub capped: bool,
    /// Events that were evicted before they were counted, whether they would have matched or not.
    pub evicted: u64,
}

impl Tally {
    /// Counts what the filter selects, in buckets of `width` nanoseconds from the epoch on, in at most `max_cells` cells.
    pub fn new(filter: Filter, width: NonZeroU64, max_cells: usize, snapshot: Snapshot) -> Self {
        let mut blocks: Vec<_> = snapshot.rings.into_iter().flat_map(|r| r.blocks).collect();
        blocks.sort_unstable_by_key(|b| Reverse(b.first_seq));
        Self {
            filter,
            width: i64::try_from(width.get()).unwrap_or(i64::MAX),
            max_cells,
            blocks,
            found: Tallied::default(),
            scratch: Scratch::default(),
        }
    }

    /// Goes through about `budget` bytes of blocks; at least one.
    pub fn step(&mut self, budget: usize) -> Step {
        let mut spent = 0;
        while spent <= budget {
            let Some(next) = self.blocks.pop() else { return Step::Done };
            match next.get() {
                Some(block) => {
                    spent += block.memory();
                    self.add(&block);
                }
                None => self.found.evicted += next.events as u64,
            }
        }
        Step::Pending
    }

    /// The counts; of what has been gone through so far, if there is more to do.
    pub fn finish(self) -> Tallied {
        self.found
    }

    fn add(&mut self, block: &Block) {
        let view = block.view(&mut self.scratch);
        let selected = self.filter.select(&view);
        if selected.is_empty() {
            return;
        }
        // By ids first: a block has few keys, and spans few buckets.
        let mut cells: BTreeMap<(i64, u32), BySeverity> = BTreeMap::new();
        let columns = view.receipts().zip(view.key_ids()).zip(view.severities()).enumerate();
        for (row, ((received, key), &severity)) in columns {
            if selected.contains(row) {
                let cell = cells.entry((received.div_euclid(self.width), key)).or_default();
                cell[usize::from(severity)] += 1;
            }
        }
        for ((bucket, key), counts) in cells {
            let start = UnixNanos(bucket.saturating_mul(self.width));
            let key = view.header().keys[key as usize].key.clone();
            let is_full = self.found.cells.len() >= self.max_cells;
            let cell = match self.found.cells.entry((start, key)) {
                Entry::Vacant(_) if is_full => {
                    self.found.capped = true;
                    continue;
                }
                entry @ (Entry::Vacant(_) | Entry::Occupied(_)) => entry.or_default(),
            };
            cell.iter_mut().zip(counts).for_each(|(sum, n)| *sum += n);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::NewEvent;
    use crate::key::Key;
    use crate::query::ast::Expr;
    use crate::query::parse;
    use crate::store::{MIN_BUDGET, RingConfig, Store, StoreConfig};
    use crate::test;
    use crate::time::{MonoNanos, Now};
    use alloc::string::ToString;
    use alloc::vec;

    const DAY: i64 = 86_400_000_000_000;

    /// `(day, key, severity)` of each event, in the order of receipt.
    fn store(events: &[(i64, &str, Severity)]) -> Store {
        let fallback = RingConfig {
            prefix: String::new(),
            budget: 4 * MIN_BUDGET,
            max_age: None,
            max_events: None,
            hot: 0,
        };
        let mut store = Store::new(StoreConfig { rings: vec![], fallback }).unwrap();
        for &(day, key, severity) in events {
            let now = Now { unix: UnixNanos(day * DAY + 5), mono: MonoNanos(0) };
            let key = Key::parse(key).unwrap();
            let event = NewEvent { time: UnixNanos(3), key, severity, text: "x", attributes: &[] };
            store.append(now, &event).unwrap();
        }
        store
    }

    fn tally(store: &mut Store, filter: &str, max_cells: usize) -> Tallied {
        let filter = Filter::compile(&parse::parse(filter).unwrap()).unwrap();
        let width = NonZeroU64::new(DAY.cast_unsigned()).unwrap();
        let mut tally = Tally::new(filter, width, max_cells, store.snapshot(&[]));
        while tally.step(1) == Step::Pending {}
        tally.finish()
    }

    #[test]
    fn counts_by_day_of_receipt_key_and_severity() {
        let (info, warn) = (Severity::INFO, Severity::WARN);
        let mut store = store(&[
            (0, "/a/b", info),
            (0, "/a/c", warn),
            (0, "/a/b", info),
            (2, "/a/b", warn),
            (-1, "/a/b", info),
        ]);
        let found = tally(&mut store, "", 100);
        let count = |day: i64, key: &str, severity: Severity| {
            let cell = found.cells.get(&(UnixNanos(day * DAY), key.to_string()));
            cell.map_or(0, |counts| counts[usize::from(severity.number())])
        };
        assert_eq!(count(0, "/a/b", info), 2);
        assert_eq!(count(0, "/a/b", warn), 0);
        assert_eq!(count(0, "/a/c", warn), 1);
        assert_eq!(count(2, "/a/b", warn), 1);
        assert_eq!(count(-1, "/a/b", info), 1);
        assert_eq!((found.cells.len(), found.capped, found.evicted), (4, false, 0));

        let of_c = tally(&mut store, "key:/a/c", 100);
        assert_eq!(of_c.cells.into_keys().map(|(_, key)| key).collect::<Vec<_>>(), ["/a/c"]);
    }

    #[test]
    fn cells_are_bounded_and_those_that_are_there_are_complete() {
        let events: Vec<_> = (0..4000).map(|n| (n % 8, "/a/b", Severity::INFO)).collect();
        let mut store = store(&events);
        let found = tally(&mut store, "", 3);
        assert!(found.capped);
        assert_eq!(found.cells.len(), 3);
        let whole = tally(&mut store, "", 100);
        assert!(!whole.capped);
        assert!(found.cells.iter().all(|(at, counts)| whole.cells[at] == *counts));
    }

    #[test]
    fn what_is_evicted_meanwhile_is_told() {
        let mut store = store(&[(0, "/a/b", Severity::INFO); 2000]);
        let width = NonZeroU64::new(1).unwrap();
        let all = Filter::compile(&Expr::All).unwrap();
        let mut tally = Tally::new(all, width, 9, store.snapshot(&[]));
        let key = Key::parse("/a/b").unwrap();
        let text = "y".repeat(MIN_BUDGET / 20);
        let event = NewEvent {
            time: UnixNanos(3),
            key,
            severity: Severity::INFO,
            text: &text,
            attributes: &[],
        };
        for _ in 0..100 {
            store.append(Now::default(), &event).unwrap();
        }
        while tally.step(1) == Step::Pending {}
        let found = tally.finish();
        let counted: u64 = found.cells.values().flatten().sum();
        assert!(found.evicted > 0);
        assert_eq!(counted + found.evicted, 2000);
    }
}
