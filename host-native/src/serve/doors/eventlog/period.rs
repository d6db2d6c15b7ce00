//! The time that a page is of: a minute, an hour or a day, UTC.

use logd_core::time::UnixNanos;

/// Nanoseconds.
const MINUTE: i64 = 60_000_000_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// A minute, an hour or a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Period {
    start: i64,
    width: i64,
}

impl Period {
    /// From `2026-11-21T14:05`, `2026-11-21T14` or `2026-11-21`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (whole, width) = match text.len() {
            10 => (text.to_owned(), DAY),
            13 => (format!("{text}:00"), HOUR),
            16 => (text.to_owned(), MINUTE),
            _ => return None,
        };
        let start = UnixNanos::parse_rfc3339(&whole).filter(|start| start.0 % width == 0)?.0;
        // Neighbours must be representable, too.
        start.checked_add(2 * width)?;
        start.checked_sub(width)?;
        let period = Self { start, width };
        // One text for one page: no lower-case T, no blank instead of it.
        (period.name() == text).then_some(period)
    }

    /// As it was written.
    pub(super) fn name(self) -> String {
        let len = match self.width {
            DAY => 10,
            HOUR => 13,
            _ => 16,
        };
        let mut name = UnixNanos(self.start).to_string();
        name.truncate(len);
        name
    }

    /// Its first nanosecond.
    pub(super) fn start(self) -> UnixNanos {
        UnixNanos(self.start)
    }

    /// The first nanosecond after it.
    pub(super) fn end(self) -> UnixNanos {
        UnixNanos(self.start + self.width)
    }

    /// The one before it.
    pub(super) fn previous(self) -> Self {
        Self { start: self.start - self.width, ..self }
    }

    /// The one after it.
    pub(super) fn next(self) -> Self {
        Self { start: self.start + self.width, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_have_neighbours_of_their_own_width() {
        for (name, previous, next, nanos) in [
            ("2024-02-29", "2024-02-28", "2024-03-01", DAY),
            ("2024-02-29T00", "2024-02-28T23", "2024-02-29T01", HOUR),
            ("2023-12-31T23:59", "2023-12-31T23:58", "2024-01-01T00:00", MINUTE),
        ] {
            let period = Period::parse(name).unwrap();
            assert_eq!(period.name(), name);
            assert_eq!(
                (period.previous().name(), period.next().name()),
                (previous.into(), next.into())
            );
            assert_eq!(period.end().0 - period.start().0, nanos);
        }
    }

    #[test]
    fn what_is_no_page_is_refused() {
        for text in [
            "",
            "today",
            "2024-02-30",
            "2024-02-29T24",
            "2024-02-29T1",
            "2024-02-29T10:60",
            "2024-02-29T10:5",
            "2024-02-29t10:05",
            "2024-02-29 10:05",
            "2024-02-29T10:05:00",
            "2024-02-29T10:05Z",
            "1500-01-01",
            "2262-04-11",
            "é024-02-29",
        ] {
            assert_eq!(Period::parse(text), None, "{text}");
        }
    }
}
