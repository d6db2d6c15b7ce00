//! The replies that wait for one tail, in a fixed number of bytes.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

/// Written before each reply.
const LEN: usize = size_of::<u32>();

/// A first-in first-out queue of datagrams whose memory is taken once and never grows.
#[derive(Debug)]
pub(super) struct ReplyQueue {
    bytes: VecDeque<u8>,
    capacity: usize,
}

impl ReplyQueue {
    /// `capacity` bytes, of which each reply takes four more than its length.
    pub(super) fn new(capacity: usize) -> Self {
        Self { bytes: VecDeque::with_capacity(capacity), capacity }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
    }

    /// False, and nothing changed, when `reply` does not fit.
    #[must_use]
    pub(super) fn push(&mut self, reply: &[u8]) -> bool {
        let Ok(len) = u32::try_from(reply.len()) else { return false };
        if self.bytes.len() + LEN + reply.len() > self.capacity {
            return false;
        }
        self.bytes.extend(len.to_le_bytes());
        self.bytes.extend(reply);
        true
    }

    /// Appends the oldest reply to `out`; false when there is none.
    #[must_use]
    pub(super) fn pop(&mut self, out: &mut Vec<u8>) -> bool {
        let mut len = [0; LEN];
        for byte in &mut len {
            let Some(next) = self.bytes.pop_front() else { return false };
            *byte = next;
        }
        // push() wrote the length before that many bytes.
        let len = u32::from_le_bytes(len) as usize;
        let (front, back) = self.bytes.as_slices();
        let in_front = len.min(front.len());
        out.extend_from_slice(&front[..in_front]);
        out.extend_from_slice(&back[..len - in_front]);
        self.bytes.drain(..len);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test;
    use proptest::prelude::*;

    #[test]
    fn refuses_what_does_not_fit() {
        let mut queue = ReplyQueue::new(10);
        assert!(!queue.push(&[0; 7]));
        assert!(queue.push(&[0; 6]));
        assert!(!queue.push(&[]));
        queue.clear();
        assert!(queue.is_empty() && queue.push(&[1; 6]));
    }

    proptest! {
        /// Against an unbounded queue, around the end of the ring many times.
        #[test]
        fn keeps_order_and_memory(ops in prop::collection::vec((any::<bool>(), 0..40_usize), 0..300)) {
            let mut queue = ReplyQueue::new(100);
            let memory = queue.bytes.capacity();
            let mut model: VecDeque<Vec<u8>> = VecDeque::new();
            for (n, (push, len)) in ops.into_iter().enumerate() {
                if push {
                    let reply = alloc::vec![n as u8; len];
                    let held: usize = model.iter().map(|r| r.len() + LEN).sum();
                    let fits = held + LEN + len <= 100;
                    prop_assert_eq!(queue.push(&reply), fits);
                    if fits {
                        model.push_back(reply);
                    }
                } else {
                    let mut out = Vec::new();
                    let popped = queue.pop(&mut out).then_some(out);
                    prop_assert_eq!(popped, model.pop_front());
                }
                prop_assert_eq!(queue.bytes.capacity(), memory);
                prop_assert_eq!(queue.is_empty(), model.is_empty());
            }
        }
    }
}
