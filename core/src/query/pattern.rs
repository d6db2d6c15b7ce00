//! What texts of one kind have in common: their first line, with what varies replaced by [`PLACEHOLDER`].
//!
//! `user 17 took 3.5ms` and `user 4 took 12ms` have the pattern `user <_> took <_>`. What varies is told from the text
//! alone, by fixed rules, so that a text has the same pattern wherever it is. (The templates of compressed blocks are
//! found by comparing the texts of one block; those of two blocks say nothing about each other.)

use alloc::string::String;

use memchr::memchr;

use super::regex::RegexError;
use super::text::TextNeedle;
use super::text_rows::{rows_with, text_at, texts};
use crate::bits::Bits;
use crate::block::View;

/// Stands for what varies. Grafana Loki's patterns write it so.
pub const PLACEHOLDER: &str = "<_>";
/// At the end of a pattern that is longer.
const CUT: &str = "…";

/// Bytes of a text that are looked at, and of a pattern, at most.
const MAX_TEXT: usize = 1024;
const MAX_PATTERN: usize = 256;
/// A word with more bytes varies: it is a token or some encoding.
const MAX_WORD: usize = 40;

/// Appends the pattern of a text.
pub fn write_pattern(text: &str, out: &mut String) {
    let line = &text[..memchr(b'\n', text.as_bytes()).unwrap_or(text.len())];
    let window = &line[..line.floor_char_boundary(MAX_TEXT)];
    let most = out.len() + MAX_PATTERN;
    let (mut at, mut kept) = (0, 0);
    let mut cut = window.len() < line.len();
    while at < window.len() {
        let piece = piece(window.as_bytes(), at);
        let len = piece.instead.map_or(piece.end - at, str::len);
        if out.len() + (at - kept) + len > most {
            cut = true;
            break;
        }
        if let Some(instead) = piece.instead {
            out.push_str(&window[kept..at]);
            out.push_str(instead);
            kept = piece.end;
        }
        at = piece.end;
    }
    out.push_str(&window[kept..at]);
    if cut {
        out.push_str(CUT);
    }
}

/// The pattern that is meant: of a text, or this one if it has a placeholder.
pub(super) fn pattern_of(text: &str) -> String {
    let mut pattern = String::new();
    if text.contains(PLACEHOLDER) || text.ends_with(CUT) {
        pattern.push_str(text);
    } else {
        write_pattern(text, &mut pattern);
    }
    pattern
}

struct Piece {
    end: usize,
    /// What to write if it varies.
    instead: Option<&'static str>,
}

/// The piece of a text at `at`: a word, a mark, or what varies, with what belongs to it.
fn piece(text: &[u8], at: usize) -> Piece {
    let before = at.checked_sub(1).map(|i| text[i]);
    let after_word = before.is_some_and(in_word);
    match text[at] {
        b'"' => match closing_quote(text, at) {
            // The name of a field of JSON.
            Some(end) if text.get(end) == Some(&b':') => Piece { end, instead: None },
            Some(end) => Piece { end, instead: Some("\"<_>\"") },
            None => Piece { end: at + 1, instead: None },
        },
        // Not that of "can't".
        b'\'' if !after_word => match closing_apostrophe(text, at) {
            Some(end) => Piece { end, instead: Some("'<_>'") },
            None => Piece { end: at + 1, instead: None },
        },
        b'-' | b'+' if !after_word && text.get(at + 1).is_some_and(u8::is_ascii_digit) => {
            Piece { end: group_end(text, word_end(text, at + 1)), instead: Some(PLACEHOLDER) }
        }
        byte if in_word(byte) => {
            let end = word_end(text, at);
            if varies(&text[at..end]) {
                Piece { end: group_end(text, end), instead: Some(PLACEHOLDER) }
            } else {
                Piece { end, instead: None }
            }
        }
        _ => Piece { end: at + 1, instead: None },
    }
}

fn in_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii()
}

fn word_end(text: &[u8], at: usize) -> usize {
    text[at..].iter().position(|&b| !in_word(b)).map_or(text.len(), |len| at + len)
}

fn varies(word: &[u8]) -> bool {
    word.len() > MAX_WORD || word.iter().any(u8::is_ascii_digit)
}

/// Where times, addresses, fractions and lists end whose first word, which varies, ends here.
fn group_end(text: &[u8], mut end: usize) -> usize {
    loop {
        let gap = match text[end..] {
            [b',', b' ', ..] => 2,
            [b'-' | b'.' | b':' | b'+' | b',', ..] => 1,
            _ => return end,
        };
        let from = end + gap;
        let to = word_end(text, from);
        let word = &text[from..to];
        // A part of a UUID may happen to have no digit.
        let hex = || matches!(word.len(), 4 | 12) && word.iter().all(u8::is_ascii_hexdigit);
        if varies(word) || text[end] == b'-' && hex() {
            end = to;
        } else {
            return end;
        }
    }
}

