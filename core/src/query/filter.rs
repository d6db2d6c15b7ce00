//! A compiled expression: prunes blocks by their headers, and selects the rows of a block column by column.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use logd_proto::buffer::BlockHeader;

use super::ast::{AttrTest, Compare, Expr, StrTest, Term};
use super::pattern::PatternTest;
use super::regex::{self, Regex, RegexError};
use super::text::{Contains, TextNeedle};
use super::text_regex::TextRegex;
use super::text_rows::{rows_among, rows_with};
use crate::bits::Bits;
use crate::block::{EventRef, View, take_entry};
use crate::event::Value;
use crate::key;
use crate::severity::Severity;
use crate::store;

/// What a block's header says about a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// No event can match.
    None,
    /// Some may.
    Some,
    /// All do.
    All,
}

/// A compiled expression.
#[derive(Clone, Debug)]
pub struct Filter(Node);

#[derive(Clone, Debug)]
enum Node {
    All,
    And(Vec<Self>),
    Or(Vec<Self>),
    Not(Box<Self>),
    Test(Test),
}

#[derive(Clone, Debug)]
enum Test {
    Severity(Compare, u8),
    Seq(Compare, u64),
    Time(Compare, i64),
    Received(Compare, i64),
    Key(StrMatcher),
    Attr(String, AttrMatcher),
    Text(TextNeedle),
    Regex(TextRegex),
    Pattern(PatternTest),
}

#[derive(Clone, Debug)]
enum StrMatcher {
    Under(String),
    Equals(String),
    Prefix(String),
    Contains(Contains),
    Regex(Regex),
}

#[derive(Clone, Debug)]
enum AttrMatcher {
    Exists,
    Str(StrMatcher),
    Number(Compare, f64),
}

/// Most bytes of the automata of one filter, together with the states that they build as they search on one thread.
pub const MAX_MEMORY: usize = 3 << 20;

/// Where fewer than one row in so many is asked for, their texts are looked at one by one; else all texts of the block at
/// once. In WebAssembly a text looked at by itself takes as long as 25 of those that a search goes over.
const FEW: usize = 16;

impl Filter {
    /// Fails only on patterns that are too large, one or all together.
    pub fn compile(expr: &Expr) -> Result<Self, RegexError> {
        let node = Node::compile(expr)?;
        if node.memory() > MAX_MEMORY {
            let message = "the patterns are too large together; use fewer, or repeat fewer times";
            return Err(RegexError { message: message.into(), span: None });
        }
        Ok(Self(node))
    }

    /// What the header of a block says without looking at its events.
    pub fn prune(&self, header: &BlockHeader) -> Verdict {
        self.0.prune(header)
    }

    /// The rows of a block that match.
    pub fn select(&self, view: &View<'_>) -> Bits {
        self.select_among(view, Bits::all(view.header().events as usize))
    }

    /// The same rows of these only.
    pub fn select_among(&self, view: &View<'_>, among: Bits) -> Bits {
        self.0.select(view, among)
    }

    /// Whether one event matches; the same as [`Self::select`] for its row.
    pub fn matches(&self, event: &EventRef<'_>) -> bool {
        self.0.matches(event)
    }
}

impl store::Select for Filter {
    fn rows(&self, view: &View<'_>) -> Bits {
        self.select(view)
    }
}

impl Node {
    fn compile(expr: &Expr) -> Result<Self, RegexError> {
        let children = |list: &[Expr]| {
            let mut nodes = list.iter().map(Self::compile).collect::<Result<Vec<_>, _>>()?;
            // Cheap tests first: they may spare the dear ones.
            nodes.sort_by_key(Self::cost);
            Ok(nodes)
        };
        Ok(match expr {
            Expr::All => Self::All,
            Expr::And(list) => Self::And(children(list)?),
            Expr::Or(list) => Self::Or(children(list)?),
            Expr::Not(inner) => Self::Not(Box::new(Self::compile(inner)?)),
            Expr::Term(term) => Self::Test(Test::compile(term)?),
        })
    }

