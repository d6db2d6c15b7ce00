//! A filter over the text of a block: whether a needle can be in it, without reading it.
//!
//! Of every four neighbouring five-byte pieces of the text, ASCII letters in lower case, the one with the smallest
//! hash is entered into a Bloom filter. A needle of eight bytes or more contains such a four, and the same piece of
//! it is chosen there: if the filter lacks it, the needle is not in the block. Choosing keeps two pieces of five.
//!
//! Source of the choice: Roberts et al., "Reducing storage requirements for biological sequence comparison"
//! (minimizers), 2004.

use alloc::vec;
use alloc::vec::Vec;

/// Bytes of a piece. Shorter ones are found in every block once it has seen enough hexadecimal numbers.
const GRAM: usize = 5;
/// Neighbouring pieces of which one is kept.
const WINDOW: usize = 4;
/// Bits of the filter while it is filled; it is then halved while it stays sparse enough.
const MAX_BITS: usize = 1 << 20;
const MIN_BITS: usize = 1 << 9;
/// Largest share of set bits. With two bits a piece, a piece that is not there is taken for one that is with the
/// square of this probability. A needle has several; a filter twice the size would say little more of them.
const MAX_FILL: f32 = 0.55;

/// The filter for a text column.
pub(super) fn build(text: &[u8]) -> Vec<u8> {
    let mut words = vec![0u64; MAX_BITS / 64];
    minimizers(text, |hash| {
        for bit in bits(hash) {
            words[bit / 64] |= 1 << (bit % 64);
        }
    });
    let mut len = words.len();
    let set = |words: &[u64]| words.iter().map(|w| w.count_ones()).sum::<u32>();
    while len > MIN_BITS / 64 {
        let (low, high) = words[..len].split_at(len / 2);
        let folded: Vec<u64> = low.iter().zip(high).map(|(a, b)| a | b).collect();
        if set(&folded) as f32 > MAX_FILL * (folded.len() * 64) as f32 {
            break;
        }
        len /= 2;
        words = folded;
    }
    words.iter().flat_map(|w| w.to_le_bytes()).collect()
}

/// What a needle asks of a block's filter.
#[derive(Clone, Debug)]
pub(crate) struct NeedleGrams(Vec<u32>);

impl NeedleGrams {
    /// `None` for a needle of which the filter knows nothing: one that is too short. Only the ASCII parts of a
    /// needle count, for the folding of other letters is not the filter's.
    pub(crate) fn new(needle: &str) -> Option<Self> {
        let mut all = Vec::new();
        for part in needle.split(|c: char| !c.is_ascii()) {
            minimizers(part.as_bytes(), |hash| all.push(hash));
        }
        (!all.is_empty()).then_some(Self(all))
    }

    /// False only if no text of the block contains the needle. An empty filter knows nothing.
    pub(crate) fn may_be_in(&self, filter: &[u8]) -> bool {
        let mask = (filter.len() * 8).wrapping_sub(1);
        let is_set = |bit: usize| filter[(bit & mask) / 8] >> (bit % 8) & 1 == 1;
        filter.is_empty() || self.0.iter().all(|&hash| bits(hash).into_iter().all(is_set))
    }
}

/// Calls `each` with the smallest hash of each window; with the same one in a row only once.
fn minimizers(text: &[u8], mut each: impl FnMut(u32)) {
    // Folded, and with room to read the last piece as eight bytes.
    let mut folded = text.to_ascii_lowercase();
    folded.extend([0; 8 - GRAM]);
    let hashes =
        folded.windows(8).map(|w| hash(u64::from_le_bytes(w.try_into().unwrap_or([0; 8]))));
    // The least of four is the least of two pairs that lie two apart. Whether it is new is as good as random, so it
    // is written down in any case and kept without a branch.
    let (mut before, mut pairs) = (u32::MAX, [u32::MAX; 2]);
    let mut kept = [0; 256];
    let mut n = 0;
    let mut last = u64::MAX;
    for (i, hash) in hashes.enumerate() {
        let pair = before.min(hash);
        let least = pair.min(pairs[0]);
        (before, pairs) = (hash, [pairs[1], pair]);
        if i + 1 >= WINDOW {
            kept[n % 256] = least;
            n += usize::from(u64::from(least) != last);
            last = u64::from(least);
            if n == kept.len() {
                kept.into_iter().for_each(&mut each);
                n = 0;
            }
        }
    }
    kept[..n].iter().copied().for_each(&mut each);
}

/// Of the first [`GRAM`] bytes of eight.
fn hash(bytes: u64) -> u32 {
    let gram = bytes << (64 - 8 * GRAM);
    (gram.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as u32
}

/// The two bits of a hash, below [`MAX_BITS`]; in a halved filter, modulo its size.
fn bits(hash: u32) -> [usize; 2] {
    // The smallest of four hashes is small: its high bits say little, so they are mixed once more.
    let shift = u32::BITS - MAX_BITS.trailing_zeros();
    [0x85eb_ca6b_u32, 0xc2b2_ae35].map(|k| (hash.wrapping_mul(k) >> shift) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test;
    use alloc::format;
    use alloc::string::String;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_needle_that_is_there_is_never_denied(
            text in "[a-zA-Z0-9éß \u{ff}]{0,200}", from in any::<prop::sample::Index>(), len in 0usize..40,
        ) {
            let chars: Vec<char> = text.chars().collect();
            let from = from.index(chars.len() + 1);
            let needle: String = chars[from..].iter().take(len).collect();
            let filter = build(text.as_bytes());
            for needle in [needle.to_ascii_uppercase(), needle] {
                if let Some(grams) = NeedleGrams::new(&needle) {
                    prop_assert!(grams.may_be_in(&filter), "{needle:?}");
                }
            }
        }
    }

    #[test]
    fn needles_of_eight_bytes_are_known_shorter_ones_not() {
        assert!(NeedleGrams::new("1234567").is_none());
        assert!(NeedleGrams::new("12345678").is_some());
        assert!(NeedleGrams::new("1234é5678").is_none());
        assert!(NeedleGrams::new("").is_none());
    }

    #[test]
    fn most_of_what_is_not_there_is_denied() {
        let number = |i: u64| format!("{:016x}", i.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let text: String = (0..6000).map(|i| number(i) + " request completed in 17 ms\n").collect();
        let filter = build(text.as_bytes());
        assert!(filter.len() * 8 < text.len(), "{} for {}", filter.len(), text.len());
        let known =
            (6000..7000).filter(|&i| NeedleGrams::new(&number(i)).unwrap().may_be_in(&filter));
        assert!(known.count() < 100);
        let words = ["unobtainium", "quicksilver", "out of memory", "SIGSEGV at", "no such file"];
        let known = words.map(|w| NeedleGrams::new(w).unwrap().may_be_in(&filter));
        assert!(known.into_iter().filter(|&k| k).count() < 2);
    }

    #[test]
    fn a_small_text_has_a_small_filter() {
        assert_eq!(build(b"").len(), MIN_BITS / 8);
        assert!(build(b"hello, world\xff").len() <= 128);
    }
}
