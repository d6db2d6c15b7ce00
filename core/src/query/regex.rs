//! Regular expressions with bounds. The parser checks with them and the evaluator searches with them, so what
//! parses also runs.

use alloc::string::{String, ToString};
use core::fmt;
use core::ops::Range;

use regex_automata::meta;
use regex_automata::nfa::thompson::WhichCaptures;

/// A compiled pattern.
pub use regex_automata::meta::Regex;

/// Longest pattern, in bytes.
pub const MAX_PATTERN: usize = 1024;

/// Most bytes of the automaton that a pattern compiles to. Repeated Unicode classes are what takes the room: `\w{9}` fits.
const MAX_NFA: usize = 512 << 10;

/// Bytes for the states that a search builds as it goes; past it the search starts them anew. With a cache smaller than
/// its automaton, a pattern would fall to an engine that is twenty times slower.
const SEARCH_CACHE: usize = MAX_NFA;

/// Why a pattern does not compile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegexError {
    /// What is wrong, in one line.
    pub message: String,
    /// Which bytes of the pattern, when it is not the whole.
    pub span: Option<Range<usize>>,
}

/// Compiles a pattern of the `regex` crate's syntax, with Unicode, in bounded memory.
pub fn compile(pattern: &str) -> Result<Regex, RegexError> {
    if pattern.len() > MAX_PATTERN {
        let message = alloc::format!("a pattern has at most {MAX_PATTERN} bytes");
        return Err(RegexError { message, span: None });
    }
    compile_trusted(pattern)
}

/// The same for a pattern that was made here, of any length; the automaton's size is still bounded.
pub(super) fn compile_trusted(pattern: &str) -> Result<Regex, RegexError> {
    let whole = |message: String| RegexError { message, span: None };
    let config = meta::Config::new()
        .nfa_size_limit(Some(MAX_NFA))
        .hybrid_cache_capacity(SEARCH_CACHE)
        // Where a match lies is all that is asked; groups would cost room and time.
        .which_captures(WhichCaptures::Implicit);
    meta::Builder::new().configure(config).build(pattern).map_err(|e| match e.syntax_error() {
        Some(regex_syntax::Error::Parse(e)) => {
            let span = e.span().start.offset..e.span().end.offset;
            RegexError { message: e.kind().to_string(), span: Some(span) }
        }
        Some(regex_syntax::Error::Translate(e)) => {
            let span = e.span().start.offset..e.span().end.offset;
            RegexError { message: e.kind().to_string(), span: Some(span) }
        }
        Some(e) => whole(e.to_string()),
        None if e.size_limit().is_some() => {
            whole("the pattern is too large when compiled; repeat fewer times".into())
        }
        None => whole(e.to_string()),
    })
}

/// What a pattern takes at most, on one thread.
pub(super) fn memory(regex: &Regex) -> usize {
    regex.memory_usage() + SEARCH_CACHE
}

impl fmt::Display for RegexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl core::error::Error for RegexError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test;

    #[test]
    fn searches_unicode_and_folds_case() {
        assert!(compile(r"(?i)größe=\d+").unwrap().is_match("GRÖSSE=1 GRÖßE=٤٢"));
        assert!(compile(r"^\w{9}$").unwrap().is_match("Größe_x_東"));
        assert!(compile("").unwrap().is_match(""));
    }

    #[test]
    fn says_what_and_where() {
        let e = compile("ab(c").unwrap_err();
        assert_eq!((e.message.as_str(), e.span), ("unclosed group", Some(2..3)));
        let e = compile(r"\p{Nope}").unwrap_err();
        assert_eq!((e.message.as_str(), e.span), ("Unicode property not found", Some(0..8)));
        let e = compile("a{2,1}").unwrap_err();
        assert_eq!(e.span, Some(1..6));
    }

    #[test]
    fn refuses_what_would_not_fit() {
        for pattern in [r"\w{500}", "((a{100}){100}){100}", r"(?i)(\pL{9}){9}(\pL{9}){9}"] {
            let e = compile(pattern).unwrap_err();
            assert!(e.message.contains("too large"), "{pattern}: {e}");
        }
        let deep = "(".repeat(400) + &")".repeat(400);
        assert!(compile(&deep).unwrap_err().message.contains("nest"));
        assert!(compile(&"a".repeat(MAX_PATTERN)).is_ok());
        assert!(compile(&"a".repeat(MAX_PATTERN + 1)).is_err());
    }
}
