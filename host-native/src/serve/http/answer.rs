//! Answers on their way to clients: bounded in bytes, however slow the clients are.

use alloc::sync::Arc;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;
use std::io;
use std::time::Instant;

use axum::body::{Body, Bytes, HttpBody};
use axum::response::Response;
use http_body::{Frame, SizeHint};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::error::Error;

/// An answer up to this size is part of what a connection may take.
pub(super) const SMALL: usize = 64 << 10;
/// Handed to the connection at once.
const PIECE: usize = 64 << 10;
/// The semaphore counts in these, for it counts up to 2³².
const UNIT: usize = 1 << 10;
/// How long an answer waits for memory.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long a client may take for one answer.
const SEND_TIME: Duration = Duration::from_secs(120);

/// The memory of all answers.
#[derive(Debug)]
pub(in crate::serve) struct Answers {
    free: Arc<Semaphore>,
    units: u32,
}

/// Memory of an answer that is to come; none for a small one.
#[derive(Debug)]
pub(in crate::serve) struct Reserved(Option<OwnedSemaphorePermit>);

impl Answers {
    /// With this many bytes.
    pub(super) fn new(bytes: usize) -> Self {
        let units = u32::try_from(bytes / UNIT).unwrap_or(u32::MAX);
        Self { free: Arc::new(Semaphore::new(units as usize)), units }
    }

    /// Lets the response take its part of the memory until it is sent. Its body must be in memory.
    pub(in crate::serve) async fn hold(&self, response: Response) -> Result<Response, Error> {
        let bytes = response.body().size_hint().exact().unwrap_or(0);
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        let reserved = self.reserve(bytes).await?;
        self.send(response, reserved).await
    }

    /// A part of the memory for an answer of at most so many bytes, before it is made: for a request that does something
    /// which must not be done and then not be answered. Small answers need none.
    pub(in crate::serve) async fn reserve(&self, bytes: usize) -> Result<Reserved, Error> {
        if bytes <= SMALL {
            return Ok(Reserved(None));
        }
        let full = || {
            Error::unavailable(
                "other answers are still being sent (limits.answers); ask for less, or later",
            )
        };
        let units = u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX);
        // A single answer larger than all memory waits for all of it.
        let acquire = self.free.clone().acquire_many_owned(units.min(self.units));
        let acquired = tokio::time::timeout(PATIENCE, acquire).await;
        Ok(Reserved(Some(acquired.ok().and_then(Result::ok).ok_or_else(full)?)))
    }

    /// The response, in whose memory the reservation stays until it is sent.
    pub(in crate::serve) async fn send(
        &self,
        response: Response,
        reserved: Reserved,
    ) -> Result<Response, Error> {
        let Some(permit) = reserved.0 else { return Ok(response) };
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await;
        let bytes = bytes.map_err(|_| Error::unavailable("the answer was lost"))?;
        let end = Instant::now() + SEND_TIME;
        Ok(Response::from_parts(parts, Body::new(Held { bytes, end, _permit: permit })))
    }
}

/// A body that gives its memory back when it is sent, or given up.
struct Held {
    bytes: Bytes,
    end: Instant,
    _permit: OwnedSemaphorePermit,
}

impl HttpBody for Held {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if self.bytes.is_empty() {
            return Poll::Ready(None);
        }
        if Instant::now() > self.end {
            return Poll::Ready(Some(Err(io::Error::other("the client is too slow"))));
        }
        let piece = PIECE.min(self.bytes.len());
        Poll::Ready(Some(Ok(Frame::data(self.bytes.split_to(piece)))))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::response::IntoResponse as _;

    fn answer(bytes: usize) -> Response {
        vec![7_u8; bytes].into_response()
    }

    #[tokio::test(start_paused = true)]
    async fn large_answers_share_the_memory_and_small_ones_need_none() {
        let answers = Answers::new(1 << 20);
        let first = answers.hold(answer(700 << 10)).await.unwrap();
        assert!(answers.hold(answer(700 << 10)).await.is_err());
        assert!(answers.hold(answer(SMALL)).await.is_ok());
        let second = answers.hold(answer(300 << 10)).await.unwrap();
        drop(first);
        // The whole arrives, and its memory comes back.
        let bytes = axum::body::to_bytes(second.into_body(), usize::MAX).await.unwrap();
        assert_eq!(bytes.len(), 300 << 10);
        assert_eq!(answers.free.available_permits(), 1024);
        assert!(answers.hold(answer(5 << 20)).await.is_ok());
    }
}
