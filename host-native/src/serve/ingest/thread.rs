//! The loop of the ingest thread.

use alloc::sync::Arc;
use core::time::Duration;
use std::io;
use std::sync::mpsc::SyncSender;

use logd_core::drop::DropReason;
use logd_core::engine::{Engine, Stats, Transmit};
use logd_core::store::{Effort, UpkeepJob};
use logd_core::time::{MonoNanos, Now, UnixNanos};
use nix::poll::PollTimeout;
use tokio::sync::{mpsc, oneshot};
use tracing::debug;

use super::batch::Batch;
use super::busy::BusyTime;
use super::calm::{self, Calm};
use super::feed::Feed;
use super::inlet::{Inlet, Received, Rest};
use super::receiver::{DRAIN_TIME, Handover, Receivers};
use super::{Report, Request, TailStart, Write, Written};

/// Batches of one turn. A batch is up to 32 buffers, each of up to 64 datagrams with GRO; a few of them keep
/// the thread on the socket under load, and all else still gets its turn within a few milliseconds.
const RECEIVES: usize = 4;
/// Requests of one turn.
const REQUESTS: usize = 16;
/// Replies of one turn.
const TRANSMITS: usize = 64;
/// New events wait for tails no longer than this while more keep coming.
const FEED_DELAY: Duration = Duration::from_micros(200);
/// And no more bytes of datagrams than this, give or take a receive.
const MAX_UNFED: usize = 256 << 10;
/// Between two looks for blocks that are due for upkeep, while there are none.
const UPKEEP_INTERVAL: Duration = Duration::from_millis(5);

/// Owns the engine.
pub(super) struct Owner {
    engine: Engine,
    inlet: Inlet,
    batch: Batch,
    /// Since when `batch` waits for those of the receivers that have waited longer.
    own: Option<UnixNanos>,
    /// What arrived before then was taken from its own socket.
    taken_until: UnixNanos,
    /// The other threads that receive, if there are any.
    receivers: Option<Receivers>,
    /// How long each thread was at work, its own first.
    busy: Vec<Arc<BusyTime>>,
    requests: mpsc::Receiver<Request>,
    feed: Arc<Feed>,
    /// A reply that the kernel had no room for, and its bytes.
    pending: Option<Transmit>,
    out: Vec<u8>,
    tailing: bool,
    last_feed: MonoNanos,
    /// Bytes received since then.
    unfed: usize,
    upkeep: SyncSender<UpkeepJob>,
    /// A job is under way.
    upkeeping: bool,
    /// Waits for the deletion that is under way.
    deleting: Option<oneshot::Sender<u64>>,
    last_upkeep: MonoNanos,
    calm: Calm,
}

/// Whether a step has more to do right away.
#[derive(Clone, Copy, PartialEq, Eq)]
enum More {
    Yes,
    No,
}

impl Owner {
    pub(super) fn new(
        engine: Engine,
        inlet: Inlet,
        receivers: Option<Receivers>,
        busy: Vec<Arc<BusyTime>>,
        requests: mpsc::Receiver<Request>,
        feed: Arc<Feed>,
        upkeep: SyncSender<UpkeepJob>,
    ) -> Self {
        let now = inlet.now();
        Self {
            engine,
            inlet,
            batch: Batch::new(),
            own: None,
            taken_until: now.unix,
            receivers,
            busy,
            requests,
            feed,
            pending: None,
            out: Vec::new(),
            tailing: false,
            last_feed: MonoNanos(0),
            unfed: 0,
            upkeep,
            upkeeping: false,
            deleting: None,
            last_upkeep: MonoNanos(0),
            calm: Calm::new(now.mono),
        }
    }

    /// Until [`Request::Stop`]. Each turn does a bounded part of each kind of work, in this order, so that none
    /// starves; it sleeps only when none has more to do.
    pub(super) fn run(mut self) -> Stats {
        loop {
            // 1. Datagrams: the kernel drops what waits too long.
            let received = self.take();
            // 2. Requests of the rest of the daemon.
            let (asked, stop) = self.answer();
            if stop {
                self.drain();
                return self.engine.stats();
            }
            // One time for all that follows: none of it takes long.
            let now = self.inlet.now();
            // 3. Timers, and one step of the queries over UDP.
            self.time_out(now);
            // 4. Replies.
            let sent = self.transmit(now);
            // 5. New events to the tails over HTTP.
            self.feed_tails(now.mono, received);
            // 6. Sealed blocks to the upkeep thread.
            self.keep_up(now.mono);
            // 7. Sleep. Everything above may have moved the timer, so it is asked for last.
            if received != Received::Part && asked == More::No && sent == More::No {
                self.sleep(now.mono, received);
            }
        }
    }

    /// A bounded part of what the sockets have.
    fn take(&mut self) -> Received {
        if self.receivers.is_some() { self.take_oldest() } else { self.receive() }
    }