/// Behind the quote that closes the one at `at`.
fn closing_quote(text: &[u8], at: usize) -> Option<usize> {
    let mut end = at + 1;
    loop {
        match text.get(end)? {
            b'"' => return Some(end + 1),
            b'\\' => end += 2,
            _ => end += 1,
        }
    }
}

fn closing_apostrophe(text: &[u8], at: usize) -> Option<usize> {
    let mut end = at + 1;
    loop {
        end += memchr(b'\'', text.get(end..)?)? + 1;
        if !text.get(end).is_some_and(|&b| in_word(b)) {
            return Some(end);
        }
    }
}

/// Finds the texts of one pattern.
#[derive(Clone, Debug)]
pub(super) struct PatternTest {
    pattern: String,
    /// The longest part that every such text has.
    part: Option<TextNeedle>,
}

impl PatternTest {
    pub(super) fn new(pattern: &str) -> Result<Self, RegexError> {
        let parts = pattern.strip_suffix(CUT).unwrap_or(pattern).split(PLACEHOLDER);
        let part = parts.max_by_key(|part| part.len()).filter(|part| part.len() > 2);
        Ok(Self { pattern: pattern.into(), part: part.map(TextNeedle::new).transpose()? })
    }

    pub(super) fn memory(&self) -> usize {
        self.part.as_ref().map_or(0, TextNeedle::memory)
    }

    pub(super) fn is_match(&self, text: &str) -> bool {
        let mut pattern = String::new();
        write_pattern(text, &mut pattern);
        pattern == self.pattern
    }

    /// False only if no text of the block has the pattern.
    pub(super) fn may_match_in(&self, view: &View<'_>) -> bool {
        self.part.as_ref().is_none_or(|part| part.may_be_in(view))
    }

    /// The rows of a block whose text has the pattern.
    pub(super) fn select(&self, view: &View<'_>) -> Bits {
        let n = view.header().events as usize;
        let is_match = |text: &[u8]| core::str::from_utf8(text).is_ok_and(|t| self.is_match(t));
        let column = view.text();
        let Some(part) = &self.part else {
            return Bits::from_values(n, texts(column), is_match);
        };
        let find = |rest: &[u8]| part.contains.find(rest);
        rows_with(column, n, find, |hit| is_match(text_at(column, hit)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test;
    use alloc::format;
    use alloc::string::ToString;

    fn pattern(text: &str) -> String {
        let mut out = String::new();
        write_pattern(text, &mut out);
        out
    }

    #[test]
    fn what_varies_is_replaced() {
        for (text, expected) in [
            ("", ""),
            ("listening", "listening"),
            ("user 17 took 3.5ms", "user <_> took <_>"),
            ("temperature -5, was (+3)", "temperature <_>, was (<_>)"),
            ("connection-5 to 10.0.0.1:8080 closed", "connection-<_> to <_> closed"),
            ("2026-11-21T14:05:01.5+01:00 go", "<_> go"),
            ("id 550e8400-e29b-abcd-a716-446655440000.", "id <_>."),
            ("sha 00c0ffee, then dead", "sha <_>, then dead"),
            ("shards [1, 2, 3] and [4]", "shards [<_>] and [<_>]"),
            ("GET /api/users/42/orders?page=2", "GET /api/users/<_>/orders?page=<_>"),
            (r#"{"user":"bob \"b\"","n":5}"#, r#"{"user":"<_>","n":<_>}"#),
            ("user 'ann' can't do \"this", "user '<_>' can't do \"this"),
            ("größe=5 naïve", "größe=<_> naïve"),
            ("boom\n  at line 5", "boom"),
            ("a <_> b", "a <_> b"),
        ] {
            assert_eq!(pattern(text), expected, "{text}");
        }
        let token = "x".repeat(MAX_WORD + 1);
        assert_eq!(pattern(&format!("token {token}")), "token <_>");
    }

    #[test]
    fn a_pattern_is_short() {
        let words = "word, ".repeat(1000);
        assert_eq!(pattern(&words).chars().last(), Some('…'));
        assert!(pattern(&words).len() <= MAX_PATTERN + CUT.len());
        let line = "é".repeat(MAX_TEXT);
        assert_eq!(pattern(&line), "<_>…");
        let quotes = pattern(&"\"".repeat(MAX_TEXT));
        assert!(
            quotes.len() <= MAX_PATTERN + CUT.len() && quotes.ends_with("\"<_>\"…"),
            "{quotes}"
        );
    }

    #[test]
    fn an_example_means_its_pattern() {
        for (typed, meant) in
            [("took 5 ms", "took <_> ms"), ("took <_> ms 5", "took <_> ms 5"), ("cut 5…", "cut 5…")]
        {
            assert_eq!(pattern_of(typed), meant.to_string());
        }
    }
}
