//! An expression as text that parses back to it.
//!
//! `parse(&expr.to_string())` is `expr.normalised()` for every expression that [`super::parse::parse`] can give.

use alloc::string::String;
use core::fmt::{self, Display, Formatter, Write as _};

use super::ast::{AttrTest, Compare, Expr, StrTest, Term};
use super::field::{in_name, is_attr};
use crate::severity::{Level, Severity};
use crate::time::UnixNanos;

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_char('*'),
            Self::And(parts) => and(f, parts),
            Self::Or(parts) if parts.is_empty() => f.write_str("-*"),
            Self::Or(parts) => {
                for (i, part) in parts.iter().enumerate() {
                    f.write_str(if i == 0 { "" } else { " OR " })?;
                    operand(f, part, matches!(part, Self::Or(_)))?;
                }
                Ok(())
            }
            Self::Not(inner) => {
                f.write_char('-')?;
                let compound = match &**inner {
                    Self::And(parts) => !(parts.len() == 2 && level_range(parts).is_some()),
                    Self::Or(_) | Self::Not(_) => true,
                    Self::Term(_) | Self::All => false,
                };
                operand(f, inner, compound)
            }
            Self::Term(term) => write!(f, "{term}"),
        }
    }
}

fn and(f: &mut Formatter<'_>, mut parts: &[Expr]) -> fmt::Result {
    if parts.is_empty() {
        return f.write_char('*');
    }
    let alone = parts.len() == 1;
    let mut gap = "";
    while let [part, rest @ ..] = parts {
        f.write_str(gap)?;
        gap = " ";
        if let Some(level) = level_range(parts) {
            write!(f, "level:{}", level.name())?;
            parts = &parts[2..];
        } else {
            operand(f, part, !alone && matches!(part, Expr::And(_) | Expr::Or(_)))?;
            parts = rest;
        }
    }
    Ok(())
}

fn operand(f: &mut Formatter<'_>, expr: &Expr, parentheses: bool) -> fmt::Result {
    if parentheses { write!(f, "({expr})") } else { write!(f, "{expr}") }
}

/// The level, if the first two of these are what `level:NAME` stands for.
fn level_range(parts: &[Expr]) -> Option<Level> {
    match parts {
        [
            Expr::Term(Term::Severity(Compare::Ge, lowest)),
            Expr::Term(Term::Severity(Compare::Le, highest)),
            ..,
        ] => {
            let level = lowest.level();
            (level.range() == (*lowest, *highest) && lowest != highest).then_some(level)
        }
        _ => None,
    }
}

impl Display for Term {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "{}", Word(text)),
            Self::Regex(pattern) => write!(f, "{}", Slashes(pattern)),
            Self::Pattern(pattern) => write!(f, "pattern:{}", quoted(pattern)),
            Self::Key(test) => write!(f, "key{test}"),
            Self::Severity(compare, severity) => severity_term(f, *compare, *severity),
            Self::Time(compare, t) => write!(f, "time{compare}{}", UnixNanos(*t)),
            Self::Received(compare, t) => write!(f, "received{compare}{}", UnixNanos(*t)),
            Self::Seq(compare, n) => write!(f, "seq{compare}{n}"),
            Self::Attr(name, AttrTest::Exists) => write!(f, "{}:*", Name(name)),
            Self::Attr(name, AttrTest::Str(StrTest::Equals(text))) => {
                write!(f, "{}:{}", Name(name), Value(text))
            }
            Self::Attr(name, AttrTest::Str(test)) => write!(f, "{}{test}", Name(name)),
            // `!=` would also match events without the attribute.
            Self::Attr(name, AttrTest::Number(Compare::Ne, n)) => {
                write!(f, "({0}<{n} OR {0}>{n})", Name(name))
            }
            Self::Attr(name, AttrTest::Number(compare, n)) => {
                write!(f, "{}{compare}{n}", Name(name))
            }
        }
    }
}

/// With a level's name where one says the same.
fn severity_term(f: &mut Formatter<'_>, compare: Compare, severity: Severity) -> fmt::Result {
    let level = severity.level();
    let (lowest, highest) = level.range();
    let edge = match compare {
        Compare::Ge | Compare::Lt => lowest,
        Compare::Le | Compare::Gt => highest,
        // Only where the level is one number.
        Compare::Eq | Compare::Ne if lowest == highest => lowest,
        Compare::Eq | Compare::Ne => return write!(f, "level{compare}{}", severity.number()),
    };
    if edge == severity {
        write!(f, "level{compare}{}", level.name())
    } else {
        write!(f, "level{compare}{}", severity.number())
    }
}

impl Display for StrTest {
    /// The operator and the value.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Under(text) => write!(f, ":{}", Value(text)),
            Self::Equals(text) => write!(f, "={}", Value(text)),
            Self::Prefix(text) => write!(f, ":{}*", Value(text)),
            Self::Contains(text) => write!(f, "~{}", Word(text)),
            Self::Regex(pattern) => write!(f, "~{}", Slashes(pattern)),
        }
    }
}

impl Display for Compare {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Eq => "=",
            Self::Ne => "!=",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
        })
    }
}

/// `attr.NAME`
struct Name<'a>(&'a str);

impl Display for Name<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let plain = !self.0.is_empty() && self.0.chars().all(in_name);
        if plain { write!(f, "attr.{}", self.0) } else { write!(f, "attr.{}", quoted(self.0)) }
    }
}

/// A word, or a phrase where a word would mean something else.
struct Word<'a>(&'a str);

impl Display for Word<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let text = self.0;
        let special =
            matches!(text, "AND" | "OR" | "NOT") || text.starts_with('/') || is_attr(text);
        if special { f.write_str(&quoted(text)) } else { write!(f, "{}", Value(text)) }
    }
}

/// What follows an operator.
pub(super) struct Value<'a>(pub(super) &'a str);

impl Display for Value<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let bare = !self.0.is_empty() && !self.0.starts_with('-') && self.0.chars().all(in_bare);
        if bare { f.write_str(self.0) } else { f.write_str(&quoted(self.0)) }
    }
}

/// A regular expression between slashes.
struct Slashes<'a>(&'a str);

impl Display for Slashes<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_char('/')?;
        let mut chars = self.0.chars();
        while let Some(c) = chars.next() {
            match c {
                '/' => f.write_str("\\/")?,
                '\\' => {
                    f.write_char(c)?;
                    // Whatever it escapes stays with it.
                    chars.next().map_or(Ok(()), |c| f.write_char(c))?;
                }
                c => f.write_char(c)?,
            }
        }
        f.write_char('/')
    }
}

/// Whether it may stand in a word or value without quotes. A few more might; these certainly do.
fn in_bare(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '/')
}

/// A phrase: `text` in quotes, with what needs it escaped.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // Writing to a String cannot fail.
            c if c.is_control() => drop(write!(out, "\\u{{{:x}}}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// The first part of a long text, for messages.
pub(super) fn short(text: &str) -> String {
    const LONGEST: usize = 80;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => String::from(&text[..end]) + "…",
        None => text.into(),
    }
}

/// [`quoted`], of the first part of a long text.
pub(super) fn quoted_short(text: &str) -> String {
    quoted(&short(text))
}
