//! Datagrams for a load: encoded beforehand, stamped and signed as they go.

use core::ops::Range;

use logd_core::datagram::{HEADER_LEN, Signer};
use logd_core::time::UnixNanos;
use logd_proto::encode;
use logd_proto::prost::Message;
use logd_proto::wire::Msg;

use crate::Samples;

/// Distinct events in a load; they come round again with new times, numbers and signatures.
const EVENTS: usize = 8192;
/// Counters start here, so that each takes five bytes and can be overwritten in place.
const FIRST_COUNTER: u64 = 1 << 28;
const COUNTER_LEN: usize = 5;

/// Pre-encoded datagrams, of the same number of events each.
#[derive(Debug)]
pub struct Load {
    /// Events in a datagram.
    pub events: usize,
    datagrams: Vec<Datagram>,
    /// Neighbours of one length, which one GSO send can take.
    runs: Vec<Range<usize>>,
    /// `None` for datagrams that are sent as they are.
    signer: Option<Signer>,
    counter: u64,
    last_time: u64,
}

#[derive(Debug)]
struct Datagram {
    bytes: Vec<u8>,
    /// Where the events' times stand.
    times: Vec<usize>,
}

impl Load {
    /// `events` a datagram. `equal`: texts are lengthened a little, so that many datagrams have the same length.
    pub fn new(events: usize, equal: bool, secret: &[u8], seed: u64) -> Self {
        let mut samples = Samples::new(seed);
        let sender = samples.random().next_u64();
        let step = if equal { 16 * events } else { 1 };
        let mut datagrams: Vec<_> =
            (0..EVENTS / events).map(|_| datagram(&mut samples, events, sender, step)).collect();
        if equal {
            datagrams.sort_by_key(|d| d.bytes.len());
        }
        Self::of(events, datagrams, Some(Signer::new(secret)))
    }

    /// Datagrams of one event each in the format of another program, sent as they are.
    pub fn unsigned(datagrams: Vec<Vec<u8>>) -> Self {
        let datagram = |bytes| Datagram { bytes, times: Vec::new() };
        Self::of(1, datagrams.into_iter().map(datagram).collect(), None)
    }

    fn of(events: usize, datagrams: Vec<Datagram>, signer: Option<Signer>) -> Self {
        let mut runs = Vec::new();
        let mut start = 0;
        for run in datagrams.chunk_by(|a, b| a.bytes.len() == b.bytes.len()) {
            runs.push(start..start + run.len());
            start += run.len();
        }
        Self { events, datagrams, runs, signer, counter: FIRST_COUNTER, last_time: 0 }
    }

    /// How many datagrams there are; at least one.
    #[expect(clippy::len_without_is_empty, reason = "it never is")]
    pub fn len(&self) -> usize {
        self.datagrams.len()
    }

    /// Ranges of datagrams of one length, at most `count` and `bytes` each.
    pub fn runs(&self, count: usize, bytes: usize) -> Vec<Range<usize>> {
        let mut out = Vec::new();
        for run in &self.runs {
            let most = count.min(bytes / self.datagrams[run.start].bytes.len()).max(1);
            let mut start = run.start;
            while start < run.end {
                let end = run.end.min(start + most);
                out.push(start..end);
                start = end;
            }
        }
        out
    }

    /// Mean length of a datagram, in bytes.
    pub fn mean_len(&self) -> usize {
        self.datagrams.iter().map(|d| d.bytes.len()).sum::<usize>() / self.datagrams.len()
    }

    /// Gives a datagram its time and number, and signs it. No two have the same signature.
    ///
    /// # Panics
    ///
    /// After the year 2262.
    pub fn stamp(&mut self, at: usize, unix_nanos: u64) {
        let Some(signer) = &mut self.signer else { return };
        let time = unix_nanos.max(self.last_time + 1);
        self.last_time = time;
        let datagram = &mut self.datagrams[at];
        for &start in &datagram.times {
            datagram.bytes[start..start + 8].copy_from_slice(&time.to_le_bytes());
        }
        let counter = datagram.bytes.len() - COUNTER_LEN;
        write_counter(&mut datagram.bytes[counter..], self.counter);
        self.counter += self.events as u64;
        let time = UnixNanos(i64::try_from(time).expect("this century's time fits"));
        signer.sign_in_place(time, &mut datagram.bytes);
    }

