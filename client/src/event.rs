//! One event, as the application builds it.

use crate::client::Client;
use crate::draft::Draft;
use crate::error::LogError;
use crate::sender::{unix_nanos, unix_now};
use crate::value::Value;
use core::fmt;
use logd_core::severity::Severity;
use std::time::SystemTime;

/// An event under construction; [`send`](Self::send) queues it.
///
/// It is encoded as it is built, in a buffer that the thread keeps.
#[must_use = "an event is logged by `send`"]
pub struct Event<'a> {
    client: &'a Client,
    draft: Draft,
    time: Option<SystemTime>,
}

impl<'a> Event<'a> {
    pub(crate) fn new(client: &'a Client, severity: Severity) -> Self {
        let mut draft = Draft::new();
        draft.append(client.prefix());
        draft.severity(severity.number());
        Self { client, draft, time: None }
    }

    /// Sets the text. Once is enough: of two texts the daemon stores the later one.
    pub(crate) fn text(mut self, text: impl fmt::Display) -> Self {
        self.draft.text(text);
        self
    }

    /// Adds an attribute: text, a number, a flag, bytes, or `format_args!("{x:?}")`.
    ///
    /// Attributes keep their order. A name may come twice.
    pub fn attr<'v>(mut self, name: &str, value: impl Into<Value<'v>>) -> Self {
        self.draft.attribute(name, value.into());
        self
    }

    /// Sets when it happened; without this, it is when [`send`](Self::send) is called.
    pub fn at(mut self, time: SystemTime) -> Self {
        self.time = Some(time);
        self
    }

    /// Queues the event. Never blocks on the network; an event that is refused is lost, and counted.
    pub fn send(mut self) -> Result<(), LogError> {
        let time = self.time.map_or_else(unix_now, unix_nanos);
        // Not negative: see `unix_nanos`.
        self.draft.time_unix_nano(time.0.cast_unsigned());
        self.client.push(self.draft.encoded())
    }

    /// For whatever builds an event piece by piece.
    #[cfg(any(feature = "log", feature = "tracing"))]
    pub(crate) fn draft(&mut self) -> &mut Draft {
        &mut self.draft
    }
}

impl fmt::Debug for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event").field("encoded", &self.draft.encoded().map(<[u8]>::len)).finish()
    }
}
