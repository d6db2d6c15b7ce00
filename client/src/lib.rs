//! The library that applications log to logd with.
//!
//! A [`Client`] takes events from any thread, signs them and sends them to the daemon in UDP datagrams. It never
//! makes the application wait: the log call encodes the event into a bounded queue and returns, and a thread of
//! the client's own does the rest.
//!
//! ```no_run
//! use logd_client::Client;
//!
//! let client = Client::builder("127.0.0.1:6102", "the write secret").key("/prod/shop").build()?;
//! client.info("hello")?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Events
//!
//! An event has a key (`/env/svc` or `/env/svc/fn`, which decides where the daemon keeps it), a [`Severity`], a
//! text and attributes. Put into attributes what is to be searched or counted: a text that is the same every
//! time, and values that have names.
//!
//! ```
//! # use logd_client::{Client, Severity};
//! # let client = Client::builder("127.0.0.1:9", "secret").key("/prod/shop").build()?;
//! client
//!     .event(Severity::INFO, "request done")
//!     .attr("status", 200)
//!     .attr("url", "/login")
//!     .attr("took_ms", 3.25)
//!     .send()?;
//!
//! // A text is anything that displays. `format_args!` formats without an allocation.
//! let user = "ann";
//! client.warn(format_args!("{user} is out of quota"))?;
//!
//! // Another key over the same connection.
//! let billing = client.with_key("/prod/shop/billing")?;
//! billing.error("no route to the bank")?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # When events come faster than they leave
//!
//! The queue is full then, and the log call says so: [`LogError::Full`]. The event is lost, and the loss shows in
//! three places: in the result, in [`Client::stats`], and at the daemon, because events are numbered before they are
//! refused. To ignore the result is therefore legitimate: `let _ = client.info("hello");`. A program that wants to
//! know of losses without looking at each result has them reported:
//!
//! ```
//! # use logd_client::Client;
//! let client = Client::builder("127.0.0.1:9", "secret")
//!     .key("/prod/shop")
//!     .on_problem(|problem| eprintln!("logging: {problem}"))
//!     .build()?;
//!
//! let stats = client.stats();
//! assert_eq!(stats.logged, stats.queued + stats.sent_events + stats.dropped.total());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! An event longer than [`MAX_EVENT_LEN`] fits no datagram and is refused, not cut: half a JSON document or half a
//! stack trace looks whole to whoever searches it.
//!
//! # When a program ends
//!
//! Dropping the last clone of a client sends what is queued. A clone in a global logger is never dropped; keep a
//! guard in `main`:
//!
//! ```
//! # use core::time::Duration;
//! # use logd_client::Client;
//! # let client = Client::builder("127.0.0.1:9", "secret").key("/prod/shop").build()?;
//! let _guard = client.flush_on_drop(Duration::from_secs(1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`Client::flush`] waits for what was logged before, as ahead of `std::process::exit`.
//!
//! # What a log call costs
//!
//! It reads the clock, encodes into a buffer of the thread, takes a lock and copies. It allocates nothing once the
//! thread's buffer has the size of its events. It makes no system call while events keep coming; when they pause for
//! more than a millisecond the sending thread sleeps, and the next event leaves at once, at the price of waking it: one
//! system call. Under load events share datagrams, as many as fit one packet.
//! `cargo xtask bench client` in the repository measures it.
//!
//! # When nothing arrives
//!
//! The daemon does not answer, and refuses what is not signed with a write secret of its own or is off its clock by
//! more than its `ttl` (100 ms by default): keep the clocks of both machines synchronised. `logd status` tells what it
//! refused, why, and how far off the sender's clock is. An address where nobody listens shows in
//! [`Stats::send_errors`], if the machine there says so.
//!
//! # Other front ends
//!
#![cfg_attr(
    feature = "log",
    doc = "- Feature `log`: [`Logger`] takes the records of the `log` crate."
)]
#![cfg_attr(
    not(feature = "log"),
    doc = "- Feature `log`: `Logger` takes the records of the `log` crate."
)]
#![cfg_attr(
    feature = "tracing",
    doc = "- Feature `tracing`: [`Layer`] takes the events of the `tracing` crate."
)]
#![cfg_attr(
    not(feature = "tracing"),
    doc = "- Feature `tracing`: `Layer` takes the events of the `tracing` crate."
)]

extern crate alloc;

pub use crate::builder::Builder;
pub use crate::client::{Client, FlushGuard};
pub use crate::draft::MAX_EVENT_LEN;
pub use crate::error::{BuildError, FlushError, LogError, Problem};
pub use crate::event::Event;
#[cfg(feature = "tracing")]
pub use crate::layer::Layer;
#[cfg(feature = "log")]
pub use crate::logger::Logger;
pub use crate::stats::{Dropped, Stats};
pub use crate::value::Value;
pub use logd_core::key::InvalidKey;
pub use logd_core::severity::Severity;

mod builder;
mod client;
mod draft;
mod error;
mod event;
#[cfg(feature = "tracing")]
mod layer;
#[cfg(feature = "log")]
mod logger;
mod pace;
mod packet;
mod queue;
mod record;
mod sender;
mod stats;
#[cfg(test)]
mod tests;
mod transport;
mod value;
