//! Regular expressions with bounds. The parser checks with them and the evaluator searches with them, so what
//! parses also runs.
//!
//! Made of the parts of `regex-automata` instead of its `meta::Regex`: that one chooses among eight engines and has
//! searchers for literals, which here lie in `text_regex`, over whole columns. What is left is an automaton that is
//! determinised as it searches, and an engine for what that cannot do: `\b` beside letters that are not ASCII.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use core::fmt;
use core::ops::Range;
use core::panic::{RefUnwindSafe, UnwindSafe};

use regex_automata::Input;
use regex_automata::hybrid::dfa::{self, DFA};
use regex_automata::nfa::thompson::pikevm::{self, PikeVM};
use regex_automata::nfa::thompson::{self, WhichCaptures};
use regex_automata::util::pool::Pool;
use regex_syntax::hir::Hir;

/// Longest pattern, in bytes.
pub const MAX_PATTERN: usize = 1024;

/// Most bytes of the automaton that a pattern compiles to. Repeated Unicode classes are what takes the room: `\w{25}` fits.
const MAX_NFA: usize = 512 << 10;

/// Bytes for the states that a search builds as it goes; past it the search starts them anew.
const SEARCH_CACHE: usize = MAX_NFA;

/// Bytes that the slow engine keeps for a state of the automaton, in two sets and a stack.
const SLOW_STATE: usize = 32;

/// Why a pattern does not compile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegexError {
    /// What is wrong, in one line.
    pub message: String,
    /// Which bytes of the pattern, when it is not the whole.
    pub span: Option<Range<usize>>,
}

/// A compiled pattern.
#[derive(Debug)]
pub struct Regex {
    engines: Arc<Engines>,
    caches: Caches,
}

#[derive(Debug)]
struct Engines {
    fast: DFA,
    slow: PikeVM,
    cache: usize,
}

type Caches = Pool<Cache, Box<dyn Fn() -> Cache + Send + Sync + UnwindSafe + RefUnwindSafe>>;

/// What a search builds as it goes, kept for the next one.
#[derive(Debug)]
struct Cache {
    fast: dfa::Cache,
    slow: Option<pikevm::Cache>,
}

/// Compiles a pattern of the `regex` crate's syntax, with Unicode, in bounded memory.
pub fn compile(pattern: &str) -> Result<Regex, RegexError> {
    Regex::new(&parse(pattern)?)
}

/// Reads a pattern.
pub(super) fn parse(pattern: &str) -> Result<Hir, RegexError> {
    if pattern.len() > MAX_PATTERN {
        let message = alloc::format!("a pattern has at most {MAX_PATTERN} bytes");
        return Err(RegexError { message, span: None });
    }
    parse_trusted(pattern)
}

/// The same for a pattern that was made here, of any length; the automaton's size is still bounded.
pub(super) fn parse_trusted(pattern: &str) -> Result<Hir, RegexError> {
    regex_syntax::parse(pattern).map_err(|e| {
        let (message, span) = match &e {
            regex_syntax::Error::Parse(e) => (e.kind().to_string(), Some(e.span())),
            regex_syntax::Error::Translate(e) => (e.kind().to_string(), Some(e.span())),
            _ => (e.to_string(), None),
        };
        RegexError { message, span: span.map(|s| s.start.offset..s.end.offset) }
    })
}

impl Regex {
    /// Fails only if the automaton would be too large.
    pub(super) fn new(hir: &Hir) -> Result<Self, RegexError> {
        let nfa = thompson::Config::new()
            .nfa_size_limit(Some(MAX_NFA))
            // Whether there is a match is all that is asked.
            .which_captures(WhichCaptures::None);
        let nfa = thompson::Compiler::new().configure(nfa).build_from_hir(hir);
        let nfa = nfa.map_err(|_| too_large())?;
        let config = DFA::config()
            .unicode_word_boundary(true)
            .cache_capacity(SEARCH_CACHE)
            // A few states must fit; the room that they take is counted.
            .skip_cache_capacity_check(true);
        let cache = config.get_minimum_cache_capacity(&nfa).map_err(|_| too_large())?;
        let slow = PikeVM::new_from_nfa(nfa.clone()).map_err(|_| too_large())?;
        let fast = DFA::builder().configure(config).build_from_nfa(nfa);
        let fast = fast.map_err(|_| too_large())?;
        let engines = Engines { fast, slow, cache: cache.max(SEARCH_CACHE) };
        Ok(Self::with(Arc::new(engines)))
    }

    fn with(engines: Arc<Engines>) -> Self {
        let of = engines.clone();
        let caches =
            Pool::new(Box::new(move || Cache { fast: of.fast.create_cache(), slow: None }) as _);
        Self { engines, caches }
    }

    /// Whether a text has a match.
    pub fn is_match(&self, text: impl AsRef<[u8]>) -> bool {
        let text = text.as_ref();
        let Cache { fast, slow } = &mut *self.caches.get();
        let input = Input::new(text).earliest(true);
        self.engines.fast.try_search_fwd(fast, &input).map_or_else(
            |_| {
                let engine = &self.engines.slow;
                engine.is_match(slow.get_or_insert_with(|| engine.create_cache()), text)
            },
            |end| end.is_some(),
        )
    }

    /// A place in the first match: its last byte. For a pattern that neither looks around nor matches the empty text.
    pub(super) fn find(&self, haystack: &[u8]) -> Option<usize> {
        let input = Input::new(haystack).earliest(true);
        let end = self.engines.fast.try_search_fwd(&mut self.caches.get().fast, &input);
        Some(end.expect("only looking around can stop the automaton")?.offset() - 1)
    }

    /// What it takes at most, on one thread.
    pub(super) fn memory(&self) -> usize {
        self.automaton()
            + self.engines.slow.get_nfa().states().len() * SLOW_STATE
            + self.engines.cache
    }

    /// What the automaton takes that it was compiled to.
    pub(super) fn automaton(&self) -> usize {
        self.engines.slow.get_nfa().memory_usage()
    }
}

impl Clone for Regex {
    /// Threads that have a clone each do not wait for each other.
    fn clone(&self) -> Self {
        Self::with(self.engines.clone())
    }
}

fn too_large() -> RegexError {
    let message = "the pattern is too large when compiled; repeat fewer times";
    RegexError { message: message.into(), span: None }
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
    fn words_end_at_letters_of_any_script() {
        let is_match = |pattern, text| compile(pattern).unwrap().is_match(text);
        assert!(is_match(r"\bno\b", "é no"));
        assert!(!is_match(r"\bno\b", "éno noé"));
        assert!(is_match(r"größe\b", "größe=1") && !is_match(r"gr\b", "größe"));
    }

    #[test]
    fn a_clone_searches_as_well() {
        let regex = compile("[a-c]+x").unwrap();
        assert!(regex.clone().is_match("abcx") && regex.is_match("ax"));
        assert_eq!(regex.find(b"--abx-ax"), Some(4));
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
        for pattern in [r"\w{500}", "((a{100}){100}){100}", r"(?i)(\w{9}){9}(\w{9}){9}"] {
            let e = compile(pattern).unwrap_err();
            assert!(e.message.contains("too large"), "{pattern}: {e}");
        }
        let deep = "(".repeat(400) + &")".repeat(400);
        assert!(compile(&deep).unwrap_err().message.contains("nest"));
        assert!(compile(&"a".repeat(MAX_PATTERN)).is_ok());
        assert!(compile(&"a".repeat(MAX_PATTERN + 1)).is_err());
    }
}
