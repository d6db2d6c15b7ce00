//! Time comes in as a value. The wall clock decides freshness, the monotonic clock drives timers.

use core::fmt;
use core::time::Duration;

/// Nanoseconds since the Unix epoch, UTC. Covers the years 1678 to 2262.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixNanos(pub i64);

/// Nanoseconds since an arbitrary start; never goes back within one host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MonoNanos(pub u64);

/// Both clocks, read at the same moment by the host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// The wall clock.
    pub unix: UnixNanos,
    /// The monotonic clock.
    pub mono: MonoNanos,
}

impl UnixNanos {
    /// The earliest and the latest representable time.
    pub const MIN: Self = Self(i64::MIN);
    /// See [`Self::MIN`].
    pub const MAX: Self = Self(i64::MAX);

    /// From protobuf's seconds and nanoseconds; out-of-range values saturate.
    pub fn from_parts(seconds: i64, nanos: i32) -> Self {
        Self(seconds.saturating_mul(1_000_000_000).saturating_add(i64::from(nanos)))
    }

    /// Whole seconds (rounded down) and the nanoseconds above them, as protobuf's Timestamp has them.
    pub fn to_parts(self) -> (i64, i32) {
        // The remainder of a division by 10⁹ fits an i32.
        (self.0.div_euclid(1_000_000_000), self.0.rem_euclid(1_000_000_000) as i32)
    }

    /// `self + d`, saturating.
    pub fn saturating_add(self, d: Duration) -> Self {
        Self(self.0.saturating_add(nanos(d)))
    }

    /// `self - d`, saturating.
    pub fn saturating_sub(self, d: Duration) -> Self {
        Self(self.0.saturating_sub(nanos(d)))
    }
}

impl MonoNanos {
    /// `self + d`, saturating.
    pub fn saturating_add(self, d: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(d.as_nanos()).unwrap_or(u64::MAX)))
    }

    /// How long after `earlier` this is; zero when it is not.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl fmt::Display for UnixNanos {
    /// RFC 3339 in UTC with nanoseconds: `2026-11-21T14:05:00.000000001Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, nanos) = self.to_parts();
        let (days, of_day) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let (year, month, day) = civil_from_days(days);
        let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{nanos:09}Z")
    }
}

/// Proleptic Gregorian date of a day count since 1970-01-01: (year, month, day).
///
/// Algorithm: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let mp = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * mp + 2) / 5 + 1;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

fn nanos(d: Duration) -> i64 {
    i64::try_from(d.as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test;
    use alloc::string::ToString;

    #[test]
    fn displays_rfc3339() {
        assert_eq!(UnixNanos(0).to_string(), "1970-01-01T00:00:00.000000000Z");
        assert_eq!(UnixNanos(-1).to_string(), "1969-12-31T23:59:59.999999999Z");
        let leap_day = UnixNanos::from_parts(1_709_210_096, 7);
        assert_eq!(leap_day.to_string(), "2024-02-29T12:34:56.000000007Z");
        assert_eq!(UnixNanos::MAX.to_string(), "2262-04-11T23:47:16.854775807Z");
    }

    #[test]
    fn parts_round_trip() {
        for t in [0, 1, -1, 1_700_000_000_123_456_789, i64::MIN + 1_000_000_000] {
            let (s, n) = UnixNanos(t).to_parts();
            assert_eq!(UnixNanos::from_parts(s, n), UnixNanos(t));
        }
    }
}
