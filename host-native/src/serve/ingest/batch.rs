//! Where datagrams lie from one receive to the next, and what was found out about them.

use core::net::SocketAddr;
use core::time::Duration;
use std::io::{self, IoSliceMut};

use logd_core::datagram::{Proof, Refused, Verified, Verifier};
use logd_core::time::{Now, UnixNanos};
use quinn_udp::{BATCH_SIZE, RecvMeta};

/// The most that one receive puts into one buffer: what GRO joins is at most one IP packet long.
const BUFFER_LEN: usize = 64 << 10;
/// From one buffer to the next. A power of two would put the beginnings of all buffers, which are all that most
/// datagrams need, into the same few lines of the processor's caches.
const BUFFER_STEP: usize = BUFFER_LEN + 17 * 64;
/// The most datagrams that the kernel joins: its `UDP_MAX_SEGMENTS`, since Linux 6.9.
const MAX_JOINED: usize = 128;

/// Bytes that a [`Batch`] takes.
pub const BATCH_BYTES: usize = BATCH_SIZE * BUFFER_STEP;
/// Bytes that a batch of verified datagrams takes.
pub const VERIFIED_BATCH_BYTES: usize =
    BATCH_BYTES + BATCH_SIZE * MAX_JOINED * size_of::<Result<Proof, Refused>>();

/// Where received datagrams lie until the next receive.
pub struct Batch {
    bytes: Vec<u8>,
    meta: [RecvMeta; BATCH_SIZE],
    filled: usize,
}

/// One datagram of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Datagram<'a> {
    /// Who sent it.
    pub from: SocketAddr,
    /// When it arrived, by the kernel's clock, as time since the epoch; `None` where the kernel does not say.
    pub arrival: Option<Duration>,
    /// What it is.
    pub bytes: &'a [u8],
}

impl Batch {
    /// Empty, with its memory allocated.
    pub fn new() -> Self {
        Self { bytes: vec![0; BATCH_BYTES], meta: [RecvMeta::default(); BATCH_SIZE], filled: 0 }
    }

    /// Whether the last receive filled every buffer, so that there may be more.
    pub fn is_full(&self) -> bool {
        self.filled == BATCH_SIZE
    }

    /// Lets `receive` fill the buffers and say how many it filled.
    pub(super) fn fill(
        &mut self,
        receive: impl FnOnce(&mut [IoSliceMut<'_>], &mut [RecvMeta]) -> io::Result<usize>,
    ) -> io::Result<()> {
        self.filled = 0;
        let mut steps = self.bytes.chunks_exact_mut(BUFFER_STEP);
        let mut buffers: [IoSliceMut<'_>; BATCH_SIZE] = core::array::from_fn(|_| {
            IoSliceMut::new(steps.next().map(|step| &mut step[..BUFFER_LEN]).unwrap_or_default())
        });
        self.filled = receive(&mut buffers, &mut self.meta)?;
        Ok(())
    }

    /// Since when it waits: when its first datagram arrived, or `received` where the kernel does not say.
    pub(super) fn waits_since(&self, received: Now) -> UnixNanos {
        self.datagrams().next().map_or(received.unix, |first| first.clocks(received).unix)
    }

    /// The datagrams of the last receive.
    pub fn datagrams(&self) -> impl Iterator<Item = Datagram<'_>> {
        let buffers = self.bytes.chunks_exact(BUFFER_STEP).zip(&self.meta[..self.filled]);
        buffers.flat_map(|(bytes, meta)| {
            let from = SocketAddr::new(meta.addr.ip().to_canonical(), meta.addr.port());
            let received = &bytes[..meta.len.min(bytes.len())];
            // An empty datagram has no bytes to cut, and must be counted all the same.
            let empty = received.is_empty().then_some(received);
            let cut = received.chunks(meta.stride.max(1));
            let arrival = meta.timestamp;
            empty.into_iter().chain(cut).map(move |bytes| Datagram { from, arrival, bytes })
        })
    }
}

impl Default for Batch {
    fn default() -> Self {
        Self::new()
    }
}

impl Datagram<'_> {
    /// The clocks to judge it by. Fresh is what arrived in time: a datagram does not grow stale in our own queues.
    pub(super) fn clocks(&self, now: Now) -> Now {
        let arrival = |since_epoch: Duration| {
            UnixNanos(i64::try_from(since_epoch.as_nanos()).unwrap_or(i64::MAX))
        };
        Now { unix: self.arrival.map_or(now.unix, |at| arrival(at).min(now.unix)), ..now }
    }
}

/// A batch whose datagrams have been verified, to be handed from thread to thread.
pub(super) struct VerifiedBatch {
    pub(super) batch: Batch,
    /// One for each datagram, in their order.
    verdicts: Vec<Result<Proof, Refused>>,
}

impl VerifiedBatch {
    /// Empty, with its memory allocated.
    pub(super) fn new() -> Self {
        Self { batch: Batch::new(), verdicts: Vec::with_capacity(BATCH_SIZE * MAX_JOINED) }
    }

    /// Verifies what the last receive brought.
    pub(super) fn verify(&mut self, verifier: &Verifier, now: Now) {
        self.verdicts.clear();
        self.verdicts.extend(self.batch.datagrams().map(|datagram| {
            let verified = verifier.verify(datagram.clocks(now).unix, datagram.bytes);
            verified.map(|verified| verified.proof())
        }));
    }

    /// Its datagrams with what came of their verification.
    pub(super) fn datagrams(
        &self,
    ) -> impl Iterator<Item = (Datagram<'_>, Result<Verified<'_>, Refused>)> {
        self.batch.datagrams().zip(&self.verdicts).map(|(datagram, verdict)| {
            let verified = verdict.map(|proof| {
                proof.of(datagram.bytes).expect("verdicts are in the order of their datagrams")
            });
            (datagram, verified)
        })
    }
}
