//! Events of a door on their way to the engine.

use logd_core::datagram::Proof;
use logd_core::drop::DropReason;
use logd_core::event::Attribute;
use logd_core::severity::Severity;
use logd_core::time::UnixNanos;
use logd_proto::encode::{self, Tag};

use crate::serve::ingest::{Busy, Handle, MAX_WRITE};

/// Events encoded as the WRITE of a datagram, so that the engine takes them the same way, rules included.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// Full ones, then the one that is being filled; each with how many events it has.
    writes: Vec<(Vec<u8>, usize)>,
}

/// One event; strings as they came.
#[derive(Debug)]
pub(super) struct Draft<'a> {
    /// The sender's clock; none for the daemon's.
    pub(super) time: Option<UnixNanos>,
    pub(super) key: &'a str,
    pub(super) severity: Severity,
    pub(super) text: &'a str,
}

/// An event that has its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) seq: u64,
    /// By the daemon's clock.
    pub(super) received: UnixNanos,
}

/// Why nothing was stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotStored {
    /// The daemon is stopping.
    Busy,
    /// The signature.
    Refused(DropReason),
}

impl Batch {
    /// Adds one more.
    pub(super) fn push<'a>(
        &mut self,
        draft: &Draft<'_>,
        attributes: impl IntoIterator<Item = Attribute<'a>>,
    ) {
        if self.writes.last().is_none_or(|write| write.0.len() >= MAX_WRITE) {
            self.writes.push((Vec::new(), 0));
        }
        let Some((write, events)) = self.writes.last_mut() else { return };
        let before = write.len();
        encode::delimited(write, Tag::BATCH, |out| {
            encode::key(out, draft.key);
            if draft.severity != Severity::NONE {
                encode::severity(out, draft.severity.number());
            }
            if let Some(time) = draft.time {
                encode::time_unix_nano(out, time.0.cast_unsigned());
            }
            encode::text(out, draft.text);
            attributes.into_iter().for_each(|a| encode::attribute(out, a.name, a.value));
        });
        *events += 1;
        // One that does not fit begins the next write.
        if write.len() > MAX_WRITE && *events > 1 {
            *events -= 1;
            let last = write.split_off(before);
            self.writes.push((last, 1));
        }
    }

    /// Each a `wire.Cmd`.
    #[cfg(test)]
    pub(super) fn writes(&self) -> impl Iterator<Item = &[u8]> {
        self.writes.iter().map(|(write, _)| &write[..])
    }

    /// Hands all to the engine: what became of each. `proof` is that of the signature of the whole.
    pub(super) async fn store(
        self,
        engine: &Handle,
        mut proof: Option<Proof>,
    ) -> Result<Vec<Result<Stored, DropReason>>, NotStored> {
        let mut all = Vec::new();
        for (write, events) in self.writes {
            let written = match engine.write(proof.take(), write).await {
                Ok(written) => written,
                Err(Busy) if all.is_empty() => return Err(NotStored::Busy),
                // Part of it is stored, and what is must be told.
                Err(Busy) => {
                    all.resize(all.len() + events, Err(DropReason::QueueFull));
                    continue;
                }
            };
            let received = written.received;
            let outcomes = written.outcomes.map_err(NotStored::Refused)?;
            all.extend(outcomes.into_iter().map(|o| o.map(|seq| Stored { seq, received })));
        }
        Ok(all)
    }
}
