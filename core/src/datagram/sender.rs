//! The senders that number their events, and what of theirs did not arrive.

use alloc::vec::Vec;

use hashbrown::HashMap;

use super::numbering::{Change, Numbering};

/// Follows the numbers of up to a fixed count of senders; for one more, the one not heard of for longest goes.
///
/// A number that is skipped counts as missing when 64 datagrams from beyond it have come, because datagrams
/// overtake each other. What a sender sent before the table first heard of it is not known, and not missing.
#[derive(Debug)]
pub struct SenderTable {
    index: HashMap<u64, usize>,
    entries: Vec<Entry>,
    capacity: usize,
    /// Ends of the list of entries in order of use; meaningless while there are none.
    newest: usize,
    oldest: usize,
    missing: u64,
    recovered: u64,
}

#[derive(Debug)]
struct Entry {
    sender: u64,
    numbering: Numbering,
    /// Neighbours in the order of use; of the newest, `newer` is meaningless, as is `older` of the oldest.
    newer: usize,
    older: usize,
}

/// What all senders together lost on the way. Never less than it was, except `unsettled`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SenderTotals {
    /// Events that were counted as missing.
    pub missing: u64,
    /// Of those, events that came after all.
    pub recovered: u64,
    /// Events that were skipped and may still come.
    pub unsettled: u64,
}

impl SenderTable {
    /// A table of at most `capacity` senders, and at least one.
    pub fn new(capacity: usize) -> Self {
        let capacity = capacity.max(1);
        Self {
            // At most half full, so that the map never grows to make room for what was removed.
            index: HashMap::with_capacity(2 * capacity + 2),
            entries: Vec::with_capacity(capacity),
            capacity,
            newest: 0,
            oldest: 0,
            missing: 0,
            recovered: 0,
        }
    }

    /// A datagram of `sender` brought `events` events, before the first of which it had numbered `counter`.
    ///
    /// Returns how many events, of any sender, are now known to be missing and were not before. A sender of 0
    /// does not number its events.
    pub fn observe(&mut self, sender: u64, counter: u64, events: u64) -> u64 {
        if sender == 0 {
            return 0;
        }
        let (at, forgotten) = self.entry(sender, counter);
        let numbers = counter..counter.saturating_add(events);
        let Change { missing, recovered } = self.entries[at].numbering.observe(numbers);
        let missing = missing.saturating_add(forgotten);
        self.missing = self.missing.saturating_add(missing);
        self.recovered = self.recovered.saturating_add(recovered);
        missing
    }

    /// Sums over all senders since the start. Looks at each sender.
    pub fn totals(&self) -> SenderTotals {
        let unsettled = self.entries.iter().map(|entry| entry.numbering.unsettled());
        SenderTotals {
            missing: self.missing,
            recovered: self.recovered,
            unsettled: unsettled.fold(0, u64::saturating_add),
        }
    }

    /// How many senders it follows.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it follows none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Bytes it uses at most.
    pub fn max_memory(&self) -> usize {
        Self::memory_for(self.capacity)
    }

    /// What [`Self::max_memory`] of a table of this capacity would be, without making one.
    pub fn memory_for(capacity: usize) -> usize {
        let capacity = capacity.max(1);
        // The map is made for twice as many and two. Its buckets are the next power of two above 8/7 of that,
        // hence below 16/7, with one control byte each.
        let buckets = capacity.saturating_add(1).saturating_mul(2 * 16) / 7;
        let index = buckets.saturating_mul(size_of::<(u64, usize)>() + 1);
        let entries = capacity.saturating_mul(size_of::<Entry>() + Numbering::MAX_OWNED);
        index.saturating_add(entries).saturating_add(size_of::<Self>())
    }

    /// The entry of `sender`, now the newest, and how many holes of an evicted sender became gaps for it.
    fn entry(&mut self, sender: u64, first: u64) -> (usize, u64) {
        if let Some(&at) = self.index.get(&sender) {
            if at != self.newest {
                self.unlink(at);
                self.link(at);
            }
            return (at, 0);
        }
        let numbering = Numbering::new(first);
        let (at, forgotten) = if self.entries.len() < self.capacity {
            self.entries.push(Entry { sender, numbering, newer: 0, older: 0 });
            (self.entries.len() - 1, 0)
        } else {
            let at = self.oldest;
            self.unlink(at);
            let entry = &mut self.entries[at];
            self.index.remove(&entry.sender);
            let forgotten = entry.numbering.unsettled();
            (entry.sender, entry.numbering) = (sender, numbering);
            (at, forgotten)
        };
        self.index.insert(sender, at);
        self.link(at);
        (at, forgotten)
    }

