//! Finding words in text, ignoring case.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use aho_corasick::packed;
use memchr::memmem;

use super::window::Window;

use super::regex::{self, Regex, RegexError};
use crate::block::{NeedleGrams, View};

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
            return Ok(Self::Unicode(Regex::new(&regex::parse_trusted(&caseless_pattern(
                needle,
            ))?)?));
        }
        if needle.bytes().any(|b| b.is_ascii_alphabetic()) {
            return Ok(Self::Ascii(AsciiFinder::new(needle)));
        }
        Ok(Self::Exact(Box::new(memmem::Finder::new(needle).into_owned())))
    }

    /// A place in the first occurrence.
    pub(super) fn find(&self, haystack: &[u8]) -> Option<usize> {
        match self {
            Self::Exact(finder) => finder.find(haystack),
            Self::Ascii(finder) => finder.find(haystack),
            Self::Unicode(regex) => regex.find(haystack),
        }
    }

    /// What an automaton takes, where there is one, or the tables of a searcher.
    pub(super) fn memory(&self) -> usize {
        match self {
            Self::Exact(_) => 0,
            Self::Ascii(finder) => finder.memory(),
            // It has few states: about as many as the needle has characters.
            Self::Unicode(regex) => 2 * regex.automaton(),
        }
    }

    pub(super) fn is_in(&self, haystack: &str) -> bool {
        self.find(haystack.as_bytes()).is_some()
    }
}

/// A needle, and how to tell that a block does not have it.
#[derive(Clone, Debug)]
pub(super) struct TextNeedle {
    pub(super) contains: Contains,
    pub(super) clue: Option<Clue>,
}

impl TextNeedle {
    pub(super) fn new(needle: &str) -> Result<Self, RegexError> {
        Ok(Self { contains: Contains::new(needle)?, clue: Clue::new(needle) })
    }

    /// False only if no text of the block contains it.
    pub(super) fn may_be_in(&self, view: &View<'_>) -> bool {
        self.clue.as_ref().is_none_or(|clue| clue.may_be_in(view))
    }

    pub(super) fn memory(&self) -> usize {
        self.contains.memory() + self.clue.as_ref().map_or(0, Clue::memory)
    }
}

/// What a block has if it has a needle, whatever the case of its letters.
#[derive(Clone, Debug)]
pub(super) struct Clue {
    grams: Option<NeedleGrams>,
    word: Option<AsciiFinder>,
}

impl Clue {
    /// `None` for a needle of which blocks know nothing but their text.
    pub(super) fn new(needle: &str) -> Option<Self> {
        let grams = NeedleGrams::new(needle);
        // Other runs may be a part of a hexadecimal number, which are not among the words.
        let is_word = |run: &&str| run.bytes().any(|b| matches!(b, b'g'..=b'z' | b'G'..=b'Z'));
        let words = needle.split(|c: char| !c.is_ascii_alphabetic()).filter(is_word);
        let word = words.max_by_key(|word| word.len()).map(AsciiFinder::new);
        (grams.is_some() || word.is_some()).then_some(Self { grams, word })
    }

    pub(super) fn memory(&self) -> usize {
        self.word.as_ref().map_or(0, AsciiFinder::memory)
    }

    /// False only if no text of the block contains the needle.
    pub(super) fn may_be_in(&self, view: &View<'_>) -> bool {
        let has = |word: &AsciiFinder| view.words().is_none_or(|words| word.find(words).is_some());
        self.grams.as_ref().is_none_or(|grams| view.may_contain(grams))
            && self.word.as_ref().is_none_or(has)
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

/// Looks for the rarest few bytes of the needle, in every mixture of cases, with a vectorised searcher; then
/// compares around what it found.
#[derive(Clone, Debug)]
pub(super) struct AsciiFinder {
    /// Lower case.
    needle: Box<[u8]>,
    /// Offset in the needle of what is looked for.
    at: usize,
    scan: Scan,
}

#[derive(Clone, Debug)]
enum Scan {
    /// All variants of [`WINDOW`] bytes at once.
    Variants(Box<packed::Searcher>),
    /// The same without a searcher made for the machine: WebAssembly has none.
    Window(Window),
}

/// Bytes of the needle that are looked for. Their variants, eight at most, are as many as stay fast.
pub(super) const WINDOW: usize = 3;

/// Bytes by how often they occur in logs, most frequent first; what is missing is rarer.
const FREQUENT: &[u8] = b" e0ta1iosnr2cd3l45.6p7m8u9=-:/hgfb\"vwy_xk,zj()[]q";

impl AsciiFinder {
    fn new(needle: &str) -> Self {
        let needle = needle.to_ascii_lowercase().into_bytes().into_boxed_slice();
        let rank = |b: u8| FREQUENT.iter().position(|&f| f == b).unwrap_or(FREQUENT.len());
        let rarest = |len: usize| {
            let windows = 0..=needle.len() - len;
            let rarity = |&at: &usize| needle[at..at + len].iter().map(|&b| rank(b)).sum::<usize>();
            windows.max_by_key(rarity).unwrap_or(0)
        };
        let len = needle.len().min(WINDOW);
        let at = rarest(len);
        let rare = &needle[at..at + len];
        let scan = packed::Searcher::new(variants(rare))
            .map_or_else(|| Scan::Window(Window::new(rare)), |s| Scan::Variants(Box::new(s)));
        Self { at, scan, needle }
    }

    fn memory(&self) -> usize {
        match &self.scan {
            Scan::Variants(searcher) => searcher.memory_usage(),
            Scan::Window(_) => 0,
        }
    }

    fn find(&self, haystack: &[u8]) -> Option<usize> {
        let is_at = |start: usize| {
            let candidate = haystack.get(start..start + self.needle.len());
            candidate.is_some_and(|candidate| candidate.eq_ignore_ascii_case(&self.needle))
        };
        match &self.scan {
            Scan::Variants(searcher) => {
                let mut from = self.at;
                loop {
                    let start = from + searcher.find(haystack.get(from..)?)?.start() - self.at;
                    if is_at(start) {
                        return Some(start);
                    }
                    from = start + self.at + 1;
                }
            }
            Scan::Window(window) => window.find(haystack.get(self.at..)?, is_at),
        }
    }
}

/// Every mixture of cases of a few lower-case bytes.
fn variants(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut all = vec![Vec::new()];
    for &b in bytes {
        let cases = if b.is_ascii_lowercase() { &[b, b.to_ascii_uppercase()][..] } else { &[b] };
        let longer = |prefix: &Vec<u8>, &c: &u8| [&prefix[..], &[c]].concat();
        all = all.iter().flat_map(|p| cases.iter().map(move |c| longer(p, c))).collect();
    }
    all
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
