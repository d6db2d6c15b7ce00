//! The events accepted since the host last asked, for tails that the host serves.

use alloc::sync::Arc;

use crate::block::{Block, OpenBlock};
use crate::event::NewEvent;
use crate::time::UnixNanos;

/// A bounded block of the newest events, filled only while somebody wants them.
///
/// It takes events in the order of their sequence numbers and skips none but those that do not fit, so that a
/// reader of its blocks finds in a jump of the numbers how many it missed.
#[derive(Debug)]
pub struct Fresh {
    /// None: nobody wants them.
    open: Option<OpenBlock>,
    limit: usize,
    missed: u64,
}

impl Fresh {
    /// Off; at most `limit` bytes of events between two [`Self::take`].
    pub fn new(limit: usize) -> Self {
        Self { open: None, limit, missed: 0 }
    }

    /// Begins or ends to collect. Ending forgets what was collected, and frees its memory.
    pub fn set(&mut self, on: bool) {
        if on != self.open.is_some() {
            self.open = on.then(OpenBlock::new);
        }
    }

    /// Adds an accepted event, if somebody wants it and it fits.
    #[inline]
    pub fn push(&mut self, seq: u64, received: UnixNanos, event: &NewEvent<'_>) {
        let Some(open) = &mut self.open else { return };
        if open.len_bytes().saturating_add(OpenBlock::max_cost(event)) > self.limit {
            self.missed += 1;
            return;
        }
        open.push(seq, received, event);
    }

    /// What was collected since the last call.
    #[must_use]
    pub fn take(&mut self) -> Option<Arc<Block>> {
        let open = self.open.as_mut().filter(|open| !open.is_empty())?;
        Some(Arc::new(open.seal()))
    }

    /// Events that did not fit, since it was made.
    pub fn missed(&self) -> u64 {
        self.missed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::Scratch;
    use crate::key::Key;
    use crate::severity::Severity;
    use crate::test;
    use alloc::vec;
    use alloc::vec::Vec;

    fn push(fresh: &mut Fresh, seqs: core::ops::Range<u64>) {
        for seq in seqs {
            let event = NewEvent {
                time: UnixNanos(1),
                key: Key::parse("/a/b").unwrap(),
                severity: Severity::INFO,
                text: "hello",
                attributes: &[],
            };
            fresh.push(seq, UnixNanos(2), &event);
        }
    }

    fn seqs(fresh: &mut Fresh) -> Vec<u64> {
        let mut scratch = Scratch::default();
        fresh.take().map_or(vec![], |block| block.view(&mut scratch).seqs().collect())
    }

    #[test]
    fn collects_only_while_it_is_on() {
        let mut fresh = Fresh::new(1 << 20);
        push(&mut fresh, 1..3);
        assert!(fresh.take().is_none());
        fresh.set(true);
        push(&mut fresh, 3..5);
        fresh.set(true);
        assert_eq!(seqs(&mut fresh), [3, 4]);
        assert_eq!(seqs(&mut fresh), [0_u64; 0]);
        push(&mut fresh, 5..6);
        fresh.set(false);
        fresh.set(true);
        assert_eq!(seqs(&mut fresh), [0_u64; 0]);
        assert_eq!(fresh.missed(), 0);
    }

    #[test]
    fn what_does_not_fit_is_counted_and_leaves_a_jump() {
        let mut fresh = Fresh::new(2000);
        fresh.set(true);
        push(&mut fresh, 1..1001);
        let first = seqs(&mut fresh);
        assert_eq!(first.len() as u64 + fresh.missed(), 1000);
        assert!(first.len() > 10 && fresh.missed() > 0);
        push(&mut fresh, 1001..1002);
        assert_eq!(seqs(&mut fresh), [1001]);
    }
}