    /// Rank of what a test reads, cheapest first.
    fn cost(&self) -> u32 {
        match self {
            Self::All => 0,
            Self::Test(test) => match test {
                Test::Severity(..) => 1,
                Test::Key(_) => 2,
                Test::Seq(..) | Test::Received(..) | Test::Time(..) => 3,
                Test::Attr(..) => 5,
                Test::Text(_) => 6,
                Test::Regex(_) | Test::Pattern(_) => 7,
            },
            Self::Not(inner) => inner.cost(),
            Self::And(list) | Self::Or(list) => list.iter().map(Self::cost).max().unwrap_or(0),
        }
    }

    /// What automata take at most; all else is of the size of the expression.
    fn memory(&self) -> usize {
        match self {
            Self::All => 0,
            Self::And(list) | Self::Or(list) => list.iter().map(Self::memory).sum(),
            Self::Not(inner) => inner.memory(),
            Self::Test(Test::Key(test) | Test::Attr(_, AttrMatcher::Str(test))) => test.memory(),
            Self::Test(Test::Text(needle)) => needle.memory(),
            Self::Test(Test::Regex(regex)) => regex.memory(),
            Self::Test(Test::Pattern(pattern)) => pattern.memory(),
            Self::Test(_) => 0,
        }
    }

    fn prune(&self, h: &BlockHeader) -> Verdict {
        match self {
            Self::All => Verdict::All,
            Self::And(list) => fold(list.iter().map(|n| n.prune(h)), Verdict::None, Verdict::All),
            Self::Or(list) => fold(list.iter().map(|n| n.prune(h)), Verdict::All, Verdict::None),
            Self::Not(inner) => match inner.prune(h) {
                Verdict::None => Verdict::All,
                Verdict::Some => Verdict::Some,
                Verdict::All => Verdict::None,
            },
            Self::Test(test) => test.prune(h),
        }
    }

    fn select(&self, view: &View<'_>, mut among: Bits) -> Bits {
        match self.prune(view.header()) {
            Verdict::None => {
                among.clear();
                return among;
            }
            Verdict::All => return among,
            Verdict::Some => {}
        }
        match self {
            Self::All => among,
            Self::And(list) => list.iter().fold(among, |rows, node| {
                if rows.is_empty() { rows } else { node.select(view, rows) }
            }),
            Self::Or(list) => {
                let mut rows = Bits::none(among.len());
                for node in list {
                    let found = node.select(view, among.clone());
                    among.subtract(&found);
                    rows.unite(&found);
                }
                rows
            }
            Self::Not(inner) => {
                let found = inner.select(view, among.clone());
                among.subtract(&found);
                among
            }
            Self::Test(test) => test.select(view, among),
        }
    }

    fn matches(&self, e: &EventRef<'_>) -> bool {
        match self {
            Self::All => true,
            Self::And(list) => list.iter().all(|n| n.matches(e)),
            Self::Or(list) => list.iter().any(|n| n.matches(e)),
            Self::Not(inner) => !inner.matches(e),
            Self::Test(test) => test.matches(e),
        }
    }
}

/// `strong` as soon as one part is; `weak` if all are; else some.
fn fold(parts: impl Iterator<Item = Verdict>, strong: Verdict, weak: Verdict) -> Verdict {
    let mut all_weak = true;
    for part in parts {
        if part == strong {
            return strong;
        }
        all_weak &= part == weak;
    }
    if all_weak { weak } else { Verdict::Some }
}

impl Test {
    fn compile(term: &Term) -> Result<Self, RegexError> {
        Ok(match term {
            Term::Text(needle) => Self::Text(TextNeedle::new(needle)?),
            Term::Regex(pattern) => Self::Regex(TextRegex::new(pattern)?),
            Term::Pattern(pattern) => Self::Pattern(PatternTest::new(pattern)?),
            Term::Key(test) => Self::Key(StrMatcher::compile(test)?),
            Term::Severity(compare, severity) => Self::Severity(*compare, severity.number()),
            Term::Time(compare, t) => Self::Time(*compare, *t),
            Term::Received(compare, t) => Self::Received(*compare, *t),
            Term::Seq(compare, seq) => Self::Seq(*compare, *seq),
            Term::Attr(name, test) => Self::Attr(
                name.clone(),
                match test {
                    AttrTest::Exists => AttrMatcher::Exists,
                    AttrTest::Str(test) => AttrMatcher::Str(StrMatcher::compile(test)?),
                    AttrTest::Number(compare, x) => AttrMatcher::Number(*compare, *x),
                },
            ),
        })
    }

