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

    /// From RFC 3339, `2026-11-21T14:05:00.5+01:00`. Also without the offset (UTC), the seconds, or the time of day.
    ///
    /// Digits beyond nanoseconds are ignored; a leap second is the first second of the next minute. `None` for
    /// anything else and for times that nanoseconds do not reach.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        Self::parse_rfc3339_range(text).map(|(first, _)| first)
    }

    /// The first and the last nanosecond of what is written: a day, a minute, a second, or the last digit of a fraction.
    pub fn parse_rfc3339_range(text: &str) -> Option<(Self, Self)> {
        const SECOND: i128 = 1_000_000_000;
        let mut rest = text;
        let date = date(&mut rest)?;
        let (of_day, width) = if rest.is_empty() {
            (0, 86_400 * SECOND)
        } else {
            rest = rest.strip_prefix(['T', 't', ' '])?;
            time_of_day(&mut rest)?
        };
        if !rest.is_empty() {
            return None;
        }
        let first = i128::from(date) * 86_400 * SECOND + of_day;
        let last = (first + width - 1).min(i64::MAX.into());
        Some((Self(first.try_into().ok()?), Self(last.try_into().ok()?)))
    }

    /// From what people and programs write: RFC 3339, or Unix time as an integer. The range is the first and the last
    /// nanosecond of what is written.
    ///
    /// The size of an integer tells its unit: seconds up to 11 digits, milliseconds up to 14, microseconds up to 17, else
    /// nanoseconds. So times of 1973 to 5138 are understood in any of them, as far as nanoseconds reach.
    pub fn parse_range(text: &str) -> Option<(Self, Self)> {
        let Ok(n) = text.parse::<i64>() else { return Self::parse_rfc3339_range(text) };
        let unit = match n.unsigned_abs() {
            0..100_000_000_000 => 1_000_000_000,
            100_000_000_000..100_000_000_000_000 => 1_000_000,
            100_000_000_000_000..100_000_000_000_000_000 => 1_000,
            _ => 1,
        };
        let first = n.checked_mul(unit)?;
        Some((Self(first), Self(first.saturating_add(unit - 1))))
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

/// The inverse of [`civil_from_days`]; `day` may be any day of the month.
///
/// Algorithm: as there, `days_from_civil`.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let year_of_era = year.rem_euclid(400);
    let mp = (month + 9) % 12;
    let day_of_year = (153 * mp + 2) / 5 + day - 1;
    let day_of_era = 365 * year_of_era + year_of_era / 4 - year_of_era / 100 + day_of_year;
    146_097 * year.div_euclid(400) + day_of_era - 719_468
}

/// Takes `YYYY-MM-DD`: days since 1970-01-01.
fn date(rest: &mut &str) -> Option<i64> {
    let year = digits(rest, 4)?;
    *rest = rest.strip_prefix('-')?;
    let month = digits(rest, 2)?;
    *rest = rest.strip_prefix('-')?;
    let day = digits(rest, 2)?;
    if !(1..=12).contains(&month) {
        return None;
    }
    let days = days_from_civil(year, month, day);
    // A day that the month does not have comes back as one of another month.
    (civil_from_days(days) == (year, month, day)).then_some(days)
}

/// Takes `hh:mm[:ss[.fraction]][offset]`: nanoseconds since the day's start in UTC, and how many are meant.
fn time_of_day(rest: &mut &str) -> Option<(i128, i128)> {
    let minutes = hours_minutes(rest)?;
    let (mut nanos, mut width) = (i128::from(minutes) * 60_000_000_000, 60_000_000_000);
    if let Some(after) = rest.strip_prefix(':') {
        *rest = after;
        let seconds = digits(rest, 2).filter(|&s| s <= 60)?;
        width = 1_000_000_000;
        nanos += i128::from(seconds) * width;
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
            let (fraction, after) = after.split_at(end);
            *rest = after;
            if fraction.is_empty() {
                return None;
            }
            for digit in fraction.bytes().take(9) {
                width /= 10;
                nanos += i128::from(digit - b'0') * width;
            }
        }
    }
    let sign = match rest.chars().next() {
        None => return Some((nanos, width)),
        Some('Z' | 'z') => 0,
        Some('+') => -1,
        Some('-') => 1,
        Some(_) => return None,
    };
    *rest = &rest[1..];
    if sign != 0 {
        nanos += sign * i128::from(hours_minutes(rest)?) * 60_000_000_000;
    }
    Some((nanos, width))
}

