//! Compares the events of two buffers: which levels, keys and patterns of text came, went or shifted.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::cmp::Ordering;

use hashbrown::HashMap;
use logd_proto::query::{Aspect, Change, Comparison, Difference, QueryRequest};

use super::ast::{Expr, StrTest, Term};
use super::edit::term;
use super::filter::Filter;
use super::pattern::write_pattern;
use super::search::{QueryError, Step};
use crate::block::{Block, Scratch};
use crate::severity::Severity;
use crate::store::{Handle, Snapshot};

/// Distinct values of an aspect that are counted at most, and bytes of them.
const MAX_VALUES: usize = 100_000;
const MAX_VALUE_BYTES: usize = 8 << 20;
/// Values of each change that an answer has at most.
const MAX_DIFFERENCES: usize = 200;

/// A shift is one that chance makes less than once in a thousand (χ² of one degree of freedom), and that changes the share
/// by at least a tenth: of many events, the least shift is significant.
const SIGNIFICANT: f64 = 10.83;
const NOTABLE: f64 = 0.1;

/// A comparison under way.
#[derive(Debug)]
pub struct Comparer {
    filter: Filter,
    /// What is left to do of A and B, the next block last.
    blocks: [Vec<Handle>; 2],
    levels: Tally,
    keys: Tally,
    patterns: Tally,
    scratch: Scratch,
    /// Of the event at hand.
    pattern: String,
}

impl Comparer {
    /// Compares what the request's filter and times select of `a` and of `b`.
    pub fn new(request: &QueryRequest, a: Snapshot, b: Snapshot) -> Result<Self, QueryError> {
        let blocks = |snapshot: Snapshot| {
            let mut blocks: Vec<_> = snapshot.rings.into_iter().flat_map(|r| r.blocks).collect();
            blocks.sort_unstable_by_key(|b| b.last_seq);
            blocks
        };
        Ok(Self {
            filter: Filter::of_request(request)?,
            blocks: [blocks(a), blocks(b)],
            levels: Tally::default(),
            keys: Tally::default(),
            patterns: Tally::default(),
            scratch: Scratch::default(),
            pattern: String::new(),
        })
    }

    /// Goes through about `budget` bytes of blocks; at least one.
    pub fn step(&mut self, budget: usize) -> Step {
        let mut spent = 0;
        while spent <= budget {
            // The longer side, so that what is found in between is of both.
            let side = usize::from(self.blocks[1].len() > self.blocks[0].len());
            let Some(next) = self.blocks[side].pop() else { return Step::Done };
            if let Some(block) = next.get() {
                spent += block.memory();
                self.add(side, &block);
            }
        }
        Step::Pending
    }

    /// The answer; of what has been gone through so far, if there is more to do.
    pub fn finish(self) -> Comparison {
        let [a, b] = self.levels.events;
        let level = |name: &str| term("level", name).unwrap_or(Expr::All);
        let key = |key: &str| Term::Key(StrTest::Equals(key.into())).into();
        let pattern = |pattern: &str| Term::Pattern(pattern.into()).into();
        let aspects = [
            self.levels.finish("level", level),
            self.keys.finish("key", key),
            self.patterns.finish("pattern", pattern),
        ];
        Comparison { a, b, aspects: aspects.into() }
    }

    fn add(&mut self, side: usize, block: &Block) {
        let view = block.view(&mut self.scratch);
        let selected = self.filter.select(&view);
        let mut rows = view.rows();
        for e in selected.iter().map_while(|row| rows.at(row)) {
            self.levels.count(side, e.severity.level().name(), e.severity);
            self.keys.count(side, e.key, e.severity);
            self.pattern.clear();
            write_pattern(e.text, &mut self.pattern);
            self.patterns.count(side, &self.pattern, e.severity);
        }
    }
}

/// Counts values of one kind, a bounded number of distinct ones. Once it is full, no value is added, so that those that
/// are there have all of their events.
#[derive(Debug, Default)]
struct Tally {
    values: HashMap<String, Counts>,
    bytes: usize,
    /// Of A and B.
    events: [u64; 2],
    capped: bool,
}

#[derive(Debug, Default)]
struct Counts {
    events: [u64; 2],
    worst: Severity,
}

impl Tally {
    fn count(&mut self, side: usize, value: &str, severity: Severity) {
        self.events[side] += 1;
        if !self.values.contains_key(value) {
            if self.values.len() >= MAX_VALUES || self.bytes + value.len() > MAX_VALUE_BYTES {
                self.capped = true;
                return;
            }
            self.bytes += value.len();
        }
        let counts = self.values.entry_ref(value).or_default();
        counts.events[side] += 1;
        counts.worst = counts.worst.max(severity);
    }