    fn unlink(&mut self, at: usize) {
        let Entry { newer, older, .. } = self.entries[at];
        if at == self.newest {
            self.newest = older;
        } else {
            self.entries[newer].older = older;
        }
        if at == self.oldest {
            self.oldest = newer;
        } else {
            self.entries[older].newer = newer;
        }
    }

    fn link(&mut self, at: usize) {
        // The table is otherwise empty.
        if self.index.len() == 1 {
            self.oldest = at;
        } else {
            self.entries[self.newest].newer = at;
            self.entries[at].older = self.newest;
        }
        self.newest = at;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test;
    use proptest::prelude::*;

    #[test]
    fn a_gap_is_counted_once_and_taken_back_when_it_fills() {
        let mut table = SenderTable::new(4);
        assert_eq!(table.observe(7, 100, 10), 0);
        // 110 to 114 are lost.
        let newly: Vec<_> = (0..70).map(|i| table.observe(7, 115 + i, 1)).collect();
        assert_eq!(newly.iter().sum::<u64>(), 5);
        assert_eq!(newly[63], 5);
        assert_eq!(table.totals(), SenderTotals { missing: 5, recovered: 0, unsettled: 0 });
        assert_eq!(table.observe(7, 112, 2), 0);
        assert_eq!(table.observe(7, 112, 2), 0);
        assert_eq!(table.totals(), SenderTotals { missing: 5, recovered: 2, unsettled: 0 });
    }

    #[test]
    fn reordering_is_no_gap() {
        let mut table = SenderTable::new(4);
        for chunk in 0..10u64 {
            for i in (0..60).rev() {
                // The first one seen sets where the numbers begin.
                let counter = if chunk == 0 { 59 - i } else { chunk * 60 + i };
                assert_eq!(table.observe(7, counter, 1), 0);
            }
        }
        assert_eq!(table.totals(), SenderTotals::default());
    }

    #[test]
    fn an_evicted_senders_holes_are_gaps() {
        let mut table = SenderTable::new(2);
        table.observe(1, 0, 1);
        table.observe(1, 3, 1);
        assert_eq!(table.totals().unsettled, 2);
        assert_eq!(table.observe(2, 0, 1), 0);
        assert_eq!(table.observe(3, 0, 1), 2);
        assert_eq!(table.totals(), SenderTotals { missing: 2, recovered: 0, unsettled: 0 });
        assert_eq!(table.len(), 2);
    }

    #[test]
    fn senders_without_numbers_are_not_followed() {
        let mut table = SenderTable::new(2);
        assert_eq!(table.observe(0, 5, 1), 0);
        assert!(table.is_empty());
    }

    #[test]
    fn senders_that_come_and_go_take_no_more_room() {
        let mut table = SenderTable::new(100);
        let room = (table.index.allocation_size(), table.entries.capacity());
        for sender in 1..100_000 {
            table.observe(sender, 0, 1);
        }
        assert_eq!(table.len(), 100);
        assert_eq!((table.index.allocation_size(), table.entries.capacity()), room);
        let own = size_of::<SenderTable>() + 100 * (size_of::<Entry>() + Numbering::MAX_OWNED);
        assert!(room.0 + own <= table.max_memory());
    }

    proptest! {
        #[test]
        fn the_least_recently_heard_goes_first(
            capacity in 1..6usize,
            senders in proptest::collection::vec(1..10u64, 1..200),
        ) {
            let mut table = SenderTable::new(capacity);
            // Most recent last.
            let mut naive: Vec<u64> = Vec::new();
            for sender in senders {
                table.observe(sender, 0, 1);
                naive.retain(|&s| s != sender);
                naive.push(sender);
                if naive.len() > capacity {
                    naive.remove(0);
                }
                let mut at = table.newest;
                let mut order = Vec::from([table.entries[at].sender]);
                while at != table.oldest {
                    at = table.entries[at].older;
                    order.push(table.entries[at].sender);
                }
                order.reverse();
                prop_assert_eq!(&order, &naive);
                prop_assert_eq!(table.index.len(), naive.len());
                prop_assert!(naive.iter().all(|s| table.entries[table.index[s]].sender == *s));
            }
        }
    }
}
