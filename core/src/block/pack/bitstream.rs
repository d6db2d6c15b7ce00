//! A stream of unsigned integers of any width, and how a series of them is laid out in it.

use alloc::vec::Vec;

use crate::varint;

/// Widest integer of a stream, in bits: with up to seven bits before it, it still fits in one 64-bit load.
pub(super) const MAX_WIDTH: u32 = 56;
/// Follows the last bit, so that every load is a whole one.
const PADDING: [u8; 8] = [0; 8];

/// Writes integers, least significant bit first.
#[derive(Debug, Default)]
pub(super) struct BitWriter {
    bytes: Vec<u8>,
    /// Bits that do not make up a byte yet, and how many they are.
    pending: u64,
    used: u32,
}

impl BitWriter {
    /// Appends `value`, which must be below two to the power of `width`; `width` is at most [`MAX_WIDTH`].
    #[inline]
    pub(super) fn write(&mut self, value: u64, width: u32) {
        debug_assert!(width <= MAX_WIDTH && value >> width == 0);
        self.pending |= value << self.used;
        self.used += width;
        let whole = self.used / 8;
        self.bytes.extend_from_slice(&self.pending.to_le_bytes()[..whole as usize]);
        self.pending >>= 8 * whole;
        self.used %= 8;
    }

    /// The stream, for a [`BitReader`].
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.bytes.extend((self.used > 0).then_some(self.pending as u8));
        self.bytes.extend(PADDING);
        self.bytes
    }
}

/// Reads what a [`BitWriter`] wrote.
#[derive(Debug)]
pub(super) struct BitReader<'a> {
    bytes: &'a [u8],
    /// In bits.
    at: usize,
}

impl<'a> BitReader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The next `width` bits, at most [`MAX_WIDTH`]; `None` when the stream ends before them.
    #[inline]
    pub(super) fn read(&mut self, width: u32) -> Option<u64> {
        let load = self.bytes.get(self.at / 8..)?.first_chunk()?;
        let value = u64::from_le_bytes(*load) >> (self.at % 8) & !(u64::MAX << width);
        self.at += width as usize;
        Some(value)
    }

    /// Whether everything has been read.
    pub(super) fn is_done(&self) -> bool {
        self.at.div_ceil(8) + PADDING.len() == self.bytes.len()
    }
}

/// How the integers of a series are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// Each in `width` bits, less the smallest of them.
    Fixed { base: u64, width: u32 },
    /// The number of its bits in `width` bits, then the bits without the first, which is always set.
    Sized { width: u32 },
}

impl Layout {
    #[inline]
    pub(super) fn write(self, out: &mut BitWriter, value: u64) {
        match self {
            Self::Fixed { base, width } => out.write(value - base, width),
            Self::Sized { width } => {
                let bits = bit_len(value);
                out.write(u64::from(bits), width);
                let rest = bits.saturating_sub(1);
                out.write(value & !(u64::MAX << rest), rest);
            }
        }
    }

    #[inline]
    pub(super) fn read(self, bits: &mut BitReader<'_>) -> Option<u64> {
        match self {
            Self::Fixed { base, width } => Some(bits.read(width)?.wrapping_add(base)),
            Self::Sized { width } => match bits.read(width)? as u32 {
                0 => Some(0),
                len @ 1..=MAX_WIDTH => Some(bits.read(len - 1)? | 1 << (len - 1)),
                _ => None,
            },
        }
    }

    /// Appends the description that [`Self::decode`] takes.
    pub(super) fn encode(self, out: &mut Vec<u8>) {
        match self {
            Self::Fixed { base, width } => {
                out.push(width as u8);
                varint::write(out, base);
            }
            Self::Sized { width } => out.push(SIZED | width as u8),
        }
    }

    pub(super) fn decode(bytes: &mut &[u8]) -> Option<Self> {
        let (&first, rest) = bytes.split_first()?;
        *bytes = rest;
        let width = u32::from(first & !SIZED);
        if first & SIZED != 0 {
            return (width <= SIZE_WIDTH).then_some(Self::Sized { width });
        }
        let base = varint::read(bytes)?;
        (width <= MAX_WIDTH).then_some(Self::Fixed { base, width })
    }
}

