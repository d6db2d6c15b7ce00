use alloc::sync::Arc;
use alloc::vec::Vec;

use logd_proto::query::{QueryResponse, Rows};
use proptest::prelude::*;

use super::*;
use crate::block::{Block, Scratch};
use crate::query::Limits;
use crate::query::ast::{AttrTest, Compare, StrTest, Term};
use crate::query::filter::Filter;
use crate::query::listing::Merge;
use crate::query::search::Step;
use crate::query::standing::tests::{block, query, request, run, snapshot};
use crate::severity::Severity;
use crate::test;

/// Conditions of which many follow from others.
fn condition() -> impl Strategy<Value = Expr> {
    let compare = || {
        prop::sample::select(&[Compare::Eq, Compare::Lt, Compare::Le, Compare::Gt, Compare::Ge][..])
    };
    let text =
        || prop::sample::select(&["t", "ti", "TIME", "timeout", "out no", "o", "no3", "é"][..]);
    let severity = (0u32..25).prop_map(|n| Severity::from_number(n).unwrap_or_default());
    let key = prop::sample::select(&["/a", "/a/", "/a/1", "/a/2", "/", "1"][..]);
    let string = (key, 0..4).prop_map(|(s, kind)| match kind {
        0 => StrTest::Under(s.into()),
        1 => StrTest::Prefix(s.into()),
        2 => StrTest::Contains(s.into()),
        _ => StrTest::Equals(s.into()),
    });
    let number = (compare(), 0..5i32).prop_map(|(c, n)| AttrTest::Number(c, n.into()));
    let attr = prop_oneof![Just(AttrTest::Exists), number, string.clone().prop_map(AttrTest::Str),];
    let term = prop_oneof![
        4 => text().prop_map(|s| Term::Text(s.into())),
        1 => string.prop_map(Term::Key),
        1 => (compare(), severity).prop_map(|(c, s)| Term::Severity(c, s)),
        1 => (compare(), (0..50i64).prop_map(|t| t * 100)).prop_map(|(c, t)| Term::Time(c, t)),
        1 => (compare(), 0..900u64).prop_map(|(c, s)| Term::Seq(c, s)),
        1 => attr.prop_map(|t| Term::Attr("n".into(), t)),
        1 => Just(Term::Regex("o.*o".into())),
    ];
    let both = |term: Expr| prop_oneof![3 => Just(term.clone()), 1 => Just(!term)];
    let one = term.prop_map(Expr::Term).prop_flat_map(both);
    prop_oneof![
        6 => one.clone(),
        1 => prop::collection::vec(one, 2..3).prop_map(Expr::any_of),
    ]
}

fn expr() -> impl Strategy<Value = Expr> {
    prop::collection::vec(condition(), 0..4).prop_map(Expr::all_of)
}

fn blocks() -> Vec<Arc<Block>> {
    (0..6).map(|number| block(number, 70 * (number % 2) + 9)).collect()
}

fn of(expr: &Expr) -> Query {
    Query::with_filter(expr.clone(), &request(""), &Limits::default()).unwrap().with_listing()
}

fn anew(query: Query, blocks: &[Arc<Block>]) -> (QueryResponse, Rows) {
    run(&mut StandingSearch::new(query, snapshot(blocks)))
}

