//! What the queue holds: events as fields of `Cmd.batch`, so that a datagram is one copy of many of them, and
//! between them marks for numbers that were given to events which were then refused.

use logd_proto::encode::{self, Tag};

/// No field of protobuf has a tag of zero.
const GAP: u8 = 0;
const GAP_LEN: usize = 1 + size_of::<u64>();

/// The first record of some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Record {
    /// So many bytes are an event's field.
    Event { len: usize },
    /// So many numbers are skipped here.
    Gap { numbers: u64, len: usize },
}

impl Record {
    /// `None` when there are no bytes.
    pub(crate) fn first(records: &[u8]) -> Option<Self> {
        let (&tag, rest) = records.split_first()?;
        if tag == GAP {
            let numbers = rest.first_chunk().expect("a gap was appended whole");
            return Some(Self::Gap { numbers: u64::from_le_bytes(*numbers), len: GAP_LEN });
        }
        debug_assert_eq!(tag, Tag::BATCH.byte(), "records begin with one of two tags");
        let (mut msg_len, mut shift) = (0, 0);
        for &byte in rest {
            msg_len |= usize::from(byte & 0x7f) << shift;
            shift += 7;
            if byte < 0x80 {
                break;
            }
        }
        Some(Self::Event { len: encode::batch_len(msg_len) })
    }
}

/// How many bytes [`append`] appends.
pub(crate) fn len(gap: u64, msg: &[u8]) -> usize {
    (if gap == 0 { 0 } else { GAP_LEN }) + encode::batch_len(msg.len())
}

/// Appends an event that follows `gap` refused ones.
pub(crate) fn append(records: &mut Vec<u8>, gap: u64, msg: &[u8]) {
    if gap != 0 {
        records.push(GAP);
        records.extend_from_slice(&gap.to_le_bytes());
    }
    encode::batch(records, msg);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_back_as_they_were_appended() {
        let mut records = Vec::new();
        let events = [(0, 0), (3, 1), (0, 127), (u64::MAX, 128), (0, 20_000)];
        for (gap, msg_len) in events {
            let before = records.len();
            let msg = vec![GAP; msg_len];
            append(&mut records, gap, &msg);
            assert_eq!(records.len() - before, len(gap, &msg));
        }
        let mut rest = &records[..];
        for (gap, msg_len) in events {
            if gap != 0 {
                assert_eq!(Record::first(rest), Some(Record::Gap { numbers: gap, len: 9 }));
                rest = &rest[9..];
            }
            let len = encode::batch_len(msg_len);
            assert_eq!(Record::first(rest), Some(Record::Event { len }));
            rest = &rest[len..];
        }
        assert_eq!(Record::first(rest), None);
    }
}
