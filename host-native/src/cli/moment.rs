//! Points in time as people write them: `15m`, `today`, `14:05`, `2026-11-21`, RFC 3339.

use jiff::civil;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _, Zoned};
use logd_core::time::UnixNanos;

/// A moment on the command line, not yet fixed to a clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Moment(String);

impl core::str::FromStr for Moment {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        // Checked against any clock, so that clap reports a mistake as one of usage.
        let moment = Self(s.trim().to_owned());
        moment.resolve(&Zoned::new(Timestamp::UNIX_EPOCH, TimeZone::UTC)).map(|_| moment)
    }
}

impl Moment {
    /// The moment in the time zone and by the clock of `now`.
    pub(crate) fn resolve(&self, now: &Zoned) -> Result<UnixNanos, String> {
        let s = self.0.as_str();
        let midnight = |date: civil::Date| {
            date.to_zoned(now.time_zone().clone()).map_err(|e| e.to_string()).map(nanos)
        };
        let yesterday = || now.date().checked_sub(1.day()).map_err(|e| e.to_string());
        match s {
            "now" => return Ok(nanos(now)),
            "today" => return midnight(now.date()),
            "yesterday" => return midnight(yesterday()?),
            _ => {}
        }
        if let Some(ago) = duration(s.strip_suffix("ago").unwrap_or(s).trim_end()) {
            let then = i128::from(nanos(now).0) - ago;
            return Ok(UnixNanos(clamp(then)));
        }
        if let Ok(timestamp) = s.parse::<Timestamp>() {
            return Ok(UnixNanos(clamp(timestamp.as_nanosecond())));
        }
        // Neither a `Z` nor an offset: the local time zone. jiff also takes `15` for an hour and `20261121` for a
        // date, which rather are mistakes.
        let civil = match (s.contains('-'), s.contains(':')) {
            (true, _) => s.parse::<civil::DateTime>().ok(),
            (false, true) => s.parse().map(|time: civil::Time| now.date().to_datetime(time)).ok(),
            (false, false) => None,
        };
        civil
            .and_then(|civil| civil.to_zoned(now.time_zone().clone()).ok())
            .map(nanos)
            .ok_or_else(|| format!("`{s}` is no time; try 15m, 2h, today, 14:05, 2026-11-21 or 2026-11-21T14:05:00Z"))
    }
}

/// `1h30m`, `2d`, `500ms` in nanoseconds.
fn duration(s: &str) -> Option<i128> {
    let mut rest = s;
    let mut total = 0_i128;
    loop {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let n: u32 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        let unit: i128 = match &rest[..end] {
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" | "min" => 60 * 1_000_000_000,
            "h" => 3600 * 1_000_000_000,
            "d" => 24 * 3600 * 1_000_000_000,
            "w" => 7 * 24 * 3600 * 1_000_000_000,
            _ => return None,
        };
        total += i128::from(n) * unit;
        rest = &rest[end..];
        if rest.is_empty() {
            return Some(total);
        }
    }
}

/// The width of a bucket or an interval, in nanoseconds; positive.
pub(crate) fn parse_width(s: &str) -> Result<u64, String> {
    duration(s)
        .and_then(|n| u64::try_from(n).ok())
        .filter(|&n| n > 0)
        .ok_or_else(|| format!("`{s}` is no duration; try 10s, 5m or 1h"))
}

fn nanos(zoned: impl core::borrow::Borrow<Zoned>) -> UnixNanos {
    UnixNanos(clamp(zoned.borrow().timestamp().as_nanosecond()))
}

/// jiff's years reach further than 64 bits of nanoseconds.
fn clamp(nanos: i128) -> i64 {
    i64::try_from(nanos).unwrap_or(if nanos < 0 { i64::MIN } else { i64::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-21 14:05:06 in Berlin, UTC+1.
    fn resolve(s: &str) -> String {
        let berlin = TimeZone::fixed(jiff::tz::offset(1));
        let now = civil::date(2026, 11, 21).at(14, 5, 6, 0).to_zoned(berlin).unwrap();
        s.parse::<Moment>().unwrap().resolve(&now).unwrap().to_string()
    }

    #[test]
    fn reads_what_people_write() {
        for (s, expect) in [
            ("now", "2026-11-21T13:05:06.000000000Z"),
            ("today", "2026-11-20T23:00:00.000000000Z"),
            ("yesterday", "2026-11-19T23:00:00.000000000Z"),
            ("15m", "2026-11-21T12:50:06.000000000Z"),
            ("15m ago", "2026-11-21T12:50:06.000000000Z"),
            ("1h30m", "2026-11-21T11:35:06.000000000Z"),
            ("2d", "2026-11-19T13:05:06.000000000Z"),
            ("250ms", "2026-11-21T13:05:05.750000000Z"),
            ("14:00", "2026-11-21T13:00:00.000000000Z"),
            ("2026-11-20", "2026-11-19T23:00:00.000000000Z"),
            ("2026-11-20T10:00", "2026-11-20T09:00:00.000000000Z"),
            ("2026-11-20 10:00:01.5", "2026-11-20T09:00:01.500000000Z"),
            ("2026-11-20T10:00:00Z", "2026-11-20T10:00:00.000000000Z"),
            ("2026-11-20T10:00:00+02:00", "2026-11-20T08:00:00.000000000Z"),
            ("9999-01-01T00:00:00Z", "2262-04-11T23:47:16.854775807Z"),
        ] {
            assert_eq!(resolve(s), expect, "{s}");
        }
    }

    #[test]
    fn refuses_the_rest_with_examples() {
        for s in ["", "soon", "15", "m", "15x", "20261121", "2026-13-01", "25:00", "1h30"] {
            let error = s.parse::<Moment>().unwrap_err();
            assert!(error.contains("15m") && error.contains(s), "{error}");
        }
        assert!(parse_width("0s").is_err() && parse_width("x").is_err());
        assert_eq!(parse_width("10s"), Ok(10_000_000_000));
    }
}
