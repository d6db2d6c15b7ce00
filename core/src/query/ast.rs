//! What an expression means, after parsing.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use crate::severity::Severity;

/// An expression. `And` and `Or` have at least two children; a filter that matches everything is [`Expr::All`].
///
/// [`Self::normalised`] brings any tree to this form; displayed, it is the expression as people write it.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    /// Matches every event.
    All,
    /// All of these.
    And(Vec<Self>),
    /// Any of these.
    Or(Vec<Self>),
    /// Not this.
    Not(Box<Self>),
    /// One condition.
    Term(Term),
}

/// One condition on an event.
#[derive(Clone, Debug, PartialEq)]
pub enum Term {
    /// The text contains this, ignoring case; never empty.
    Text(String),
    /// A regular expression matches somewhere in the text; the pattern has been checked to compile.
    Regex(String),
    /// The text has this [pattern](super::pattern).
    Pattern(String),
    /// The key.
    Key(StrTest),
    /// The severity, compared by OpenTelemetry number. `level:error` and `level=error` are two terms, a range.
    Severity(Compare, Severity),
    /// The sender's time, Unix nanoseconds.
    Time(Compare, i64),
    /// The daemon's time of receipt, Unix nanoseconds.
    Received(Compare, i64),
    /// The sequence number.
    Seq(Compare, u64),
    /// Any of the event's attributes of this name.
    Attr(String, AttrTest),
}

/// A condition on a string, case-sensitive except [`Self::Contains`].
#[derive(Clone, Debug, PartialEq)]
pub enum StrTest {
    /// The key itself or anything below it, by whole segments ([`crate::key::covers`]). Keys only.
    Under(String),
    /// Equal.
    Equals(String),
    /// Begins with.
    Prefix(String),
    /// Contains, ignoring case.
    Contains(String),
    /// A regular expression matches somewhere.
    Regex(String),
}

/// A condition on an attribute.
#[derive(Clone, Debug, PartialEq)]
pub enum AttrTest {
    /// It is there, whatever its value.
    Exists,
    /// Its value, written as text, passes.
    Str(StrTest),
    /// Its value is a number, or text that is one, and compares so.
    Number(Compare, f64),
}

/// How two values compare. NaN compares false with everything, also under `Ne`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compare {
    /// `=`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
}

impl Compare {
    /// Whether `a` compares so with `b`.
    pub fn holds<T: PartialOrd>(self, a: &T, b: &T) -> bool {
        use core::cmp::Ordering::{Equal, Greater, Less};
        match (self, a.partial_cmp(b)) {
            (_, None) => false,
            (Self::Eq, Some(o)) => o == Equal,
            (Self::Ne, Some(o)) => o != Equal,
            (Self::Lt, Some(o)) => o == Less,
            (Self::Le, Some(o)) => o != Greater,
            (Self::Gt, Some(o)) => o == Greater,
            (Self::Ge, Some(o)) => o != Less,
        }
    }
}
