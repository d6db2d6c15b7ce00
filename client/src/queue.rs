//! The bounded queue between the threads that log and the one that sends.
//!
//! A mutex guards a preallocated buffer. Whoever logs holds it for one copy of an encoded event; the sender
//! for a swap with its own, empty buffer. Nothing is allocated, and no thread waits for the network.

use crate::error::{FlushError, LogError};
use crate::pace::Pace;
use crate::record;
use crate::stats::{Dropped, Stats};
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

// Aligned, so that what a log call touches lies in one line of the cache: the lock, and the first fields of what it guards.
// The sending thread has usually written there since, and each line that comes from another core costs the caller some
// fifty nanoseconds.
#[repr(C, align(64))]
pub(crate) struct Queue {
    state: Mutex<State>,
    capacity: usize,
    /// The sender sleeps on it.
    wake: Condvar,
    /// [`Queue::flush`] and [`Queue::close`] wait on it.
    settled: Condvar,
    /// What is left is not to be sent any more.
    abandoned: AtomicBool,
}

#[repr(C)]
struct State {
    /// See [`record`]. Never longer than its capacity.
    records: Vec<u8>,
    /// Refused since the last record.
    gap: u64,
    /// Events that were queued, in all; [`Stats`] has the others of its counters.
    accepted: u64,
    asleep: Sleep,
    closed: bool,
    stopped: bool,
    /// How many wait on `settled`.
    waiting: u32,
    sent: Tally,
    dropped: Dropped,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sleep {
    Awake,
    /// An event wakes the sender.
    UntilEvent,
    /// A refused one, too.
    UntilEventOrRefusal,
}

/// What [`Queue::take`] found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    Records,
    /// Time to report something.
    Nothing,
    /// And nothing will come any more.
    Closed,
}

/// What ends [`Queue::take`] beside an event.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Interrupt {
    /// So much time.
    pub(crate) after: Option<Duration>,
    /// More refused events than so many.
    pub(crate) refused: Option<u64>,
}

/// What became of taken events.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) sent_events: u64,
    pub(crate) sent_datagrams: u64,
    pub(crate) sent_bytes: u64,
    pub(crate) not_sent: u64,
    pub(crate) abandoned: u64,
    pub(crate) send_errors: u64,
}

