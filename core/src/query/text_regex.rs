//! A regular expression over the texts of a block.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use aho_corasick::packed;
use memchr::memmem;
use regex_syntax::hir::literal::{Extractor, Literal};
use regex_syntax::hir::{Capture, Hir, HirKind, Repetition};

use super::column_dfa::ColumnDfa;
use super::regex::{self, Regex, RegexError};
use super::text::Clue;
use super::text_rows::{rows_at, rows_with, text_at, texts};
use crate::bits::Bits;
use crate::block::{NeedleGrams, View};

/// A pattern, and how it is searched for in a block.
#[derive(Clone, Debug)]
pub(super) struct TextRegex {
    regex: Regex,
    scan: Scan,
    /// Whether the scan finds texts that the pattern does not match.
    verify: bool,
    /// A match begins with one of these, if there are any.
    prefixes: Vec<NeedleGrams>,
    /// A match has this.
    required: Option<Clue>,
}

/// How the texts are found that may match. But for the first, a scan runs over many texts at once: what it looks for is
/// Unicode text, not empty, so that it never spans the end of one.
#[derive(Clone, Debug)]
enum Scan {
    /// All of them.
    Texts,
    /// Those with bytes that every match has.
    Literal(Box<memmem::Finder<'static>>),
    /// Those with bytes that a match begins with, one of a few.
    Prefixes(Box<packed::Searcher>),
    /// Those that this finds, which reads every byte.
    Table(Arc<ColumnDfa>),
    /// Those that the pattern itself finds, where the table would be too large.
    Column,
}

/// The shortest literal that is looked for. Shorter ones are in too many texts.
const MIN_LITERAL: usize = 3;

impl TextRegex {
    /// Fails on what is no pattern, and on one that is too large.
    pub(super) fn new(pattern: &str) -> Result<Self, RegexError> {
        let hir = regex::parse(pattern)?;
        let looks = !hir.properties().look_set().is_empty();
        let literal = longest_literal(&hir);
        let scan = match literal.filter(|literal| literal.len() >= MIN_LITERAL) {
            Some(literal) => Scan::Literal(Box::new(memmem::Finder::new(literal).into_owned())),
            None => Scan::prefixes(&hir).unwrap_or_else(|| Scan::automaton(&hir, looks)),
        };
        Ok(Self {
            regex: Regex::new(&hir)?,
            verify: looks || matches!(scan, Scan::Literal(_) | Scan::Prefixes(_)),
            scan,
            prefixes: prefixes(&hir).unwrap_or_default(),
            required: literal.and_then(|literal| Clue::new(core::str::from_utf8(literal).ok()?)),
        })
    }

    /// What automata take at most.
    pub(super) fn memory(&self) -> usize {
        let scan = match &self.scan {
            Scan::Texts | Scan::Literal(_) | Scan::Column => 0,
            Scan::Prefixes(searcher) => searcher.memory_usage(),
            Scan::Table(table) => table.memory(),
        };
        self.regex.memory() + scan + self.required.as_ref().map_or(0, Clue::memory)
    }

    pub(super) fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// The rows of a block whose text matches, where [some may](Self::may_match_in).
    pub(super) fn select(&self, view: &View<'_>) -> Bits {
        let n = view.header().events as usize;
        let column = view.text();
        let matches = |hit: usize| !self.verify || self.regex.is_match(text_at(column, hit));
        match &self.scan {
            Scan::Texts => Bits::from_values(n, texts(column), |text| self.regex.is_match(text)),
            Scan::Literal(finder) => rows_with(column, n, |rest| finder.find(rest), matches),
            Scan::Prefixes(searcher) => {
                let find = |rest: &[u8]| Some(searcher.find(rest)?.start());
                rows_with(column, n, find, matches)
            }
            Scan::Table(table) => {
                rows_at(column, n, table.hits(column).into_iter().filter(|&hit| matches(hit)))
            }
            Scan::Column => rows_with(column, n, |rest| self.regex.find(rest), |_| true),
        }
    }

    /// False only if the block knows without its texts that none of them matches.
    pub(super) fn may_match_in(&self, view: &View<'_>) -> bool {
        (self.prefixes.is_empty() || self.prefixes.iter().any(|p| view.may_contain(p)))
            && self.required.as_ref().is_none_or(|clue| clue.may_be_in(view))
    }
}

impl Scan {
    /// `None` if there are many literals that a match may begin with, or short ones, or no fast searcher here.
    fn prefixes(hir: &Hir) -> Option<Self> {
        let mut literals = Extractor::new().extract(hir);
        literals.optimize_for_prefix_by_preference();
        if literals.min_literal_len()? < MIN_LITERAL {
            return None;
        }
        let searcher = packed::Searcher::new(literals.literals()?.iter().map(Literal::as_bytes))?;
        Some(Self::Prefixes(Box::new(searcher)))
    }