    fn prune(&self, h: &BlockHeader) -> Verdict {
        match self {
            Self::Severity(compare, s) => of_parts(
                (0..).zip(&h.by_severity).filter(|&(_, &events)| events > 0),
                |(severity, _)| compare.holds(&severity, s),
            ),
            Self::Key(test) => of_parts(h.keys.iter(), |k| test.matches(&k.key)),
            Self::Seq(compare, seq) => of_range(*compare, h.first_seq, h.last_seq, *seq),
            Self::Time(compare, t) => of_range(*compare, h.min_time, h.max_time, *t),
            Self::Received(compare, t) => of_range(*compare, h.min_received, h.max_received, *t),
            Self::Attr(name, _) if !h.attribute_names.contains(name) => Verdict::None,
            Self::Attr(..) | Self::Text(_) | Self::Regex(_) | Self::Pattern(_) => Verdict::Some,
        }
    }

    fn select(&self, view: &View<'_>, mut among: Bits) -> Bits {
        let may_match = match self {
            Self::Text(needle) => needle.may_be_in(view),
            Self::Regex(regex) => regex.may_match_in(view),
            Self::Pattern(pattern) => pattern.may_match_in(view),
            Self::Severity(..)
            | Self::Seq(..)
            | Self::Time(..)
            | Self::Received(..)
            | Self::Key(_)
            | Self::Attr(..) => true,
        };
        if !may_match {
            among.clear();
            return among;
        }
        // Most texts need not be looked at then, only where they end.
        let few = among.count() * FEW < among.len();
        let each = |test: &dyn Fn(&[u8]) -> bool| rows_among(view, &among, test);
        match self {
            Self::Text(needle) if few => each(&|t| needle.contains.find(t).is_some()),
            Self::Regex(regex) if few => each(&|t| regex.is_match(as_text(t))),
            Self::Pattern(p) if few => each(&|t| p.is_match(as_text(t))),
            Self::Severity(..)
            | Self::Seq(..)
            | Self::Time(..)
            | Self::Received(..)
            | Self::Key(_)
            | Self::Attr(..)
            | Self::Text(_)
            | Self::Regex(_)
            | Self::Pattern(_) => {
                among.intersect(&self.select_all(view));
                among
            }
        }
    }

    /// All rows that match; of texts, in a block that may have some.
    fn select_all(&self, view: &View<'_>) -> Bits {
        let h = view.header();
        let n = h.events as usize;
        match self {
            Self::Severity(compare, s) => {
                let accepted: [bool; Severity::COUNT] =
                    core::array::from_fn(|i| compare.holds(&(i as u8), s));
                let test = |s: &u8| accepted.get(usize::from(*s)).is_some_and(|&a| a);
                Bits::from_values(n, view.severities().iter(), test)
            }
            Self::Key(test) => {
                let accepted: Vec<bool> = h.keys.iter().map(|k| test.matches(&k.key)).collect();
                let test = |id: u32| accepted.get(id as usize).is_some_and(|&a| a);
                Bits::from_values(n, view.key_ids(), test)
            }
            Self::Seq(compare, seq) => {
                Bits::from_values(n, view.seqs(), |s| compare.holds(&s, seq))
            }
            Self::Time(compare, t) => {
                Bits::from_values(n, view.times(), |time| compare.holds(&time, t))
            }
            Self::Received(compare, t) => {
                Bits::from_values(n, view.receipts(), |time| compare.holds(&time, t))
            }
            Self::Attr(name, test) => {
                let id = h.attribute_names.iter().position(|other| other == name);
                let has = |entries| attribute_values(entries, id).any(|value| test.matches(value));
                Bits::from_values(n, view.entries(), has)
            }
            Self::Text(needle) => {
                let column = view.text();
                rows_with(column, n, |rest| needle.contains.find(rest), |_| true)
            }
            Self::Regex(regex) => regex.select(view),
            Self::Pattern(pattern) => pattern.select(view),
        }
    }

