//! What the fields are and what their operators and values mean.

use alloc::format;
use alloc::string::String;
use core::ops::Range;

use super::ast::{AttrTest, Compare, Expr, StrTest, Term};
use super::display::{quoted_short as quoted, short};
use super::error::{Fault, closest};
use super::lexer::{Field, Op, Pattern, Value};
use super::pattern::pattern_of;
use crate::key::Key;
use crate::severity::{Level, Severity};
use crate::time::UnixNanos;

/// What a field's name stands for.
#[derive(Debug)]
pub(super) enum Target {
    Level,
    Key,
    Text,
    Pattern,
    Time,
    Received,
    Seq,
    Attr(String),
}

const NAMES: [&str; 9] =
    ["level", "severity", "lvl", "key", "text", "pattern", "time", "received", "seq"];

/// The names to offer where one is typed: one for each meaning, the most wanted first. An attribute's own name follows
/// `attr.`.
pub(super) const OFFERED: [&str; 8] =
    ["level", "key", "text", "pattern", "attr.", "time", "received", "seq"];

/// Names from other tools, and the field that is meant.
const ELSEWHERE: [(&str, &str); 6] = [
    ("message", "text"),
    ("msg", "text"),
    ("body", "text"),
    ("timestamp", "time"),
    ("ts", "time"),
    ("loglevel", "level"),
];

/// Whether a field's name may contain it, after a letter.
pub(super) fn in_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.' | '-')
}

pub(super) fn resolve(name: &str) -> Option<Target> {
    if let Some((head, attribute)) = name.split_once('.') {
        return head.eq_ignore_ascii_case("attr").then(|| Target::Attr(attribute.into()));
    }
    match name.to_ascii_lowercase().as_str() {
        "level" | "severity" | "lvl" => Some(Target::Level),
        "key" => Some(Target::Key),
        "text" => Some(Target::Text),
        "pattern" => Some(Target::Pattern),
        "time" => Some(Target::Time),
        "received" => Some(Target::Received),
        "seq" => Some(Target::Seq),
        _ => None,
    }
}

/// The message for a field that is none; `run` is all that was typed up to the next blank.
pub(super) fn unknown(name: &str, run: &str) -> String {
    let (head, tail) = name.split_once('.').unwrap_or((name, ""));
    let lower = name.to_ascii_lowercase();
    let elsewhere = ELSEWHERE.iter().find(|(n, _)| *n == lower).map(|&(_, field)| field);
    let advice = if matches!(head, "attribute" | "attributes" | "attrs" | "attr") && tail.is_empty()
    {
        "; an attribute is written attr.NAME, as in attr.status>=500. Or quote it".into()
    } else if matches!(head, "attribute" | "attributes" | "attrs") {
        format!("; did you mean attr.{}? Or quote it", short(tail))
    } else if let Some(field) = elsewhere.or_else(|| closest(name, &NAMES)) {
        format!("; did you mean {field}? Or quote it")
    } else if run[name.len()..]
        .strip_prefix(':')
        .is_some_and(|value| !value.starts_with(begins_value))
    {
        // `http://x`, `std::io`, `panic:`
        "; quote it".into()
    } else {
        format!("; write attr.{} for an attribute, or quote it", short(name))
    };
    format!("unknown field {}{advice} to search for text: {}", quoted(name), quoted(run))
}

fn begins_value(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '"' | '*' | '-' | '_')
}

/// Whether a bare word looks like an attribute whose operator was forgotten.
pub(super) fn is_attr(word: &str) -> bool {
    let head = word.get(..5).filter(|head| head.eq_ignore_ascii_case("attr."));
    head.is_some() && word.chars().all(in_name)
}

/// A bare word: text.
pub(super) fn word(word: &str, span: Range<usize>) -> Result<Expr, Fault> {
    if is_attr(word) {
        let (text, word) = (quoted(word), short(word));
        let what =
            format!("an operator is missing; {word}:* finds events that have it, {text} is text");
        return Err(Fault::new(span, what));
    }
    if word == "*" {
        return Ok(Expr::All);
    }
    Ok(Term::Text(literal(&Value::Bare(word), span)?.into()).into())
}

