//! A fixed-length set of row numbers.

use alloc::vec;
use alloc::vec::Vec;

/// One bit a row. Bits above the length are zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bits {
    words: Vec<u64>,
    len: usize,
}

impl Bits {
    /// No row of `len`.
    pub fn none(len: usize) -> Self {
        Self { words: vec![0; len.div_ceil(64)], len }
    }

    /// Every row of `len`.
    pub fn all(len: usize) -> Self {
        let mut bits = Self { words: vec![u64::MAX; len.div_ceil(64)], len };
        bits.trim();
        bits
    }

    /// The rows for whose value `test` holds; missing values fail it.
    #[inline]
    pub fn from_values<T>(
        len: usize,
        values: impl Iterator<Item = T>,
        test: impl Fn(T) -> bool,
    ) -> Self {
        let mut bits = Self::none(len);
        let mut values = values.take(len);
        for word in &mut bits.words {
            for bit in 0..64 {
                let Some(v) = values.next() else { return bits };
                *word |= u64::from(test(v)) << bit;
            }
        }
        bits
    }

    /// How many rows there are, in the set or not.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether no row is in the set.
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|&w| w == 0)
    }

    /// How many rows are in the set.
    pub fn count(&self) -> usize {
        self.words.iter().map(|w| w.count_ones() as usize).sum()
    }

    /// How many of the rows below `row` are in the set.
    pub fn rank(&self, row: usize) -> usize {
        let whole = &self.words[..(row / 64).min(self.words.len())];
        let count: usize = whole.iter().map(|w| w.count_ones() as usize).sum();
        let rest = self.words.get(row / 64).map_or(0, |w| w & ((1 << (row % 64)) - 1));
        count + rest.count_ones() as usize
    }

    /// Whether `row` is in the set.
    pub fn contains(&self, row: usize) -> bool {
        self.words.get(row / 64).is_some_and(|w| w >> (row % 64) & 1 == 1)
    }

    /// Adds `row`, which must be below the length.
    pub fn insert(&mut self, row: usize) {
        self.words[row / 64] |= 1 << (row % 64);
    }

    /// Keeps nothing.
    pub fn clear(&mut self) {
        self.words.fill(0);
    }

    /// Keeps what is in both.
    pub fn intersect(&mut self, other: &Self) {
        for (a, b) in self.words.iter_mut().zip(&other.words) {
            *a &= b;
        }
    }

    /// Removes what is in `other`.
    pub fn subtract(&mut self, other: &Self) {
        for (a, b) in self.words.iter_mut().zip(&other.words) {
            *a &= !b;
        }
    }

    /// Adds what is in `other`.
    pub fn unite(&mut self, other: &Self) {
        for (a, b) in self.words.iter_mut().zip(&other.words) {
            *a |= b;
        }
    }

    /// The rows in the set, ascending.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.words.iter().enumerate().flat_map(|(i, &word)| {
            let mut rest = word;
            core::iter::from_fn(move || {
                let bit = (rest != 0).then(|| rest.trailing_zeros() as usize)?;
                rest &= rest - 1;
                Some(i * 64 + bit)
            })
        })
    }

    /// Keeps only the first, or with `last` the last, `n` rows of the set.
    pub fn keep(&mut self, n: usize, last: bool) {
        let mut excess = self.count().saturating_sub(n);
        let trim = |word: &mut u64| {
            let drop = (word.count_ones() as usize).min(excess);
            excess -= drop;
            for _ in 0..drop {
                let bit = if last { word.trailing_zeros() } else { 63 - word.leading_zeros() };
                *word &= !(1 << bit);
            }
        };
        if last {
            self.words.iter_mut().for_each(trim)
        } else {
            self.words.iter_mut().rev().for_each(trim)
        }
    }

    fn trim(&mut self) {
        if let Some(last) = self.words.last_mut()
            && !self.len.is_multiple_of(64)
        {
            *last &= (1 << (self.len % 64)) - 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test;
    use alloc::collections::BTreeSet;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn agrees_with_a_set(len in 0usize..300, a in prop::collection::btree_set(0usize..300, 0..80), b in prop::collection::btree_set(0usize..300, 0..80), n in 0usize..90) {
            let of = |s: &BTreeSet<usize>| Bits::from_values(len, 0..len, |i| s.contains(&i));
            let within = |s: &BTreeSet<usize>| s.iter().copied().filter(|&i| i < len).collect::<BTreeSet<_>>();
            let (sa, sb) = (within(&a), within(&b));
            let (ba, bb) = (of(&a), of(&b));
            let rows = |bits: &Bits| bits.iter().collect::<Vec<_>>();
            prop_assert_eq!(rows(&ba), sa.iter().copied().collect::<Vec<_>>());
            prop_assert_eq!(ba.count(), sa.len());
            prop_assert_eq!(ba.rank(n), sa.range(..n).count());
            let mut x = ba.clone();
            x.intersect(&bb);
            prop_assert_eq!(rows(&x), sa.intersection(&sb).copied().collect::<Vec<_>>());
            let mut x = ba.clone();
            x.unite(&bb);
            prop_assert_eq!(rows(&x), sa.union(&sb).copied().collect::<Vec<_>>());
            let mut x = ba.clone();
            x.subtract(&bb);
            prop_assert_eq!(rows(&x), sa.difference(&sb).copied().collect::<Vec<_>>());
            let mut x = ba.clone();
            x.keep(n, false);
            prop_assert_eq!(rows(&x), sa.iter().copied().take(n).collect::<Vec<_>>());
            let mut x = ba.clone();
            x.keep(n, true);
            prop_assert_eq!(rows(&x), sa.iter().copied().skip(sa.len().saturating_sub(n)).collect::<Vec<_>>());
            prop_assert_eq!(Bits::all(len).count(), len);
        }
    }
}
