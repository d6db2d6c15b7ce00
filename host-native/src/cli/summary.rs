//! Totals, histograms and facets.

use std::io;

use logd_core::time::UnixNanos;
use logd_proto::query::{Facet, Histogram};
use serde_json::json;

use super::chart::{Chart, levels, sum};
use super::escape;
use super::output::{Display, Output};
use super::render::push;
use super::style::Palette;

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
        out.text(&Chart::new(self.palette, self.display.zone(), histogram).render())
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
}
