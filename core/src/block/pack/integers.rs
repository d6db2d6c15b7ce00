//! A column of varints, bit by bit.
//!
//! The count, then chunks of [`CHUNK`] integers (the last may be shorter), each described by the [`Layout`] that
//! suits it; then the bits of all of them.

use alloc::vec::Vec;

use super::bitstream::{BitReader, BitWriter, Layout, Survey};
use crate::varint;

/// An integer that is much wider than the others makes only those of its chunk wider.
const CHUNK: usize = 128;

/// `None` for a column that is not made of varints in their shortest form of at most 56 bits.
pub(super) fn pack(column: &[u8]) -> Option<Vec<u8>> {
    let mut values = Vec::with_capacity(column.len());
    let mut rest = column;
    while !rest.is_empty() {
        let before = rest.len();
        let value = varint::read(&mut rest)?;
        if before - rest.len() != varint::len(value) {
            return None;
        }
        values.push(value);
    }
    let mut out = Vec::new();
    let mut bits = BitWriter::default();
    varint::write(&mut out, values.len() as u64);
    for chunk in values.chunks(CHUNK) {
        let mut survey = Survey::default();
        chunk.iter().for_each(|&v| survey.add(v));
        let (layout, _) = survey.layout()?;
        layout.encode(&mut out);
        chunk.iter().for_each(|&v| layout.write(&mut bits, v));
    }
    out.extend(bits.finish());
    Some(out)
}

/// Appends the column to `out`; `None` where `packed` is damaged or the column would be longer than `len`.
pub(super) fn unpack(mut packed: &[u8], len: usize, out: &mut Vec<u8>) -> Option<()> {
    let count = usize::try_from(varint::read(&mut packed)?).ok()?;
    if count > len {
        return None;
    }
    let mut layouts = Vec::new();
    for _ in 0..count.div_ceil(CHUNK) {
        layouts.push(Layout::decode(&mut packed)?);
    }
    let mut bits = BitReader::new(packed);
    let start = out.len();
    let mut left = count;
    for layout in layouts {
        for _ in 0..left.min(CHUNK) {
            varint::write(out, layout.read(&mut bits)?);
        }
        left = left.saturating_sub(CHUNK);
        if out.len() - start > len {
            return None;
        }
    }
    bits.is_done().then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test;
    use alloc::vec;
    use proptest::prelude::*;

    fn column(values: &[u64]) -> Vec<u8> {
        let mut out = Vec::new();
        values.iter().for_each(|&v| varint::write(&mut out, v));
        out
    }

    proptest! {
        #[test]
        fn a_column_comes_back(
            values in prop::collection::vec(prop_oneof![Just(1u64), 0u64..1000, 0u64..1 << 56], 0..400),
        ) {
            let column = column(&values);
            let packed = pack(&column).unwrap();
            let mut out = vec![];
            prop_assert_eq!(unpack(&packed, column.len(), &mut out), Some(()));
            prop_assert_eq!(out, column);
        }

        #[test]
        fn arbitrary_bytes_give_no_more_than_was_asked_for(
            packed in prop::collection::vec(any::<u8>(), 0..80), len in 0usize..1000,
        ) {
            let mut out = vec![];
            if unpack(&packed, len, &mut out).is_some() {
                prop_assert!(out.len() <= len);
            }
            prop_assert!(out.len() <= len + CHUNK * varint::MAX_LEN);
        }
    }

    #[test]
    fn what_is_always_the_same_takes_almost_nothing() {
        let packed = pack(&[1; 10_000]).unwrap();
        assert!(packed.len() < 200, "{}", packed.len());
    }

    #[test]
    fn other_columns_are_left_alone() {
        assert_eq!(pack(&[0x80]), None, "it ends within an integer");
        assert_eq!(pack(&[0x80, 0]), None, "a longer form of zero");
        assert_eq!(pack(&column(&[u64::MAX])), None);
    }
}
