//! Runs of lower-case hexadecimal digits, two to a byte.

use alloc::vec::Vec;

use super::SLACK;

/// Where the dashes of a UUID are.
const DASHES: [usize; 4] = [8, 13, 18, 23];
/// Characters of a UUID, and its hexadecimal digits.
pub(super) const UUID: usize = 36;
const UUID_DIGITS: usize = UUID - DASHES.len();
pub(super) const UUID_PACKED: usize = UUID_DIGITS / 2;

/// Whether the text begins with a lower-case UUID.
pub(super) fn is_uuid(text: &[u8]) -> bool {
    text.len() >= UUID
        && text[..UUID].iter().enumerate().all(|(i, &b)| {
            if DASHES.contains(&i) { b == b'-' } else { matches!(b, b'0'..=b'9' | b'a'..=b'f') }
        })
}

/// Bytes of a packed run of that many digits.
pub(super) fn packed_len(digits: usize) -> usize {
    digits.div_ceil(2)
}

/// Appends the digits; a last odd one is the high half of a byte.
pub(super) fn pack(digits: impl Iterator<Item = u8>, out: &mut Vec<u8>) {
    let mut high = None;
    for digit in digits {
        let value = (digit & 0xf) + 9 * (digit >> 6);
        match high.take() {
            None => high = Some(value << 4),
            Some(h) => out.push(h | value),
        }
    }
    out.extend(high);
}

/// Appends the digits of a UUID.
pub(super) fn pack_uuid(uuid: &[u8], out: &mut Vec<u8>) {
    pack(uuid.iter().copied().filter(|&b| b != b'-'), out);
}

/// Writes a run of `len` digits at `at` and returns where it ends. `None` unless `out` has `len + SLACK` bytes there
/// and `packed` three bytes more than it takes.
#[inline]
pub(super) fn write(out: &mut [u8], at: usize, packed: &[u8], len: usize) -> Option<usize> {
    let room = out.get_mut(at..at.checked_add(len)?.checked_add(SLACK)?)?;
    for (i, eight) in room.chunks_exact_mut(8).take(len.div_ceil(8)).enumerate() {
        let four = packed.get(4 * i..)?.first_chunk()?;
        eight.copy_from_slice(&eight_digits(*four).to_le_bytes());
    }
    Some(at + len)
}

/// The same for a UUID.
#[inline]
pub(super) fn write_uuid(out: &mut [u8], at: usize, packed: &[u8]) -> Option<usize> {
    let packed: &[u8; UUID_PACKED] = packed.first_chunk()?;
    let mut digits = [0; UUID_DIGITS];
    for (eight, four) in digits.chunks_exact_mut(8).zip(packed.chunks_exact(4)) {
        eight.copy_from_slice(&eight_digits(four.try_into().ok()?).to_le_bytes());
    }
    let room: &mut [u8; UUID] = out.get_mut(at..)?.first_chunk_mut()?;
    room[..8].copy_from_slice(&digits[..8]);
    room[9..13].copy_from_slice(&digits[8..12]);
    room[14..18].copy_from_slice(&digits[12..16]);
    room[19..23].copy_from_slice(&digits[16..20]);
    room[24..].copy_from_slice(&digits[20..]);
    for dash in DASHES {
        room[dash] = b'-';
    }
    Some(at + UUID)
}

/// The digits of four bytes, the first in the lowest byte.
#[inline]
fn eight_digits(bytes: [u8; 4]) -> u64 {
    let spread = u64::from(u32::from_le_bytes(bytes));
    let spread = (spread | spread << 16) & 0x0000_ffff_0000_ffff;
    let spread = (spread | spread << 8) & 0x00ff_00ff_00ff_00ff;
    let halves = spread >> 4 & 0x000f_000f_000f_000f | (spread & 0x000f_000f_000f_000f) << 8;
    let letters = (halves + 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101;
    halves + 0x3030_3030_3030_3030 + letters * u64::from(b'a' - b'9' - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test;
    use alloc::vec;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn runs_come_back(digits in "[0-9a-f]{1,70}") {
            let mut packed = vec![];
            pack(digits.bytes(), &mut packed);
            prop_assert_eq!(packed.len(), packed_len(digits.len()));
            packed.extend([0; 3]);
            let mut out = vec![0; digits.len() + SLACK];
            prop_assert_eq!(write(&mut out, 0, &packed, digits.len()), Some(digits.len()));
            prop_assert_eq!(&out[..digits.len()], digits.as_bytes());
        }

        #[test]
        fn uuids_come_back(uuid in "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}") {
            prop_assert!(is_uuid(uuid.as_bytes()));
            let mut packed = vec![];
            pack_uuid(uuid.as_bytes(), &mut packed);
            let mut out = vec![0; UUID];
            prop_assert_eq!(write_uuid(&mut out, 0, &packed), Some(UUID));
            prop_assert_eq!(&out[..], uuid.as_bytes());
        }
    }

    #[test]
    fn what_is_no_uuid_is_told_apart() {
        assert!(is_uuid(b"01234567-89ab-cdef-0123-456789abcdef and more"));
        assert!(!is_uuid(b"01234567-89ab-cdef-0123-456789abcde"));
        assert!(!is_uuid(b"01234567-89AB-cdef-0123-456789abcdef"));
        assert!(!is_uuid(b"01234567-89ab-cdef-0123+456789abcdef"));
    }

    #[test]
    fn nothing_is_written_without_room() {
        assert_eq!(write(&mut [0; SLACK + 3], 0, &[0; 9], 4), None);
        assert_eq!(write(&mut [0; 99], 0, &[0; 3], 8), None);
        assert_eq!(write(&mut [0; 99], usize::MAX, &[0; 9], 4), None);
    }
}