/// A field with its value. Each regular expression that it holds goes through `check`.
pub(super) fn term(
    field: Field<'_>,
    check: &mut impl FnMut(Pattern) -> Result<String, Fault>,
) -> Result<Expr, Fault> {
    let Field { target, op, op_span, negated, value, value_span: span } = field;
    let wrong_op = |what: &str| Fault::new(op_span.clone(), what);
    let expr = match target {
        Target::Level => {
            if op == Op::Match {
                return Err(wrong_op("level compares names and numbers, as in level>=warn"));
            }
            let text = plain(value, &span)?;
            let (lowest, highest) = severities(&text).map_err(|what| Fault::new(span, what))?;
            ranged(op, lowest, highest, Term::Severity)
        }
        Target::Time | Target::Received => {
            if op == Op::Match {
                return Err(wrong_op("times compare with : = != < <= > >="));
            }
            let text = plain(value, &span)?;
            let (first, last) = instants(&text).map_err(|what| Fault::new(span, what))?;
            let term = if matches!(target, Target::Time) { Term::Time } else { Term::Received };
            ranged(op, first.0, last.0, term)
        }
        Target::Seq => {
            let what = "seq compares whole numbers, as in seq>1000";
            if op == Op::Match {
                return Err(wrong_op(what));
            }
            let number: u64 = plain(value, &span)?.parse().map_err(|_| Fault::new(span, what))?;
            ranged(op, number, number, Term::Seq)
        }
        Target::Text => match (op, value) {
            (Op::Is | Op::Match, Value::Regex(pattern)) => Term::Regex(check(pattern)?).into(),
            (Op::Is | Op::Match, value) => Term::Text(non_empty(&value, span)?).into(),
            (Op::Equal | Op::Order(_), _) => {
                let what = "text has only : ~ !~; text:word finds a part, text~/^word$/ the whole";
                return Err(wrong_op(what));
            }
        },
        Target::Pattern => {
            if !matches!(op, Op::Is | Op::Equal) {
                return Err(wrong_op("pattern has only : = !=, as in pattern:\"took <_> ms\""));
            }
            Term::Pattern(pattern_of(&plain(value, &span)?)).into()
        }
        Target::Key => {
            if matches!(op, Op::Order(_)) {
                return Err(wrong_op("a key compares with : = != ~ !~"));
            }
            Term::Key(key(op, value, span, check)?).into()
        }
        Target::Attr(name) => Term::Attr(name, attr(op, value, span, check)?).into(),
    };
    Ok(if negated { !expr } else { expr })
}

fn key(
    op: Op,
    value: Value<'_>,
    span: Range<usize>,
    check: &mut impl FnMut(Pattern) -> Result<String, Fault>,
) -> Result<StrTest, Fault> {
    match (op, value) {
        (Op::Match, Value::Regex(pattern)) => Ok(StrTest::Regex(check(pattern)?)),
        (Op::Match, value) => Ok(StrTest::Contains(non_empty(&value, span)?)),
        (Op::Equal, value) => {
            let text = plain(value, &span)?;
            match Key::parse(&text) {
                Ok(_) => Ok(StrTest::Equals(text)),
                Err(invalid) => Err(Fault::new(span, format!("no event has this key: {invalid}"))),
            }
        }
        // `term` lets no other operator through.
        (Op::Is | Op::Order(_), value) => match wildcard(&value, &span)? {
            (text, _) if !text.starts_with('/') => {
                let what =
                    "a key starts with a slash, as in key:/prod/api; key~api finds a part of it";
                Err(Fault::new(span, what))
            }
            (text, false) => Ok(StrTest::Under(text.into())),
            (text, true) => Ok(StrTest::Prefix(text.into())),
        },
    }
}

fn attr(
    op: Op,
    value: Value<'_>,
    span: Range<usize>,
    check: &mut impl FnMut(Pattern) -> Result<String, Fault>,
) -> Result<AttrTest, Fault> {
    Ok(match (op, value) {
        (Op::Match, Value::Regex(pattern)) => AttrTest::Str(StrTest::Regex(check(pattern)?)),
        (Op::Match, value) => AttrTest::Str(StrTest::Contains(non_empty(&value, span)?)),
        (Op::Is, Value::Bare("*")) => AttrTest::Exists,
        (Op::Is, value) => AttrTest::Str(match wildcard(&value, &span)? {
            (text, false) => StrTest::Equals(text.into()),
            (text, true) => StrTest::Prefix(text.into()),
        }),
        (Op::Equal, Value::Bare(text)) if let Some(n) = exact_number(text) => {
            AttrTest::Number(Compare::Eq, n)
        }
        (Op::Equal, value) => AttrTest::Str(StrTest::Equals(plain(value, &span)?)),
        (Op::Order(compare), value) => {
            let text = plain(value, &span)?;
            let what = || format!("{} is no number; < and > compare numbers", quoted(&text));
            AttrTest::Number(compare, number(&text).ok_or_else(|| Fault::new(span, what()))?)
        }
    })
}

/// A comparison with a value that covers all from `lowest` to `highest`. Any operator but [`Op::Match`].
fn ranged<T: PartialEq>(op: Op, lowest: T, highest: T, term: fn(Compare, T) -> Term) -> Expr {
    match op {
        Op::Order(compare @ (Compare::Le | Compare::Gt)) => term(compare, highest).into(),
        Op::Order(compare) => term(compare, lowest).into(),
        _ if lowest == highest => term(Compare::Eq, lowest).into(),
        Op::Is | Op::Equal | Op::Match => {
            Expr::all_of([term(Compare::Ge, lowest).into(), term(Compare::Le, highest).into()])
        }
    }
}

