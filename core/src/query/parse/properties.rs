//! What holds for every input and every expression.

use super::super::ast::{AttrTest, Compare, StrTest};
use super::super::pattern::pattern_of;
use super::*;
use crate::severity::Severity;
use crate::test;
use alloc::boxed::Box;
use alloc::string::ToString;
use alloc::vec;
use proptest::prelude::*;

use Compare::{Eq, Ge, Gt, Le, Lt};

/// Pieces that mean something, so that strings of them go deep into the parser.
fn piece() -> impl Strategy<Value = String> {
    let known = proptest::sample::select(
        &[
            " ",
            "(",
            ")",
            "\"",
            "/",
            "-",
            "!",
            "*",
            "\\",
            "AND",
            "OR",
            "NOT",
            "level",
            "key",
            "text",
            "time",
            "seq",
            "attr.x",
            "attr.",
            "error",
            "/prod/api",
            "2026-11-21",
            "500",
            ":",
            "=",
            "!=",
            ">=",
            "<",
            "~",
            "\\u{",
            "}",
            "é",
            "\n",
            "i",
            "[",
            "{2}",
        ][..],
    );
    prop_oneof![8 => known.prop_map(String::from), 1 => ".{0,3}"]
}

fn compare() -> impl Strategy<Value = Compare> {
    proptest::sample::select(&[Eq, Compare::Ne, Lt, Le, Gt, Ge][..])
}

fn pattern() -> impl Strategy<Value = String> {
    const KNOWN: [&str; 7] = ["a/b", r"\\/", "(?i)x y", r"\.\d+/?", "[/\"]", "^$", r"(a|\n)"];
    proptest::sample::select(&KNOWN[..]).prop_map(String::from)
}

fn string_test() -> impl Strategy<Value = StrTest> {
    prop_oneof![".+".prop_map(StrTest::Contains), pattern().prop_map(StrTest::Regex),]
}

fn key_test() -> impl Strategy<Value = StrTest> {
    prop_oneof![
        "/.*".prop_map(StrTest::Under),
        "/.*".prop_map(StrTest::Prefix),
        "(/[a-zé*=:\"()!-]{1,5}){2,4}".prop_map(StrTest::Equals),
        string_test(),
    ]
}

fn attr_test() -> impl Strategy<Value = AttrTest> {
    // `=` with what a double does not hold exactly is a comparison of text.
    let number = |n: f64, compare| {
        AttrTest::Number(compare, if compare == Eq { (n % 9e15).trunc() } else { n })
    };
    let finite = any::<f64>().prop_filter("a number", |n| n.is_finite());
    prop_oneof![
        Just(AttrTest::Exists),
        (finite, compare()).prop_map(move |(n, c)| number(n, c)),
        ".*".prop_map(|s| AttrTest::Str(StrTest::Equals(s))),
        ".*".prop_map(|s| AttrTest::Str(StrTest::Prefix(s))),
        string_test().prop_map(AttrTest::Str),
    ]
}

fn term() -> impl Strategy<Value = Term> {
    prop_oneof![
        ".+".prop_map(Term::Text),
        "[a-zA-Z./-]{1,4}".prop_map(Term::Text),
        proptest::sample::select(&["AND", "OR", "NOT", "attr.x", "*", "-"][..])
            .prop_map(|s| Term::Text(s.into())),
        pattern().prop_map(Term::Regex),
        ".*".prop_map(|text| Term::Pattern(pattern_of(&text))),
        key_test().prop_map(Term::Key),
        (compare(), 0u32..25)
            .prop_map(|(c, n)| Term::Severity(c, Severity::from_number(n).unwrap())),
        (compare(), any::<i64>()).prop_map(|(c, t)| Term::Time(c, t)),
        (compare(), any::<i64>()).prop_map(|(c, t)| Term::Received(c, t)),
        (compare(), any::<u64>()).prop_map(|(c, n)| Term::Seq(c, n)),
        (".+", attr_test()).prop_map(|(name, test)| Term::Attr(name, test)),
        ("[a-z._-]{1,8}", attr_test()).prop_map(|(name, test)| Term::Attr(name, test)),
    ]
}

fn expr() -> impl Strategy<Value = Expr> {
    let leaf = prop_oneof![20 => term().prop_map(Expr::Term), 1 => Just(Expr::All)];
    leaf.prop_recursive(5, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Expr::And),
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Expr::Or),
            inner.prop_map(|e| Expr::Not(Box::new(e))),
        ]
    })
}

/// What the documentation of `normal` promises.
fn is_canonical(expr: &Expr) -> bool {
    let nothing = |e: &Expr| *e == Expr::All || *e == Expr::nothing();
    match expr {
        Expr::All | Expr::Term(_) => true,
        Expr::Not(inner) => !matches!(**inner, Expr::Not(_)) && is_canonical(inner),
        Expr::And(parts) => {
            let good = |e: &Expr| !matches!(e, Expr::And(_)) && !nothing(e) && is_canonical(e);
            parts.len() > 1 && parts.iter().all(good)
        }
        Expr::Or(parts) => {
            let good = |e: &Expr| !matches!(e, Expr::Or(_)) && !nothing(e) && is_canonical(e);
            parts.len() > 1 && parts.iter().all(good)
        }
    }
}

fn whatever_is_typed(input: &str) -> Result<(), TestCaseError> {
    match parse(input) {
        Ok(expr) => {
            prop_assert!(is_canonical(&expr), "{:?}", expr);
            let displayed = expr.to_string();
            prop_assert_eq!(parse(&displayed), Ok(expr), "{}", displayed);
        }
        Err(e) => {
            let chars = input.chars().count();
            prop_assert!(e.column >= 1 && e.len >= 1, "{:?}", e);
            prop_assert!(e.column + e.len <= chars + 2, "{:?}", e);
            prop_assert_eq!(e.render(input).lines().count(), 3);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn pieces_of_the_language(pieces in proptest::collection::vec(piece(), 0..12)) {
        whatever_is_typed(&pieces.concat())?;
    }

    #[test]
    fn arbitrary_strings(input in any::<String>()) {
        whatever_is_typed(&input)?;
    }

    #[test]
    fn every_expression_parses_back(expr in expr()) {
        let displayed = expr.to_string();
        let normalised = expr.normalised();
        prop_assert!(is_canonical(&normalised), "{:?}", normalised);
        prop_assert_eq!(parse(&displayed), Ok(normalised.clone()), "{}", displayed);
        prop_assert_eq!(normalised.clone().normalised(), normalised);
    }
}