    fn finish(self, field: &str, filter: impl Fn(&str) -> Expr) -> Aspect {
        let mut differences: Vec<_> = self
            .values
            .into_iter()
            .map(|(value, counts)| {
                let [a, b] = counts.events;
                let surprise = surprise(counts.events, self.events);
                Difference {
                    change: change(counts.events, self.events, surprise).into(),
                    a,
                    b,
                    surprise,
                    filter: String::new(),
                    severity: counts.worst.number().into(),
                    value,
                }
            })
            .collect();
        differences.sort_unstable_by(|a, b| {
            let surprise = b.surprise.partial_cmp(&a.surprise).unwrap_or(Ordering::Equal);
            surprise.then_with(|| (b.a + b.b).cmp(&(a.a + a.b))).then_with(|| a.value.cmp(&b.value))
        });
        let mut by_change = [0_u64; 4];
        differences.retain_mut(|d| {
            let of_change = &mut by_change[d.change as usize];
            *of_change += 1;
            *of_change <= MAX_DIFFERENCES as u64
        });
        for difference in &mut differences {
            difference.filter = filter(&difference.value).to_string();
        }
        Aspect {
            field: field.into(),
            differences,
            by_change: by_change.into(),
            capped: self.capped,
        }
    }
}

fn change([a, b]: [u64; 2], of: [u64; 2], surprise: f64) -> Change {
    let [share_a, share_b] = [a as f64 / of[0] as f64, b as f64 / of[1] as f64];
    match (a, b) {
        (0, _) => Change::New,
        (_, 0) => Change::Gone,
        _ if surprise < SIGNIFICANT => Change::Alike,
        _ if (share_a - share_b).abs() < NOTABLE * share_a.max(share_b) => Change::Alike,
        _ => Change::Shifted,
    }
}

