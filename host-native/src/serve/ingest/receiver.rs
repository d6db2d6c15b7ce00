//! The other threads that receive: each verifies what its own socket brings and hands it to the owner of the engine.
//!
//! Batches go round: filled by a receiver, handled by the owner, returned to be filled again. There is a fixed number
//! of them, made at the start. A receiver without an empty one waits, and what comes meanwhile waits in the kernel's
//! buffer; what does not fit there is counted as any datagram that the kernel drops.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::io;
use std::sync::mpsc::{Receiver as Queue, SyncSender, TryRecvError, sync_channel};
use std::thread::JoinHandle;

use logd_core::datagram::Verifier;
use logd_core::time::UnixNanos;
use nix::poll::PollTimeout;

use super::batch::{Batch, VERIFIED_BATCH_BYTES, VerifiedBatch};
use super::inlet::{self, Inlet, Received, Rest};
use super::socket::Socket;
use super::wake::Waker;

/// Batches of one receiver: one that is filled, and what waits for the owner, who looks at least every few hundred
/// microseconds.
const BATCHES: usize = 4;
/// A receiver that is this far behind may have no core to work on: a fraction of the 2.5 · ttl that the replay window reaches
/// back, and rare enough to cost nothing where receivers are idle.
const OVERDUE: Duration = Duration::from_millis(20);
/// How long a thread that is told to stop goes on receiving while senders go on.
pub(super) const DRAIN_TIME: Duration = Duration::from_millis(200);

/// Bytes that a receiver takes.
pub const RECEIVER_BYTES: usize = BATCHES * VERIFIED_BATCH_BYTES;

/// A verified batch on its way to the owner.
pub(super) struct Handover {
    pub(super) batch: Box<VerifiedBatch>,
    /// See [`Batch::waits_since`](super::batch::Batch::waits_since).
    waits_since: UnixNanos,
    /// Whose it is.
    receiver: usize,
}

/// The owner's side of all receivers.
pub(super) struct Receivers {
    filled: Queue<Handover>,
    /// Those that have been taken out of the queue and not been handled, in its order.
    waiting: Vec<Handover>,
    stop: Arc<AtomicBool>,
    hands: Vec<Hand>,
}

struct Hand {
    socket: Arc<Socket>,
    /// What arrived before then was taken from its socket.
    taken_until: UnixNanos,
    empty: SyncSender<Box<VerifiedBatch>>,
    waker: Waker,
    thread: JoinHandle<()>,
}

/// One thread.
struct Receiver {
    number: usize,
    inlet: Inlet,
    verifier: Arc<Verifier>,
    empty: Queue<Box<VerifiedBatch>>,
    filled: SyncSender<Handover>,
    owner: Arc<Waker>,
    stop: Arc<AtomicBool>,
}

impl Receivers {
    /// Starts a thread for each inlet, with what wakes it. Filled batches wake `owner`.
    pub(super) fn start(
        inlets: Vec<(Inlet, Waker)>,
        verifier: &Arc<Verifier>,
        owner: &Arc<Waker>,
    ) -> io::Result<Self> {
        // Room for all batches there are: nobody ever waits to hand one over.
        let (tx, filled) = sync_channel(BATCHES * inlets.len());
        let stop = Arc::new(AtomicBool::new(false));
        let mut hands = Vec::new();
        for (number, (inlet, waker)) in inlets.into_iter().enumerate() {
            let (empty, empties) = sync_channel(BATCHES);
            for _ in 0..BATCHES {
                empty.send(Box::new(VerifiedBatch::new())).map_err(io::Error::other)?;
            }
            let (socket, taken_until) = (inlet.socket.clone(), inlet.now().unix);
            let receiver = Receiver {
                number,
                inlet,
                verifier: verifier.clone(),
                empty: empties,
                filled: tx.clone(),
                owner: owner.clone(),
                stop: stop.clone(),
            };
            let thread = std::thread::Builder::new().name(format!("receive-{}", number + 1));
            let thread = thread.spawn(move || receiver.run())?;
            hands.push(Hand { socket, taken_until, empty, waker, thread });
        }
        Ok(Self { filled, waiting: Vec::new(), stop, hands })
    }

