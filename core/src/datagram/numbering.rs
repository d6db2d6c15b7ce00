//! The numbers of one sender's events: which have come, and which are missing.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::ops::Range;

/// A hole is a gap once this many datagrams from beyond it have come.
pub(super) const WINDOW: usize = 64;
/// Gaps that are remembered for late arrivals; older ones are final.
pub(super) const GAPS: usize = 64;

/// What one datagram changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Change {
    /// Events now known to be missing.
    pub(super) missing: u64,
    /// Events that came although they had been counted as missing.
    pub(super) recovered: u64,
}

/// Which of the numbers from the first one seen have come.
#[derive(Debug)]
pub(super) struct Numbering {
    /// Every number below this has come, is in a gap, or was before the first one seen.
    next: u64,
    /// What has come beyond `next`: in ascending order, with holes between.
    ahead: Vec<Run>,
    /// Gaps below `next`, in ascending order.
    gaps: VecDeque<Range<u64>>,
}

/// Numbers that came without a hole between them.
#[derive(Clone, Debug)]
struct Run {
    numbers: Range<u64>,
    /// How many datagrams brought them.
    datagrams: usize,
}

impl Numbering {
    /// What came before `first` is not known to have existed, so that it is not missing.
    pub(super) fn new(first: u64) -> Self {
        Self { next: first, ahead: Vec::new(), gaps: VecDeque::new() }
    }

    /// A datagram brought these numbers.
    #[inline]
    pub(super) fn observe(&mut self, numbers: Range<u64>) -> Change {
        if numbers.start == self.next && self.ahead.is_empty() {
            self.next = numbers.end;
            return Change::default();
        }
        self.observe_out_of_order(numbers)
    }

    /// Numbers in holes that are not gaps yet.
    pub(super) fn unsettled(&self) -> u64 {
        let Some(last) = self.ahead.last() else { return 0 };
        let came: u64 = self.ahead.iter().map(|run| run.numbers.end - run.numbers.start).sum();
        last.numbers.end - self.next - came
    }

    #[cold]
    fn observe_out_of_order(&mut self, numbers: Range<u64>) -> Change {
        let mut change = Change::default();
        if numbers.is_empty() {
            return change;
        }
        if numbers.start < self.next {
            change.recovered = self.recover(&numbers);
        }
        let numbers = numbers.start.max(self.next)..numbers.end;
        if numbers.is_empty() {
            return change;
        }
        self.add_ahead(Run { numbers, datagrams: 1 });
        // The run that begins at `next` leaves no hole; a hole that enough has come beyond is a gap.
        while let Some(first) = self.ahead.first() {
            let hole = self.next..first.numbers.start;
            if !hole.is_empty() {
                let beyond: usize = self.ahead.iter().map(|run| run.datagrams).sum();
                if beyond < WINDOW {
                    break;
                }
                change.missing += hole.end - hole.start;
                self.add_gap(hole);
            }
            self.next = self.ahead.remove(0).numbers.end;
        }
        change
    }

    /// Inserts a run, and joins it with those that it touches.
    fn add_ahead(&mut self, mut run: Run) {
        let from = self.ahead.partition_point(|r| r.numbers.end < run.numbers.start);
        let to = self.ahead.partition_point(|r| r.numbers.start <= run.numbers.end);
        for touched in &self.ahead[from..to] {
            run.numbers.start = run.numbers.start.min(touched.numbers.start);
            run.numbers.end = run.numbers.end.max(touched.numbers.end);
            run.datagrams += touched.datagrams;
        }
        self.ahead.splice(from..to, [run]);
    }

    fn add_gap(&mut self, gap: Range<u64>) {
        if self.gaps.len() == GAPS {
            self.gaps.pop_front();
        }
        self.gaps.push_back(gap);
    }

    /// Takes `numbers` out of the gaps, and says how many of them were in one.
    fn recover(&mut self, numbers: &Range<u64>) -> u64 {
        let from = self.gaps.partition_point(|gap| gap.end <= numbers.start);
        let to = self.gaps.partition_point(|gap| gap.start < numbers.end);
        let mut recovered = 0;
        let mut left = [const { 0..0 }; 2];
        for gap in self.gaps.range(from..to) {
            recovered += gap.end.min(numbers.end) - gap.start.max(numbers.start);
        }
        if let (Some(first), true) = (self.gaps.get(from), from < to) {
            left[0] = first.start..numbers.start;
            left[1] = numbers.end..self.gaps[to - 1].end;
        }
        self.gaps.drain(from..to);
        for (at, part) in left.into_iter().filter(|part| !part.is_empty()).enumerate() {
            self.gaps.insert(from + at, part);
        }
        if self.gaps.len() > GAPS {
            self.gaps.pop_front();
        }
        recovered
    }