    fn matches(&self, e: &EventRef<'_>) -> bool {
        match self {
            Self::Severity(compare, s) => compare.holds(&e.severity.number(), s),
            Self::Key(test) => test.matches(e.key),
            Self::Seq(compare, seq) => compare.holds(&e.seq, seq),
            Self::Time(compare, t) => compare.holds(&e.time.0, t),
            Self::Received(compare, t) => compare.holds(&e.received.0, t),
            Self::Attr(name, test) => {
                e.attributes.into_iter().any(|a| a.name == name && test.matches(a.value))
            }
            Self::Text(needle) => needle.contains.is_in(e.text),
            Self::Regex(regex) => regex.is_match(e.text),
            Self::Pattern(pattern) => pattern.is_match(e.text),
        }
    }
}

/// Columns hold nothing else, which is checked where they come from elsewhere.
fn as_text(text: &[u8]) -> &str {
    core::str::from_utf8(text).unwrap_or_default()
}

/// `All` or `None` when the test says the same of every part.
fn of_parts<T>(parts: impl Iterator<Item = T>, test: impl Fn(T) -> bool) -> Verdict {
    let (mut any, mut all) = (false, true);
    for part in parts {
        let holds = test(part);
        any |= holds;
        all &= holds;
    }
    match (any, all) {
        (false, _) => Verdict::None,
        (true, true) => Verdict::All,
        (true, false) => Verdict::Some,
    }
}

/// The same for values that lie within `min..=max`, both of which occur.
fn of_range<T: PartialOrd + Copy>(compare: Compare, min: T, max: T, with: T) -> Verdict {
    match compare {
        Compare::Eq if with < min || max < with => Verdict::None,
        Compare::Ne if with < min || max < with => Verdict::All,
        Compare::Eq | Compare::Ne if min < max => Verdict::Some,
        Compare::Eq | Compare::Ne | Compare::Lt | Compare::Le | Compare::Gt | Compare::Ge => {
            of_parts([min, max].into_iter(), |v| compare.holds(&v, &with))
        }
    }
}

/// The values of the attribute with this id among an event's entries.
fn attribute_values(mut entries: &[u8], id: Option<usize>) -> impl Iterator<Item = Value<'_>> {
    core::iter::from_fn(move || take_entry(&mut entries))
        .filter(move |&(name, _)| Some(name as usize) == id)
        .map(|(_, value)| value)
}

impl StrMatcher {
    fn compile(test: &StrTest) -> Result<Self, RegexError> {
        Ok(match test {
            StrTest::Under(s) => Self::Under(s.clone()),
            StrTest::Equals(s) => Self::Equals(s.clone()),
            StrTest::Prefix(s) => Self::Prefix(s.clone()),
            StrTest::Contains(s) => Self::Contains(Contains::new(s)?),
            StrTest::Regex(pattern) => Self::Regex(regex::compile(pattern)?),
        })
    }

    fn memory(&self) -> usize {
        match self {
            Self::Under(_) | Self::Equals(_) | Self::Prefix(_) => 0,
            Self::Contains(needle) => needle.memory(),
            Self::Regex(regex) => regex.memory(),
        }
    }

    fn matches(&self, s: &str) -> bool {
        match self {
            Self::Under(prefix) => key::covers(prefix, s),
            Self::Equals(other) => s == other,
            Self::Prefix(prefix) => s.starts_with(prefix.as_str()),
            Self::Contains(needle) => needle.is_in(s),
            Self::Regex(regex) => regex.is_match(s),
        }
    }
}

impl AttrMatcher {
    fn matches(&self, value: Value<'_>) -> bool {
        match self {
            Self::Exists => true,
            Self::Str(test) => value.with_text(|text| test.matches(text)),
            Self::Number(compare, x) => value.as_number().is_some_and(|n| compare.holds(&n, x)),
        }
    }
}