impl Queue {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            state: Mutex::new(State {
                records: Vec::with_capacity(capacity),
                gap: 0,
                accepted: 0,
                asleep: Sleep::Awake,
                closed: false,
                stopped: false,
                waiting: 0,
                sent: Tally::default(),
                dropped: Dropped::default(),
            }),
            capacity,
            wake: Condvar::new(),
            settled: Condvar::new(),
            abandoned: AtomicBool::new(false),
        }
    }

    /// Most bytes that are queued.
    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    /// Queues an event, or counts why it is none.
    pub(crate) fn push(&self, event: Result<&[u8], LogError>) -> Result<(), LogError> {
        let mut state = self.lock();
        let result = event.and_then(|msg| state.push(msg));
        let wake = match result {
            Ok(()) => {
                state.accepted += 1;
                state.asleep != Sleep::Awake
            }
            Err(why) => {
                state.gap += 1;
                state.dropped.refuse(why);
                state.asleep == Sleep::UntilEventOrRefusal
            }
        };
        if wake {
            state.asleep = Sleep::Awake;
        }
        drop(state);
        // Only when it sleeps: every notification is a system call.
        if wake {
            self.wake.notify_one();
        }
        result
    }

    /// Waits for events and swaps them into `records`, whose capacity is the queue's.
    pub(crate) fn take(
        &self,
        records: &mut Vec<u8>,
        pace: &mut Pace,
        interrupt: Interrupt,
    ) -> Taken {
        records.clear();
        let mut state = self.lock();
        loop {
            if !state.records.is_empty() {
                core::mem::swap(&mut state.records, records);
                return Taken::Records;
            }
            if state.closed {
                return Taken::Closed;
            }
            if interrupt.refused.is_some_and(|known| state.dropped.refused() > known) {
                return Taken::Nothing;
            }
            if let Some(nap) = pace.nap(Instant::now()) {
                drop(state);
                thread::sleep(nap);
                state = self.lock();
                continue;
            }
            state.asleep = match interrupt.refused {
                None => Sleep::UntilEvent,
                Some(_) => Sleep::UntilEventOrRefusal,
            };
            if let Some(timeout) = interrupt.after {
                let (awake, result) =
                    self.wake.wait_timeout(state, timeout).unwrap_or_else(PoisonError::into_inner);
                state = awake;
                if result.timed_out() && state.records.is_empty() && !state.closed {
                    state.asleep = Sleep::Awake;
                    return Taken::Nothing;
                }
            } else {
                state = self.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            state.asleep = Sleep::Awake;
        }
    }

    /// Counts what became of taken events.
    pub(crate) fn settle(&self, tally: &Tally) {
        let mut state = self.lock();
        let sent = &mut state.sent;
        sent.sent_events += tally.sent_events;
        sent.sent_datagrams += tally.sent_datagrams;
        sent.sent_bytes += tally.sent_bytes;
        sent.send_errors += tally.send_errors;
        state.dropped.not_sent += tally.not_sent;
        state.dropped.abandoned += tally.abandoned;
        if state.waiting > 0 {
            self.settled.notify_all();
        }
    }

    /// The sender has ended; nothing that is queued will be sent.
    pub(crate) fn stop(&self) {
        let mut state = self.lock();
        state.stopped = true;
        state.dropped.abandoned += state.queued();
        self.settled.notify_all();
    }

    /// Waits until everything queued before the call is sent or lost.
    pub(crate) fn flush(&self, timeout: Duration) -> Result<(), FlushError> {
        let state = self.lock();
        let target = state.accepted;
        let state =
            self.wait(state, timeout, |state| state.stopped || state.settled_events() >= target);
        if state.stopped {
            Err(FlushError::Stopped)
        } else if state.settled_events() >= target {
            Ok(())
        } else {
            Err(FlushError::TimedOut { queued: target - state.settled_events() })
        }
    }

    /// Lets the sender end when the queue is empty, and waits for that; when time is up it is to end without
    /// sending the rest. Returns whether it has ended.
    pub(crate) fn close(&self, timeout: Duration) -> bool {
        let mut state = self.lock();
        state.closed = true;
        self.wake.notify_one();
        let stopped = self.wait(state, timeout, |state| state.stopped).stopped;
        if !stopped {
            self.abandoned.store(true, Ordering::Relaxed);
        }
        stopped
    }

    /// Whether what is left is not to be sent any more.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.abandoned.load(Ordering::Relaxed)
    }

    pub(crate) fn stats(&self) -> Stats {
        let state = self.lock();
        Stats {
            logged: state.accepted + state.dropped.refused(),
            queued: state.queued(),
            sent_events: state.sent.sent_events,
            sent_datagrams: state.sent.sent_datagrams,
            sent_bytes: state.sent.sent_bytes,
            dropped: state.dropped,
            send_errors: state.sent.send_errors,
        }
    }

    fn wait<'a>(
        &self,
        mut state: MutexGuard<'a, State>,
        timeout: Duration,
        done: impl Fn(&State) -> bool,
    ) -> MutexGuard<'a, State> {
        state.waiting += 1;
        let (mut state, _) = self
            .settled
            .wait_timeout_while(state, timeout, |state| !done(state))
            .unwrap_or_else(PoisonError::into_inner);
        state.waiting -= 1;
        state
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No code that can panic runs under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn push(&mut self, msg: &[u8]) -> Result<(), LogError> {
        if self.stopped {
            return Err(LogError::Stopped);
        }
        if self.records.len() + record::len(self.gap, msg) > self.records.capacity() {
            return Err(LogError::Full);
        }
        record::append(&mut self.records, self.gap, msg);
        self.gap = 0;
        Ok(())
    }

    /// Events that were queued and are not any more.
    fn settled_events(&self) -> u64 {
        self.sent.sent_events + self.dropped.not_sent + self.dropped.abandoned
    }

    fn queued(&self) -> u64 {
        self.accepted - self.settled_events()
    }
}