    /// The batches of all sockets, what has waited longest first. The replay window moves on with the times it is told:
    /// were one socket served before another that is behind, what waits there would be too old for it.
    fn take_oldest(&mut self) -> Received {
        let mut all = Received::Nothing;
        let mut look = true;
        for _ in 0..RECEIVES {
            if look && self.own.is_none() {
                look = self.look();
            }
            let own = self.own;
            if let Some(handover) = self.receivers.as_mut().and_then(|r| r.next(own)) {
                self.handle_verified(handover);
            } else if self.own.take().is_some() {
                self.handle_received();
            } else {
                return all;
            }
            all = Received::All;
        }
        Received::Part
    }

    /// Fills the own batch: from another's socket where that is overdue, else from its own. Whether there may be more.
    fn look(&mut self) -> bool {
        let now = self.inlet.now();
        let overdue = match &mut self.receivers {
            Some(receivers) => {
                receivers.receive_overdue(now.unix, self.taken_until, &mut self.batch)
            }
            None => Received::Nothing,
        };
        if overdue != Received::Nothing {
            self.own = Some(self.batch.waits_since(now));
            // The own socket has not been looked at.
            return true;
        }
        let received = self.inlet.receive(&mut self.batch);
        let waits_since = self.batch.waits_since(self.inlet.now());
        self.taken_until = if received == Received::Part { waits_since } else { now.unix };
        self.own = (received != Received::Nothing).then_some(waits_since);
        received == Received::Part
    }

    fn handle_verified(&mut self, handover: Handover) {
        let now = self.inlet.now();
        for (datagram, verified) in handover.batch.datagrams() {
            let (from, len) = (datagram.from, datagram.bytes.len());
            self.engine.handle_verified(datagram.clocks(now), from, len, verified);
            self.unfed += len;
        }
        self.feed_much();
        if let Some(receivers) = &mut self.receivers {
            receivers.give_back(handover);
        }
    }

    fn handle_received(&mut self) {
        let now = self.inlet.now();
        for datagram in self.batch.datagrams() {
            self.engine.handle_datagram(datagram.clocks(now), datagram.from, datagram.bytes);
            self.unfed += datagram.bytes.len();
        }
        self.feed_much();
    }

    fn receive(&mut self) -> Received {
        let mut all = Received::Nothing;
        for _ in 0..RECEIVES {
            let received = self.inlet.receive(&mut self.batch);
            if received == Received::Nothing {
                return all;
            }
            self.handle_received();
            all = received;
            if received == Received::All {
                break;
            }
        }
        all
    }

    fn answer(&mut self) -> (More, bool) {
        for _ in 0..REQUESTS {
            // Who no longer waits for an answer gets none; that is no error.
            match self.requests.try_recv() {
                Ok(Request::Write(write)) => self.write(write),
                Ok(Request::Delete(filter, reply)) => {
                    // While another is under way the reply is dropped: the daemon is busy.
                    if self.engine.delete(*filter) {
                        self.deleting = Some(reply);
                    }
                }
                Ok(Request::Snapshot(rings, reply)) => {
                    let _ = reply.send(self.engine.snapshot(&rings));
                }
                Ok(Request::Report(reply)) => {
                    let _ = reply.send(Report {
                        stats: self.engine.stats(),
                        rings: self.engine.rings().collect(),
                        refused: self.engine.refused_senders().collect(),
                        last_seq: self.engine.last_seq(),
                        busy: self.busy.iter().map(|busy| busy.total()).collect(),
                    });
                }
                Ok(Request::Tail(mut reader, reply)) => {
                    // What was accepted before is in the snapshot, and must not come again from the feed.
                    self.feed_now();
                    reader.start_at(self.feed.end());
                    let snapshot = self.engine.snapshot(&[]);
                    let last_seq = self.engine.last_seq();
                    let _ = reply.send(TailStart { snapshot, last_seq, reader });
                }
                Ok(Request::Upkept(done)) => {
                    if let Some(done) = done {
                        self.engine.finish_upkeep(done);
                    }
                    // The next block may be due at once.
                    self.upkeeping = false;
                    self.last_upkeep = MonoNanos(0);
                }
                Ok(Request::KernelDrops(n)) => self.engine.count_drop(DropReason::KernelDrop, n),
                Ok(Request::Stop) | Err(mpsc::error::TryRecvError::Disconnected) => {
                    return (More::No, true);
                }
                Err(mpsc::error::TryRecvError::Empty) => return (More::No, false),
            }
        }
        (More::Yes, false)
    }

    fn write(&mut self, write: Write) {
        let Write { proof, events, reply } = write;
        let now = self.inlet.now();
        let mut outcomes = Vec::new();
        let done = self.engine.handle_write(now, proof.as_ref(), &events, &mut outcomes);
        self.unfed += events.len();
        self.feed_much();
        let _ = reply.send(Written { received: now.unix, outcomes: done.map(|()| outcomes) });
    }

