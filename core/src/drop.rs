//! Why something was not stored. Every datagram and every event ends in exactly one counter.

use core::fmt;

/// Defines [`DropReason`] and its tables from one list, so that they cannot disagree.
macro_rules! drop_reasons {
    ($($variant:ident $name:literal $text:literal),* $(,)?) => {
        /// Why a datagram or an event was dropped.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(usize)]
        pub enum DropReason { $(#[doc = $text] $variant),* }

        impl DropReason {
            /// All reasons; `DropReason::ALL[r as usize] == r`.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The label of this reason in metrics.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// One sentence for people.
            pub fn describe(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }
        }
    };
}

drop_reasons! {
    // A whole datagram, before its signature is known to be good.
    TooShort "too_short" "The datagram is shorter than a signature, a time and one byte of payload.",
    TooLong "too_long" "The datagram is longer than the daemon accepts.",
    Stale "stale" "The datagram's time is older than the daemon's clock by more than the ttl, or older than its start.",
    Future "future" "The datagram's time is ahead of the daemon's clock by more than the ttl.",
    BadMac "bad_mac" "No live secret gives this signature.",
    Replay "replay" "The same datagram was accepted before.",
    ReplayWindowFull "replay_window_full" "The replay window is full; accepting more could not be exact.",
    // A whole datagram, authentic.
    Undecodable "undecodable" "The payload is not a valid protobuf message of the schema.",
    NotPermitted "not_permitted" "The secret that signed the datagram does not have the right to this command.",
    UnknownCommand "unknown_command" "The command's number is not one of the protocol's.",
    NoMessage "no_message" "A WRITE carries no message.",
    TooManyTails "too_many_tails" "As many tails as the daemon allows are open.",
    TooManyQueries "too_many_queries" "As many queries over UDP as the daemon allows are under way.",
    InvalidFilter "invalid_filter" "The filter of a TAIL or QUERY is out of range.",
    // One event of an authentic WRITE, or of another door.
    InvalidKey "invalid_key" "The key is not a path of at least two segments.",
    InvalidSeverity "invalid_severity" "The severity is not an OpenTelemetry number, 0 to 24.",
    TextTooLong "text_too_long" "The text is longer than the daemon accepts.",
    BadAttribute "bad_attribute" "An attribute has no name or no value.",
    TooManyAttributes "too_many_attributes" "The event has more attributes, in number or in bytes, than the daemon accepts.",
    RingFull "ring_full" "The event is larger than its ring.",
    // Before the engine saw it.
    KernelDrop "kernel_drop" "The kernel's receive buffer was full.",
    QueueFull "queue_full" "A queue of the daemon was full.",
}

impl fmt::Display for DropReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.describe())
    }
}

/// A count for each reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drops([u64; DropReason::ALL.len()]);

impl Default for Drops {
    fn default() -> Self {
        Self([0; DropReason::ALL.len()])
    }
}

impl Drops {
    /// Counts `n` more for `reason`.
    pub fn add(&mut self, reason: DropReason, n: u64) {
        self.0[reason as usize] += n;
    }

    /// How many were dropped for `reason`.
    pub fn count(&self, reason: DropReason) -> u64 {
        self.0[reason as usize]
    }

    /// How many were dropped for any reason.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// Each reason with its count, also where it is zero.
    pub fn iter(&self) -> impl Iterator<Item = (DropReason, u64)> + '_ {
        DropReason::ALL.iter().map(|&r| (r, self.count(r)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test;
    use alloc::collections::BTreeSet;

    #[test]
    fn reasons_index_their_table_and_have_distinct_labels() {
        for (i, &r) in DropReason::ALL.iter().enumerate() {
            assert_eq!(r as usize, i);
        }
        let names: BTreeSet<_> = DropReason::ALL.iter().map(|r| r.name()).collect();
        assert_eq!(names.len(), DropReason::ALL.len());
    }

    #[test]
    fn counts_add_up() {
        let mut drops = Drops::default();
        drops.add(DropReason::Replay, 2);
        drops.add(DropReason::BadMac, 1);
        assert_eq!(drops.total(), 3);
        assert_eq!(drops.iter().map(|(_, n)| n).sum::<u64>(), 3);
    }
}