/// The lowest and the highest severity that a level's name or number stands for.
fn severities(text: &str) -> Result<(Severity, Severity), String> {
    if let Ok(n) = text.parse() {
        let severity = Severity::from_number(n);
        return severity.map(|s| (s, s)).ok_or_else(|| "severities go from 0 to 24".into());
    }
    if let Some(severity) = Severity::from_name(text) {
        // A name for a part of a level, such as `notice`, is that number alone.
        return Ok(match severity.level().range() {
            (lowest, highest) if lowest == severity => (lowest, highest),
            _ => (severity, severity),
        });
    }
    // OpenTelemetry's short names INFO2 to INFO4, as severities are displayed.
    let step = text.strip_suffix(['2', '3', '4']).and_then(|name| {
        let level = Level::ALL.into_iter().find(|l| l.name().eq_ignore_ascii_case(name))?;
        let step = u32::from(text.as_bytes()[text.len() - 1] - b'1');
        let severity = Severity::from_number(u32::from(level.range().0.number()) + step)?;
        (level != Level::None).then_some(severity)
    });
    step.map(|s| (s, s)).ok_or_else(|| {
        let names = Level::ALL.map(Level::name);
        let hint = closest(text, &names).map_or(String::new(), |l| format!("did you mean {l}? "));
        let text = quoted(text);
        format!(
            "unknown level {text}; {hint}Levels: trace debug info warn error fatal none, or 0 to 24"
        )
    })
}

/// The first and the last nanosecond of what was written.
fn instants(text: &str) -> Result<(UnixNanos, UnixNanos), String> {
    UnixNanos::parse_range(text).ok_or_else(|| {
        let what = if is_relative(text) {
            "a time relative to now is not part of an expression; give it as from or until"
        } else if text.parse::<i64>().is_ok() {
            "this time is out of range: years 1678 to 2262"
        } else {
            "not a time; write 2026-11-21, 2026-11-21T14:05:00Z, or Unix time"
        };
        what.into()
    })
}

/// `-15m`, `2h`, `now-1d`, `today`
fn is_relative(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    if ["now", "today", "yesterday"].iter().any(|word| text.starts_with(word)) {
        return true;
    }
    let digits = text.trim_start_matches(['-', '+']);
    let unit = digits.trim_start_matches(|c: char| c.is_ascii_digit());
    digits.len() > unit.len() && !unit.is_empty() && unit.chars().all(|c| c.is_ascii_alphabetic())
}

/// A decimal number, with a fraction and an exponent if need be; not `inf`, not `nan`, not hexadecimal.
fn number(text: &str) -> Option<f64> {
    let digits = text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'));
    let parsed = if digits { text.parse::<f64>().ok() } else { None };
    parsed.filter(|n| n.is_finite())
}

/// A number that `=` compares as one. An exponent is more likely part of an identifier, and an integer beyond 2⁵³
/// would equal its neighbours.
fn exact_number(text: &str) -> Option<f64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let plain = !text.contains(['e', 'E', '+']);
    number(text).filter(|n| plain && n.abs() < EXACT)
}

/// A value's text, taken literally. A star after quotes is refused; in a bare value it is a character.
fn plain(value: Value<'_>, span: &Range<usize>) -> Result<String, Fault> {
    match value {
        Value::Bare(text) => Ok(text.into()),
        Value::Quoted { text, star: false } => Ok(text),
        Value::Quoted { star: true, .. } => Err(Fault::new(
            span.end - 1..span.end,
            "a star stands only after : on a key or an attribute",
        )),
        Value::Regex(_) => Err(Fault::new(
            span.clone(),
            "a regular expression matches a key, text or an attribute",
        )),
    }
}

/// Text to look for anywhere. A bare star is refused: it is not needed, and would be taken for a character.
fn literal<'v>(value: &'v Value<'_>, span: Range<usize>) -> Result<&'v str, Fault> {
    match value {
        Value::Quoted { text, star: false } => Ok(text),
        Value::Bare(text) if !text.contains('*') => Ok(text),
        Value::Bare(text) => {
            let text = quoted(text);
            let what = format!("parts of words are found without a star; quote a real one: {text}");
            Err(Fault::new(span, what))
        }
        Value::Quoted { .. } => {
            Err(Fault::new(span.end - 1..span.end, "parts of words are found without a star"))
        }
        Value::Regex(_) => Err(Fault::new(span, "a regular expression stands after ~")),
    }
}

fn non_empty(value: &Value<'_>, span: Range<usize>) -> Result<String, Fault> {
    match literal(value, span.clone())? {
        "" => Err(Fault::new(span, "there is nothing between the quotes")),
        text => Ok(text.into()),
    }
}

/// A value's text, and whether a star ends it.
fn wildcard<'v>(value: &'v Value<'_>, span: &Range<usize>) -> Result<(&'v str, bool), Fault> {
    let (text, star) = match value {
        Value::Quoted { text, star } => return Ok((text, *star)),
        Value::Bare(text) => text.strip_suffix('*').map_or((*text, false), |text| (text, true)),
        Value::Regex(_) => {
            return Err(Fault::new(span.clone(), "a regular expression stands after ~"));
        }
    };
    if text.contains('*') {
        let what = "a star stands only at the end; for more, use ~/regex/, for a real star, quote";
        return Err(Fault::new(span.clone(), what));
    }
    Ok((text, star))
}
