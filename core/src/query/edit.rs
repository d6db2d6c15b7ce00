//! Help with typing an expression: its pieces, what is being typed, and its terms, one of which can be added or taken out
//! while the rest stays as it was written.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::ops::Range;

use super::ast::{AttrTest, Compare, Expr, StrTest, Term};
use super::display::Value;
use super::field::{OFFERED, Target, in_name, resolve};
use super::lexer::{Kind, Lexer, operator, tokens};
use super::parse::parse;
use crate::severity::{Level, Severity};

/// What a piece of an expression is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PieceKind {
    /// A word or phrase to look for.
    Text,
    /// A regular expression to look for.
    Regex,
    /// The name of a field, and its operator.
    Field,
    /// A field's value.
    Value,
    /// `AND`, `OR`, `NOT`, a minus, a parenthesis.
    Operator,
    /// What cannot be read, up to the end.
    Fault,
}

impl PieceKind {
    /// In lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Regex => "regex",
            Self::Field => "field",
            Self::Value => "value",
            Self::Operator => "operator",
            Self::Fault => "fault",
        }
    }
}

/// The pieces of an expression as it was typed, in bytes, whether it is whole or not. Between them are blanks.
pub fn pieces(input: &str) -> Vec<(PieceKind, Range<usize>)> {
    let mut lexer = Lexer::new(input);
    let mut pieces = Vec::new();
    loop {
        let start = lexer.next_start();
        match lexer.token() {
            Ok(None) => return pieces,
            Err(_) => {
                pieces.push((PieceKind::Fault, start..input.len()));
                return pieces;
            }
            Ok(Some(token)) => {
                let kind = match token.kind {
                    Kind::Word(_) | Kind::Phrase(_) => PieceKind::Text,
                    Kind::Regex(_) => PieceKind::Regex,
                    Kind::Field(field) => {
                        pieces.push((PieceKind::Field, start..field.value_span.start));
                        pieces.push((PieceKind::Value, field.value_span));
                        continue;
                    }
                    Kind::Open | Kind::Close | Kind::And | Kind::Or | Kind::Not => {
                        PieceKind::Operator
                    }
                };
                pieces.push((kind, token.span));
            }
        }
    }
}

/// What is being typed where an expression ends so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Typing<'a> {
    /// Where the word or the field begins, in bytes.
    pub start: usize,
    /// The field and its operator, once there is one.
    pub field: Option<(&'a str, &'static str)>,
    /// What has been typed of the value, without its quote, or else of the word.
    pub typed: &'a str,
}

impl Typing<'_> {
    /// The names of fields that begin with the word.
    pub fn fields(&self) -> impl Iterator<Item = &'static str> {
        let wanted = self.field.is_none().then(|| self.typed.to_ascii_lowercase());
        OFFERED.into_iter().filter(move |name| wanted.as_ref().is_some_and(|w| name.starts_with(w)))
    }

    /// The facet that counts the values of the field, as far as one does and the operator compares whole values.
    pub fn facet(&self) -> Option<String> {
        let (name, operator) = self.field?;
        match resolve(name)? {
            _ if operator.contains('~') => None,
            Target::Level => Some("level".into()),
            Target::Key => Some("key".into()),
            Target::Attr(attribute) => Some(format!("attr.{attribute}")),
            Target::Text | Target::Pattern | Target::Time | Target::Received | Target::Seq => None,
        }
    }
}

/// What is being typed at the end of `input`; `None` where that is nothing that could be completed.
pub fn typing(input: &str) -> Option<Typing<'_>> {
    let mut lexer = Lexer::new(input);
    let mut start = input.len();
    loop {
        let next = lexer.next_start();
        if next == input.len() {
            break;
        }
        start = next;
        if lexer.token().is_err() {
            break;
        }
    }
    let rest = &input[start..];
    let name = &rest[..rest.find(|c| !in_name(c)).unwrap_or(rest.len())];
    let typing = match operator(&rest[name.len()..]) {
        Some((symbol, ..)) if !name.is_empty() => {
            let value = &rest[name.len() + symbol.len()..];
            let typed = value.strip_prefix('"').unwrap_or(value);
            // A value that was finished is not being typed any more.
            let over = if typed.len() < value.len() {
                typed.contains('"')
            } else {
                typed.contains(char::is_whitespace)
            };
            (!over).then_some(Typing { start, field: Some((name, symbol)), typed })
        }
        _ => (name.len() == rest.len()).then_some(Typing { start, field: None, typed: name }),
    };
    typing.filter(|t| !t.typed.is_empty() || t.field.is_some())
}