    fn time_out(&mut self, now: Now) {
        if self.engine.poll_timeout().is_some_and(|due| due <= now.mono) {
            self.engine.handle_timeout(now);
        }
    }

    fn transmit(&mut self, now: Now) -> More {
        for _ in 0..TRANSMITS {
            let Some(transmit) = self.pending.take().or_else(|| {
                self.out.clear();
                self.engine.poll_transmit(now, &mut self.out)
            }) else {
                return More::No;
            };
            match self.inlet.socket.send(transmit.to, &self.out[..transmit.len]) {
                Ok(()) => {}
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                    // poll(2) tells when there is room again.
                    self.pending = Some(transmit);
                    return More::No;
                }
                // UDP promises nothing, and one unreachable address must not stop the others.
                Err(e) => debug!("cannot send to {}: {e}", transmit.to),
            }
        }
        More::Yes
    }

    fn feed_tails(&mut self, mono: MonoNanos, received: Received) {
        // The socket is empty, so waiting would gain nothing; or enough has been waited.
        if self.tailing && (received != Received::Part || mono.since(self.last_feed) >= FEED_DELAY)
        {
            self.last_feed = mono;
            self.feed_now();
        }
        if self.tailing && !self.feed.has_readers() {
            self.tailing = false;
            self.engine.set_tailing(false);
            self.feed.clear();
        }
    }

    fn keep_up(&mut self, mono: MonoNanos) {
        let deleting = self.engine.is_deleting();
        // Somebody waits for a deletion; other work can wait until there is time.
        let effort = self.calm.effort(mono).or(deleting.then_some(Effort::Index));
        let Some(effort) = effort else { return };
        if self.upkeeping || (!deleting && mono.since(self.last_upkeep) < UPKEEP_INTERVAL) {
            return;
        }
        self.last_upkeep = mono;
        if let Some(job) = self.engine.poll_upkeep(effort) {
            // The queue has room, for no job is under way; without its thread blocks just stay as they are.
            self.upkeeping = self.upkeep.try_send(job).is_ok();
        }
        if let Some(deleted) = self.engine.poll_deleted()
            && let Some(reply) = self.deleting.take()
        {
            let _ = reply.send(deleted);
        }
    }

    /// The engine keeps a bounded part of what the tails have not got yet.
    fn feed_much(&mut self) {
        if self.tailing && self.unfed >= MAX_UNFED {
            self.feed_now();
        }
    }

    /// Hands over what was accepted so far, and makes sure that what comes next is kept for the feed.
    fn feed_now(&mut self) {
        if !self.tailing {
            self.tailing = true;
            self.engine.set_tailing(true);
        }
        self.unfed = 0;
        if let Some(block) = self.engine.take_fresh() {
            self.feed.push(block);
        }
    }

    fn sleep(&mut self, now: MonoNanos, received: Received) {
        if self.receivers.as_ref().is_some_and(Receivers::has_failed) {
            panic!("a thread that receives has failed; its message is above");
        }
        let timeout = match self.engine.poll_timeout() {
            None => PollTimeout::NONE,
            Some(due) => match due.since(now) {
                // The engine has more to say, but the kernel has no room yet.
                Duration::ZERO if self.pending.is_some() => PollTimeout::from(1_u8),
                Duration::ZERO => return,
                // Rounded up: a timer that fires a millisecond late is better than a loop that spins for one.
                wait => {
                    let ms = wait.as_nanos().div_ceil(1_000_000);
                    PollTimeout::try_from(ms).unwrap_or(PollTimeout::MAX)
                }
            },
        };
        // A thread that was busy looks once more whether it has become calm.
        let timeout = if self.calm.effort(now) == Some(Effort::All) {
            timeout
        } else {
            let look = PollTimeout::try_from(calm::WINDOW).unwrap_or(PollTimeout::MAX);
            if timeout == PollTimeout::NONE { look } else { timeout.min(look) }
        };
        let (requests, receivers) = (&self.requests, &mut self.receivers);
        let has_work =
            || !requests.is_empty() || receivers.as_mut().is_some_and(Receivers::has_next);
        let received = received != Received::Nothing;
        let rest = Rest { timeout, received, to_send: self.pending.is_some() };
        self.calm.slept(self.inlet.rest(rest, has_work));
    }

    /// Takes what the sockets still hold.
    fn drain(&mut self) {
        if let Some(receivers) = &self.receivers {
            receivers.stop();
        }
        let start = self.inlet.now().mono;
        while self.take() != Received::Nothing && self.inlet.now().mono.since(start) < DRAIN_TIME {}
        // The others end by themselves; what they have handed over until then counts, too.
        while self.receivers.as_mut().is_some_and(Receivers::wait) {
            self.take();
        }
        if self.own.take().is_some() {
            self.handle_received();
        }
        self.feed.close();
    }
}
