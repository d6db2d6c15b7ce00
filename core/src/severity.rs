//! Severity: OpenTelemetry's number, onto which the six levels and the eight syslog levels map.

use core::fmt;
use logd_proto::wire::Lvl;

/// OpenTelemetry severity number: 0 for none, else 1 (TRACE) to 24 (FATAL4).
///
/// Source of the ranges: OpenTelemetry logs data model, "Field: `SeverityNumber`".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Severity(u8);

/// The coarse level of a [`Severity`]; the order is that of importance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// The sender gave none.
    #[default]
    None,
    /// 1–4
    Trace,
    /// 5–8
    Debug,
    /// 9–12
    Info,
    /// 13–16
    Warn,
    /// 17–20
    Error,
    /// 21–24
    Fatal,
}

impl Level {
    /// All levels, in order; `Level::ALL[l as usize] == l`.
    pub const ALL: [Self; 7] =
        [Self::None, Self::Trace, Self::Debug, Self::Info, Self::Warn, Self::Error, Self::Fatal];

    /// Lower-case name, as in queries.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Fatal => "fatal",
        }
    }

    /// The lowest and the highest severity of this level.
    pub fn range(self) -> (Severity, Severity) {
        match self as u8 {
            0 => (Severity::NONE, Severity::NONE),
            n => (Severity(4 * n - 3), Severity(4 * n)),
        }
    }
}

impl Severity {
    /// No severity given.
    pub const NONE: Self = Self(0);
    /// TRACE, 1.
    pub const TRACE: Self = Self(1);
    /// DEBUG, 5.
    pub const DEBUG: Self = Self(5);
    /// INFO, 9.
    pub const INFO: Self = Self(9);
    /// WARN, 13.
    pub const WARN: Self = Self(13);
    /// ERROR, 17.
    pub const ERROR: Self = Self(17);
    /// FATAL, 21.
    pub const FATAL: Self = Self(21);
    /// How many values there are: 0 to 24.
    pub const COUNT: usize = 25;

    /// `None` above 24.
    pub fn from_number(n: u32) -> Option<Self> {
        u8::try_from(n).ok().filter(|&n| usize::from(n) < Self::COUNT).map(Self)
    }

    /// 0–24.
    pub fn number(self) -> u8 {
        self.0
    }

    /// The level whose range this falls in.
    pub fn level(self) -> Level {
        Level::ALL[usize::from(self.0).div_ceil(4)]
    }

    /// By name, ignoring case: a level, `warning`, `err`, or a syslog level (RFC 5424) at OpenTelemetry's number for it.
    pub fn from_name(name: &str) -> Option<Self> {
        const NAMES: [(&str, u8); 17] = [
            ("none", 0),
            ("trace", 1),
            ("debug", 5),
            ("info", 9),
            ("informational", 9),
            ("notice", 10),
            ("warn", 13),
            ("warning", 13),
            ("error", 17),
            ("err", 17),
            ("critical", 18),
            ("crit", 18),
            ("alert", 19),
            ("fatal", 21),
            ("emergency", 21),
            ("emerg", 21),
            ("panic", 21),
        ];
        NAMES.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|&(_, s)| Self(s))
    }

    /// By the number of a level of Python's `logging`: DEBUG 10, INFO 20, WARNING 30, ERROR 40, CRITICAL 50; levels in
    /// between count as the one below.
    pub fn from_python(level: u32) -> Self {
        match level {
            0 => Self::NONE,
            1..10 => Self::TRACE,
            10..20 => Self::DEBUG,
            20..30 => Self::INFO,
            30..40 => Self::WARN,
            40..50 => Self::ERROR,
            // As syslog's crit.
            50.. => Self(18),
        }
    }

    /// The name of the syslog level (RFC 5424) whose number this is, or lies above; none without a severity.
    pub fn syslog(self) -> Option<&'static str> {
        Some(match self.0 {
            0 => return None,
            1..9 => "debug",
            9 => "info",
            10..13 => "notice",
            13..17 => "warn",
            17 => "error",
            18 => "crit",
            19..21 => "alert",
            21.. => "emerg",
        })
    }

    /// The lowest severity of a level of the original protocol.
    pub fn from_lvl(lvl: Lvl) -> Self {
        match lvl {
            Lvl::Unknown => Self::NONE,
            Lvl::Trace => Self::TRACE,
            Lvl::Debug => Self::DEBUG,
            Lvl::Info => Self::INFO,
            Lvl::Warn => Self::WARN,
            Lvl::Error => Self::ERROR,
            Lvl::Fatal => Self::FATAL,
        }
    }

    /// The level of the original protocol.
    pub fn to_lvl(self) -> Lvl {
        match self.level() {
            Level::None => Lvl::Unknown,
            Level::Trace => Lvl::Trace,
            Level::Debug => Lvl::Debug,
            Level::Info => Lvl::Info,
            Level::Warn => Lvl::Warn,
            Level::Error => Lvl::Error,
            Level::Fatal => Lvl::Fatal,
        }
    }
}

impl fmt::Display for Severity {
    /// OpenTelemetry's short name: `INFO`, `INFO2`, …; `-` for none.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMES: [&str; 7] = ["-", "TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
        f.write_str(NAMES[self.level() as usize])?;
        match self.0 {
            0 => Ok(()),
            n => match (n - 1) % 4 {
                0 => Ok(()),
                step => write!(f, "{}", step + 1),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test;
    use alloc::string::ToString;

    #[test]
    fn levels_cover_their_ranges() {
        let expect =
            [(0, "none"), (1, "trace"), (4, "trace"), (5, "debug"), (9, "info"), (12, "info")];
        for (n, name) in
            expect.into_iter().chain([(13, "warn"), (20, "error"), (21, "fatal"), (24, "fatal")])
        {
            assert_eq!(Severity::from_number(n).unwrap().level().name(), name, "{n}");
        }
        assert_eq!(Severity::from_number(25), None);
        for n in 0..Severity::COUNT {
            let severity = Severity(n as u8);
            let (lowest, highest) = severity.level().range();
            assert!(lowest <= severity && severity <= highest);
            assert_eq!((lowest.level(), highest.level()), (severity.level(), severity.level()));
        }
    }

    #[test]
    fn the_eight_syslog_levels_stay_distinct() {
        let names = ["emerg", "alert", "crit", "error", "warn", "notice", "info", "debug"];
        let mut numbers: alloc::vec::Vec<_> =
            names.iter().map(|n| Severity::from_name(n).unwrap()).collect();
        assert!(
            numbers.is_sorted_by(|a, b| a > b || *a == Severity::ERROR || *a == Severity::FATAL)
        );
        numbers.sort();
        numbers.dedup();
        assert_eq!(numbers.len(), names.len());
        assert!(
            names.iter().all(|n| Severity::from_name(n).and_then(Severity::syslog) == Some(*n))
        );
        assert_eq!(Severity::NONE.syslog(), None);
        for (python, name) in
            [(5, "debug"), (10, "debug"), (25, "info"), (30, "warn"), (50, "crit")]
        {
            assert_eq!(Severity::from_python(python).syslog(), Some(name), "{python}");
        }
    }

    #[test]
    fn original_levels_round_trip() {
        for lvl in (0..=6).map(|n| Lvl::try_from(n).unwrap()) {
            assert_eq!(Severity::from_lvl(lvl).to_lvl(), lvl);
        }
        assert_eq!(Severity(10).to_string(), "INFO2");
        assert_eq!(Severity(0).to_string(), "-");
    }
}
