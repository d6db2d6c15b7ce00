//! Tables of good and bad inputs, and properties over arbitrary ones.

use super::super::ast::{AttrTest, Compare, StrTest};
use super::*;
use crate::severity::Severity;
use crate::test;
use crate::time::UnixNanos;
use alloc::string::ToString;

use Compare::{Eq, Ge, Gt, Le, Lt};

fn text(s: &str) -> Expr {
    Term::Text(s.into()).into()
}

fn regex(s: &str) -> Expr {
    Term::Regex(s.into()).into()
}

fn level(compare: Compare, number: u32) -> Expr {
    Term::Severity(compare, Severity::from_number(number).unwrap()).into()
}

fn key(test: fn(String) -> StrTest, s: &str) -> Expr {
    Term::Key(test(s.into())).into()
}

fn attr(name: &str, test: AttrTest) -> Expr {
    Term::Attr(name.into(), test).into()
}

fn attr_text(name: &str, test: fn(String) -> StrTest, s: &str) -> Expr {
    attr(name, AttrTest::Str(test(s.into())))
}

fn attr_number(name: &str, compare: Compare, n: f64) -> Expr {
    attr(name, AttrTest::Number(compare, n))
}

fn time(compare: Compare, rfc3339: &str) -> Expr {
    Term::Time(compare, UnixNanos::parse_rfc3339(rfc3339).unwrap().0).into()
}

fn seq(compare: Compare, n: u64) -> Expr {
    Term::Seq(compare, n).into()
}

fn and<const N: usize>(parts: [Expr; N]) -> Expr {
    Expr::And(parts.into())
}

fn or<const N: usize>(parts: [Expr; N]) -> Expr {
    Expr::Or(parts.into())
}

#[track_caller]
fn good(cases: &[(&str, Expr)]) {
    for (input, expect) in cases {
        match parse(input) {
            Ok(expr) => {
                assert_eq!(expr, *expect, "{input}");
                assert_eq!(parse(&expr.to_string()), Ok(expr), "displayed {input}");
            }
            Err(e) => panic!("{}", e.render(input)),
        }
    }
}

