//! Ingest: the thread that owns the engine and a UDP socket, and the threads that receive beside it.
//!
//! Nobody else touches the engine: the rest of the daemon asks through a [`Handle`], over a bounded queue, and
//! gets owned answers back. Other threads that receive verify, and hand over what they verified.

pub mod batch;
mod busy;
mod calm;
pub mod feed;
mod inlet;
pub mod kernel;
mod pace;
pub mod receiver;
pub mod socket;
mod thread;
mod upkeep;
mod wake;

use alloc::sync::Arc;
use core::time::Duration;
use std::net::UdpSocket;
use std::thread::JoinHandle;

use logd_core::datagram::{Proof, Verifier};
use logd_core::drop::DropReason;
use logd_core::engine::{Engine, RefusedSender, Stats};
use logd_core::query::filter::Filter;
use logd_core::store::{RingStatus, Snapshot, UpkeepDone};
use logd_core::time::UnixNanos;
use tokio::sync::{Semaphore, mpsc, oneshot};

use super::clock::Clock;
use busy::BusyTime;
use feed::{Feed, Reader};
use inlet::Inlet;
use receiver::Receivers;
use socket::Socket;
use wake::Waker;

/// Requests that wait for the ingest thread at most.
const QUEUE: usize = 256;
/// Of these, events of other doors at most: readers find a place even while many write.
const WRITES: usize = QUEUE / 2;
/// Bytes of one [`Handle::write`] at most, unless a single event is longer: storing them takes a millisecond or so, in which nothing is received.
pub const MAX_WRITE: usize = 1 << 20;

/// What the daemon knows about itself at one moment.
#[derive(Clone, Debug)]
pub struct Report {
    /// The engine's counters.
    pub stats: Stats,
    /// The rings, the fallback last.
    pub rings: Vec<RingStatus>,
    /// Machines with a wrong clock.
    pub refused: Vec<RefusedSender>,
    /// The newest sequence number.
    pub last_seq: u64,
    /// How long each thread that receives was at work; the owner of the engine first.
    pub busy: Vec<Duration>,
}

/// Where a tail begins: everything up to `last_seq` is in the snapshot, everything after comes from the reader.
#[derive(Debug)]
pub struct TailStart {
    /// The events so far.
    pub snapshot: Snapshot,
    /// The newest sequence number in the snapshot.
    pub last_seq: u64,
    /// The events from now on.
    pub reader: Reader,
}

/// What became of a [`Handle::write`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// When its events were received, by the daemon's clock.
    pub received: UnixNanos,
    /// Of each event its number, or why it was dropped; or why all were.
    pub outcomes: Result<Vec<Result<u64, DropReason>>, DropReason>,
}

struct Write {
    proof: Option<Proof>,
    events: Vec<u8>,
    reply: oneshot::Sender<Written>,
}

enum Request {
    Write(Write),
    Delete(Box<Filter>, oneshot::Sender<u64>),
    Snapshot(Vec<String>, oneshot::Sender<Snapshot>),
    Report(oneshot::Sender<Report>),
    Tail(Reader, oneshot::Sender<TailStart>),
    KernelDrops(u64),
    /// `None` when the block had been evicted meanwhile.
    Upkept(Option<UpkeepDone>),
    Stop,
}

/// The ingest thread cannot answer: its queue is full, or it has stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy;

/// Asks the ingest thread.
#[derive(Clone, Debug)]
pub struct Handle {
    requests: mpsc::Sender<Request>,
    waker: Arc<Waker>,
    feed: Arc<Feed>,
    verifier: Arc<Verifier>,
    writes: Arc<Semaphore>,
}

impl Handle {
    /// The rings with these prefixes, or all when none is named.
    pub async fn snapshot(&self, rings: Vec<String>) -> Result<Snapshot, Busy> {
        self.ask(|reply| Request::Snapshot(rings, reply)).await
    }

    /// Stores events of another door, encoded as a `wire.Cmd`, at most [`MAX_WRITE`] bytes; `proof` is that of their
    /// signature, if they have one. Waits while others write: a door that does not read on passes that on to its clients.
    pub async fn write(&self, proof: Option<Proof>, events: Vec<u8>) -> Result<Written, Busy> {
        // The semaphore is never closed.
        let _place = self.writes.acquire().await.map_err(|_| Busy)?;
        self.ask(|reply| Request::Write(Write { proof, events, reply })).await
    }

