//! The canonical form of an expression, and the constructors that keep it.
//!
//! Canonical: no `And` within an `And`, no `Or` within an `Or`, at least two children each, no double negation,
//! `All` only alone or as `Not(All)` (nothing), and no [`Compare::Ne`].

use alloc::vec::Vec;
use core::ops;

use super::ast::{AttrTest, Compare, Expr, Term};

impl Expr {
    /// Matches nothing.
    pub fn nothing() -> Self {
        !Self::All
    }

    /// All of these, which are canonical; so is the result. None at all is [`Expr::All`].
    pub fn all_of(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut all = Vec::new();
        for part in parts {
            match part {
                Self::All => {}
                Self::And(inner) => all.extend(inner),
                Self::Not(inner) if *inner == Self::All => return Self::nothing(),
                Self::Or(_) | Self::Not(_) | Self::Term(_) => all.push(part),
            }
        }
        match all.len() {
            0 => Self::All,
            1 => all.remove(0),
            _ => Self::And(all),
        }
    }

    /// Any of these, which are canonical; so is the result. None at all is [`Expr::nothing`].
    pub fn any_of(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut any = Vec::new();
        for part in parts {
            match part {
                Self::All => return Self::All,
                Self::Or(inner) => any.extend(inner),
                Self::Not(inner) if *inner == Self::All => {}
                Self::And(_) | Self::Not(_) | Self::Term(_) => any.push(part),
            }
        }
        match any.len() {
            0 => Self::nothing(),
            1 => any.remove(0),
            _ => Self::Or(any),
        }
    }

    /// The canonical form. It matches the same events; [`super::parse::parse`] gives no other.
    #[must_use]
    pub fn normalised(self) -> Self {
        match self {
            Self::All => self,
            Self::And(parts) => Self::all_of(parts.into_iter().map(Self::normalised)),
            Self::Or(parts) => Self::any_of(parts.into_iter().map(Self::normalised)),
            Self::Not(inner) => !inner.normalised(),
            Self::Term(term) => without_ne(term),
        }
    }
}

impl ops::Not for Expr {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::Not(inner) => *inner,
            Self::All | Self::And(_) | Self::Or(_) | Self::Term(_) => Self::Not(self.into()),
        }
    }
}

impl From<Term> for Expr {
    fn from(term: Term) -> Self {
        Self::Term(term)
    }
}

fn without_ne(term: Term) -> Expr {
    let equal = match term {
        Term::Severity(Compare::Ne, v) => Term::Severity(Compare::Eq, v),
        Term::Time(Compare::Ne, v) => Term::Time(Compare::Eq, v),
        Term::Received(Compare::Ne, v) => Term::Received(Compare::Eq, v),
        Term::Seq(Compare::Ne, v) => Term::Seq(Compare::Eq, v),
        // Not the opposite of `Eq`: an event without the attribute passes neither.
        Term::Attr(name, AttrTest::Number(Compare::Ne, v)) => {
            let side = |c| Expr::Term(Term::Attr(name.clone(), AttrTest::Number(c, v)));
            return Expr::Or([side(Compare::Lt), side(Compare::Gt)].into());
        }
        Term::Text(_)
        | Term::Regex(_)
        | Term::Pattern(_)
        | Term::Key(_)
        | Term::Severity(..)
        | Term::Time(..)
        | Term::Received(..)
        | Term::Seq(..)
        | Term::Attr(..) => return term.into(),
    };
    !Expr::Term(equal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test;
    use alloc::boxed::Box;
    use alloc::vec;

    fn text(s: &str) -> Expr {
        Term::Text(s.into()).into()
    }

    #[test]
    fn flattens_and_drops_what_says_nothing() {
        let (a, b, c) = (text("a"), text("b"), text("c"));
        let nested = Expr::And(vec![a.clone(), Expr::And(vec![b.clone(), Expr::All]), c.clone()]);
        assert_eq!(nested.normalised(), Expr::And(vec![a.clone(), b.clone(), c.clone()]));
        let doubly = Expr::Not(Box::new(Expr::Not(Box::new(Expr::Or(vec![a.clone(), b.clone()])))));
        let or = Expr::Or(vec![doubly, c.clone()]);
        assert_eq!(or.normalised(), Expr::Or(vec![a.clone(), b.clone(), c]));
        assert_eq!(Expr::And(vec![]).normalised(), Expr::All);
        assert_eq!(Expr::Or(vec![]).normalised(), Expr::nothing());
        assert_eq!(Expr::And(vec![a.clone(), Expr::nothing()]).normalised(), Expr::nothing());
        assert_eq!(Expr::Or(vec![a.clone(), Expr::nothing()]).normalised(), a);
        assert_eq!(Expr::Or(vec![a, Expr::All]).normalised(), Expr::All);
    }

    #[test]
    fn writes_ne_as_what_it_means() {
        let ne = Expr::Term(Term::Seq(Compare::Ne, 1)).normalised();
        assert_eq!(ne, !Expr::Term(Term::Seq(Compare::Eq, 1)));
        let number = |c| Expr::Term(Term::Attr("n".into(), AttrTest::Number(c, 1.0)));
        let sides = Expr::Or(vec![number(Compare::Lt), number(Compare::Gt)]);
        assert_eq!(number(Compare::Ne).normalised(), sides);
    }
}
