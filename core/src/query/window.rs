//! Finding a few bytes in either case, without instructions of one machine: eight places at a time, in one word.

use super::text::WINDOW;

/// Places that are looked at together.
const LANES: usize = size_of::<u64>();
/// A byte of one in each lane.
const ONES: u64 = u64::from_ne_bytes([1; LANES]);

/// Up to three bytes, letters in lower or upper case.
#[derive(Clone, Debug)]
pub(super) struct Window {
    bytes: [u8; WINDOW],
    /// What of a byte is compared: not the bit of its case, if it is a letter; nothing, where the window is shorter.
    masks: [u8; WINDOW],
    len: usize,
}

impl Window {
    /// For bytes of which letters are lower case.
    pub(super) fn new(lower: &[u8]) -> Self {
        let mask =
            |i: usize| lower.get(i).map_or(0, |b| if b.is_ascii_lowercase() { !0x20 } else { !0 });
        let masks: [u8; WINDOW] = core::array::from_fn(mask);
        let bytes = core::array::from_fn(|i| lower.get(i).map_or(0, |b| b & masks[i]));
        Self { bytes, masks, len: lower.len() }
    }

    /// Offset of the first occurrence.
    pub(super) fn find(&self, haystack: &[u8]) -> Option<usize> {
        let masks = self.masks.map(|mask| ONES * u64::from(mask));
        let bytes = self.bytes.map(|byte| ONES * u64::from(byte));
        let mut at = 0;
        while let Some(part) = haystack[at..].first_chunk::<{ LANES + WINDOW - 1 }>() {
            let mut differs = 0;
            for i in 0..WINDOW {
                let lanes = u64::from_le_bytes(core::array::from_fn(|lane| part[i + lane]));
                differs |= (lanes & masks[i]) ^ bytes[i];
            }
            // The lowest bit that is set is that of the first lane without a difference.
            let same = differs.wrapping_sub(ONES) & !differs & (ONES << 7);
            if same != 0 {
                return Some(at + same.trailing_zeros() as usize / 8);
            }
            at += LANES;
        }
        let found = haystack[at..]
            .windows(self.len)
            .position(|w| (0..self.len).all(|i| w[i] & self.masks[i] == self.bytes[i]))?;
        Some(at + found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test;
    use alloc::string::String;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn agrees_with_lower_casing(
            needle in "[ab1@`]{1,3}", before in "[abAB1@`]{0,60}", after in "[abAB1@`]{0,40}",
        ) {
            let haystack: String = before + &needle.to_ascii_uppercase() + &after;
            let found = Window::new(needle.as_bytes()).find(haystack.as_bytes());
            prop_assert_eq!(found, haystack.to_ascii_lowercase().find(&needle));
        }
    }
}