    /// The filled batch that has waited longest, unless what waits since `own` has waited longer.
    pub(super) fn next(&mut self, own: Option<UnixNanos>) -> Option<Handover> {
        self.waiting.extend(self.filled.try_iter());
        // The first of equals: batches of one receiver stay in their order.
        let (at, oldest) =
            self.waiting.iter().enumerate().min_by_key(|(_, handover)| handover.waits_since)?;
        if own.is_some_and(|own| own <= oldest.waits_since) {
            return None;
        }
        Some(self.waiting.remove(at))
    }

    /// Whether there is one.
    pub(super) fn has_next(&mut self) -> bool {
        self.waiting.extend(self.filled.try_iter());
        !self.waiting.is_empty()
    }

    /// Gives a batch that has been handled back to be filled.
    pub(super) fn give_back(&mut self, handover: Handover) {
        let hand = &mut self.hands[handover.receiver];
        hand.taken_until = hand.taken_until.max(handover.waits_since);
        // There is room for all of a receiver's batches. One that has ended needs none.
        let _ = hand.empty.try_send(handover.batch);
    }

    /// Takes what waits in the socket of a receiver that is [`OVERDUE`], and further behind than the owner is with its own, which
    /// has been emptied of what arrived before `own`. The receiver may have no core while the owner has one, and what the owner
    /// takes from elsewhere meanwhile moves the replay window on.
    pub(super) fn receive_overdue(
        &mut self,
        now: UnixNanos,
        own: UnixNanos,
        batch: &mut Batch,
    ) -> Received {
        let due = now.saturating_sub(OVERDUE).min(own);
        for hand in self.hands.iter_mut().filter(|hand| hand.taken_until <= due) {
            let received = inlet::receive(&hand.socket, batch);
            if received != Received::Part {
                hand.taken_until = now;
            }
            if received != Received::Nothing {
                return received;
            }
        }
        Received::Nothing
    }

    /// Whether a thread has ended that was not told to.
    pub(super) fn has_failed(&self) -> bool {
        self.hands.iter().any(|hand| hand.thread.is_finished())
    }

    /// Lets all threads take what their sockets still hold, and end.
    pub(super) fn stop(&self) {
        self.stop.store(true, Ordering::Release);
        self.hands.iter().for_each(|hand| hand.waker.wake());
    }

    /// Waits until there is a batch. False once all threads have ended and no batch is left.
    pub(super) fn wait(&mut self) -> bool {
        if self.waiting.is_empty() {
            self.waiting.extend(self.filled.recv().ok());
        }
        !self.waiting.is_empty()
    }
}

impl Receiver {
    fn run(mut self) {
        let mut stopping_since = None;
        let mut unused = None;
        while let Some(mut batch) = unused.take().or_else(|| self.empty_batch()) {
            let received = self.inlet.receive(&mut batch.batch);
            let now = self.inlet.now();
            if received == Received::Nothing {
                unused = Some(batch);
            } else {
                batch.verify(&self.verifier, now);
                let waits_since = batch.batch.waits_since(now);
                let handover = Handover { batch, waits_since, receiver: self.number };
                if self.filled.send(handover).is_err() {
                    return;
                }
                self.owner.wake();
            }
            if self.stop.load(Ordering::Acquire) {
                let since = *stopping_since.get_or_insert(now.mono);
                if received == Received::Nothing || now.mono.since(since) > DRAIN_TIME {
                    return;
                }
            } else if received != Received::Part {
                self.rest(received);
            }
        }
    }

    /// `None` once the owner is gone.
    fn empty_batch(&mut self) -> Option<Box<VerifiedBatch>> {
        match self.empty.try_recv() {
            Ok(batch) => Some(batch),
            Err(TryRecvError::Disconnected) => None,
            Err(TryRecvError::Empty) => {
                let start = self.inlet.at_work();
                let batch = self.empty.recv().ok();
                self.inlet.slept_since(start);
                batch
            }
        }
    }

    fn rest(&mut self, received: Received) {
        let received = received == Received::All;
        let rest = Rest { timeout: PollTimeout::NONE, received, to_send: false };
        self.inlet.rest(rest, || self.stop.load(Ordering::Acquire));
    }
}

