//! The loop of the ingest thread.

use alloc::sync::Arc;
use core::time::Duration;
use std::io;
use std::os::fd::AsFd;
use std::sync::mpsc::SyncSender;

use logd_core::drop::DropReason;
use logd_core::engine::{Engine, Stats, Transmit};
use logd_core::store::UpkeepJob;
use logd_core::time::{MonoNanos, Now, UnixNanos};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use tokio::sync::mpsc;
use tracing::{debug, error, warn};

use super::calm::{self, Calm};
use super::feed::Feed;
use super::socket::{Batch, Socket};
use super::wake::Wakeups;
use super::{Report, Request, TailStart};
use crate::serve::clock::Clock;

/// Receives of one turn. A batch is up to 32 buffers, each of up to 64 datagrams with GRO; a few of them keep
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
/// How long the last drain may take while senders go on.
const DRAIN_TIME: Duration = Duration::from_millis(200);
/// Between two looks for blocks that are due for upkeep, while there are none.
const UPKEEP_INTERVAL: Duration = Duration::from_millis(5);
/// Between two looks at a socket that fails.
const ERROR_PAUSE: Duration = Duration::from_millis(10);

/// Owns the engine.
pub(super) struct Owner {
    engine: Engine,
    socket: Socket,
    clock: Clock,
    requests: mpsc::Receiver<Request>,
    wakeups: Wakeups,
    feed: Arc<Feed>,
    batch: Batch,
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
        socket: Socket,
        clock: Clock,
        requests: mpsc::Receiver<Request>,
        wakeups: Wakeups,
        feed: Arc<Feed>,
        upkeep: SyncSender<UpkeepJob>,
    ) -> Self {
        Self {
            engine,
            socket,
            clock,
            requests,
            wakeups,
            feed,
            batch: Batch::new(),
            pending: None,
            out: Vec::new(),
            tailing: false,
            last_feed: MonoNanos(0),
            unfed: 0,
            upkeep,
            upkeeping: false,
            last_upkeep: MonoNanos(0),
            calm: Calm::new(clock.now().mono),
        }
    }

    /// Until [`Request::Stop`]. Each turn does a bounded part of each kind of work, in this order, so that none
    /// starves; it sleeps only when none has more to do.
    pub(super) fn run(mut self) -> Stats {
        loop {
            // 1. Datagrams: the kernel drops what waits too long.
            let received = self.receive(RECEIVES);
            // 2. Requests of the rest of the daemon.
            let (asked, stop) = self.answer();
            if stop {
                self.drain();
                return self.engine.stats();
            }
            // 3. Timers, and one step of the queries over UDP.
            self.time_out();
            // 4. Replies.
            let sent = self.transmit();
            // 5. New events to the tails over HTTP.
            self.feed_tails(received);
            // 6. Sealed blocks to the upkeep thread.
            self.keep_up();
            // 7. Sleep. Everything above may have moved the timer, so it is asked for last.
            if received == More::No && asked == More::No && sent == More::No {
                self.sleep();
            }
        }
    }

    fn receive(&mut self, times: usize) -> More {
        for _ in 0..times {
            match self.socket.receive(&mut self.batch) {
                Ok(()) => {
                    let now = self.clock.now();
                    let mut bytes = 0;
                    for (from, arrival, datagram) in self.batch.datagrams() {
                        // Fresh is what arrived in time: a datagram does not grow stale in our own queue.
                        let unix = arrival.map_or(now.unix, |at| arrival_time(at).min(now.unix));
                        self.engine.handle_datagram(Now { unix, ..now }, from, datagram);
                        bytes += datagram.len();
                    }
                    self.unfed += bytes;
                    // The engine keeps a bounded part of what the tails have not got yet.
                    if self.tailing && self.unfed >= MAX_UNFED {
                        self.feed_now();
                    }
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return More::No,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                // A reply that nobody wanted comes back as an error of the socket; it says nothing about ours.
                Err(e) if e.kind() == io::ErrorKind::ConnectionRefused => {}
                Err(e) => {
                    warn!("cannot receive: {e}");
                    std::thread::sleep(ERROR_PAUSE);
                    return More::No;
                }
            }
        }
        More::Yes
    }

    fn answer(&mut self) -> (More, bool) {
        for _ in 0..REQUESTS {
            // Who no longer waits for an answer gets none; that is no error.
            match self.requests.try_recv() {
                Ok(Request::Snapshot(rings, reply)) => {
                    let _ = reply.send(self.engine.snapshot(&rings));
                }
                Ok(Request::Report(reply)) => {
                    let _ = reply.send(Report {
                        stats: self.engine.stats(),
                        rings: self.engine.rings().collect(),
                        refused: self.engine.refused_senders().collect(),
                        last_seq: self.engine.last_seq(),
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

    fn time_out(&mut self) {
        let now = self.clock.now();
        if self.engine.poll_timeout().is_some_and(|due| due <= now.mono) {
            self.engine.handle_timeout(now);
        }
    }

    fn transmit(&mut self) -> More {
        let now = self.clock.now();
        for _ in 0..TRANSMITS {
            let Some(transmit) = self.pending.take().or_else(|| {
                self.out.clear();
                self.engine.poll_transmit(now, &mut self.out)
            }) else {
                return More::No;
            };
            match self.socket.send(transmit.to, &self.out[..transmit.len]) {
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

    fn feed_tails(&mut self, received: More) {
        let mono = self.clock.now().mono;
        // The socket is empty, so waiting would gain nothing; or enough has been waited.
        if self.tailing && (received == More::No || mono.since(self.last_feed) >= FEED_DELAY) {
            self.last_feed = mono;
            self.feed_now();
        }
        if self.tailing && !self.feed.has_readers() {
            self.tailing = false;
            self.engine.set_tailing(false);
            self.feed.clear();
        }
    }

    fn keep_up(&mut self) {
        let mono = self.clock.now().mono;
        let calm = self.calm.is_calm(mono);
        if !calm || self.upkeeping || mono.since(self.last_upkeep) < UPKEEP_INTERVAL {
            return;
        }
        self.last_upkeep = mono;
        if let Some(job) = self.engine.poll_upkeep() {
            // The queue has room, for no job is under way; without its thread blocks just stay as they are.
            self.upkeeping = self.upkeep.try_send(job).is_ok();
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

    fn sleep(&mut self) {
        let now = self.clock.now().mono;
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
        let timeout = if self.calm.is_calm(now) {
            timeout
        } else {
            let look = PollTimeout::try_from(calm::WINDOW).unwrap_or(PollTimeout::MAX);
            if timeout == PollTimeout::NONE { look } else { timeout.min(look) }
        };
        let mut interest = PollFlags::POLLIN;
        if self.pending.is_some() {
            interest |= PollFlags::POLLOUT;
        }
        let mut fds = [
            PollFd::new(self.socket.as_fd(), interest),
            PollFd::new(self.wakeups.as_fd(), PollFlags::POLLIN),
        ];
        match poll(&mut fds, timeout) {
            // Cleared before the queue is looked at, so that no request stays behind.
            Ok(_) if fds[1].any() == Some(true) => self.wakeups.clear(),
            Ok(_) | Err(Errno::EINTR) => {}
            Err(e) => {
                error!("poll failed: {e}");
                std::thread::sleep(ERROR_PAUSE);
            }
        }
        self.calm.slept(self.clock.now().mono.since(now));
    }

    /// Takes what the socket still holds.
    fn drain(&mut self) {
        let start = self.clock.now().mono;
        while self.receive(1) == More::Yes && self.clock.now().mono.since(start) < DRAIN_TIME {}
        self.feed.close();
    }
}

/// The kernel's timestamp of a datagram is one of the wall clock.
fn arrival_time(since_epoch: Duration) -> UnixNanos {
    UnixNanos(i64::try_from(since_epoch.as_nanos()).unwrap_or(i64::MAX))
}