/// The log-likelihood ratio of a value that `counts` events of `of` have; 0 where the shares are equal.
///
/// Source: Dunning, "Accurate methods for the statistics of surprise and coincidence", 1993; in this form Rayson and
/// Garside, "Comparing corpora using frequency profiling", 2000.
fn surprise(counts: [u64; 2], of: [u64; 2]) -> f64 {
    let both = (counts[0] + counts[1]) as f64;
    let all = (of[0] + of[1]) as f64;
    let part = |count: u64, of: u64| {
        let expected = of as f64 * both / all;
        if count == 0 { 0.0 } else { count as f64 * libm::log(count as f64 / expected) }
    };
    (2.0 * (part(counts[0], of[0]) + part(counts[1], of[1]))).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::NewEvent;
    use crate::key::Key;
    use crate::query::{Limits, Query, Search};
    use crate::store::{MIN_BUDGET, RingConfig, Store, StoreConfig};
    use crate::test;
    use crate::time::{MonoNanos, Now, UnixNanos};
    use alloc::format;
    use alloc::vec;

    type Line<'a> = (&'a str, Severity, &'a str);

    fn snapshot(lines: &[Line<'_>]) -> (Store, Snapshot) {
        let ring = RingConfig {
            prefix: String::new(),
            budget: 16 * MIN_BUDGET,
            max_age: None,
            max_events: Some(1024),
            hot: usize::MAX,
        };
        let mut store = Store::new(StoreConfig { rings: vec![], fallback: ring }).unwrap();
        for (n, &(key, severity, text)) in lines.iter().enumerate() {
            let time = UnixNanos(n as i64);
            let key = Key::parse(key).unwrap();
            let event = NewEvent { time, key, severity, text, attributes: &[] };
            store.append(Now { unix: time, mono: MonoNanos(0) }, &event).unwrap();
        }
        let snapshot = store.snapshot(&[]);
        (store, snapshot)
    }

    fn compare(filter: &str, a: &[Line<'_>], b: &[Line<'_>], budget: usize) -> Comparison {
        let request = QueryRequest { filter: filter.into(), ..QueryRequest::default() };
        let ((_keep_a, a), (_keep_b, b)) = (snapshot(a), snapshot(b));
        let mut comparer = Comparer::new(&request, a, b).unwrap();
        while comparer.step(budget) == Step::Pending {}
        comparer.finish()
    }

    fn aspect<'c>(comparison: &'c Comparison, field: &str) -> &'c Aspect {
        comparison.aspects.iter().find(|aspect| aspect.field == field).unwrap()
    }

    fn of<'c>(comparison: &'c Comparison, field: &str, value: &str) -> &'c Difference {
        let mut differences = aspect(comparison, field).differences.iter();
        differences.find(|d| d.value == value).unwrap()
    }

    #[test]
    fn tells_what_came_went_and_shifted() {
        let texts: Vec<_> = (0..100).map(|n| format!("user {n} logged in")).collect();
        let slow: Vec<_> = (0..60).map(|n| format!("took {n} s")).collect();
        let mut a: Vec<Line<'_>> =
            texts.iter().map(|t| ("/prod/api", Severity::INFO, &t[..])).collect();
        let mut b = a.clone();
        a.push(("/prod/old", Severity::WARN, "bye"));
        a.extend(slow[..2].iter().map(|t| ("/prod/api", Severity::INFO, &t[..])));
        b.extend(slow.iter().map(|t| ("/prod/api", Severity::INFO, &t[..])));
        b.extend([
            ("/prod/new", Severity::ERROR, "boom 7"),
            ("/prod/new", Severity::INFO, "boom 8"),
        ]);

        let whole = compare("", &a, &b, usize::MAX);
        assert_eq!(whole, compare("", &a, &b, 0), "steps change nothing");
        assert_eq!((whole.a, whole.b), (103, 162));
        let new = of(&whole, "pattern", "boom <_>");
        assert_eq!((new.change(), new.a, new.b), (Change::New, 0, 2));
        assert_eq!(new.severity, u32::from(Severity::ERROR.number()), "the most severe");
        assert_eq!(of(&whole, "pattern", "bye").change(), Change::Gone);
        let shifted = of(&whole, "pattern", "took <_> s");
        assert_eq!((shifted.change(), shifted.a, shifted.b), (Change::Shifted, 2, 60));
        let first = &aspect(&whole, "pattern").differences[0];
        assert_eq!(first.value, "took <_> s", "the most surprising first");
        assert_eq!(aspect(&whole, "pattern").by_change, [1, 1, 1, 1]);
        assert_eq!(of(&whole, "key", "/prod/api").change(), Change::Alike);
        assert_eq!(of(&whole, "level", "error").change(), Change::New);

        let filtered = compare("key:/prod/new", &a, &b, 0);
        assert_eq!((filtered.a, filtered.b), (0, 2));
        assert_eq!(aspect(&filtered, "key").differences.len(), 1);
    }

    #[test]
    fn what_is_the_same_is_alike() {
        let lines = [("/a/b", Severity::INFO, "x 1"), ("/a/b", Severity::WARN, "y")];
        let same = compare("", &lines, &lines, 0);
        assert!(same.aspects.iter().flat_map(|a| &a.differences).all(|d| d.surprise == 0.0));
        for aspect in &same.aspects {
            assert_eq!(aspect.by_change[1..], [0, 0, 0], "{}", aspect.field);
        }
        let nothing = compare("", &[], &[], 0);
        assert!(nothing.aspects.iter().all(|a| a.differences.is_empty()));
    }

    /// Each difference's filter finds exactly the events that it counted.
    #[test]
    fn filters_find_what_was_counted() {
        let a: [Line<'_>; 5] = [
            ("/a/b", Severity::INFO, "took 5 ms"),
            ("/a/b", Severity::NONE, "say \"hi\" \\ <_> 'you'\nmore"),
            ("/a/b/c", Severity::WARN, "took 7 ms"),
            ("/a/b", Severity::FATAL, ""),
            ("/a/b", Severity::INFO, "ééé 5…"),
        ];
        let b = [("/a/b", Severity::INFO, "took 5 ms or so")];
        let found = compare("", &a, &b, 0);
        let (mut store, _) = snapshot(&a);
        for d in found.aspects.iter().flat_map(|a| &a.differences) {
            let request =
                QueryRequest { filter: d.filter.clone(), total: true, ..QueryRequest::default() };
            let query = Query::compile(&request, &Limits::default()).unwrap();
            let total = Search::new(query, store.snapshot(&[])).run().total;
            assert_eq!(total, Some(d.a), "{}", d.filter);
        }
    }

    #[test]
    fn a_full_tally_says_so_and_counts_on() {
        let mut tally = Tally::default();
        for n in 0..MAX_VALUES {
            tally.count(0, &n.to_string(), Severity::INFO);
        }
        assert!(!tally.capped);
        tally.count(1, "one more", Severity::INFO);
        tally.count(1, "7", Severity::ERROR);
        assert_eq!((tally.capped, tally.values.len()), (true, MAX_VALUES));
        let aspect = tally.finish("key", |_| Expr::All);
        assert!(aspect.capped);
        // The surplus of each change is counted and left out.
        assert_eq!(aspect.by_change.iter().sum::<u64>(), MAX_VALUES as u64);
        assert_eq!(aspect.differences.len(), MAX_DIFFERENCES + 1);

        let mut tally = Tally::default();
        let long = "x".repeat(MAX_VALUE_BYTES / 2);
        for n in 0..3 {
            tally.count(0, &format!("{n}{long}"), Severity::INFO);
        }
        assert!(tally.capped && tally.bytes <= MAX_VALUE_BYTES);
    }

    #[test]
    fn refuses_what_is_no_filter() {
        let request = QueryRequest { filter: "levle:x".into(), ..QueryRequest::default() };
        let refused = Comparer::new(&request, Snapshot::default(), Snapshot::default());
        assert!(matches!(refused, Err(QueryError::Parse(_))));
    }
}