/// The terms that an event must all pass, as far as the expression is a list of such.
pub fn terms(input: &str) -> Vec<Expr> {
    let conjuncts = conjuncts(input).unwrap_or_default();
    conjuncts.into_iter().map(|(_, expr)| expr).collect()
}

/// What is looked for in texts, without what must not be there; `true` for regular expressions.
pub fn wanted(expr: &Expr) -> Vec<(&str, bool)> {
    match expr {
        Expr::All | Expr::Not(_) => Vec::new(),
        Expr::And(parts) | Expr::Or(parts) => parts.iter().flat_map(wanted).collect(),
        Expr::Term(Term::Text(text)) => Vec::from([(&text[..], false)]),
        Expr::Term(Term::Regex(pattern)) => Vec::from([(&pattern[..], true)]),
        Expr::Term(_) => Vec::new(),
    }
}

/// The expression without this term if it has it, else with it.
pub fn toggled(input: &str, term: &str) -> String {
    if let (Some(conjuncts), Ok(wanted)) = (conjuncts(input), parse(term))
        && conjuncts.iter().any(|(_, expr)| *expr == wanted)
    {
        return kept(input, &conjuncts, |expr| *expr != wanted);
    }
    with_term(input, term)
}

/// The expression that finds one level only, or all of them if it is that already.
pub fn only_level(input: &str, term: &str) -> String {
    let Some(conjuncts) = conjuncts(input) else { return with_term(input, term) };
    let others = kept(input, &conjuncts, |expr| !is_level(expr));
    let had = parse(term).is_ok_and(|term| conjuncts.iter().any(|(_, expr)| *expr == term));
    if had { others } else { with_term(&others, term) }
}

/// The term for events whose field has this value, as a facet counts it. `None` if there is no such field.
pub fn term(field: &str, value: &str) -> Option<Expr> {
    Some(match field {
        "key" => Term::Key(StrTest::Equals(value.into())).into(),
        "level" => {
            let (lowest, highest) = Severity::from_name(value)?.level().range();
            if lowest == highest {
                return Some(Term::Severity(Compare::Eq, lowest).into());
            }
            let bounds = [(Compare::Ge, lowest), (Compare::Le, highest)];
            Expr::all_of(bounds.map(|(compare, severity)| Term::Severity(compare, severity).into()))
        }
        _ => {
            let name = field.strip_prefix("attr.").filter(|name| !name.is_empty())?;
            Term::Attr(name.into(), AttrTest::Str(StrTest::Equals(value.into()))).into()
        }
    })
}

/// A value as it is written behind a field's operator: in quotes where it needs them.
pub fn value(text: &str) -> String {
    Value(text).to_string()
}

/// The field and the value that a term asks for, and whether it is negated: the reverse of [`term`].
pub fn field_and_value(expr: &Expr) -> Option<(String, String, bool)> {
    let plain = |field: &str, value: &str| Some((field.into(), value.into(), false));
    match expr {
        Expr::Not(inner) => field_and_value(inner).map(|(field, value, not)| (field, value, !not)),
        Expr::Term(Term::Key(StrTest::Equals(key))) => plain("key", key),
        Expr::Term(Term::Severity(..)) | Expr::And(_) => {
            let level = Level::ALL.into_iter().map(Level::name);
            let named = level.into_iter().find(|name| term("level", name).as_ref() == Some(expr));
            plain("level", named?)
        }
        Expr::Term(Term::Attr(name, AttrTest::Str(StrTest::Equals(value)))) => {
            plain(&format!("attr.{name}"), value)
        }
        Expr::Term(Term::Attr(name, AttrTest::Number(Compare::Eq, n))) => {
            plain(&format!("attr.{name}"), &n.to_string())
        }
        Expr::All | Expr::Or(_) | Expr::Term(_) => None,
    }
}

