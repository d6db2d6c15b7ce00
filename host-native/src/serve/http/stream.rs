//! A body that a blocking thread writes piece by piece, as fast as the client takes it.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::io;
use std::time::Instant;

use axum::body::{Body, Bytes};
use futures_util::stream;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

/// Bytes that are collected before they are handed on.
pub(in crate::serve) const CHUNK: usize = 256 << 10;
/// Chunks on their way to the client.
pub(in crate::serve) const CHUNKS: usize = 2;
/// How long one chunk may wait for the client.
const SEND_TIME: Duration = Duration::from_secs(60);

/// Where the thread writes to. Dropped before [`Self::complete`], it cuts the response, and the client can tell.
#[derive(Debug)]
pub(in crate::serve) struct Writer {
    out: mpsc::Sender<Bytes>,
    runtime: Handle,
    end: Instant,
    complete: Arc<AtomicBool>,
}

/// A body and its writer, which has until `end`. To be called within the runtime.
pub(in crate::serve) fn body(end: Instant) -> (Writer, Body) {
    let (out, chunks) = mpsc::channel(CHUNKS);
    let complete = Arc::new(AtomicBool::new(false));
    let writer = Writer { out, runtime: Handle::current(), end, complete: complete.clone() };
    (writer, Body::from_stream(pieces(chunks, complete)))
}

impl Writer {
    /// False when the client has gone, or has not taken anything for too long. Blocks.
    pub(in crate::serve) fn send(&self, chunk: Vec<u8>) -> bool {
        let wait = SEND_TIME.min(self.end.saturating_duration_since(Instant::now()));
        self.runtime.block_on(self.out.send_timeout(chunk.into(), wait)).is_ok()
    }

    /// Nobody waits for more, or the time is up: for who writes seldom.
    pub(in crate::serve) fn is_over(&self) -> bool {
        self.out.is_closed() || Instant::now() >= self.end
    }

    /// All has been written.
    pub(in crate::serve) fn complete(self) {
        // The channel closes only after this, when the writer is dropped.
        self.complete.store(true, Ordering::Release);
    }
}

/// Ends with an error unless all was written.
fn pieces(
    chunks: mpsc::Receiver<Bytes>,
    complete: Arc<AtomicBool>,
) -> impl stream::Stream<Item = io::Result<Bytes>> {
    stream::unfold(Some(chunks), move |chunks| {
        let complete = complete.clone();
        async move {
            let mut chunks = chunks?;
            match chunks.recv().await {
                Some(chunk) => Some((Ok(chunk), Some(chunks))),
                None if complete.load(Ordering::Acquire) => None,
                None => Some((Err(io::Error::other("the answer broke off")), None)),
            }
        }
    })
}
