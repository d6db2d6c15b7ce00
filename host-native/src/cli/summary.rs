//! Totals, histograms and facets.

use std::io;

use logd_core::severity::Level;
use logd_core::time::UnixNanos;
use logd_proto::query::{Bucket, Facet, Histogram};
use serde_json::json;

use super::escape;
use super::output::{Display, Output};
use super::render::{Clock, push};
use super::style::Palette;

/// Cells of the longest bar.
const BAR: u64 = 40;
/// A gap of more empty buckets than this is left out.
const WIDEST_GAP: u64 = 20;

/// Shows the parts of an answer that are no events.
pub(crate) struct Summary {
    display: Display,
    palette: Palette,
}

impl Summary {
    pub(crate) fn new(display: Display) -> Self {
        Self { display, palette: display.palette() }
    }

    /// How many events match.
    pub(crate) fn total(&self, total: u64, out: &mut Output) -> io::Result<()> {
        if self.display.json {
            return out.document(&json!({ "total": total }).to_string());
        }
        out.text(&format!("{total}\n"))
    }

    /// One line a bucket.
    pub(crate) fn histogram(&self, histogram: &Histogram, out: &mut Output) -> io::Result<()> {
        let width = histogram.bucket_nanos;
        if self.display.json {
            return histogram.buckets.iter().try_for_each(|bucket| {
                let levels: serde_json::Map<_, _> = (levels(bucket))
                    .map(|(level, count)| (level.name().to_owned(), count.into()))
                    .collect();
                out.document(
                    &json!({
                        "start": UnixNanos(bucket.start).to_string(), "bucket_nanos": width,
                        "total": sum(bucket), "levels": levels,
                    })
                    .to_string(),
                )
            });
        }
        let most = histogram.buckets.iter().map(sum).max().unwrap_or_default();
        let digits = most.to_string().len();
        let mut clock = Clock::new(self.display.zone());
        let mut previous: Option<i64> = None;
        for bucket in &histogram.buckets {
            let mut lines = String::new();
            // Empty buckets in between are shown, so that the eye sees time pass evenly.
            let gap =
                previous.map_or(0, |p| (bucket.start.abs_diff(p) / width.max(1)).saturating_sub(1));
            let empty = Bucket::default();
            if gap > WIDEST_GAP {
                push(&mut lines, format_args!("… {gap} empty buckets\n"));
            } else {
                for n in (1..=gap).rev() {
                    let start = bucket.start.saturating_sub_unsigned(n * width);
                    self.bucket(
                        &mut lines,
                        &mut clock,
                        &Bucket { start, ..empty.clone() },
                        most,
                        digits,
                    );
                }
            }
            self.bucket(&mut lines, &mut clock, bucket, most, digits);
            out.text(&lines)?;
            previous = Some(bucket.start);
        }
        Ok(())
    }

    fn bucket(
        &self,
        line: &mut String,
        clock: &mut Clock,
        bucket: &Bucket,
        most: u64,
        digits: usize,
    ) {
        let dim = self.palette.dim();
        let total = sum(bucket);
        push(line, format_args!("{dim}"));
        clock.write(UnixNanos(bucket.start), line);
        push(line, format_args!("{dim:#} {total:>digits$} "));
        // The levels share the bar of the total by their cumulated counts, so that its length is exact. The
        // important ones come first, where they are compared at a common edge.
        let cells = |count: u64| scale(count, most);
        let mut before = 0;
        let by_importance: Vec<_> = levels(bucket).collect();
        for &(level, count) in by_importance.iter().rev() {
            let style = self.palette.level(level);
            let length = (cells(before + count) - cells(before)) as usize;
            before += count;
            if length > 0 {
                push(line, format_args!("{style}{}{style:#}", "█".repeat(length)));
            }
        }
        for &(level, count) in by_importance.iter().rev().filter(|(level, _)| *level >= Level::Warn)
        {
            let style = self.palette.level(level);
            push(line, format_args!(" {style}{} {count}{style:#}", level.name()));
        }
        line.truncate(line.trim_end_matches(' ').len());
        line.push('\n');
    }

    /// The values of a field, one a line.
    pub(crate) fn facet(&self, facet: &Facet, out: &mut Output) -> io::Result<()> {
        if self.display.json {
            return facet.values.iter().try_for_each(|value| {
                out.document(
                    &json!({
                        "field": facet.field, "value": value.value, "count": value.count,
                        "present": facet.present,
                    })
                    .to_string(),
                )
            });
        }
        let mut lines = String::new();
        let heading = self.palette.heading();
        push(&mut lines, format_args!("{heading}"));
        escape::line(&facet.field, &mut lines);
        push(&mut lines, format_args!("{heading:#} ({} events)\n", facet.present));
        let digits = facet.values.first().map_or(1, |v| v.count.to_string().len());
        for value in &facet.values {
            let percent = value.count as f64 * 100.0 / facet.present.max(1) as f64;
            push(&mut lines, format_args!("  {:>digits$} {percent:>5.1} %  ", value.count));
            escape::line(&value.value, &mut lines);
            lines.push('\n');
        }
        out.text(&lines)
    }
}

/// The levels that occur, least important first.
fn levels(bucket: &Bucket) -> impl Iterator<Item = (Level, u64)> {
    Level::ALL.into_iter().zip(bucket.by_level.iter().copied()).filter(|&(_, count)| count > 0)
}

fn sum(bucket: &Bucket) -> u64 {
    bucket.by_level.iter().sum()
}

/// Cells for `count` where `most` fills the bar; what is there is seen.
fn scale(count: u64, most: u64) -> u64 {
    if count == 0 { 0 } else { (count * BAR / most.max(1)).max(1) }
}

/// The smallest round duration that divides `span` nanoseconds into at most 40 buckets.
pub(crate) fn round_width(span: u64) -> u64 {
    const SECOND: u64 = 1_000_000_000;
    const SECONDS: [u64; 18] = [
        1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200,
        86_400,
    ];
    const MILLIS: [u64; 10] = [1, 2, 5, 10, 20, 50, 100, 200, 250, 500];
    let round = MILLIS.map(|ms| ms * (SECOND / 1000));
    let least = span / 40 + 1;
    (round.into_iter().chain(SECONDS.map(|s| s * SECOND)))
        .find(|&width| width >= least)
        .unwrap_or_else(|| least.div_ceil(86_400 * SECOND) * 86_400 * SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_round_and_wide_enough() {
        assert_eq!(round_width(0), 1_000_000);
        assert_eq!(round_width(60_000_000_000), 2_000_000_000);
        assert_eq!(round_width(86_400_000_000_000), 3_600_000_000_000);
        for span in [1, 999, 123_456_789, u64::MAX / 2, u64::MAX] {
            assert!(span / round_width(span) <= 40, "{span}");
        }
    }

    #[test]
    fn bars_are_proportional_and_what_is_there_is_seen() {
        assert_eq!((scale(0, 10), scale(10, 10), scale(5, 10)), (0, BAR, BAR / 2));
        assert_eq!(scale(1, 1_000_000), 1);
    }
}
