//! When events were, by their senders' clocks, and which of these clocks are far off.

use logd_proto::buffer::BlockHeader;

use crate::block::{Block, Scratch};

/// An event's time is far off where it lies this much before or after all receipts of its block, in nanoseconds. Less is
/// an event that was held back for a while, or a clock that nobody has set for months.
const FAR: i64 = 600_000_000_000;
/// Events that are far off are few where they are at most one in so many.
const FEW: u64 = 10;
/// The others are squeezed where they would have less than one part in so many of the time of all.
const SQUEEZED: u64 = 4;

/// The times of some events, in Unix nanoseconds. Ranges hold both their ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// Earliest and latest of all; `None` where there is no event.
    pub all: Option<(i64, i64)>,
    /// Earliest and latest of those that are not far off.
    near: Option<(i64, i64)>,
    events: u64,
    far: u64,
}

impl Times {
    /// What shows nearly all of them: without those that are far off, if they are few and would leave the others hardly
    /// any room.
    pub fn usual(&self) -> Option<(i64, i64)> {
        let all = self.all?;
        let few = self.far.saturating_mul(FEW) <= self.events;
        let length = |(first, last): (i64, i64)| last.abs_diff(first);
        let squeezed = |&near: &(i64, i64)| length(near) < length(all) / SQUEEZED;
        Some(self.near.filter(|near| few && squeezed(near)).unwrap_or(all))
    }

    /// Of these and of others.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            all: both(self.all, other.all),
            near: both(self.near, other.near),
            events: self.events + other.events,
            far: self.far + other.far,
        }
    }

    /// Of a block whose header is enough to tell: nothing in it is far off.
    pub(super) fn of_header(h: &BlockHeader, events: usize) -> Option<Self> {
        let all = Some((h.min_time, h.max_time));
        let near = is_near(h, h.min_time) && is_near(h, h.max_time);
        near.then_some(Self { all, near: all, events: events as u64, far: 0 })
    }

    pub(super) fn of_block(block: &Block) -> Self {
        let h = block.header();
        Self::of_header(h, block.events()).unwrap_or_else(|| {
            let mut times = Self { all: Some((h.min_time, h.max_time)), ..Self::default() };
            for time in block.view(&mut Scratch::default()).times() {
                times.events += 1;
                if is_near(h, time) {
                    times.near = both(times.near, Some((time, time)));
                } else {
                    times.far += 1;
                }
            }
            times
        })
    }
}

fn is_near(h: &BlockHeader, time: i64) -> bool {
    (h.min_received.saturating_sub(FAR)..=h.max_received.saturating_add(FAR)).contains(&time)
}

fn both(a: Option<(i64, i64)>, b: Option<(i64, i64)>) -> Option<(i64, i64)> {
    a.into_iter().chain(b).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
}

#[cfg(test)]
mod tests {
    use alloc::sync::Arc;
    use alloc::vec::Vec;

    use super::*;
    use crate::block::OpenBlock;
    use crate::buffer::Buffer;
    use crate::event::NewEvent;
    use crate::key::Key;
    use crate::severity::Severity;
    use crate::test;
    use crate::time::UnixNanos;

    const MINUTE: i64 = 60_000_000_000;
    const START: i64 = 1_700_000_000_000_000_000;

    /// Events with these times, received a minute apart.
    fn block(first_seq: u64, times: impl IntoIterator<Item = i64>) -> Block {
        let mut open = OpenBlock::new();
        for (i, time) in (0..).zip(times) {
            let event = NewEvent {
                time: UnixNanos(time),
                key: Key::parse("/a/b").unwrap(),
                severity: Severity::from_number(9).unwrap(),
                text: "",
                attributes: &[],
            };
            open.push(first_seq + i, UnixNanos(START + i as i64 * MINUTE), &event);
        }
        open.seal()
    }

    fn minutes(n: i64) -> impl Iterator<Item = i64> {
        (0..n).map(|i| START + i * MINUTE)
    }

    #[test]
    fn a_few_clocks_that_are_far_off_do_not_squeeze_the_others() {
        let plain = Times::of_block(&block(1, minutes(30)));
        assert_eq!(plain.usual(), Some((START, START + 29 * MINUTE)));
        assert_eq!(plain.usual(), plain.all);

        let mut times: Vec<i64> = minutes(30).collect();
        times[7] = 0;
        times[29] = START + 365 * 24 * 60 * MINUTE;
        let odd = Times::of_block(&block(1, times.iter().copied()));
        assert_eq!(odd.all, Some((0, times[29])));
        assert_eq!(odd.usual(), Some((START, START + 28 * MINUTE)));

        // Of several blocks, as of one.
        let mut buffer = Buffer::default();
        buffer.insert(Arc::new(block(31, minutes(40))));
        buffer.insert(Arc::new(block(1, times.iter().copied())));
        assert_eq!(buffer.times(), odd.and(Times::of_block(&block(31, minutes(40)))));
        assert_eq!(buffer.times().usual(), Some((START, START + 39 * MINUTE)));
        buffer.evict();
        assert_eq!(buffer.times(), Times::of_block(&block(31, minutes(40))));
    }

    #[test]
    fn many_events_of_another_time_are_shown() {
        // Read from old files, all at once.
        let old = Times::of_block(&block(1, (0..100).map(|i| i * 60 * MINUTE)));
        assert_eq!(old.usual(), old.all);
        // A fifth of them.
        let mut times: Vec<i64> = minutes(30).collect();
        times[..6].fill(0);
        let some = Times::of_block(&block(1, times));
        assert_eq!(some.usual(), some.all);
    }

    #[test]
    fn a_clock_that_squeezes_nothing_is_no_matter() {
        let mut times: Vec<i64> = minutes(30).collect();
        times[3] = START - 15 * MINUTE;
        let late = Times::of_block(&block(1, times));
        assert_eq!(late.far, 1);
        assert_eq!(late.usual(), Some((START - 15 * MINUTE, START + 29 * MINUTE)));
        assert_eq!(Times::default().usual(), None);
    }
}
