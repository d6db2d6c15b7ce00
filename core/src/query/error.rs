//! What is wrong with an expression, and where.

use alloc::string::String;
use core::fmt::{self, Write as _};
use core::ops::Range;

/// Why an expression does not parse. The message is for the person who typed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// Where the problem starts, in characters from 1; one past the last character means the end of the input.
    pub column: usize,
    /// How many characters it spans, at least 1.
    pub len: usize,
    /// What is wrong and what to write instead.
    pub message: String,
}

/// A problem at a byte range of the input; becomes a [`ParseError`] once, at the top.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) span: Range<usize>,
    pub(super) message: String,
}

impl Fault {
    pub(super) fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Self { span, message: message.into() }
    }

    /// Counts the characters that [`ParseError`] speaks of.
    pub(super) fn locate(self, input: &str) -> ParseError {
        let chars = |range: Range<usize>| input.get(range).map_or(0, |s| s.chars().count());
        ParseError {
            column: chars(0..self.span.start) + 1,
            len: chars(self.span).max(1),
            // It may quote the input, and is one line whatever that has in it.
            message: self.message.replace(char::is_control, " "),
        }
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column {}: {}", self.column, self.message)
    }
}

impl core::error::Error for ParseError {}

/// Most characters of input that [`ParseError::render`] shows.
const SHOWN: usize = 76;

impl ParseError {
    /// The error, the input, and carets under the part that is wrong:
    ///
    /// ```text
    /// column 1: unknown field "levle"; did you mean level? …
    ///   levle:error
    ///   ^^^^^
    /// ```
    ///
    /// `input` is the one that was parsed. A long one is cut to what surrounds the problem. No newline at the end.
    pub fn render(&self, input: &str) -> String {
        let at = self.column.saturating_sub(1);
        let total = input.chars().count().max(at + 1);
        // A third of the window before the problem, unless the input ends or begins sooner.
        let first = at.saturating_sub(SHOWN / 3).min(total.saturating_sub(SHOWN));
        let carets = self.len.clamp(1, (first + SHOWN).saturating_sub(at).max(1));

        let mut out = String::new();
        // Writing to a String cannot fail.
        let _ = write!(out, "{self}\n  ");
        if first > 0 {
            out.push('…');
        }
        // One character for one, so that the carets stay below what they mean.
        let shown = input.chars().skip(first).take(SHOWN);
        out.extend(shown.map(|c| if c.is_control() { ' ' } else { c }));
        if first + SHOWN < total {
            out.push('…');
        }
        out.push_str("\n  ");
        out.extend(core::iter::repeat_n(' ', at - first + usize::from(first > 0)));
        out.extend(core::iter::repeat_n('^', carets));
        out
    }
}

/// The candidate that `word` most likely misspells.
pub(super) fn closest<'c>(word: &str, candidates: &[&'c str]) -> Option<&'c str> {
    const LONGEST: usize = 16;
    if word.chars().count() > LONGEST {
        return None;
    }
    let word = word.to_ascii_lowercase();
    candidates
        .iter()
        .map(|&candidate| (distance(&word, candidate), candidate))
        // In a word of three letters two wrong ones leave nothing to recognise.
        .filter(|&(d, candidate)| d <= if candidate.len() < 4 { 1 } else { 2 })
        .min_by_key(|&(d, _)| d)
        .map(|(_, candidate)| candidate)
}

/// Edits from `a` to `b`: insert, delete, replace, or swap two neighbours (optimal string alignment distance).
fn distance(a: &str, b: &str) -> usize {
    use alloc::vec::Vec;
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = Vec::with_capacity(b.len() + 1);
        row.push(i);
        for j in 1..=b.len() {
            let replace = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replace.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(before[j - 2] + 1);
            }
            row.push(best);
        }
        before = core::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test;
    use alloc::string::ToString;

    #[test]
    fn draws_carets_under_the_problem() {
        let e = ParseError { column: 6, len: 3, message: "no".into() };
        assert_eq!(e.to_string(), "column 6: no");
        assert_eq!(e.render("größe\tbar baz"), "column 6: no\n  größe bar baz\n       ^^^");
        let end = ParseError { column: 4, len: 1, message: "no".into() };
        assert_eq!(end.render("abc"), "column 4: no\n  abc\n     ^");
    }

    #[test]
    fn a_message_is_one_line() {
        let e = Fault::new(0..3, "unknown field \"a\nb\"").locate("a\nb");
        assert_eq!(e.message, "unknown field \"a b\"");
        assert_eq!(e.render("a\nb").lines().count(), 3);
    }

    #[test]
    fn cuts_a_long_input_around_the_problem() {
        let input = "x".repeat(500) + "BAD" + &"y".repeat(500);
        let rendered = ParseError { column: 501, len: 3, message: "no".into() }.render(&input);
        let lines: alloc::vec::Vec<&str> = rendered.lines().collect();
        let caret = lines[2].find('^').unwrap();
        let under: String = lines[1].chars().skip(caret).take(3).collect();
        assert_eq!(under, "BAD");
        assert!(lines[1].chars().count() < 90 && lines[1].ends_with('…'));
        let whole = ParseError { column: 1, len: 1003, message: "no".into() }.render(&input);
        assert!(whole.lines().all(|l| l.chars().count() < 90));
    }

    #[test]
    fn finds_near_misses_only() {
        let names = ["level", "key", "time"];
        for (word, expect) in [
            ("levle", Some("level")),
            ("LEVEL", Some("level")),
            ("lvel", Some("level")),
            ("keys", Some("key")),
            ("tiem", Some("time")),
            ("abc", None),
            ("kxx", None),
            ("status", None),
            ("", None),
        ] {
            assert_eq!(closest(word, &names), expect, "{word}");
        }
    }
}