/// The parts that must all hold, with their places; `None` where the expression is none, or has alternatives.
fn conjuncts(input: &str) -> Option<Vec<(Range<usize>, Expr)>> {
    let mut spans = Vec::new();
    let (mut start, mut depth) = (None, 0_usize);
    for token in tokens(input).ok()? {
        let from = *start.get_or_insert(token.span.start);
        match token.kind {
            Kind::Or if depth == 0 => return None,
            Kind::And if depth == 0 => {
                start = None;
                continue;
            }
            Kind::Open => depth += 1,
            Kind::Close => depth = depth.checked_sub(1)?,
            Kind::Not => continue,
            Kind::And
            | Kind::Or
            | Kind::Word(_)
            | Kind::Phrase(_)
            | Kind::Regex(_)
            | Kind::Field(_) => {}
        }
        if depth == 0 {
            spans.push(from..token.span.end);
            start = None;
        }
    }
    let parsed = spans.into_iter().map(|span| Some((span.clone(), parse(&input[span]).ok()?)));
    parsed.collect()
}

fn kept(input: &str, conjuncts: &[(Range<usize>, Expr)], keep: impl Fn(&Expr) -> bool) -> String {
    let kept = conjuncts.iter().filter(|(_, expr)| keep(expr));
    let texts: Vec<&str> = kept.map(|(span, _)| &input[span.clone()]).collect();
    texts.join(" ")
}

fn with_term(input: &str, term: &str) -> String {
    let input = input.trim();
    match parse(input) {
        Ok(Expr::All) => term.into(),
        Ok(_) if conjuncts(input).is_none() => format!("({input}) {term}"),
        _ => format!("{input} {term}"),
    }
}

