//! Sizes and durations as people write them.

use core::fmt;
use core::time::Duration;

/// Parses `64MiB`, `512 KiB`, `1GB` (decimal) or plain bytes.
pub fn parse_size(s: &str) -> Result<usize, String> {
    const UNITS: [(&str, u64); 8] = [
        ("", 1),
        ("B", 1),
        ("KiB", 1 << 10),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
        ("KB", 1_000),
        ("MB", 1_000_000),
        ("GB", 1_000_000_000),
    ];
    let what = || format!("`{s}` is no size; write for example 64MiB");
    let (number, unit) = split(s).ok_or_else(what)?;
    let (_, factor) =
        UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit)).ok_or_else(what)?;
    number
        .checked_mul(*factor)
        .and_then(|bytes| usize::try_from(bytes).ok())
        .ok_or_else(|| format!("`{s}` is more than this machine can address"))
}

/// Parses `100ms`, `6s`, `15m`, `12h`, `7d`.
pub fn parse_duration(s: &str) -> Result<Duration, String> {
    const UNITS: [(&str, u64); 7] = [
        ("ns", 1),
        ("us", 1_000),
        ("ms", 1_000_000),
        ("s", 1_000_000_000),
        ("m", 60_000_000_000),
        ("h", 3_600_000_000_000),
        ("d", 86_400_000_000_000),
    ];
    let what = || format!("`{s}` is no duration; write for example 100ms, 6s, 12h or 7d");
    let (number, unit) = split(s).ok_or_else(what)?;
    let (_, nanos) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(what)?;
    number
        .checked_mul(*nanos)
        .map(Duration::from_nanos)
        .ok_or_else(|| format!("`{s}` is too long; at most 584 years"))
}

/// A whole number and the unit behind it.
fn split(s: &str) -> Option<(u64, &str)> {
    let s = s.trim();
    let digits = s.bytes().take_while(|b| b.is_ascii_digit() || *b == b'_').count();
    let number = s[..digits].replace('_', "").parse().ok()?;
    Some((number, s[digits..].trim_start()))
}

/// Shows bytes as `64 MiB`, `1.5 KiB` or `7 B`.
#[derive(Clone, Copy, Debug)]
pub struct Size(pub usize);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
        let mut unit = 0;
        // Sizes of memory are far below 2⁵³, where a float would round.
        let mut n = self.0 as f64;
        while n >= 1024.0 && unit + 1 < UNITS.len() {
            n /= 1024.0;
            unit += 1;
        }
        if n.fract() == 0.0 {
            write!(f, "{n} {}", UNITS[unit])
        } else {
            write!(f, "{n:.1} {}", UNITS[unit])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        assert_eq!(parse_size("64MiB"), Ok(64 << 20));
        assert_eq!(parse_size("1 GB"), Ok(1_000_000_000));
        assert_eq!(parse_size("1_000"), Ok(1000));
        for bad in ["", "MiB", "64 MuB", "-1", "1.5GiB", "99999999999GiB"] {
            assert!(parse_size(bad).is_err(), "{bad}");
        }
        assert_eq!(Size(64 << 20).to_string(), "64 MiB");
        assert_eq!(Size(1536).to_string(), "1.5 KiB");
    }

    #[test]
    fn durations() {
        assert_eq!(parse_duration("100ms"), Ok(Duration::from_millis(100)));
        assert_eq!(parse_duration("7 d"), Ok(Duration::from_secs(7 * 86_400)));
        for bad in ["", "5", "5 weeks", "99999999999d"] {
            assert!(parse_duration(bad).is_err(), "{bad}");
        }
    }
}