/// Distinguishes [`Layout::Sized`] in the first byte of a description.
const SIZED: u8 = 0x80;
/// Bits that hold any number of bits.
const SIZE_WIDTH: u32 = 6;

/// What is known of a series of integers when its layout is chosen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Survey {
    count: u64,
    min: u64,
    max: u64,
    /// Bits that the integers take without leading zeros and the first bit that is set.
    bits: u64,
}

impl Default for Survey {
    fn default() -> Self {
        Self { count: 0, min: u64::MAX, max: 0, bits: 0 }
    }
}

impl Survey {
    #[inline]
    pub(super) fn add(&mut self, value: u64) {
        self.count += 1;
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        self.bits += u64::from(bit_len(value).saturating_sub(1));
    }

    /// The one value, if there is no other.
    pub(super) fn only(&self) -> Option<u64> {
        (self.min == self.max).then_some(self.min)
    }

    /// The layout that takes the fewest bits, and how many; `None` where an integer is too wide for any.
    pub(super) fn layout(&self) -> Option<(Layout, u64)> {
        let base = self.min.min(self.max);
        let fixed = bit_len(self.max - base);
        let size = bit_len(u64::from(bit_len(self.max)));
        if bit_len(self.max) > MAX_WIDTH {
            return None;
        }
        let fixed_cost = u64::from(fixed) * self.count;
        let sized_cost = u64::from(size) * self.count + self.bits;
        Some(if sized_cost < fixed_cost {
            (Layout::Sized { width: size }, sized_cost)
        } else {
            (Layout::Fixed { base, width: fixed }, fixed_cost)
        })
    }
}

/// Bits without leading zeros.
#[inline]
fn bit_len(value: u64) -> u32 {
    u64::BITS - value.leading_zeros()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_series_comes_back(
            values in prop::collection::vec((0u32..=MAX_WIDTH, any::<u64>()), 0..50),
        ) {
            let values: Vec<u64> = values.iter().map(|(w, v)| v & !(u64::MAX << w)).collect();
            let mut survey = Survey::default();
            values.iter().for_each(|&v| survey.add(v));
            let (layout, cost) = survey.layout().unwrap();
            let mut description = Vec::new();
            layout.encode(&mut description);
            let mut rest = &description[..];
            prop_assert_eq!(Layout::decode(&mut rest), Some(layout));
            prop_assert!(rest.is_empty());
            let mut out = BitWriter::default();
            values.iter().for_each(|&v| layout.write(&mut out, v));
            let bytes = out.finish();
            prop_assert_eq!(bytes.len() as u64, cost.div_ceil(8) + PADDING.len() as u64);
            let mut bits = BitReader::new(&bytes);
            for v in values {
                prop_assert_eq!(layout.read(&mut bits), Some(v));
            }
            prop_assert!(bits.is_done());
        }

        #[test]
        fn arbitrary_bytes_end(width in 0u32..=SIZE_WIDTH, bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let mut bits = BitReader::new(&bytes);
            let layout = Layout::Sized { width: width.max(1) };
            let n = core::iter::from_fn(|| layout.read(&mut bits)).count();
            prop_assert!(n <= bytes.len() * 8);
        }
    }

    #[test]
    fn the_shorter_layout_is_chosen() {
        let layout = |values: &[u64]| {
            let mut survey = Survey::default();
            values.iter().for_each(|&v| survey.add(v));
            survey.layout().map(|(layout, _)| layout)
        };
        assert_eq!(layout(&[1000, 1001, 1003]), Some(Layout::Fixed { base: 1000, width: 2 }));
        assert_eq!(layout(&[7; 9]), Some(Layout::Fixed { base: 7, width: 0 }));
        assert_eq!(layout(&[0, 1, 1, 0, 1 << 40]), Some(Layout::Sized { width: 6 }));
        assert_eq!(layout(&[]), Some(Layout::Fixed { base: 0, width: 0 }));
        assert_eq!(layout(&[u64::MAX]), None);
    }
}