#[cfg(test)]
mod tests {
    use super::super::wake;
    use super::*;
    use crate::serve::config::Listen;
    use core::net::Ipv4Addr;
    use core::num::NonZeroUsize;
    use nix::poll::{PollFd, PollFlags, poll};
    use std::net::UdpSocket;
    use std::os::fd::AsFd as _;

    #[test]
    fn what_has_waited_longest_comes_first_whichever_socket_it_came_to() {
        let (tx, filled) = sync_channel(8);
        let stop = Arc::new(AtomicBool::new(false));
        let mut receivers = Receivers { filled, waiting: Vec::new(), stop, hands: Vec::new() };
        assert!(!receivers.has_next());
        for (receiver, at) in [(0, 50), (1, 10), (0, 60), (1, 50)] {
            let batch = Box::new(VerifiedBatch::new());
            tx.send(Handover { batch, waits_since: UnixNanos(at), receiver }).unwrap();
        }
        let mut next = |own: Option<i64>| {
            let handover = receivers.next(own.map(UnixNanos))?;
            Some((handover.receiver, handover.waits_since.0))
        };
        assert_eq!(next(Some(9)), None);
        assert_eq!(next(Some(11)), Some((1, 10)));
        assert_eq!(next(Some(50)), None);
        assert_eq!(next(None), Some((0, 50)));
        assert_eq!(next(None), Some((1, 50)));
        assert_eq!(next(None), Some((0, 60)));
        assert_eq!(next(None), None);
    }

    #[test]
    fn the_owner_takes_what_waits_for_a_thread_that_does_not_run() {
        let socket = Arc::new(bind());
        let (empty, empties) = sync_channel(BATCHES);
        let (waker, _wakeups) = wake::pair().unwrap();
        // Alive, and not running until the test is over.
        let (end, ended) = sync_channel::<()>(0);
        let thread = std::thread::spawn(move || ended.recv().unwrap_or(()));
        let hand = Hand { socket: socket.clone(), taken_until: UnixNanos(0), empty, waker, thread };
        let (tx, filled) = sync_channel(BATCHES);
        let stop = Arc::new(AtomicBool::new(false));
        let mut receivers = Receivers { filled, waiting: Vec::new(), stop, hands: vec![hand] };

        let sender = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let send = || {
            sender.send_to(b"datagram", socket.local_addr()).unwrap();
            let mut fds = [PollFd::new(socket.as_fd(), PollFlags::POLLIN)];
            assert_eq!(poll(&mut fds, 10_000_u16), Ok(1));
        };
        let overdue = OVERDUE.as_nanos() as i64;
        let mut batch = Batch::new();
        let mut take = |receivers: &mut Receivers, at| {
            receivers.receive_overdue(UnixNanos(at), UnixNanos(at), &mut batch)
        };
        send();
        assert_eq!(take(&mut receivers, overdue - 1), Received::Nothing);
        assert_eq!(take(&mut receivers, overdue), Received::All);
        // Its socket has just been emptied.
        send();
        assert_eq!(take(&mut receivers, 2 * overdue - 1), Received::Nothing);
        assert_eq!(take(&mut receivers, 2 * overdue), Received::All);
        // A thread that is not far behind takes it itself.
        send();
        let hand_over = |receivers: &mut Receivers, at| {
            let batch = Box::new(VerifiedBatch::new());
            tx.send(Handover { batch, waits_since: UnixNanos(at), receiver: 0 }).unwrap();
            let handover = receivers.next(None).unwrap();
            receivers.give_back(handover);
        };
        hand_over(&mut receivers, 3 * overdue);
        assert!(empties.try_recv().is_ok());
        assert_eq!(take(&mut receivers, 4 * overdue - 1), Received::Nothing);
        // One that works, but is, gets help.
        hand_over(&mut receivers, 3 * overdue);
        assert_eq!(take(&mut receivers, 4 * overdue), Received::All);
        assert_eq!(take(&mut receivers, 5 * overdue), Received::Nothing);
        drop(end);
    }

    fn bind() -> Socket {
        let listen = Listen::At((Ipv4Addr::LOCALHOST, 0).into());
        Socket::bind(listen, 1 << 16, NonZeroUsize::MIN).unwrap().remove(0)
    }
}
