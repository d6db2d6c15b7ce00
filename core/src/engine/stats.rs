//! What the engine counted.

use logd_proto::wire::Name;

use crate::drop::{DropReason, Drops};

/// Counters since the engine was made, and a few gauges.
///
/// Nothing is counted twice and nothing is left out, by unit:
///
/// - datagrams: `received_datagrams` = the sum of `accepted` + `datagram_drops.total()`;
/// - events: `events_offered` = `events_stored` + `event_drops.total()`.
///
/// An event that travels in a datagram is offered once its datagram is accepted; before that only the datagram
/// is counted, for nobody knows what was in it. [`Self::is_balanced`] checks both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Datagrams handed to the engine, and those that the host reports as lost on the way to it.
    pub received_datagrams: u64,
    /// Their bytes, without headers; of those that reached the engine.
    pub bytes_in: u64,
    /// Accepted datagrams by command, in the order of [`Name`]: WRITE, TAIL, PING, QUERY.
    pub accepted: [u64; 4],
    /// Refused datagrams.
    pub datagram_drops: Drops,
    /// Events of accepted WRITEs and of the other doors.
    pub events_offered: u64,
    /// Events now in a ring, or overwritten there since.
    pub events_stored: u64,
    /// Refused events.
    pub event_drops: Drops,
    /// Replies sent.
    pub replies: u64,
    /// Their bytes, without headers.
    pub bytes_out: u64,
    /// Events that matched a tail but did not fit its queue.
    pub tail_missed: u64,
    /// Events that did not fit the block of fresh events that the host takes for its own tails.
    pub fresh_missed: u64,
    /// Tails that were dropped because they no longer sent PING.
    pub tails_kicked: u64,
    /// Events that senders numbered and that never came. May fall when one comes late.
    pub gaps: u64,
    /// Tails over UDP that are open now.
    pub tails: usize,
    /// Queries over UDP that are under way now.
    pub udp_queries: usize,
}

impl Stats {
    /// Accepted datagrams of one command.
    pub fn accepted(&self, command: Name) -> u64 {
        self.accepted[command as usize]
    }

    /// Everything that was refused for `reason`, datagrams and events together: the number for a dashboard.
    pub fn drops(&self, reason: DropReason) -> u64 {
        self.datagram_drops.count(reason) + self.event_drops.count(reason)
    }

    /// Whether every datagram and every event ended in exactly one counter.
    pub fn is_balanced(&self) -> bool {
        let accepted: u64 = self.accepted.iter().sum();
        self.received_datagrams == accepted + self.datagram_drops.total()
            && self.events_offered == self.events_stored + self.event_drops.total()
    }
}
