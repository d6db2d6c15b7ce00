//! Keys: where an event came from, as a path `/env/svc/fn[/…]`.

use core::fmt;

/// Longest key, in bytes.
pub const MAX_KEY_LEN: usize = 255;

/// The key of the daemon's own replies. Its empty segment makes it invalid for an event.
pub const CONTROL_KEY: &str = "//logd";

/// A valid key, borrowed: parse once, then trust the type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key<'a>(&'a str);

/// Why a string is not a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidKey {
    /// Longer than [`MAX_KEY_LEN`].
    TooLong,
    /// Does not begin with a slash.
    NoLeadingSlash,
    /// Fewer than two segments.
    TooFewSegments,
    /// Two slashes in a row, or one at the end.
    EmptySegment,
    /// White space or a control character.
    BadCharacter,
}

impl<'a> Key<'a> {
    /// Checks `s` against the rules of a key.
    pub fn parse(s: &'a str) -> Result<Self, InvalidKey> {
        if s.len() > MAX_KEY_LEN {
            return Err(InvalidKey::TooLong);
        }
        let Some(path) = s.strip_prefix('/') else { return Err(InvalidKey::NoLeadingSlash) };
        let bytes = path.as_bytes();
        // ASCII decides nearly always; only other characters need Unicode's tables.
        let mut segments = 1;
        let mut previous = b'/';
        let mut ascii = true;
        for &b in bytes {
            match b {
                b'/' if previous == b'/' => return Err(InvalidKey::EmptySegment),
                b'/' => segments += 1,
                0..=b' ' | 0x7f => return Err(InvalidKey::BadCharacter),
                0x80.. => ascii = false,
                _ => {}
            }
            previous = b;
        }
        if previous == b'/' {
            return Err(InvalidKey::EmptySegment);
        }
        if segments < 2 {
            return Err(InvalidKey::TooFewSegments);
        }
        if !ascii && path.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(InvalidKey::BadCharacter);
        }
        Ok(Self(s))
    }

    /// A string of which [`Self::parse`] made a key before.
    #[inline]
    pub(crate) fn checked_before(s: &'a str) -> Self {
        debug_assert!(Self::parse(s).is_ok());
        Self(s)
    }

    /// The key as it was given.
    pub fn as_str(self) -> &'a str {
        self.0
    }

    /// First segment: the environment.
    pub fn env(self) -> &'a str {
        self.segment(0)
    }

    /// Second segment: the service.
    pub fn svc(self) -> &'a str {
        self.segment(1)
    }

    /// Third segment: the function; empty when there is none.
    pub fn function(self) -> &'a str {
        self.segment(2)
    }

    fn segment(self, n: usize) -> &'a str {
        self.0.split('/').nth(n + 1).unwrap_or("")
    }
}

impl fmt::Display for Key<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Display for InvalidKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "a key has at most {MAX_KEY_LEN} bytes"),
            Self::NoLeadingSlash => f.write_str("a key starts with a slash, as in /prod/api"),
            Self::TooFewSegments => f.write_str("a key has at least two segments, as in /prod/api"),
            Self::EmptySegment => f.write_str("a key has no empty segment"),
            Self::BadCharacter => f.write_str("a key has no white space and no control characters"),
        }
    }
}

impl core::error::Error for InvalidKey {}

/// Whether `key` is `prefix` itself or lies below it: `/prod/api` covers `/prod/api/login`, not `/prod/api2`.
///
/// A slash at the end of `prefix` is ignored, so `/` and the empty prefix cover everything.
pub fn covers(prefix: &str, key: &str) -> bool {
    let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
    key.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test;
    use alloc::string::String;

    #[test]
    fn accepts_paths_of_two_or_more_segments() {
        for s in ["/dev/me", "/dev/me/app", "/a/b/c/d/e", "/prod/größe"] {
            assert_eq!(Key::parse(s).map(Key::as_str), Ok(s));
        }
        let key = Key::parse("/prod/api/login/step").unwrap();
        assert_eq!((key.env(), key.svc(), key.function()), ("prod", "api", "login"));
        assert_eq!(Key::parse("/a/b").unwrap().function(), "");
    }

    #[test]
    fn says_what_is_wrong() {
        let long = String::from("/a/") + &"b".repeat(10_000);
        for (s, why) in [
            ("", InvalidKey::NoLeadingSlash),
            ("x", InvalidKey::NoLeadingSlash),
            ("/", InvalidKey::EmptySegment),
            ("/x", InvalidKey::TooFewSegments),
            (CONTROL_KEY, InvalidKey::EmptySegment),
            ("/a//b", InvalidKey::EmptySegment),
            ("/a/b/", InvalidKey::EmptySegment),
            ("/a/b c", InvalidKey::BadCharacter),
            ("/a/b\n", InvalidKey::BadCharacter),
            ("/a/b\u{2003}c", InvalidKey::BadCharacter),
            (&long, InvalidKey::TooLong),
        ] {
            assert_eq!(Key::parse(s), Err(why), "{s:?}");
        }
    }

    #[test]
    fn prefixes_cover_whole_segments() {
        assert!(covers("/prod", "/prod/api"));
        assert!(covers("/prod/api", "/prod/api"));
        assert!(covers("/prod/", "/prod/api"));
        assert!(covers("/", "/prod/api") && covers("", "/prod/api"));
        assert!(!covers("/prod/ap", "/prod/api"));
        assert!(!covers("/prod/api", "/prod"));
    }
}
