//! Counts over time, by level.

use alloc::collections::BTreeMap;

use logd_proto::query::{Bucket, Histogram};

use super::filter::Verdict;
use crate::bits::Bits;
use crate::block::View;
use crate::severity::{Level, Severity};

type ByLevel = [u64; Level::ALL.len()];

/// Collects a histogram of bounded size: past the bound, buckets become twice as wide until they fit. The result
/// does not depend on the order of the blocks.
#[derive(Clone, Debug)]
pub(super) struct HistogramBuilder {
    width: i64,
    max_buckets: usize,
    widened: bool,
    /// By number: start = number · width.
    buckets: BTreeMap<i64, ByLevel>,
}

impl HistogramBuilder {
    /// `width` in nanoseconds, above zero.
    pub(super) fn new(width: u64, max_buckets: usize) -> Self {
        let width = i64::try_from(width).unwrap_or(i64::MAX);
        Self { width, max_buckets, widened: false, buckets: BTreeMap::new() }
    }

    /// Whether a block that matches wholly falls into one bucket; then its header is enough.
    pub(super) fn is_one_bucket(&self, min_time: i64, max_time: i64) -> bool {
        min_time.div_euclid(self.width) == max_time.div_euclid(self.width)
    }

    pub(super) fn add_severities(&mut self, time: i64, by_severity: &[u32]) {
        let bucket = self.bucket(time);
        for (severity, &events) in (0..).zip(by_severity) {
            bucket[level(severity)] += u64::from(events);
        }
        self.fit();
    }

    pub(super) fn add(&mut self, view: &View<'_>, verdict: Verdict, selected: &Bits) {
        // Neighbours fall into the same bucket: count there until the time leaves it.
        let mut current: (i64, ByLevel) = (0, ByLevel::default());
        let rows = view.times().zip(view.severities()).enumerate();
        for (row, (time, &severity)) in rows {
            if verdict != Verdict::All && !selected.contains(row) {
                continue;
            }
            if time.div_euclid(self.width) != current.0 {
                self.flush(&mut current);
                // Not before: the buckets may have widened.
                current.0 = time.div_euclid(self.width);
            }
            current.1[level(severity)] += 1;
        }
        self.flush(&mut current);
    }

    /// Takes what another builder for the same histogram has counted elsewhere.
    pub(super) fn merge(&mut self, mut other: Self) {
        // Widths are the asked one times powers of two.
        while self.width < other.width {
            self.widen();
        }
        while other.width < self.width {
            other.widen();
        }
        self.widened |= other.widened;
        for (number, counts) in other.buckets {
            add(self.buckets.entry(number).or_default(), &counts);
        }
        self.fit();
    }

    /// Whether its buckets are those that were asked for; others may be wider than what is left would need.
    pub(super) fn is_a_sum(&self) -> bool {
        !self.widened
    }

    /// Takes off what another builder for the same histogram has counted, of what this one has counted, too.
    pub(super) fn subtract(&mut self, other: Self) {
        for (number, counts) in other.buckets {
            let Some(bucket) = self.buckets.get_mut(&number) else { continue };
            for (a, b) in bucket.iter_mut().zip(counts) {
                *a -= b;
            }
            if bucket.iter().all(|&n| n == 0) {
                self.buckets.remove(&number);
            }
        }
    }

    fn flush(&mut self, (number, counts): &mut (i64, ByLevel)) {
        if counts.iter().any(|&n| n > 0) {
            add(self.buckets.entry(*number).or_default(), counts);
            *counts = ByLevel::default();
            self.fit();
        }
    }

    fn bucket(&mut self, time: i64) -> &mut ByLevel {
        self.buckets.entry(time.div_euclid(self.width)).or_default()
    }

    fn fit(&mut self) {
        while self.buckets.len() > self.max_buckets {
            self.widen();
        }
    }

    fn widen(&mut self) {
        self.widened = true;
        self.width = self.width.saturating_mul(2);
        for (number, counts) in core::mem::take(&mut self.buckets) {
            add(self.buckets.entry(number.div_euclid(2)).or_default(), &counts);
        }
    }

    pub(super) fn finish(self) -> Histogram {
        let bucket = |(number, by_level): (i64, ByLevel)| Bucket {
            start: number.saturating_mul(self.width),
            by_level: by_level.to_vec(),
        };
        Histogram {
            bucket_nanos: self.width as u64,
            buckets: self.buckets.into_iter().map(bucket).collect(),
            capped: self.widened,
        }
    }
}

fn add(to: &mut ByLevel, counts: &ByLevel) {
    for (a, b) in to.iter_mut().zip(counts) {
        *a += b;
    }
}

fn level(severity: u8) -> usize {
    Severity::from_number(u32::from(severity)).unwrap_or_default().level() as usize
}
