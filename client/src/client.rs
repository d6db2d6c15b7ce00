//! The handle that an application logs with.

use crate::builder::Builder;
use crate::draft::Draft;
use crate::error::{FlushError, LogError};
use crate::event::Event;
use crate::queue::Queue;
use crate::stats::Stats;
use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;
use logd_core::key::{InvalidKey, Key};
use logd_core::severity::Severity;
use std::net::ToSocketAddrs;
use std::thread::{self, JoinHandle};

/// Sends events to a logd. Cheap to clone; all clones share a queue, a thread and a numbering.
///
/// Dropping the last clone sends what is queued, within
/// [`drop_timeout`](Builder::drop_timeout). Where a clone lives as long as the process, as in a global logger,
/// keep a [`FlushGuard`] in `main`.
///
/// A process that forks has no sending thread in the child: build the client after.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
    prefix: Prefix,
}

/// What every event of a client begins with, encoded: its key and its attributes.
#[derive(Clone)]
pub(crate) struct Prefix {
    bytes: Arc<[u8]>,
    key_len: usize,
}

struct Shared {
    queue: Arc<Queue>,
    /// Taken when the client is dropped.
    thread: Option<JoinHandle<()>>,
    drop_timeout: Duration,
}

impl Client {
    /// Starts to set up a client for the daemon at `addr`, whose write secret is `secret`.
    pub fn builder(addr: impl ToSocketAddrs, secret: impl AsRef<[u8]>) -> Builder {
        Builder::new(addr, secret.as_ref())
    }

    pub(crate) fn new(
        prefix: Prefix,
        queue: Arc<Queue>,
        thread: JoinHandle<()>,
        drop_timeout: Duration,
    ) -> Self {
        Self { shared: Arc::new(Shared { queue, thread: Some(thread), drop_timeout }), prefix }
    }

    /// A client for events of another key, with the same attributes. It shares everything else with this one.
    pub fn with_key(&self, key: &str) -> Result<Self, InvalidKey> {
        let attributes = &self.prefix.bytes[self.prefix.key_len..];
        Ok(Self { shared: Arc::clone(&self.shared), prefix: Prefix::new(key, attributes)? })
    }

    /// Begins an event. `text` is anything that displays: a string, an error, `format_args!("took {ms} ms")`.
    pub fn event(&self, severity: Severity, text: impl fmt::Display) -> Event<'_> {
        Event::new(self, severity).text(text)
    }

    /// Waits until everything logged before is handed to the operating system, or lost and counted; at most
    /// for `timeout`.
    pub fn flush(&self, timeout: Duration) -> Result<(), FlushError> {
        self.shared.queue.flush(timeout)
    }

    /// Flushes when it is dropped. For the end of `main`.
    pub fn flush_on_drop(&self, timeout: Duration) -> FlushGuard {
        FlushGuard { client: self.clone(), timeout }
    }

    /// What became of the events of all clones.
    pub fn stats(&self) -> Stats {
        self.shared.queue.stats()
    }

    pub(crate) fn prefix(&self) -> &[u8] {
        &self.prefix.bytes
    }

    pub(crate) fn push(&self, event: Result<&[u8], LogError>) -> Result<(), LogError> {
        self.shared.queue.push(event)
    }
}

macro_rules! levels {
    ($($name:ident $severity:ident),*) => {
        /// One-liners. They return what [`Event::send`] returns.
        impl Client {
            $(
                #[doc = concat!("Logs `text` at ", stringify!($severity), ".")]
                pub fn $name(&self, text: impl fmt::Display) -> Result<(), LogError> {
                    self.event(Severity::$severity, text).send()
                }
            )*
        }
    };
}

levels!(trace TRACE, debug DEBUG, info INFO, warn WARN, error ERROR, fatal FATAL);

impl Prefix {
    pub(crate) fn new(key: &str, attributes: &[u8]) -> Result<Self, InvalidKey> {
        let mut draft = Draft::new();
        draft.key(Key::parse(key)?.as_str());
        let key_len = draft.fields().len();
        draft.append(attributes);
        Ok(Self { bytes: draft.fields().into(), key_len })
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let Some(thread) = self.thread.take() else { return };
        // The callback for problems may have had the last clone: a thread does not wait for itself.
        let own = thread.thread().id() == thread::current().id();
        let timeout = if own { Duration::ZERO } else { self.drop_timeout };
        if self.queue.close(timeout) && !own {
            // It failed if the callback for problems panicked, which has been seen on stderr.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

/// Flushes a [`Client`] when it is dropped; see [`Client::flush_on_drop`].
#[derive(Debug)]
#[must_use = "dropped at once, it flushes at once"]
pub struct FlushGuard {
    client: Client,
    timeout: Duration,
}

impl Drop for FlushGuard {
    fn drop(&mut self) {
        // There is nobody to tell; the statistics do.
        let _ = self.client.flush(self.timeout);
    }
}
