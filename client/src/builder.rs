//! What a client may be told before it starts.

use crate::client::{Client, Prefix};
use crate::draft::{Draft, MAX_EVENT_LEN};
use crate::error::{BuildError, LogError, Problem};
use crate::packet::Packer;
use crate::queue::Queue;
use crate::sender::{self, OnProblem};
use crate::transport::{self, Transport};
use crate::value::Value;
use alloc::sync::Arc;
use core::fmt;
use core::net::SocketAddr;
use core::time::Duration;
use logd_core::datagram::Signer;
use std::io;
use std::net::ToSocketAddrs;
use std::thread;

/// 1,500 bytes of Ethernet without the headers of IPv6 and UDP, and some for a tunnel.
const DEFAULT_MAX_DATAGRAM: usize = 1_400;
const DEFAULT_QUEUE_BYTES: usize = 1 << 20;
const DEFAULT_DROP_TIMEOUT: Duration = Duration::from_secs(1);

/// Least `queue_bytes`: the largest event fits an empty queue.
const MIN_QUEUE_BYTES: usize = 1 << 16;
const _: () = assert!(MAX_EVENT_LEN + 16 <= MIN_QUEUE_BYTES);

/// Sets a [`Client`] up; made by [`Client::builder`].
#[must_use = "`build` starts the client"]
pub struct Builder {
    addrs: io::Result<Vec<SocketAddr>>,
    signer: Option<Signer>,
    key: Option<String>,
    attributes: Draft,
    max_datagram: usize,
    queue_bytes: usize,
    drop_timeout: Duration,
    on_problem: Option<OnProblem>,
}

impl Builder {
    pub(crate) fn new(addr: impl ToSocketAddrs, secret: &[u8]) -> Self {
        Self {
            addrs: addr.to_socket_addrs().map(Iterator::collect),
            signer: (!secret.is_empty()).then(|| Signer::new(secret)),
            key: None,
            attributes: Draft::new(),
            max_datagram: DEFAULT_MAX_DATAGRAM,
            queue_bytes: DEFAULT_QUEUE_BYTES,
            drop_timeout: DEFAULT_DROP_TIMEOUT,
            on_problem: None,
        }
    }

    /// The key of every event: `/env/svc` or `/env/svc/fn`. Required.
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Adds an attribute to every event: a host name, a version. It is encoded here, once.
    pub fn attr<'v>(mut self, name: &str, value: impl Into<Value<'v>>) -> Self {
        self.attributes.attribute(name, value.into());
        self
    }

    /// Most bytes that several events share a datagram of, from 256 to 65,507; by default 1,400, which one
    /// packet of nearly every network carries. A larger event goes alone.
    pub fn max_datagram(mut self, bytes: usize) -> Self {
        self.max_datagram = bytes;
        self
    }

    /// Most bytes of events that wait, from 65,536; by default 1 MiB. As much again is held for those that are
    /// being sent. Both are allocated at once.
    pub fn queue_bytes(mut self, bytes: usize) -> Self {
        self.queue_bytes = bytes;
        self
    }

    /// How long dropping the last clone waits for what is queued; by default a second.
    pub fn drop_timeout(mut self, timeout: Duration) -> Self {
        self.drop_timeout = timeout;
        self
    }

    /// Has losses reported, refused log calls included; at most once a second, summed up.
    ///
    /// `report` runs on the sending thread: nothing is sent while it does, a panic in it ends logging, and it
    /// must not own a clone of the client, which would never be dropped then. What it logs through `log` or
    /// `tracing` does not come back here.
    pub fn on_problem(mut self, report: impl FnMut(&Problem) + Send + 'static) -> Self {
        self.on_problem = Some(Box::new(report));
        self
    }

    /// Opens the socket and starts the sending thread.
    ///
    /// The address is resolved once. Nothing is sent, so a daemon that is not there yet is no error.
    pub fn build(mut self) -> Result<Client, BuildError> {
        let addrs = core::mem::replace(&mut self.addrs, Ok(Vec::new()));
        let socket = addrs.and_then(transport::connect).map_err(BuildError::Address)?;
        self.build_on(socket)
    }

    pub(crate) fn build_on(self, transport: impl Transport) -> Result<Client, BuildError> {
        let signer = self.signer.ok_or(BuildError::EmptySecret)?;
        let key = self.key.ok_or(BuildError::NoKey)?;
        let attributes = self.attributes.encoded().map_err(BuildError::Attributes)?;
        if attributes.len() > MAX_EVENT_LEN / 2 {
            return Err(BuildError::Attributes(LogError::TooLarge));
        }
        if !(256..=65_507).contains(&self.max_datagram) {
            return Err(BuildError::OutOfRange("max_datagram is not within 256 to 65,507"));
        }
        if !(MIN_QUEUE_BYTES..=1 << 30).contains(&self.queue_bytes) {
            return Err(BuildError::OutOfRange("queue_bytes is not within 64 KiB to 1 GiB"));
        }
        let prefix = Prefix::new(&key, attributes).map_err(BuildError::Key)?;
        // Zero means that the sender does not number its events.
        let sender = getrandom::u64().map_err(BuildError::Random)?.max(1);
        let packer = Packer::new(signer, sender, self.max_datagram);
        let queue = Arc::new(Queue::new(self.queue_bytes));
        let thread = thread::Builder::new()
            .name("logd-client".into())
            .spawn({
                let (queue, on_problem) = (Arc::clone(&queue), self.on_problem);
                move || sender::run(queue, packer, transport, on_problem)
            })
            .map_err(BuildError::Thread)?;
        Ok(Client::new(prefix, queue, thread, self.drop_timeout))
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Neither the secret nor what is derived from it.
        f.debug_struct("Builder")
            .field("addrs", &self.addrs)
            .field("key", &self.key)
            .field("max_datagram", &self.max_datagram)
            .field("queue_bytes", &self.queue_bytes)
            .field("drop_timeout", &self.drop_timeout)
            .finish_non_exhaustive()
    }
}
