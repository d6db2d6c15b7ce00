//! Counters: every log call ends in exactly one of them.

use crate::error::LogError;

/// What became of the events. At any moment `logged == queued + sent_events + dropped.total()`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Log calls, refused ones included.
    pub logged: u64,
    /// Events that wait, or are being sent.
    pub queued: u64,
    /// Events in datagrams that the operating system took. UDP does not tell whether they arrived; the
    /// daemon sees what did not, because events are numbered.
    pub sent_events: u64,
    /// Datagrams that the operating system took.
    pub sent_datagrams: u64,
    /// Bytes of these datagrams, without UDP and IP headers.
    pub sent_bytes: u64,
    /// Events that were lost here.
    pub dropped: Dropped,
    /// Failed sends, those included that succeeded when tried again.
    pub send_errors: u64,
}

/// Events lost in the client, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Dropped {
    /// Refused with [`LogError::Full`].
    pub full: u64,
    /// Refused with [`LogError::TooLarge`].
    pub too_large: u64,
    /// Refused with [`LogError::NamelessAttribute`].
    pub nameless_attribute: u64,
    /// Refused with [`LogError::Stopped`].
    pub stopped: u64,
    /// Their datagram could not be sent.
    pub not_sent: u64,
    /// Still queued when the last clone of the client was dropped and its deadline had passed, or when the
    /// sending thread ended.
    pub abandoned: u64,
}

impl Dropped {
    /// The sum.
    pub fn total(&self) -> u64 {
        self.refused() + self.not_sent + self.abandoned
    }

    /// Those that the log call itself refused.
    pub(crate) fn refused(&self) -> u64 {
        self.full + self.too_large + self.nameless_attribute + self.stopped
    }

    pub(crate) fn refuse(&mut self, why: LogError) {
        *match why {
            LogError::Full => &mut self.full,
            LogError::TooLarge => &mut self.too_large,
            LogError::NamelessAttribute => &mut self.nameless_attribute,
            LogError::Stopped => &mut self.stopped,
        } += 1;
    }
}
