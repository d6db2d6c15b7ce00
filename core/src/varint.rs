//! Variable-length integers, as protobuf has them: seven bits a byte, least significant first.

use alloc::vec::Vec;

/// Longest encoding of a `u64`, in bytes.
pub(crate) const MAX_LEN: usize = 10;

/// Appends `v` to `out`.
#[inline]
pub(crate) fn write(out: &mut Vec<u8>, mut v: u64) {
    while v >= 0x80 {
        out.push(v as u8 | 0x80);
        v >>= 7;
    }
    out.push(v as u8);
}

/// Puts the number of bytes that follow the byte at `at` in the place of that byte.
#[inline]
pub(crate) fn write_len_at(out: &mut Vec<u8>, at: usize) {
    let len = out.len() - at - 1;
    // Most are short; for the others the bytes are moved.
    if len < 0x80 {
        out[at] = len as u8;
        return;
    }
    let more = self::len(len as u64) - 1;
    out.resize(out.len() + more, 0);
    out.copy_within(at + 1..at + 1 + len, at + 1 + more);
    for i in 0..more {
        out[at + i] = (len >> (7 * i)) as u8 | 0x80;
    }
    out[at + more] = (len >> (7 * more)) as u8;
}

/// Bytes that [`write`] appends.
#[inline]
pub(crate) fn len(v: u64) -> usize {
    (u64::BITS - (v | 1).leading_zeros()).div_ceil(7) as usize
}

/// Takes one integer off the front of `bytes`; `None` when they end within it or it exceeds 64 bits.
#[inline]
pub(crate) fn read(bytes: &mut &[u8]) -> Option<u64> {
    let (&first, rest) = bytes.split_first()?;
    if first < 0x80 {
        *bytes = rest;
        return Some(u64::from(first));
    }
    read_long(bytes)
}

fn read_long(bytes: &mut &[u8]) -> Option<u64> {
    let mut v = 0;
    for (i, &b) in bytes.iter().take(MAX_LEN).enumerate() {
        if i == MAX_LEN - 1 && b > 1 {
            return None;
        }
        v |= u64::from(b & 0x7f) << (7 * i);
        if b < 0x80 {
            *bytes = &bytes[i + 1..];
            return Some(v);
        }
    }
    None
}

/// Maps signed to unsigned so that small magnitudes stay small: 0, -1, 1, -2 → 0, 1, 2, 3.
#[inline]
pub(crate) fn zigzag(v: i64) -> u64 {
    ((v << 1) ^ (v >> 63)) as u64
}

/// Inverse of [`zigzag`].
#[inline]
pub(crate) fn unzigzag(v: u64) -> i64 {
    (v >> 1) as i64 ^ -((v & 1) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test;
    use alloc::vec;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn round_trips(values in prop::collection::vec(any::<u64>(), 0..20)) {
            let mut out = Vec::new();
            for &v in &values {
                let before = out.len();
                write(&mut out, v);
                prop_assert_eq!(out.len() - before, len(v));
            }
            let mut rest = &out[..];
            for &v in &values {
                prop_assert_eq!(read(&mut rest), Some(v));
            }
            prop_assert!(rest.is_empty());
        }

        #[test]
        fn a_length_may_be_written_last(before in 0..4usize, len in prop_oneof![0..300usize, 16_300..16_500usize]) {
            let content = vec![7; len];
            let mut out = vec![9; before];
            let mut expect = out.clone();
            out.push(0);
            out.extend_from_slice(&content);
            write_len_at(&mut out, before);
            write(&mut expect, len as u64);
            expect.extend_from_slice(&content);
            prop_assert_eq!(out, expect);
        }

        #[test]
        fn zigzag_round_trips(v in any::<i64>()) {
            prop_assert_eq!(unzigzag(zigzag(v)), v);
        }
    }

    #[test]
    fn refuses_what_is_cut_or_too_large() {
        assert_eq!(read(&mut &[][..]), None);
        assert_eq!(read(&mut &[0x80][..]), None);
        assert_eq!(read(&mut &[0xff; 10][..]), None);
        let mut largest = Vec::new();
        write(&mut largest, u64::MAX);
        assert_eq!(largest.len(), MAX_LEN);
        assert_eq!(read(&mut &largest[..]), Some(u64::MAX));
    }
}