    /// A datagram as it was stamped last.
    pub fn bytes(&self, at: usize) -> &[u8] {
        &self.datagrams[at].bytes
    }
}

fn datagram(samples: &mut Samples, events: usize, sender: u64, step: usize) -> Datagram {
    let mut msgs: Vec<Msg> = (0..events).map(|_| samples.event(u64::MAX)).collect();
    let mut made = encode_all(&msgs, sender);
    let mut goal = made.bytes.len().next_multiple_of(step);
    while made.bytes.len() != goal {
        let missing = goal.saturating_sub(made.bytes.len());
        let last = &mut msgs.last_mut().expect("a datagram has an event").txt;
        last.extend((0..missing).map(|_| char::from(b'a' + samples.random().below(26) as u8)));
        made = encode_all(&msgs, sender);
        // The length of a length may have grown, too.
        goal = made.bytes.len().next_multiple_of(step);
    }
    made
}

fn encode_all(msgs: &[Msg], sender: u64) -> Datagram {
    let mut bytes = vec![0; HEADER_LEN];
    let mut times = Vec::new();
    encode::sender(&mut bytes, sender);
    for msg in msgs {
        encode::batch(&mut bytes, &msg.encode_to_vec());
        // The time has the highest field number, and prost writes fields in that order.
        times.push(bytes.len() - 8);
    }
    encode::counter(&mut bytes, FIRST_COUNTER);
    Datagram { bytes, times }
}

/// As a varint of a fixed number of bytes.
fn write_counter(out: &mut [u8], counter: u64) {
    for (i, byte) in out.iter_mut().enumerate() {
        let more = if i + 1 < COUNTER_LEN { 0x80 } else { 0 };
        *byte = (counter >> (7 * i)) as u8 & 0x7f | more;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use logd_proto::wire::Cmd;

    #[test]
    fn stamping_changes_times_number_and_signature_and_nothing_else() {
        for (events, equal) in [(1, false), (10, false), (1, true), (10, true), (50, true)] {
            let mut load = Load::new(events, equal, b"secret", 7);
            let before = Cmd::decode(&load.bytes(3)[HEADER_LEN..]).unwrap();
            load.stamp(2, 1000);
            load.stamp(3, 1000);
            let after = Cmd::decode(&load.bytes(3)[HEADER_LEN..]).unwrap();
            assert_eq!(after.batch.len(), events);
            assert_eq!(
                (after.sender, after.counter),
                (before.sender, FIRST_COUNTER + events as u64)
            );
            for (a, b) in after.batch.iter().zip(&before.batch) {
                // The first took 1000.
                assert_eq!(a.time_unix_nano, 1001);
                assert_eq!(Msg { time_unix_nano: b.time_unix_nano, ..a.clone() }, *b);
            }
            let mut signed = Vec::new();
            Signer::new(b"secret").sign(UnixNanos(1001), &load.bytes(3)[HEADER_LEN..], &mut signed);
            assert_eq!(signed, load.bytes(3));
        }
    }

    #[test]
    fn runs_cover_every_datagram_once_and_have_one_length() {
        let load = Load::new(10, true, b"secret", 7);
        let runs = load.runs(64, 65_000);
        assert_eq!(runs.iter().map(ExactSizeIterator::len).sum::<usize>(), load.len());
        assert!(runs.iter().map(ExactSizeIterator::len).max() > Some(8));
        for run in runs {
            let len = load.bytes(run.start).len();
            assert!(run.len() * len <= 65_000 && run.len() <= 64);
            assert!(run.into_iter().all(|i| load.bytes(i).len() == len));
        }
    }
}