    /// For a pattern without literals.
    fn automaton(hir: &Hir, looks: bool) -> Self {
        let pattern = if looks { without_looks(hir) } else { hir.clone() };
        // It may match where one text ends and the next one begins.
        if pattern.properties().minimum_len().is_none_or(|len| len == 0) {
            return Self::Texts;
        }
        let otherwise = if looks { Self::Texts } else { Self::Column };
        ColumnDfa::new(&pattern).map_or(otherwise, |table| Self::Table(Arc::new(table)))
    }
}

/// The pattern without `^`, `$` and `\b`, which in a column would see the neighbours. It matches wherever the pattern does.
fn without_looks(hir: &Hir) -> Hir {
    let all = |parts: &[Hir]| parts.iter().map(without_looks).collect();
    match hir.kind() {
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) => hir.clone(),
        HirKind::Look(_) => Hir::empty(),
        HirKind::Repetition(repetition) => {
            let sub = without_looks(&repetition.sub).into();
            Hir::repetition(Repetition { sub, ..repetition.clone() })
        }
        HirKind::Capture(Capture { sub, .. }) => without_looks(sub),
        HirKind::Concat(parts) => Hir::concat(all(parts)),
        HirKind::Alternation(parts) => Hir::alternation(all(parts)),
    }
}

/// The longest literal that every match has.
fn longest_literal(hir: &Hir) -> Option<&[u8]> {
    match hir.kind() {
        HirKind::Literal(literal) => Some(&literal.0),
        HirKind::Repetition(Repetition { min: 1.., sub, .. })
        | HirKind::Capture(Capture { sub, .. }) => longest_literal(sub),
        HirKind::Concat(parts) => {
            parts.iter().filter_map(longest_literal).max_by_key(|literal| literal.len())
        }
        HirKind::Repetition(_)
        | HirKind::Alternation(_)
        | HirKind::Empty
        | HirKind::Class(_)
        | HirKind::Look(_) => None,
    }
}

/// The literals with one of which every match begins, as far as all of them are long enough to ask a filter for.
fn prefixes(hir: &Hir) -> Option<Vec<NeedleGrams>> {
    let literals = Extractor::new().extract(hir);
    let grams =
        |literal: &Literal| NeedleGrams::new(core::str::from_utf8(literal.as_bytes()).ok()?);
    literals.literals()?.iter().map(grams).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::{OpenBlock, Scratch};
    use crate::event::NewEvent;
    use crate::key::Key;
    use crate::severity::Severity;
    use crate::test;
    use crate::time::UnixNanos;
    use alloc::string::String;
    use proptest::prelude::*;

    const PATTERNS: [&str; 25] = [
        r"\bab",
        r"ab\b",
        r"\B[ab]c",
        "^a",
        "a$",
        "^$",
        "^a?$",
        r"(^|b)c",
        r"\b\w+c\b",
        r"(?m)^b$",
        r"(a|\bb)+c",
        r"\A(?:ab)*\z",
        r"\b{start}b",
        "a(?:$|b)",
        "[a-c]{3}",
        "a.b",
        "host",
        r"host[0-9]+",
        r"\d+ no\b",
        "(?i)HOST",
        "(host=a|gha)[a-f]",
        r"\b(host1|ghb)",
        r"\w{3}=[a-f]{9}",
        r"(no|up) host",
        "é",
    ];

    fn text() -> impl Strategy<Value = String> {
        prop_oneof![
            "[a-cé \n]{0,12}",
            "host[0-9]{1,2} (up|no)",
            "(host|up|gh[a-f]{0,3})=[a-f0-9]{6,9} [0-9]{1,3} no[a-z]{0,2}",
        ]
    }

    proptest! {
        #[test]
        fn a_block_finds_what_a_text_alone_does(
            texts in prop::collection::vec(text(), 1..40), pattern in prop::sample::select(&PATTERNS[..]),
        ) {
            let mut open = OpenBlock::new();
            for (seq, text) in (1..).zip(&texts) {
                let key = Key::parse("/a/b").unwrap();
                let time = UnixNanos(0);
                let event =
                    NewEvent { time, key, severity: Severity::from_number(9).unwrap(), text, attributes: &[] };
                open.push(seq, time, &event);
            }
            let regex = TextRegex::new(pattern).unwrap();
            let exact = regex::compile(pattern).unwrap();
            let expected: Vec<bool> = texts.iter().map(|text| exact.is_match(text)).collect();
            let block = open.freeze();
            for block in [block.indexed(), block.compressed(), block] {
                let scratch = &mut Scratch::default();
                let view = block.view(scratch);
                let may_match = regex.may_match_in(&view);
                let rows = regex.select(&view);
                let found: Vec<bool> =
                    (0..texts.len()).map(|row| may_match && rows.contains(row)).collect();
                prop_assert_eq!(&found, &expected, "{:?} in {:?}", pattern, &texts);
            }
        }
    }

    #[test]
    fn patterns_that_look_around_scan_whole_columns() {
        let scan = |pattern| TextRegex::new(pattern).unwrap().scan;
        assert!(matches!(scan(r"\b[A-Z]{9,}\d\b"), Scan::Table(_)));
        assert!(matches!(scan("^[0-9]+ no host$"), Scan::Literal(_)));
        assert!(matches!(scan("^$"), Scan::Texts));
        assert!(matches!(scan(r"\w{9}"), Scan::Column));
    }
}