    /// Bytes that a numbering can come to own beside itself.
    pub(super) const MAX_OWNED: usize =
        2 * WINDOW * size_of::<Run>() + 2 * GAPS * size_of::<Range<u64>>();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test;
    use alloc::collections::BTreeSet;
    use proptest::prelude::*;

    /// The rules, number by number.
    #[derive(Default)]
    struct Naive {
        /// One past the largest number seen.
        last: Option<u64>,
        /// Where each datagram began, in ascending order.
        starts: Vec<u64>,
        holes: BTreeSet<u64>,
        gaps: BTreeSet<u64>,
    }

    impl Naive {
        fn observe(&mut self, numbers: Range<u64>) -> Change {
            let mut change = Change::default();
            for n in numbers.clone() {
                self.holes.remove(&n);
                change.recovered += u64::from(self.gaps.remove(&n));
            }
            let last = self.last.unwrap_or(numbers.start);
            self.holes.extend(last..numbers.start);
            self.last = Some(last.max(numbers.end));
            let at = self.starts.partition_point(|&start| start <= numbers.start);
            self.starts.insert(at, numbers.start);
            let beyond = |n| self.starts.len() - self.starts.partition_point(|&start| start <= n);
            let declared = self.holes.extract_if(.., |&n| beyond(n) >= WINDOW);
            for n in declared {
                self.gaps.insert(n);
                change.missing += 1;
            }
            change
        }
    }

    /// The datagrams of a sender in order of arrival: some lost, some late by a little or by a lot.
    fn arrivals() -> impl Strategy<Value = Vec<Range<u64>>> {
        let lateness = prop_oneof![
            20 => Just(Some(0)), 2 => (0..90usize).prop_map(Some), 1 => (0..400usize).prop_map(Some),
            2 => Just(None),
        ];
        let datagram = (1..5u64, lateness);
        (0..1000u64, proptest::collection::vec(datagram, 1..400)).prop_map(
            |(mut next, datagrams)| {
                let mut arrivals = Vec::new();
                for (i, (events, lateness)) in datagrams.into_iter().enumerate() {
                    if let Some(late) = lateness {
                        arrivals.push((i + late, next..next + events));
                    }
                    next += events;
                }
                arrivals.sort_by_key(|&(at, _)| at);
                arrivals.into_iter().map(|(_, numbers)| numbers).collect()
            },
        )
    }

    proptest! {
        #[test]
        fn agrees_with_the_rules(arrivals in arrivals()) {
            let Some(first) = arrivals.first() else { return Ok(()) };
            let (mut numbering, mut naive) = (Numbering::new(first.start), Naive::default());
            for numbers in arrivals {
                prop_assert_eq!(numbering.observe(numbers.clone()), naive.observe(numbers));
                prop_assert_eq!(numbering.unsettled(), naive.holes.len() as u64);
                prop_assert!(numbering.ahead.len() < WINDOW);
            }
        }

        /// Numbers that no sane sender uses: overlapping, repeated, huge.
        #[test]
        fn any_numbers_stay_in_bounds(
            calls in proptest::collection::vec((prop_oneof![0..500u64, any::<u64>()], 1..50u64), 1..600),
        ) {
            let mut numbering = Numbering::new(calls[0].0);
            let (mut missing, mut recovered) = (0u128, 0u128);
            for (start, events) in calls {
                let change = numbering.observe(start..start.saturating_add(events));
                missing += u128::from(change.missing);
                recovered += u128::from(change.recovered);
                prop_assert!(recovered <= missing);
                prop_assert!(numbering.ahead.len() < WINDOW && numbering.gaps.len() <= GAPS);
                let runs = &numbering.ahead;
                prop_assert!(runs.is_sorted_by(|a, b| a.numbers.end < b.numbers.start));
                prop_assert!(runs.first().is_none_or(|run| numbering.next < run.numbers.start));
                prop_assert!(numbering.gaps.iter().is_sorted_by(|a, b| a.end < b.start));
                prop_assert!(numbering.gaps.iter().all(|gap| !gap.is_empty()));
                prop_assert!(numbering.gaps.back().is_none_or(|gap| gap.end <= numbering.next));
                let owned = numbering.ahead.capacity() * size_of::<Run>()
                    + numbering.gaps.capacity() * size_of::<Range<u64>>();
                prop_assert!(owned <= Numbering::MAX_OWNED);
            }
        }
    }
}