/// Takes `hh:mm`: minutes.
fn hours_minutes(rest: &mut &str) -> Option<i64> {
    let hours = digits(rest, 2).filter(|&h| h < 24)?;
    *rest = rest.strip_prefix(':')?;
    let minutes = digits(rest, 2).filter(|&m| m < 60)?;
    Some(hours * 60 + minutes)
}

/// Takes exactly `n` digits.
fn digits(rest: &mut &str, n: usize) -> Option<i64> {
    let (taken, after) = rest.split_at_checked(n)?;
    if !taken.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    *rest = after;
    taken.parse().ok()
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

    #[test]
    fn parses_rfc3339() {
        let cases = [
            ("1970-01-01T00:00:00Z", 0),
            ("1970-01-01", 0),
            ("1970-01-01T00:00", 0),
            ("1970-01-01t00:00:01z", 1_000_000_000),
            ("1970-01-01 00:00:01", 1_000_000_000),
            ("2024-02-29T12:34:56.000000007Z", 1_709_210_096_000_000_007),
            ("2024-02-29T12:34:56.0000000079Z", 1_709_210_096_000_000_007),
            ("2024-02-29T13:34:56.5+01:00", 1_709_210_096_500_000_000),
            ("2024-02-29T07:04:56-05:30", 1_709_210_096_000_000_000),
            ("2016-12-31T23:59:60Z", 1_483_228_800_000_000_000),
            ("1969-12-31T23:59:59.999999999Z", -1),
            ("2262-04-11T23:47:16.854775807Z", i64::MAX),
            ("1677-09-21T00:12:43.145224192Z", i64::MIN),
        ];
        for (text, nanos) in cases {
            assert_eq!(UnixNanos::parse_rfc3339(text), Some(UnixNanos(nanos)), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_time() {
        let cases = "2023-02-29 2023-13-01 2023-00-10 2023-01-00 2023-1-01 23-01-01 2023-01-01T 2023-01-01T24:00
            2023-01-01T00:60 2023-01-01T00:00:61 2023-01-01T00:00:00. 2023-01-01T00:00:00.Z 2023-01-01T00:00+1
            2023-01-01T00:00+24:00 2023-01-01T00:00Zx 2023-01-01Z 2023-01-01T00:00é 2262-04-11T23:47:16.854775808Z
            1677-09-21T00:12:43.145224191Z 9999-12-31 +023-01-01 2023-01-01T+1:00 é 2023-01-0é";
        for text in cases.split_whitespace().chain(["", " 2023-01-01", "2023-01-01  00:00"]) {
            assert_eq!(UnixNanos::parse_rfc3339(text), None, "{text:?}");
        }
    }

    #[test]
    fn what_is_written_is_as_wide_as_its_last_digit() {
        for (text, nanos) in [
            ("2024-02-29", 86_400_000_000_000),
            ("2024-02-29T12:34", 60_000_000_000),
            ("2024-02-29T12:34:56Z", 1_000_000_000),
            ("2024-02-29T12:34:56.12Z", 10_000_000),
            ("2024-02-29T12:34:56.123456789+00:00", 1),
        ] {
            let (first, last) = UnixNanos::parse_rfc3339_range(text).unwrap();
            assert_eq!(last.0 - first.0 + 1, nanos, "{text}");
        }
    }

    #[test]
    fn the_size_of_an_integer_tells_its_unit() {
        for (text, first, width) in [
            ("0", 0, 1_000_000_000),
            ("-1", -1_000_000_000, 1_000_000_000),
            ("1700000000", 1_700_000_000_000_000_000, 1_000_000_000),
            ("1700000000123", 1_700_000_000_123_000_000, 1_000_000),
            ("1700000000123456", 1_700_000_000_123_456_000, 1_000),
            ("1700000000123456789", 1_700_000_000_123_456_789, 1),
            ("9223372036", 9_223_372_036_000_000_000, 854_775_808),
            ("1970-01-01", 0, 86_400_000_000_000),
        ] {
            let expect = (UnixNanos(first), UnixNanos(first + (width - 1)));
            assert_eq!(UnixNanos::parse_range(text), Some(expect), "{text}");
        }
        for text in ["9223372037", "9223372036854775808", "1.5", "0x10", ""] {
            assert_eq!(UnixNanos::parse_range(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn every_time_parses_back(nanos: i64) {
            let text = UnixNanos(nanos).to_string();
            proptest::prop_assert_eq!(UnixNanos::parse_rfc3339(&text), Some(UnixNanos(nanos)), "{}", text);
        }
    }
}