fn is_level(expr: &Expr) -> bool {
    match expr {
        Expr::All => false,
        Expr::And(parts) | Expr::Or(parts) => parts.iter().all(is_level),
        Expr::Not(inner) => is_level(inner),
        Expr::Term(term) => matches!(term, Term::Severity(..)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test;
    use proptest::prelude::*;

    #[test]
    fn pieces_have_kinds() {
        use PieceKind::{Fault, Field, Operator, Regex, Text, Value};
        let of = |input| {
            let pieces = pieces(input).into_iter();
            pieces.map(|(kind, span)| (kind, &input[span])).collect::<Vec<_>>()
        };
        assert_eq!(
            of(r#"-(größe OR /a b/i)  key:/prod "x y""#),
            [
                (Operator, "-"),
                (Operator, "("),
                (Text, "größe"),
                (Operator, "OR"),
                (Regex, "/a b/i"),
                (Operator, ")"),
                (Field, "key:"),
                (Value, "/prod"),
                (Text, "\"x y\""),
            ]
        );
        assert_eq!(of("a levle:b c"), [(Text, "a"), (Fault, "levle:b c")]);
        assert_eq!(of("a \"b"), [(Text, "a"), (Fault, "\"b")]);
    }

    #[test]
    fn what_is_being_typed() {
        let word = |start, typed| Some(Typing { start, field: None, typed });
        let value = |start, field, typed| Some(Typing { start, field: Some(field), typed });
        for (input, expected) in [
            ("lev", word(0, "lev")),
            ("a -attr.st", word(3, "attr.st")),
            ("a -key:/pr", value(3, ("key", ":"), "/pr")),
            ("level>=", value(0, ("level", ">="), "")),
            ("(attr.user:\"ann l", value(1, ("attr.user", ":"), "ann l")),
            ("attr.user:\"ann lee\"", None),
            ("", None),
            ("a ", None),
            ("key:/a ", None),
            ("/reg", None),
            ("\"phra", None),
        ] {
            assert_eq!(typing(input), expected, "{input}");
        }
    }

    #[test]
    fn what_is_typed_can_be_completed_by_fields_or_a_facet() {
        let fields = |input| typing(input).map(|t| t.fields().collect::<Vec<_>>());
        assert_eq!(fields("x T"), Some(Vec::from(["text", "time"])));
        assert_eq!(fields("-at"), Some(Vec::from(["attr."])));
        assert_eq!(fields("level:e"), Some(Vec::new()));
        for name in OFFERED {
            assert!(resolve(name.strip_suffix('.').map_or(name, |_| "attr.x")).is_some(), "{name}");
        }
        for (input, facet) in [
            ("Severity>=w", Some("level")),
            ("key:/p", Some("key")),
            ("key~p", None),
            ("attr.user!=\"ann l", Some("attr.user")),
            ("attr.user!~a", None),
            ("time>=20", None),
            ("nothing:x", None),
            ("lev", None),
        ] {
            assert_eq!(typing(input).and_then(|t| t.facet()).as_deref(), facet, "{input}");
        }
    }

    #[test]
    fn a_value_is_quoted_where_it_needs_that() {
        for (text, written) in [("error", "error"), ("/prod/api", "/prod/api"), ("a b", r#""a b""#)]
        {
            assert_eq!(value(text), written);
            assert_eq!(format!("attr.x:{written}"), term("attr.x", text).unwrap().to_string());
        }
    }

    #[test]
    fn a_term_is_added_and_taken_out_again() {
        for (input, term, expected) in [
            ("", "x", "x"),
            ("*", "x", "x"),
            ("timeout", "-level:debug", "timeout -level:debug"),
            ("timeout  -level:debug", "-level:debug", "timeout"),
            ("NOT level=debug AND timeout", "-level:debug", "timeout"),
            ("a AND b c", "b", "a c"),
            ("a OR b", "c", "(a OR b) c"),
            ("(a OR b)", "c", "(a OR b) c"),
            ("(a OR b) c", "c", "(a OR b)"),
            ("a OR x", "x", "(a OR x) x"),
            ("\"a OR b\"", "c", "\"a OR b\" c"),
            ("key=\"/a/b\" z", "key=/a/b", "z"),
            ("levle:x", "c", "levle:x c"),
        ] {
            assert_eq!(toggled(input, term), expected, "{input} and {term}");
        }
        assert_eq!(only_level("level>=warn a -level:debug b", "level:error"), "a b level:error");
        assert_eq!(only_level("a level:error", "level:error"), "a");
        assert_eq!(only_level("a OR level:info", "level:error"), "(a OR level:info) level:error");
    }

    #[test]
    fn only_what_is_looked_for_is_wanted() {
        let expr = parse("a -b (\"c d\" OR /e/i) text~f level:warn -(g h)").unwrap();
        assert_eq!(wanted(&expr), [("a", false), ("c d", false), ("(?i)e", true), ("f", false)]);
    }

    proptest! {
        #[test]
        fn a_facets_term_is_found_again(
            filter in "[a-z ]{0,9}", name in "[a-z \"]{1,5}", value in ".{0,12}", level in 0usize..7, not in any::<bool>(),
        ) {
            let attr = format!("attr.{name}");
            let fields = [("key", "/a/b"), ("level", Level::ALL[level].name()), (&attr[..], &value[..])];
            for (field, value) in fields {
                let expr = term(field, value).unwrap();
                let text = if not { (!expr).to_string() } else { expr.to_string() };
                let with = toggled(&filter, &text);
                let found = terms(&with).iter().filter_map(field_and_value).next();
                prop_assert_eq!(found, Some((field.into(), value.into(), not)), "{}", with);
                prop_assert_eq!(parse(&toggled(&with, &text)), parse(&filter));
            }
        }

        #[test]
        fn anything_may_be_typed(input in r#"[a-z:"/()\\ -é]{0,20}"#) {
            let mut end = 0;
            for (_, span) in pieces(&input) {
                prop_assert!(input[end..span.start].trim().is_empty());
                end = span.end;
            }
            prop_assert!(input[end..].trim().is_empty());
            typing(&input);
            terms(&toggled(&input, "x"));
        }
    }
}
