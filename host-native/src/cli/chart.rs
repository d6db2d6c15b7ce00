//! A histogram as text: a bar a bucket, coloured by level.

use jiff::tz::TimeZone;
use logd_core::severity::Level;
use logd_core::time::UnixNanos;
use logd_proto::query::{Bucket, Histogram};

use super::render::{Clock, push};
use super::style::Palette;

/// Cells of the longest bar.
const BAR: u64 = 40;
/// A gap of more empty buckets than this is left out.
const WIDEST_GAP: u64 = 20;

/// One histogram under way.
pub(crate) struct Chart<'a> {
    palette: Palette,
    clock: Clock,
    histogram: &'a Histogram,
    /// Events of the fullest bucket, and how many digits that has.
    most: u64,
    digits: usize,
}

impl<'a> Chart<'a> {
    pub(crate) fn new(palette: Palette, zone: TimeZone, histogram: &'a Histogram) -> Self {
        let most = histogram.buckets.iter().map(sum).max().unwrap_or_default();
        let digits = most.to_string().len();
        Self { palette, clock: Clock::new(zone), histogram, most, digits }
    }

    /// One line a bucket. Empty ones in between are shown, too, so that the eye sees time pass evenly.
    pub(crate) fn render(mut self) -> String {
        let mut lines = String::new();
        let width = self.histogram.bucket_nanos.max(1);
        let mut previous: Option<i64> = None;
        for bucket in &self.histogram.buckets {
            let steps = previous.map_or(1, |p| bucket.start.abs_diff(p) / width);
            let gap = steps.saturating_sub(1);
            if gap > WIDEST_GAP {
                push(&mut lines, format_args!("… {gap} empty buckets\n"));
            } else {
                for n in (1..=gap).rev() {
                    let start = bucket.start.saturating_sub_unsigned(n * width);
                    self.bucket(&Bucket { start, by_level: Vec::new() }, &mut lines);
                }
            }
            self.bucket(bucket, &mut lines);
            previous = Some(bucket.start);
        }
        lines
    }

    fn bucket(&mut self, bucket: &Bucket, line: &mut String) {
        let (dim, digits) = (self.palette.dim(), self.digits);
        push(line, format_args!("{dim}"));
        self.clock.write(UnixNanos(bucket.start), line);
        push(line, format_args!("{dim:#} {:>digits$}", sum(bucket)));
        let mut by_importance: Vec<_> = levels(bucket).collect();
        by_importance.reverse();
        let bar = !by_importance.is_empty();
        line.push_str(if bar { " " } else { "" });
        // The levels share the bar of the total by their cumulated counts, so that its length is exact. The
        // important ones come first, where they are compared at a common edge.
        let mut before = 0;
        for &(level, count) in &by_importance {
            let style = self.palette.level(level);
            let cells = scale(before + count, self.most) - scale(before, self.most);
            before += count;
            if cells > 0 {
                push(line, format_args!("{style}{}{style:#}", "█".repeat(cells as usize)));
            }
        }
        for &(level, count) in by_importance.iter().filter(|(level, _)| *level >= Level::Warn) {
            let style = self.palette.level(level);
            push(line, format_args!(" {style}{} {count}{style:#}", level.name()));
        }
        line.push('\n');
    }
}

/// The levels that occur, least important first.
pub(crate) fn levels(bucket: &Bucket) -> impl Iterator<Item = (Level, u64)> {
    Level::ALL.into_iter().zip(bucket.by_level.iter().copied()).filter(|&(_, count)| count > 0)
}

/// Events of all levels.
pub(crate) fn sum(bucket: &Bucket) -> u64 {
    bucket.by_level.iter().sum()
}

/// Cells for `count` where `most` fills the bar; what is there is seen.
fn scale(count: u64, most: u64) -> u64 {
    if count == 0 { 0 } else { (count * BAR / most.max(1)).max(1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(second: i64, info: u64, error: u64) -> Bucket {
        Bucket { start: second * 1_000_000_000, by_level: vec![0, 0, 0, info, 0, error, 0] }
    }

    fn render(palette: Palette, buckets: Vec<Bucket>) -> String {
        let histogram = Histogram { bucket_nanos: 1_000_000_000, buckets, capped: false };
        Chart::new(palette, TimeZone::UTC, &histogram).render()
    }

    #[test]
    fn short_gaps_are_shown_and_long_ones_named() {
        let chart =
            render(Palette::new(false), vec![bucket(0, 10, 0), bucket(2, 5, 5), bucket(99, 1, 0)]);
        let full = "█".repeat(40);
        let expect = format!(
            "1970-01-01 00:00:00.000 10 {full}\n\
             1970-01-01 00:00:01.000  0\n\
             1970-01-01 00:00:02.000 10 {full} error 5\n\
             … 96 empty buckets\n\
             1970-01-01 00:01:39.000  1 ████\n"
        );
        assert_eq!(chart, expect);
        assert_eq!(render(Palette::new(false), Vec::new()), "");
    }

    #[test]
    fn levels_share_a_bar_in_their_colours() {
        let chart = render(Palette::new(true), vec![bucket(0, 5, 5)]);
        let style = Palette::new(true).level(Level::Error);
        assert!(chart.contains(&format!(" {style}{}{style:#}", "█".repeat(20))), "{chart}");
    }

    #[test]
    fn bars_are_proportional_and_what_is_there_is_seen() {
        assert_eq!((scale(0, 10), scale(10, 10), scale(5, 10)), (0, BAR, BAR / 2));
        assert_eq!(scale(1, 1_000_000), 1);
    }
}