    /// Deletes what the filter selects of what is stored now, and tells how many events that were. Goes on when nobody waits
    /// for it any more; one at a time.
    pub async fn delete(&self, filter: Filter) -> Result<u64, Busy> {
        self.ask(|reply| Request::Delete(Box::new(filter), reply)).await
    }

    /// Counters and rings.
    pub async fn report(&self) -> Result<Report, Busy> {
        self.ask(Request::Report).await
    }

    /// Begins to follow new events.
    pub async fn tail(&self) -> Result<TailStart, Busy> {
        // Subscribed before the thread is asked, so that it feeds when it answers.
        let reader = self.feed.subscribe();
        self.ask(|reply| Request::Tail(reader, reply)).await
    }

    /// The kernel dropped this many more datagrams. False when they could not be handed over now.
    pub fn kernel_drops(&self, n: u64) -> bool {
        self.send(Request::KernelDrops(n)).is_ok()
    }

    /// Checks secrets as the engine does.
    pub fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    /// Ends all tails over HTTP: their readers get what there is, then the end.
    pub fn close_feed(&self) {
        self.feed.close();
    }

    /// Lets the thread drain the socket and end.
    pub async fn stop(&self) {
        // Unlike other requests this one waits for room in the queue; an error means that it has ended.
        if self.requests.send(Request::Stop).await.is_ok() {
            self.waker.wake();
        }
    }

    async fn ask<T>(&self, request: impl FnOnce(oneshot::Sender<T>) -> Request) -> Result<T, Busy> {
        let (tx, rx) = oneshot::channel();
        self.send(request(tx))?;
        rx.await.map_err(|_| Busy)
    }

    fn send(&self, request: Request) -> Result<(), Busy> {
        self.requests.try_send(request).map_err(|_| Busy)?;
        self.waker.wake();
        Ok(())
    }
}

/// Running ingest threads.
#[derive(Debug)]
pub struct Ingest {
    /// To ask them.
    pub handle: Handle,
    /// Their sockets, for questions to the kernel.
    pub sockets: Vec<UdpSocket>,
    /// The owner of the engine. Ends after [`Handle::stop`], after the others, with the last counters.
    pub thread: JoinHandle<Stats>,
}

/// Starts a thread for each socket; the first has the engine. `feed_budget` is in bytes.
pub fn start(
    engine: Engine,
    sockets: Vec<Socket>,
    clock: Clock,
    feed_budget: usize,
) -> anyhow::Result<Ingest> {
    let handles = sockets.iter().map(Socket::try_clone).collect::<Result<_, _>>()?;
    let mut busy = Vec::new();
    let mut inlets = Vec::new();
    for socket in sockets {
        let (waker, wakeups) = wake::pair()?;
        busy.push(Arc::new(BusyTime::default()));
        let socket = Arc::new(socket);
        inlets.push((Inlet::new(socket, wakeups, clock, busy[busy.len() - 1].clone()), waker));
    }
    anyhow::ensure!(!inlets.is_empty(), "ingest needs a socket");
    let (inlet, waker) = inlets.remove(0);
    let waker = Arc::new(waker);

    let (tx, rx) = mpsc::channel(QUEUE);
    let upkeep = upkeep::start(tx.clone(), waker.clone())?;
    let feed = Arc::new(Feed::new(feed_budget));
    let verifier = engine.verifier().clone();
    let receivers = match inlets.len() {
        0 => None,
        _ => Some(Receivers::start(inlets, &verifier, &waker)?),
    };
    let owner = thread::Owner::new(engine, inlet, receivers, busy, rx, feed.clone(), upkeep);
    let thread = std::thread::Builder::new().name("ingest".into()).spawn(move || owner.run())?;
    let writes = Arc::new(Semaphore::new(WRITES));
    let handle = Handle { requests: tx, waker, feed, verifier, writes };
    Ok(Ingest { handle, sockets: handles, thread })
}
