//! Finding words in text, ignoring case.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;

use memchr::{memchr, memchr2, memmem};

use super::regex::{self, Regex, RegexError};

/// Finds a needle, ignoring case: ASCII letters as such, other letters by Unicode's simple case folding.
#[derive(Clone, Debug)]
pub(super) enum Contains {
    /// A needle without letters: case does not matter.
    Exact(Box<memmem::Finder<'static>>),
    /// An ASCII needle with letters.
    Ascii(AsciiFinder),
    /// A needle with other letters.
    Unicode(Regex),
}

impl Contains {
    pub(super) fn new(needle: &str) -> Result<Self, RegexError> {
        if !needle.is_ascii() {
            return Ok(Self::Unicode(regex::compile_trusted(&caseless_pattern(needle))?));
        }
        if needle.bytes().any(|b| b.is_ascii_alphabetic()) {
            return Ok(Self::Ascii(AsciiFinder::new(needle)));
        }
        Ok(Self::Exact(Box::new(memmem::Finder::new(needle).into_owned())))
    }

    /// Offset of the first occurrence.
    pub(super) fn find(&self, haystack: &[u8]) -> Option<usize> {
        match self {
            Self::Exact(finder) => finder.find(haystack),
            Self::Ascii(finder) => finder.find(haystack),
            Self::Unicode(regex) => regex.find(haystack).map(|m| m.start()),
        }
    }

    pub(super) fn is_in(&self, haystack: &str) -> bool {
        self.find(haystack.as_bytes()).is_some()
    }
}

/// ASCII letters match both cases of themselves only, so that a letter means the same in every needle.
fn caseless_pattern(needle: &str) -> String {
    let mut pattern = String::new();
    for c in needle.chars() {
        if c.is_ascii_alphabetic() {
            pattern.extend(['[', c.to_ascii_lowercase(), c.to_ascii_uppercase(), ']']);
        } else if c.is_ascii() {
            // Some escapes of punctuation are assertions; a code point never is.
            pattern.push_str(&format!("\\x{:02x}", u32::from(c)));
        } else {
            pattern.push_str(&format!("(?i:{c})"));
        }
    }
    pattern
}

/// Looks for the rarest byte of the needle with the vectorised searchers, then compares around it.
#[derive(Clone, Debug)]
pub(super) struct AsciiFinder {
    /// Lower case.
    needle: Box<[u8]>,
    /// Offset of the rarest byte, and its two cases (the same when it is no letter).
    rarest: usize,
    lower: u8,
    upper: u8,
}

/// Bytes by how often they occur in logs, most frequent first; what is missing is rarer.
const FREQUENT: &[u8] = b" e0ta1iosnr2cd3l45.6p7m8u9=-:/hgfb\"vwy_xk,zj()[]q";

impl AsciiFinder {
    fn new(needle: &str) -> Self {
        let needle = needle.to_ascii_lowercase().into_bytes().into_boxed_slice();
        let rank = |b: u8| FREQUENT.iter().position(|&f| f == b).unwrap_or(FREQUENT.len());
        let rarest = (0..needle.len()).max_by_key(|&i| rank(needle[i])).unwrap_or(0);
        let lower = needle.get(rarest).copied().unwrap_or(0);
        Self { rarest, lower, upper: lower.to_ascii_uppercase(), needle }
    }

    fn find(&self, haystack: &[u8]) -> Option<usize> {
        let mut from = self.rarest;
        loop {
            let rest = haystack.get(from..)?;
            let hit = if self.lower == self.upper {
                memchr(self.lower, rest)
            } else {
                memchr2(self.lower, self.upper, rest)
            };
            let start = from + hit? - self.rarest;
            let candidate = haystack.get(start..start + self.needle.len())?;
            if candidate.eq_ignore_ascii_case(&self.needle) {
                return Some(start);
            }
            from = start + self.rarest + 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn ascii_agrees_with_lower_casing(needle in "[a-cA-C0-1 ]{1,4}", haystack in "[a-cA-C0-1 é]{0,40}") {
            let found = Contains::new(&needle).unwrap().find(haystack.as_bytes());
            prop_assert_eq!(found, haystack.to_ascii_lowercase().find(&needle.to_ascii_lowercase()));
        }

        #[test]
        fn any_needle_finds_itself(needle in "\\PC{1,10}", before in "\\PC{0,5}") {
            let haystack = before + &needle;
            prop_assert!(Contains::new(&needle).unwrap().is_in(&haystack));
        }
    }

    #[test]
    fn other_letters_fold_by_unicode() {
        let contains = |needle: &str, text: &str| Contains::new(needle).unwrap().is_in(text);
        assert!(contains("GRÖSSE", "größe GRÖSSE") && contains("größe", "GRÖßE"));
        assert!(contains("Ünïcode.*", "xünÏCODE.*"));
        assert!(!contains("ünicode.", "ÜNICODEx"));
        // The Kelvin sign folds to k, but an ASCII letter matches only itself.
        assert!(!contains("k", "\u{212a}") && !contains("ük", "Ü\u{212a}"));
        assert!(!contains("a", ""));
    }
}
