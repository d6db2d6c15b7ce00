//! Where a page ended.

use alloc::vec::Vec;

use logd_proto::query::Order;

/// The sequence number of the last event of a page, and the direction. Stays valid when events are evicted: the
/// next page goes on with what is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The order of the page.
    pub order: Order,
    /// The last event of the page.
    pub seq: u64,
}

impl Cursor {
    /// One byte for the order, eight for the number, big-endian.
    pub fn to_bytes(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(9);
        bytes.push(self.order as u8);
        bytes.extend_from_slice(&self.seq.to_be_bytes());
        bytes
    }

    /// `None` for bytes that [`Self::to_bytes`] does not give.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (&order, seq) = bytes.split_first()?;
        let order = Order::try_from(i32::from(order)).ok()?;
        Some(Self { order, seq: u64::from_be_bytes(seq.try_into().ok()?) })
    }

    /// Whether an event comes after the page.
    pub(super) fn precedes(self, seq: u64) -> bool {
        match self.order {
            Order::NewestFirst => seq < self.seq,
            Order::OldestFirst => seq > self.seq,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test;

    #[test]
    fn round_trips_and_refuses_the_rest() {
        for order in [Order::NewestFirst, Order::OldestFirst] {
            let cursor = Cursor { order, seq: 0x0102_0304_0506_0708 };
            assert_eq!(Cursor::from_bytes(&cursor.to_bytes()), Some(cursor));
        }
        for bad in [&[][..], &[0; 8], &[0; 10], &[2, 0, 0, 0, 0, 0, 0, 0, 0]] {
            assert_eq!(Cursor::from_bytes(bad), None);
        }
    }
}