#[test]
fn words_phrases_and_regular_expressions() {
    good(&[
        ("", Expr::All),
        (" \t\n", Expr::All),
        ("*", Expr::All),
        ("-*", Expr::nothing()),
        ("timeout", text("timeout")),
        ("größe 東京", and([text("größe"), text("東京")])),
        ("\"connection refused\"", text("connection refused")),
        (r#""a\"b\\c\n\r\t\u{e9}\u{1F600}""#, text("a\"b\\c\n\r\té😀")),
        ("\"two\nlines\"", text("two\nlines")),
        ("/time(d )?out/", regex("time(d )?out")),
        ("/x/i", regex("(?i)x")),
        ("/a b #c/xism", regex("(?xism)a b #c")),
        ("/x/ii", regex("(?i)x")),
        (r"/a\/b\\\/\d/", regex(r"a/b\\/\d")),
        ("and or not", and([text("and"), text("or"), text("not")])),
        // What cannot be a field or a sign is a word.
        ("12:30:01", text("12:30:01")),
        ("10.0.0.1:80", text("10.0.0.1:80")),
        ("[::1]:80", text("[::1]:80")),
        ("user@host:22", text("user@host:22")),
        ("a-b don't done! what? 50%", and(["a-b", "don't", "done!", "what?", "50%"].map(text))),
        (r"\d {x} #1", and([text(r"\d"), text("{x}"), text("#1")])),
        ("level", text("level")),
        ("\"AND\"", text("AND")),
        ("\"-x\" \"/x/\" \"attr.x\"", and([text("-x"), text("/x/"), text("attr.x")])),
    ]);
}

#[test]
fn operators_and_precedence() {
    let [a, b, c, d] = ["a", "b", "c", "d"].map(text);
    good(&[
        ("a b", and([a.clone(), b.clone()])),
        ("a AND b", and([a.clone(), b.clone()])),
        ("a b OR c d", or([and([a.clone(), b.clone()]), and([c.clone(), d.clone()])])),
        ("a (b OR c) d", and([a.clone(), or([b.clone(), c.clone()]), d.clone()])),
        ("a AND (b AND (c d))", and([a.clone(), b.clone(), c.clone(), d.clone()])),
        ("(a OR b) OR (c OR d)", or([a.clone(), b.clone(), c.clone(), d.clone()])),
        ("((a))", a.clone()),
        ("-a b", and([!a.clone(), b.clone()])),
        ("NOT a b", and([!a.clone(), b.clone()])),
        ("!a OR b", or([!a.clone(), b.clone()])),
        ("-(a OR b)", !or([a.clone(), b.clone()])),
        ("NOT (a b)", !and([a.clone(), b.clone()])),
        ("NOT NOT a", a.clone()),
        ("NOT -a", a.clone()),
        ("-(-(-a))", !a.clone()),
        ("a OR -\"b\"", or([a.clone(), !b.clone()])),
        ("-/b/", !regex("b")),
        ("a AND NOT b", and([a.clone(), !b.clone()])),
        ("(a)(b)c", and([a.clone(), b, c])),
        ("* a", a),
        ("a OR *", Expr::All),
    ]);
}

#[test]
fn levels() {
    let error = || and([level(Ge, 17), level(Le, 20)]);
    good(&[
        ("level:error", error()),
        ("level=error", error()),
        ("level==error", error()),
        ("LVL:Err", error()),
        ("severity:\"error\"", error()),
        ("level!=error", !error()),
        ("-level:error", !error()),
        ("level>=warn", level(Ge, 13)),
        ("level:>=warn", level(Ge, 13)),
        ("level>warn", level(Gt, 16)),
        ("level:>warn", level(Gt, 16)),
        ("level<warning", level(Lt, 13)),
        ("level<=warn", level(Le, 16)),
        ("level:none", level(Eq, 0)),
        ("level:fatal", and([level(Ge, 21), level(Le, 24)])),
        ("level:notice", level(Eq, 10)),
        ("level>notice", level(Gt, 10)),
        ("level:17", level(Eq, 17)),
        ("level<24", level(Lt, 24)),
        ("level:INFO2", level(Eq, 10)),
        ("level>=error4", level(Ge, 20)),
        ("x level:error", and([text("x"), level(Ge, 17), level(Le, 20)])),
        ("level:warn OR level:error", or([and([level(Ge, 13), level(Le, 16)]), error()])),
    ]);
    assert_eq!(parse("NOT severity=err x").unwrap().to_string(), "-level:error x");
}

#[test]
fn keys_and_text() {
    good(&[
        ("key:/prod/api", key(StrTest::Under, "/prod/api")),
        ("key:/", key(StrTest::Under, "/")),
        ("key:/prod/ap*", key(StrTest::Prefix, "/prod/ap")),
        ("key:\"/prod/a*\"", key(StrTest::Under, "/prod/a*")),
        ("key:\"/prod/a(\"*", key(StrTest::Prefix, "/prod/a(")),
        ("key=/prod/api", key(StrTest::Equals, "/prod/api")),
        ("key!=/prod/api", !key(StrTest::Equals, "/prod/api")),
        ("key~api", key(StrTest::Contains, "api")),
        ("key~\"/api\"", key(StrTest::Contains, "/api")),
        (r"key~/^\/prod\/(api|web)/i", key(StrTest::Regex, "(?i)^/prod/(api|web)")),
        ("key=~/x/", key(StrTest::Regex, "x")),
        ("key!~/x/", !key(StrTest::Regex, "x")),
        ("(key:/prod/api)", key(StrTest::Under, "/prod/api")),
        ("text:word", text("word")),
        ("text:\"two words\"", text("two words")),
        ("text~word", text("word")),
        ("text~/re/", regex("re")),
        ("text!~/re/", !regex("re")),
        ("text:/re/i", regex("(?i)re")),
        ("text:\"/re/\"", text("/re/")),
    ]);
}

#[test]
fn attributes() {
    good(&[
        ("attr.status:500", attr_text("status", StrTest::Equals, "500")),
        ("attr.status=500", attr_number("status", Eq, 500.0)),
        ("attr.status=\"500\"", attr_text("status", StrTest::Equals, "500")),
        ("attr.status!=500", !attr_number("status", Eq, 500.0)),
        ("attr.status>=500", attr_number("status", Ge, 500.0)),
        ("attr.t<-0.5", attr_number("t", Lt, -0.5)),
        ("attr.t>1e300", attr_number("t", Gt, 1e300)),
        ("attr.t<=\"5\"", attr_number("t", Le, 5.0)),
        ("attr.id=1e5", attr_text("id", StrTest::Equals, "1e5")),
        ("attr.id=9007199254740993", attr_text("id", StrTest::Equals, "9007199254740993")),
        ("attr.id=nan", attr_text("id", StrTest::Equals, "nan")),
        ("attr.http.method=GET", attr_text("http.method", StrTest::Equals, "GET")),
        ("attr.x-y_z:\"a b\"", attr_text("x-y_z", StrTest::Equals, "a b")),
        ("attr.\"a \\\"b\\\"\":c", attr_text("a \"b\"", StrTest::Equals, "c")),
        ("ATTR.Größe:*", attr("Größe", AttrTest::Exists)),
        ("-attr.url:*", !attr("url", AttrTest::Exists)),
        ("attr.url:/api/*", attr_text("url", StrTest::Prefix, "/api/")),
        ("attr.url:http://x/y?a=b", attr_text("url", StrTest::Equals, "http://x/y?a=b")),
        ("attr.url:\"\"", attr_text("url", StrTest::Equals, "")),
        ("attr.url:\"*\"", attr_text("url", StrTest::Equals, "*")),
        ("attr.url=*", attr_text("url", StrTest::Equals, "*")),
        ("attr.url~login", attr_text("url", StrTest::Contains, "login")),
        ("attr.url~/\\.php$/", attr_text("url", StrTest::Regex, "\\.php$")),
        ("attr.url!~php", !attr_text("url", StrTest::Contains, "php")),
    ]);
}

#[test]
fn times_and_sequence_numbers() {
    let day = || and([time(Ge, "2026-11-21"), time(Le, "2026-11-21T23:59:59.999999999Z")]);
    good(&[
        ("time:2026-11-21", day()),
        ("time!=2026-11-21", !day()),
        ("time>=2026-11-21", time(Ge, "2026-11-21")),
        ("time<2026-11-21", time(Lt, "2026-11-21")),
        ("time>2026-11-21", time(Gt, "2026-11-21T23:59:59.999999999Z")),
        ("time<=2026-11-21T14:05", time(Le, "2026-11-21T14:05:59.999999999Z")),
        ("time>=2026-11-21T14:05:00.5+01:00", time(Ge, "2026-11-21T13:05:00.5Z")),
        ("time>\"2026-11-21 14:05:00.000000001\"", time(Gt, "2026-11-21T14:05:00.000000001Z")),
        ("time>=1700000000", time(Ge, "2023-11-14T22:13:20Z")),
        ("time>=1700000000123", time(Ge, "2023-11-14T22:13:20.123Z")),
        ("time>=1700000000123456", time(Ge, "2023-11-14T22:13:20.123456Z")),
        ("time=1700000000123456789", time(Eq, "2023-11-14T22:13:20.123456789Z")),
        ("time>=-1", time(Ge, "1969-12-31T23:59:59Z")),
        ("received<0", Term::Received(Lt, 0).into()),
        ("seq:7", seq(Eq, 7)),
        ("seq!=7", !seq(Eq, 7)),
        ("seq>18446744073709551614", seq(Gt, u64::MAX - 1)),
    ]);
}

/// Column, length and a part of the message.
#[track_caller]
fn bad(cases: &[(&str, usize, usize, &str)]) {
    for &(input, column, len, message) in cases {
        let e = parse(input).map(|e| e.to_string()).unwrap_err();
        assert!(e.message.contains(message), "{}\nlacks {message}", e.render(input));
        assert_eq!((e.column, e.len), (column, len), "{}", e.render(input));
    }
}

#[test]
fn an_unknown_field_says_what_to_write() {
    bad(&[
        (
            "foo:bar",
            1,
            3,
            r#"unknown field "foo"; write attr.foo for an attribute, or quote it to search for text: "foo:bar""#,
        ),
        ("levle:error", 1, 5, "did you mean level?"),
        ("é keys:/a/b", 3, 4, "did you mean key?"),
        ("msg:x", 1, 3, "did you mean text?"),
        ("status>=500", 1, 6, "write attr.status"),
        ("http://x", 1, 4, r#"unknown field "http"; quote it to search for text: "http://x""#),
        ("std::io", 1, 3, r#"unknown field "std"; quote it"#),
        ("panic: at", 1, 5, r#"quote it to search for text: "panic:""#),
        ("(a=\"b c\")", 2, 1, "write attr.a"),
        ("attr:x", 1, 4, "attr.NAME"),
        ("attributes.x:1", 1, 12, "did you mean attr.x?"),
        ("attr.:x", 1, 5, "name is missing"),
        ("attr.\"\":x", 1, 7, "name is missing"),
        ("attr.\"x\"", 9, 1, "an operator is missing after attr.\"x\""),
        ("attr.x", 1, 6, "attr.x:* finds events that have it"),
    ]);
}

#[test]
fn a_bad_value_says_what_is_good() {
    bad(&[
        ("level:", 7, 1, "a value is missing directly after level:"),
        ("key: /prod", 5, 1, "a value is missing"),
        ("level >= warn", 7, 2, "directly after its field"),
        ("level:eror", 7, 4, "did you mean error?"),
        ("level:zzzzzz", 7, 6, r#"unknown level "zzzzzz"; Levels"#),
        ("level:none2", 7, 5, "unknown level"),
        ("level:25", 7, 2, "from 0 to 24"),
        ("level~err", 6, 1, "level>=warn"),
        ("level:/err/", 7, 5, "unknown level"),
        ("level~/err/", 6, 1, "names and numbers"),
        ("key:api", 5, 3, "starts with a slash"),
        ("key:*api", 5, 4, "only at the end"),
        ("key:/a/*/b", 5, 6, "only at the end"),
        ("key=/prod", 5, 5, "at least two segments"),
        ("key>/prod", 4, 1, "a key compares with"),
        ("key~\"\"", 5, 2, "nothing between the quotes"),
        ("key~a*", 5, 2, "without a star"),
        ("key=\"/a/b\"*", 11, 1, "a star stands only after :"),
        ("text=x", 5, 1, "text has only"),
        ("text!=\"x\"", 5, 2, "text has only"),
        ("text:\"x\"*", 9, 1, "without a star"),
        ("attr.x>abc", 8, 3, r#""abc" is no number"#),
        ("attr.x>1e999", 8, 5, "is no number"),
        ("attr.x>/5/", 8, 3, "is no number"),
        ("attr.x:a*b", 8, 3, "only at the end"),
        ("time:now", 6, 3, "from or until"),
        ("time>-15m", 6, 4, "from or until"),
        ("time>=15m", 7, 3, "from or until"),
        ("time>yesterday", 6, 9, "from or until"),
        ("time>2026-02-30", 6, 10, "not a time"),
        ("time>20000000000", 6, 11, "out of range"),
        ("time~1", 5, 1, "times compare with"),
        ("seq>-1", 5, 2, "whole numbers"),
        ("seq>18446744073709551616", 5, 20, "whole numbers"),
        ("seq~1", 4, 1, "whole numbers"),
    ]);
}

#[test]
fn text_that_looks_like_something_else_is_to_be_quoted() {
    bad(&[
        ("main()", 5, 1, r#"quote the whole: "main()""#),
        ("a \"b\"c", 6, 1, "a blank is missing"),
        ("say\"hi\"", 4, 1, r#""say\"hi\"""#),
        ("/a/(b)", 4, 1, "a blank is missing"),
        ("key:/a/b(c)", 9, 1, "a blank is missing"),
        ("a -- b", 3, 1, r#"quote it to search for text: "--""#),
        ("a - b", 3, 1, "no blank"),
        ("a -", 3, 1, "nothing follows"),
        ("(!)", 2, 1, "nothing follows"),
        ("!!x", 1, 1, "negated once"),
        ("=> x", 1, 1, "directly after its field"),
        ("<b>", 1, 1, r#""<b>""#),
        ("foo*", 1, 4, r#"quote a real one: "foo*""#),
        ("\"\"", 1, 2, "nothing between the quotes"),
        ("x \"abc", 3, 1, "never closed"),
        (r#""\q""#, 2, 2, "a backslash stands before"),
        (r#""\u{110000}""#, 2, 2, "hexadecimal"),
        (r#""\u{}""#, 2, 2, "hexadecimal"),
        (r#""\u00e9""#, 2, 2, "hexadecimal"),
        ("\"\\", 2, 1, "a backslash stands before"),
    ]);
}

#[test]
fn regular_expressions_show_the_place() {
    bad(&[
        ("/healthz", 1, 1, "key:/healthz"),
        ("/prod/api", 7, 1, r#"for text, quote it: "/prod/api"; for a key, write key:/prod/api"#),
        ("/a b/q", 6, 1, "no flag 'q', only i s m x"),
        ("//", 1, 2, "empty"),
        ("//logd", 3, 1, "no flag 'l'"),
        ("/a(b/", 3, 1, "unclosed group"),
        (r"/\/\/é(b/i", 7, 1, "unclosed group"),
        (r"key~/\/a{2,1}/", 9, 5, "invalid repetition"),
        (r"/\/a\w{900}\/b/", 2, 13, "too large"),
        ("a /x", 3, 1, "never closed"),
        ("/x\\/", 1, 1, "never closed"),
        ("/x\\", 1, 1, "never closed"),
    ]);
    let long = String::from("/") + &"a".repeat(regex::MAX_PATTERN + 1) + "/";
    bad(&[(&long, 2, regex::MAX_PATTERN + 1, "at most 1024 bytes")]);
}

#[test]
fn operators_need_their_terms() {
    bad(&[
        ("AND a", 1, 3, "AND needs a term before it"),
        ("OR", 1, 2, "OR needs a term before it"),
        ("a AND", 3, 3, "AND needs a term after it"),
        ("a OR OR b", 3, 2, "OR needs a term after it"),
        ("a OR AND b", 3, 2, "OR needs a term after it"),
        ("NOT", 1, 3, "NOT needs a term after it"),
        ("a (b OR)", 6, 2, "OR needs a term after it"),
        ("(AND b)", 2, 3, "AND needs a term before it"),
        ("(", 1, 1, "never closed"),
        ("a (b", 3, 1, "never closed"),
        (")", 1, 1, "closes none"),
        ("a) b", 2, 1, "closes none"),
        ("()", 1, 2, "nothing between"),
        ("a ( )", 3, 3, "nothing between"),
    ]);
}

#[test]
fn every_bound_holds_and_is_said() {
    let nested = |n: usize| "(".repeat(n) + "a" + &")".repeat(n);
    assert_eq!(parse(&nested(MAX_DEPTH)), Ok(text("a")));
    bad(&[(&nested(MAX_DEPTH + 1), MAX_DEPTH + 1, 1, "at most 100 deep")]);
    // Far more than a stack would bear.
    bad(&[(&"(".repeat(10_000), MAX_DEPTH + 1, 1, "at most 100 deep")]);
    bad(&[(&"-(".repeat(8_000), 2 * MAX_DEPTH + 2, 1, "at most 100 deep")]);
    let negated = "NOT ".repeat(4_000) + "a";
    assert_eq!(parse(&negated), Ok(text("a")));
    // The depth is that of the place, not a count of all parentheses.
    assert!(parse(&"(a) ".repeat(MAX_TERMS)).is_ok());

    assert!(parse(&"a ".repeat(MAX_TERMS)).is_ok());
    bad(&[(&"a ".repeat(MAX_TERMS + 1), 2 * MAX_TERMS + 1, 1, "at most 256 terms")]);
    assert!(parse(&"/a/ ".repeat(MAX_REGEXES)).is_ok());
    let regexes = "/a/ ".repeat(MAX_REGEXES) + "key~/a/";
    bad(&[(&regexes, 4 * MAX_REGEXES + 6, 1, "at most 4 regular expressions")]);

    assert!(parse(&"a".repeat(MAX_INPUT)).is_ok());
    bad(&[(&"a".repeat(MAX_INPUT + 1), 1, 1, "at most 16384 bytes, this one has 16385")]);
    // A message quotes no more of the input than a line or two.
    let long = "x".repeat(10_000);
    for input in [
        format!("foo:{long}"),
        format!("{long}:foo"),
        format!("attr.{long}"),
        format!("attr.{long}:"),
        format!("attr.\"{long}\""),
        format!("attrs.{long}:1"),
        format!("/{long}"),
        format!("/x/y{long}"),
        format!("level:{long}"),
        format!("attr.x>{long}"),
        format!("{long}("),
        format!("{long}*"),
    ] {
        let e = parse(&input).unwrap_err();
        assert!(e.message.chars().count() < 400, "{e}");
    }
}

/// The examples of docs/query-language.md.
#[test]
fn the_page_tells_the_truth() {
    let page = include_str!("../../../../docs/query-language.md");
    let block = page.split("```").nth(1).unwrap();
    let examples = block.lines().filter(|line| !line.is_empty());
    let examples: Vec<&str> = examples.map(|l| l.split("   ").next().unwrap()).collect();
    assert!(examples.len() > 4);
    let table = page.split("## Terms").nth(1).unwrap().split("**Levels**").next().unwrap();
    let cells = table.lines().filter_map(|line| line.strip_prefix("| `")?.split(" | ").next());
    let terms: Vec<String> = cells
        .flat_map(|cell| cell.split("`, `"))
        .map(|term| term.trim_end_matches('`').replace("\\|", "|").replace('…', "2026-11-21"))
        .collect();
    assert!(terms.len() > 18);
    for input in examples.into_iter().map(String::from).chain(terms) {
        if let Err(e) = parse(&input) {
            panic!("{}", e.render(&input));
        }
    }
    let refused = page.split("```").nth(3).unwrap().trim();
    let input = refused.lines().nth(1).unwrap().trim();
    assert_eq!(parse(input).unwrap_err().render(input), refused);
}