proptest! {
    #[test]
    fn what_is_implied_matches(a in expr(), b in expr(), more in condition()) {
        let stronger = Expr::all_of([b.clone(), more]);
        prop_assert!(stronger.implies(&b) && b.implies(&b));
        for (from, other) in [(&a, &b), (&b, &a), (&stronger, &a), (&stronger, &b)] {
            if !from.implies(other) {
                continue;
            }
            let (from, other) = (Filter::compile(from).unwrap(), Filter::compile(other).unwrap());
            for block in blocks() {
                let mut scratch = Scratch::default();
                let view = block.view(&mut scratch);
                let mut left = from.select(&view);
                left.subtract(&other.select(&view));
                prop_assert!(left.is_empty());
            }
        }
    }

    #[test]
    fn some_rows_are_selected_as_all_are(expr in expr(), seed in any::<[u64; 2]>()) {
        let filter = Filter::compile(&expr).unwrap();
        let unpacked = |block: &Arc<Block>| block.unpacked(usize::MAX).map(Arc::new);
        for block in blocks().iter().flat_map(|block| [Some(block.clone()), unpacked(block)]).flatten() {
            let mut scratch = Scratch::default();
            let view = block.view(&mut scratch);
            // All, many or few of the rows.
            for words in [[u64::MAX; 2], seed, [seed[0] & seed[1] & seed[0].rotate_left(7); 2]] {
                let among = Bits::from_values(block.events(), 0.., |row: usize| {
                    words[row / 64 % 2] >> (row % 64) & 1 == 1
                });
                let mut all = filter.select(&view);
                all.intersect(&among);
                prop_assert_eq!(filter.select_among(&view, among), all);
            }
        }
    }

    /// Whatever was searched before, how far it came, and what came and went since then.
    #[test]
    fn finds_what_a_new_search_finds(
        searches in prop::collection::vec((condition(), 0..3usize, 0..8usize, 0..4usize), 1..8),
    ) {
        let mut recent = Recent::default();
        let mut blocks = blocks();
        let mut newest = 10;
        let mut conditions: Vec<Expr> = Vec::new();
        for (next, back, steps, change) in searches {
            // As a filter is typed: a condition more, or some less.
            conditions.truncate(conditions.len().saturating_sub(back));
            conditions.push(next);
            let query = of(&Expr::all_of(conditions.iter().cloned()));
            let mut search = recent.search(query.clone(), snapshot(&blocks));
            for _ in 0..steps {
                _ = search.step(0);
            }
            recent.remember(&search);
            match change {
                0 => blocks.truncate(3),
                1 => {
                    newest += 1;
                    blocks.push(block(newest, 40));
                },
                2 => blocks[0] = block(0, 30),
                _ => {}
            }
            search.renew(snapshot(&blocks));
            prop_assert_eq!(run(&mut search), anew(query.clone(), &blocks));
            if steps % 2 == 0 {
                recent.remember(&search);
            }
            prop_assert_eq!(run(&mut recent.search(query.clone(), snapshot(&blocks))), anew(query, &blocks));
        }
    }
}

/// How many blocks a search has to read.
fn blocks_read(search: &mut StandingSearch) -> usize {
    let mut steps = 0;
    // A step with this budget ends with the first block that is read.
    while search.step(0) == Step::Pending {
        steps += 1;
    }
    steps
}

#[test]
fn blocks_without_a_match_are_not_read_again() {
    let mut recent = Recent::default();
    let blocks: Vec<_> = (0..20).map(|number| block(number, 9)).collect();
    let search = |recent: &Recent, filter: &str| {
        recent.search(query(&request(filter), &Limits::default()), snapshot(&blocks))
    };
    let mut first = search(&recent, "seq<400 timeout");
    assert_eq!(blocks_read(&mut first), 20);
    recent.remember(&first);
    assert_eq!(blocks_read(&mut search(&recent, "seq<400 timeout no3")), 4);
    assert_eq!(blocks_read(&mut search(&recent, "seq<400 timeout")), 4);
    assert_eq!(blocks_read(&mut search(&recent, "seq<500 timeout")), 20);
}

#[test]
fn what_is_remembered_is_bounded() {
    let mut recent = Recent::default();
    let blocks = blocks();
    let weak = Arc::downgrade(&blocks[0]);
    for n in 0..SEARCHES + 5 {
        let of_n = of(&Expr::Term(Term::Seq(Compare::Ge, n as u64)));
        let mut search = recent.search(of_n, snapshot(&blocks));
        run(&mut search);
        recent.remember(&search);
        recent.remember(&search);
    }
    assert_eq!(recent.past.len(), SEARCHES);
    let listing = recent.search(of(&Expr::All), snapshot(&blocks)).listing(Merge::BySeq);
    drop((blocks, listing));
    assert!(weak.upgrade().is_none(), "a remembered search keeps no block");
}
