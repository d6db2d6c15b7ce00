//! Runs of decimal digits as integers.
//!
//! Runs are numbered by length, then by value: `0` to `9` are 0 to 9, `00` to `99` are 10 to 109, `000` is 110. So each
//! run has one number, and leading zeros come back.

use alloc::vec::Vec;

use super::SLACK;

/// Longest run; a longer one is cut into several.
pub(super) const MAX_DIGITS: usize = 16;

/// The number of the first run of each length: of no digit, of one, of two.
const FIRST: [u64; MAX_DIGITS + 2] = {
    let mut first = [0; MAX_DIGITS + 2];
    let mut len = 2;
    while len < first.len() {
        first[len] = first[len - 1] * 10 + 10;
        len += 1;
    }
    first
};

/// The length of the shortest run whose number has that many bits.
const SHORTEST: [u8; 65] = {
    let mut shortest = [MAX_DIGITS as u8 + 1; 65];
    let mut bits = 0;
    while bits <= 64 {
        let smallest = if bits == 0 { 0 } else { 1 << (bits - 1) };
        let mut len = 1;
        while len <= MAX_DIGITS {
            if smallest < FIRST[len + 1] {
                shortest[bits] = len as u8;
                break;
            }
            len += 1;
        }
        bits += 1;
    }
    shortest
};

/// The number of a run of one to [`MAX_DIGITS`] digits.
#[inline]
pub(super) fn number(digits: &[u8]) -> u64 {
    digits.iter().fold(0, |n, digit| n * 10 + u64::from(digit - b'0')) + FIRST[digits.len()]
}

/// Writes the run of that number at `at` and returns where it ends. `None` if there is no such run or `out` does not
/// have [`SLACK`] bytes there.
#[inline]
pub(super) fn write(out: &mut [u8], at: usize, number: u64) -> Option<usize> {
    let guess = usize::from(SHORTEST[(u64::BITS - number.leading_zeros()) as usize]);
    let len = guess + usize::from(number >= *FIRST.get(guess + 1)?);
    if len > MAX_DIGITS {
        return None;
    }
    let value = number - FIRST[len];
    let room: &mut [u8; SLACK] = out.get_mut(at..)?.first_chunk_mut()?;
    // Eight digits at a time; what precedes the run is shifted out, what follows it is overwritten.
    let (high, low) = (value / 100_000_000, value % 100_000_000);
    if len <= 8 {
        room[..8].copy_from_slice(&(eight(low) >> (8 * (8 - len))).to_le_bytes());
    } else {
        room[..8].copy_from_slice(&(eight(high) >> (8 * (16 - len))).to_le_bytes());
        room[len - 8..len].copy_from_slice(&eight(low).to_le_bytes());
    }
    Some(at + len)
}

/// Appends the run of that number.
pub(super) fn append(out: &mut Vec<u8>, number: u64) {
    let at = out.len();
    out.resize(at + SLACK, 0);
    let end = write(out, at, number);
    out.truncate(end.unwrap_or(at));
}

/// Eight digits of a number below 10^8, the first in the lowest byte: halved, quartered and parted in lanes of one
/// word.
#[inline]
fn eight(n: u64) -> u64 {
    let halves = (n / 10_000) | ((n % 10_000) << 32);
    let hundreds = ((halves * 10_486) >> 20) & 0x0000_007f_0000_007f;
    let pairs = hundreds | ((halves - hundreds * 100) << 16);
    let tens = ((pairs * 103) >> 10) & 0x000f_000f_000f_000f;
    let digits = tens | ((pairs - tens * 10) << 8);
    digits | 0x3030_3030_3030_3030
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test;
    use alloc::format;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn runs_come_back(digits in "[0-9]{1,16}") {
            let mut out = [0xaa; SLACK];
            let end = write(&mut out, 0, number(digits.as_bytes()));
            prop_assert_eq!(end, Some(digits.len()));
            prop_assert_eq!(&out[..digits.len()], digits.as_bytes());
        }

        #[test]
        fn any_number_is_a_run_or_none(n in any::<u64>()) {
            let mut out = [0; SLACK];
            if let Some(end) = write(&mut out, 0, n) {
                prop_assert_eq!(number(&out[..end]), n);
            }
        }
    }

    #[test]
    fn runs_are_numbered_without_gaps() {
        let runs =
            (1..=4usize).flat_map(|w| (0..10u64.pow(w as u32)).map(move |n| format!("{n:0w$}")));
        for (n, run) in (0..).zip(runs) {
            assert_eq!(number(run.as_bytes()), n);
        }
        let last = number(&[b'9'; MAX_DIGITS]);
        assert!(write(&mut [0; SLACK], 0, last).is_some());
        assert!(write(&mut [0; SLACK], 0, last + 1).is_none());
        assert!(write(&mut [0; SLACK - 1], 0, 0).is_none());
    }
}
