//! What can go wrong, when a program starts to log and while it logs.

use core::fmt;
use logd_core::key::InvalidKey;
use std::io;

/// Why [`Builder::build`](crate::Builder::build) failed.
#[derive(Debug)]
#[non_exhaustive]
pub enum BuildError {
    /// The address does not resolve, or no socket could be opened towards it.
    Address(io::Error),
    /// The secret is empty.
    EmptySecret,
    /// No [`key`](crate::Builder::key) was given.
    NoKey,
    /// The key is not a path such as `/prod/api`.
    Key(InvalidKey),
    /// An attribute of every event has no name, or all of them leave no room for an event.
    Attributes(LogError),
    /// [`max_datagram`](crate::Builder::max_datagram) or [`queue_bytes`](crate::Builder::queue_bytes) is out of
    /// range.
    OutOfRange(&'static str),
    /// The operating system gave no random sender id.
    Random(getrandom::Error),
    /// The sending thread did not start.
    Thread(io::Error),
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(e) => write!(f, "cannot send to logd's address: {e}"),
            Self::EmptySecret => f.write_str("the secret is empty"),
            Self::NoKey => f.write_str("no key was given, such as /prod/api"),
            Self::Key(e) => e.fmt(f),
            Self::Attributes(e) => write!(f, "the attributes of every event: {e}"),
            Self::OutOfRange(what) => f.write_str(what),
            Self::Random(e) => write!(f, "no random sender id: {e}"),
            Self::Thread(e) => write!(f, "cannot start the sending thread: {e}"),
        }
    }
}

impl core::error::Error for BuildError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Address(e) | Self::Thread(e) => Some(e),
            Self::Key(e) => Some(e),
            Self::Attributes(e) => Some(e),
            Self::Random(e) => Some(e),
            Self::EmptySecret | Self::NoKey | Self::OutOfRange(_) => None,
        }
    }
}

/// Why an event was not queued. It is lost, and counted in [`Stats::dropped`](crate::Stats::dropped).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LogError {
    /// The queue is full: events come faster than they can be sent.
    Full,
    /// Encoded it is longer than [`MAX_EVENT_LEN`](crate::MAX_EVENT_LEN).
    TooLarge,
    /// An attribute has an empty name.
    NamelessAttribute,
    /// The sending thread has ended.
    Stopped,
}

impl fmt::Display for LogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "the queue is full",
            Self::TooLarge => "the event does not fit a datagram",
            Self::NamelessAttribute => "an attribute has no name",
            Self::Stopped => "the sending thread has ended",
        })
    }
}

impl core::error::Error for LogError {}

/// Why [`Client::flush`](crate::Client::flush) could not send everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FlushError {
    /// Time was up; so many events were still queued. They stay queued.
    TimedOut {
        /// How many.
        queued: u64,
    },
    /// The sending thread has ended.
    Stopped,
}

impl fmt::Display for FlushError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut { queued } => write!(f, "time is up; events still queued: {queued}"),
            Self::Stopped => f.write_str("the sending thread has ended"),
        }
    }
}

impl core::error::Error for FlushError {}

/// A loss, as told to [`Builder::on_problem`](crate::Builder::on_problem).
#[derive(Debug)]
#[non_exhaustive]
pub enum Problem {
    /// Log calls were refused since the last report.
    Refused {
        /// Why.
        why: LogError,
        /// How many.
        events: u64,
    },
    /// Datagrams could not be sent since the last report.
    NotSent {
        /// How many events were in them.
        events: u64,
        /// The newest error.
        error: io::Error,
    },
    /// Events were still queued when the last clone of the client was dropped and its deadline had passed.
    ///
    /// Told only if the process lives until the send that held them up is over.
    Abandoned {
        /// How many.
        events: u64,
    },
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { why, events } => write!(f, "{why}; events not logged: {events}"),
            Self::NotSent { events, error } => write!(f, "{error}; events not sent: {events}"),
            Self::Abandoned { events } => {
                write!(f, "the client was dropped too soon; events not sent: {events}")
            }
        }
    }
}
