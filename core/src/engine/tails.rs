//! A subscriber over UDP.

use alloc::format;
use alloc::vec::Vec;
use core::time::Duration;

use super::queue::ReplyQueue;
use super::reply::Reply;
use crate::query::filter::Filter;
use crate::time::MonoNanos;

/// Answers a TAIL, as released clients expect it.
pub(super) const TAILING: &str = "\rtailing logs\x1b[0K";
/// Tells a tail that it was dropped.
pub(super) const KICK: &str = "kick";

/// One tail: what it wants, until when, and what waits for it.
#[derive(Debug)]
pub(super) struct Tail {
    filter: Filter,
    deadline: MonoNanos,
    queue: ReplyQueue,
    /// Events that did not fit the queue since the tail was last told.
    missed: u64,
}

impl Tail {
    /// Due at once, until it is refreshed.
    pub(super) fn new(filter: Filter, queue_bytes: usize) -> Self {
        let queue = ReplyQueue::new(queue_bytes);
        Self { filter, deadline: MonoNanos(0), queue, missed: 0 }
    }

    /// Takes the place of the filter; what waited matched the old one and is forgotten.
    pub(super) fn replace(&mut self, filter: Filter) {
        self.filter = filter;
        self.queue.clear();
        self.missed = 0;
    }

    pub(super) fn filter(&self) -> &Filter {
        &self.filter
    }

    /// The tail is alive for another `timeout`.
    pub(super) fn refresh(&mut self, now: MonoNanos, timeout: Duration) {
        self.deadline = now.saturating_add(timeout);
    }

    /// When it is kicked.
    pub(super) fn deadline(&self) -> MonoNanos {
        self.deadline
    }

    /// Queues an encoded event; false when it counts as missed.
    ///
    /// After an overflow nothing is queued until the queue has run empty, so that the tail sees long runs
    /// without gaps and one word about each gap, instead of many of both.
    pub(super) fn push(&mut self, reply: &[u8]) -> bool {
        let queued = self.missed == 0 && self.queue.push(reply);
        self.missed += u64::from(!queued);
        queued
    }

    pub(super) fn has_reply(&self) -> bool {
        self.missed > 0 || !self.queue.is_empty()
    }

    /// Appends the next reply to `out`, if there is one.
    pub(super) fn pop(&mut self, max: usize, out: &mut Vec<u8>) {
        if self.queue.pop(out) {
            return;
        }
        let missed = core::mem::take(&mut self.missed);
        if missed > 0 {
            let word = if missed == 1 { "event" } else { "events" };
            Reply::control(&format!("missed {missed} {word}")).encode(max, out);
        }
    }
}
