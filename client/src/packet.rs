//! Packs queued events into signed datagrams.

use crate::record::Record;
use logd_core::datagram::{HEADER_LEN, Signer};
use logd_core::time::UnixNanos;
use logd_proto::encode;

/// Makes one datagram after the other in the same buffer, and numbers the events.
pub(crate) struct Packer {
    signer: Signer,
    sender: u64,
    max_datagram: usize,
    datagram: Vec<u8>,
    /// How many events came before the next one, refused ones included.
    numbered: u64,
}

impl Packer {
    pub(crate) fn new(signer: Signer, sender: u64, max_datagram: usize) -> Self {
        // A single event may need more than the usual maximum.
        let datagram = Vec::with_capacity(max_datagram.max(65_507));
        Self { signer, sender, max_datagram, datagram, numbered: 0 }
    }

    /// Fills a datagram with the first of `records`, takes them from there and returns how many they are.
    ///
    /// As many as fit and are numbered in a row; an event that is larger than a datagram should be goes alone.
    /// Zero means that no event is left.
    pub(crate) fn pack(&mut self, records: &mut &[u8]) -> u64 {
        while let Some(Record::Gap { numbers, len }) = Record::first(records) {
            self.numbered += numbers;
            *records = &records[len..];
        }
        self.datagram.clear();
        self.datagram.resize(HEADER_LEN, 0);
        encode::sender(&mut self.datagram, self.sender);
        encode::counter(&mut self.datagram, self.numbered);
        let room = self.max_datagram.saturating_sub(self.datagram.len());
        let (mut taken, mut events) = (0, 0);
        while let Some(Record::Event { len }) = Record::first(&records[taken..]) {
            if events > 0 && taken + len > room {
                break;
            }
            taken += len;
            events += 1;
        }
        let (fields, rest) = records.split_at(taken);
        self.datagram.extend_from_slice(fields);
        *records = rest;
        self.numbered += events;
        events
    }

    /// Signs the packed datagram.
    pub(crate) fn sign(&mut self, now: UnixNanos) -> &[u8] {
        self.signer.sign_in_place(now, &mut self.datagram);
        &self.datagram
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record;
    use logd_proto::prost::Message;
    use logd_proto::wire;

    const MAX: usize = 200;

    fn packer() -> Packer {
        Packer::new(Signer::new(b"secret"), 7, MAX)
    }

    /// Packs `events` (a gap, and a length of text) into datagrams of (counter, lengths of text).
    fn packed(events: &[(u64, usize)]) -> Vec<(u64, Vec<usize>)> {
        let mut records = Vec::new();
        for &(gap, len) in events {
            let mut msg = Vec::new();
            encode::text(&mut msg, &"x".repeat(len));
            record::append(&mut records, gap, &msg);
        }
        let mut packer = packer();
        let mut rest = &records[..];
        let mut datagrams = Vec::new();
        loop {
            let events = packer.pack(&mut rest);
            if events == 0 {
                assert!(rest.is_empty());
                return datagrams;
            }
            let datagram = packer.sign(UnixNanos(1));
            let cmd = wire::Cmd::decode(&datagram[HEADER_LEN..]).unwrap();
            assert_eq!((cmd.name(), cmd.sender), (wire::Name::Write, 7));
            assert_eq!(cmd.batch.len() as u64, events);
            assert!(datagram.len() <= MAX || events == 1);
            datagrams.push((cmd.counter, cmd.batch.iter().map(|msg| msg.txt.len()).collect()));
        }
    }

    #[test]
    fn fills_datagrams_and_counts() {
        assert_eq!(packed(&[]), []);
        assert_eq!(packed(&[(0, 10), (0, 20)]), [(0, vec![10, 20])]);
        // 40 + 9 + 2 bytes before the events, 4 in each beside its text: 199, and 200 with one more.
        assert_eq!(packed(&[(0, 70), (0, 70), (0, 1)]), [(0, vec![70, 70]), (2, vec![1])]);
        assert_eq!(packed(&[(0, 70), (0, 71)]), [(0, vec![70, 71])]);
        assert_eq!(packed(&[(0, 70), (0, 72)]), [(0, vec![70]), (1, vec![72])]);
    }

    #[test]
    fn a_large_event_goes_alone() {
        let datagrams = packed(&[(0, 1), (0, 60_000), (0, 1), (0, 1)]);
        assert_eq!(datagrams, [(0, vec![1]), (1, vec![60_000]), (2, vec![1, 1])]);
    }

    #[test]
    fn refused_events_keep_their_numbers() {
        let datagrams = packed(&[(2, 1), (0, 1), (5, 1)]);
        assert_eq!(datagrams, [(2, vec![1, 1]), (9, vec![1])]);
    }

    #[test]
    fn the_largest_event_fits_a_datagram() {
        let msg = vec![0; crate::MAX_EVENT_LEN];
        let mut records = Vec::new();
        record::append(&mut records, u64::MAX - 1, &msg);
        let mut packer = packer();
        assert_eq!(packer.pack(&mut &records[..]), 1);
        assert_eq!(packer.sign(UnixNanos(1)).len(), 65_507);
    }
}
