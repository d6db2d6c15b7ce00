//! Whether one expression implies another, so that what the other did not match need not be searched.

use super::ast::{AttrTest, Compare, Expr, StrTest, Term};
use crate::key;
use crate::severity::Severity;

impl Expr {
    /// True only if every event that matches this expression matches the other one, too. False may mean that nobody knows.
    ///
    /// Both are taken as conjunctions: each condition of the other one must follow from a single condition of this one.
    /// That is what happens as a filter is typed: its last word grows, and other conditions are added.
    pub(super) fn implies(&self, other: &Self) -> bool {
        conditions(other).iter().all(|o| conditions(self).iter().any(|c| follows(o, c)))
    }
}

fn conditions(expr: &Expr) -> &[Expr] {
    match expr {
        Expr::All => &[],
        Expr::And(list) => list,
        Expr::Or(_) | Expr::Not(_) | Expr::Term(_) => core::slice::from_ref(expr),
    }
}

/// Whether an event that passes `from` passes `other`.
fn follows(other: &Expr, from: &Expr) -> bool {
    match (other, from) {
        (Expr::Term(other), Expr::Term(from)) => term_follows(other, from),
        // What is ruled out by the other one is ruled out by this one.
        (Expr::Not(other), Expr::Not(from)) => other.implies(from),
        _ => other == from,
    }
}

fn term_follows(other: &Term, from: &Term) -> bool {
    match (other, from) {
        (Term::Text(other), Term::Text(from)) => is_part(other, from),
        (Term::Key(other), Term::Key(from)) => str_follows(other, from),
        (Term::Severity(c, other), Term::Severity(from_c, from)) => (0..Severity::COUNT as u8)
            .filter(|s| from_c.holds(s, &from.number()))
            .all(|s| c.holds(&s, &other.number())),
        (Term::Time(c, other), Term::Time(from_c, from))
        | (Term::Received(c, other), Term::Received(from_c, from)) => {
            compare_follows((*c, other), (*from_c, from))
        }
        (Term::Seq(c, other), Term::Seq(from_c, from)) => {
            compare_follows((*c, other), (*from_c, from))
        }
        // The same value of the attribute passes.
        (Term::Attr(name, other), Term::Attr(from_name, from)) => {
            name == from_name && attr_follows(other, from)
        }
        _ => other == from,
    }
}

/// Whether what contains `from`, ignoring case, contains `other`. Each character of a needle matches the same ones in every
/// needle (see [`super::text::Contains`]), and cases of an ASCII letter the same ones.
fn is_part(other: &str, from: &str) -> bool {
    from.to_ascii_lowercase().contains(&other.to_ascii_lowercase())
}

fn str_follows(other: &StrTest, from: &StrTest) -> bool {
    match (other, from) {
        (StrTest::Under(other), StrTest::Under(from)) => {
            key::covers(other, from.strip_suffix('/').unwrap_or(from))
        }
        (StrTest::Under(other), StrTest::Equals(from)) => key::covers(other, from),
        (StrTest::Prefix(other), StrTest::Prefix(from) | StrTest::Equals(from)) => {
            from.starts_with(other)
        }
        (
            StrTest::Contains(other),
            StrTest::Contains(from) | StrTest::Prefix(from) | StrTest::Equals(from),
        ) => is_part(other, from),
        _ => other == from,
    }
}

fn attr_follows(other: &AttrTest, from: &AttrTest) -> bool {
    match (other, from) {
        (AttrTest::Exists, _) => true,
        (AttrTest::Str(other), AttrTest::Str(from)) => str_follows(other, from),
        (AttrTest::Number(c, other), AttrTest::Number(from_c, from)) => {
            compare_follows((*c, other), (*from_c, from))
        }
        _ => false,
    }
}

/// Whether all that compares with the second value as wanted does so with the first, too.
fn compare_follows<T: PartialOrd>((c, x): (Compare, &T), (from, y): (Compare, &T)) -> bool {
    let up = matches!(c, Compare::Gt | Compare::Ge);
    let down = matches!(c, Compare::Lt | Compare::Le);
    match from {
        Compare::Eq => c.holds(y, x),
        Compare::Ge => up && c.holds(y, x),
        Compare::Gt => up && y >= x,
        Compare::Le => down && c.holds(y, x),
        Compare::Lt => down && y <= x,
        Compare::Ne => c == from && y == x,
    }
}

#[cfg(test)]
mod tests {
    use crate::query::parse::parse;
    use crate::test;

    fn implies(a: &str, b: &str) -> bool {
        parse(a).unwrap().implies(&parse(b).unwrap())
    }

    #[test]
    fn what_is_typed_on_narrows() {
        for (longer, shorter) in [
            ("t", ""),
            ("timeout", "time"),
            ("timeout w", "timeout"),
            ("timeout wh", "timeout w"),
            ("Größe", "GRöß"),
            ("xTIMEOUTx", "timeout"),
            ("level>=error", "level>=warn"),
            ("level:error", "level>=warn"),
            ("key:/a/b", "key:/a"),
            ("key:/a/b timeout", "key:/a/ time"),
            ("time>=2026-01-02", "time>2026-01-01"),
            ("attr.n>=5", "attr.n>4"),
            ("attr.n>=5", "attr.n:*"),
            ("attr.n:ab", "attr.n:*"),
            ("timeout -no", "timeout -none"),
            ("timeout (a OR b)", "(a OR b)"),
        ] {
            assert!(implies(longer, shorter), "{longer} implies {shorter}");
            assert!(!implies(shorter, longer), "{shorter} does not imply {longer}");
        }
    }

    #[test]
    fn what_is_not_sure_is_not_implied() {
        for (a, b) in [
            ("", "t"),
            ("timeout", "timeouts"),
            ("-timeout", "-time"),
            ("a OR b", "a"),
            ("key:/ab", "key:/a"),
            // The Kelvin sign is no k.
            ("\u{212a}", "k"),
            ("/timeout/", "/time/"),
            ("level>=warn", "level<=error"),
            ("attr.n>=5", "attr.m>=5"),
        ] {
            assert!(!implies(a, b), "{a} does not imply {b}");
        }
    }
}
