//! Finding a few bytes in either case where there is no searcher made for the machine.

use super::lanes::{LANES, Lanes};
use super::text::WINDOW;

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

    /// Offset of the first occurrence that `accepts` takes.
    pub(super) fn find(&self, haystack: &[u8], accepts: impl Fn(usize) -> bool) -> Option<usize> {
        let [bytes, masks] = [self.bytes, self.masks].map(|all| all.map(Lanes::splat));
        let mut at = 0;
        while let Some(part) = haystack[at..].first_chunk::<{ LANES + WINDOW - 1 }>() {
            let differs = |i: usize| {
                let bytes_at = part[i..].first_chunk().expect("the part has so many more");
                Lanes::load(bytes_at).differs(masks[i], bytes[i])
            };
            // Written out: compiled to be small, a loop stays one.
            let mut places = differs(0).or(differs(1)).or(differs(2)).zeros();
            while places != 0 {
                let place = at + places.trailing_zeros() as usize;
                if accepts(place) {
                    return Some(place);
                }
                places &= places - 1;
            }
            at += LANES;
        }
        let is_here = |w: &[u8]| (0..self.len).all(|i| w[i] & self.masks[i] == self.bytes[i]);
        let mut rest = (at..).zip(haystack[at..].windows(self.len));
        rest.find(|&(place, w)| is_here(w) && accepts(place)).map(|(place, _)| place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test;
    use alloc::string::String;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn agrees_with_lower_casing(
            needle in "[ab1@`]{1,3}", before in "[abAB1@`]{0,60}", after in "[abAB1@`]{0,40}", refused in 0usize..4,
        ) {
            let haystack: String = before + &needle.to_ascii_uppercase() + &after;
            let lower = haystack.to_ascii_lowercase();
            let expected: Vec<usize> =
                (0..lower.len()).filter(|&at| lower[at..].starts_with(&needle)).collect();
            // Those before the one that is taken were all asked about.
            let wanted = expected.get(refused).copied();
            let accepts = |place| !expected[..refused.min(expected.len())].contains(&place);
            prop_assert_eq!(Window::new(needle.as_bytes()).find(haystack.as_bytes(), accepts), wanted);
        }
    }
}
