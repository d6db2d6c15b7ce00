//! A regular expression without literals, run over a whole text column.
//!
//! A table-driven automaton waits for memory on every byte: the next look-up needs the state that the last one
//! gave. Several searches at once, in different parts of the column, wait together.

use alloc::sync::Arc;
use alloc::vec::Vec;

use memchr::memchr;
use regex_automata::Anchored;
use regex_automata::dfa::{Automaton, StartKind, dense};
use regex_automata::nfa::thompson;
use regex_automata::util::primitives::StateID;
use regex_automata::util::start;
use regex_syntax::hir::Hir;

use crate::block::TERMINATOR;

/// Parts of a column that are searched at once. Four is where more stopped gaining.
const LANES: usize = 4;
/// Most bytes of the table, and of what building it needs. Past them the ordinary engines search.
const MAX_TABLE: usize = 1 << 20;

/// The automaton, as a table.
#[derive(Clone, Debug)]
pub(super) struct ColumnDfa {
    table: Arc<dense::DFA<Vec<u32>>>,
    start: StateID,
}

impl ColumnDfa {
    /// `None` when the pattern's table is too large. The pattern must not look around and not match the empty text.
    pub(super) fn new(pattern: &Hir) -> Option<Self> {
        let config = dense::Config::new()
            .start_kind(StartKind::Unanchored)
            .accelerate(false)
            .minimize(false)
            .dfa_size_limit(Some(MAX_TABLE))
            .determinize_size_limit(Some(MAX_TABLE));
        let thompson = thompson::Config::new()
            .nfa_size_limit(Some(MAX_TABLE))
            .which_captures(thompson::WhichCaptures::None);
        let nfa = thompson::Compiler::new().configure(thompson).build_from_hir(pattern).ok()?;
        let table = dense::Builder::new().configure(config).build_from_nfa(&nfa).ok()?;
        let start = table.start_state(&start::Config::new().anchored(Anchored::No)).ok()?;
        Some(Self { table: Arc::new(table), start })
    }

    /// Bytes of the table.
    pub(super) fn memory(&self) -> usize {
        self.table.memory_usage()
    }

    /// A byte offset within each text of `column` that matches, ascending.
    pub(super) fn hits(&self, column: &[u8]) -> Vec<usize> {
        let mut lanes = self.lanes(column);
        while lanes.iter().all(|lane| lane.at < lane.end) {
            // The shortest lane decides how far all can go without asking.
            let run = lanes.iter().map(|lane| lane.end - lane.at).min().unwrap_or(0);
            let bytes = lanes.each_ref().map(|lane| &column[lane.at..lane.at + run]);
            let mut states = lanes.each_ref().map(|lane| lane.state);
            let mut done = 0;
            while done < run {
                let mut special = false;
                for (state, bytes) in states.iter_mut().zip(bytes) {
                    *state = self.table.next_state(*state, bytes[done]);
                    special |= self.table.is_special_state(*state);
                }
                done += 1;
                if special {
                    break;
                }
            }
            for (lane, state) in lanes.iter_mut().zip(states) {
                lane.state = state;
                lane.at += done;
                self.look(lane, column);
            }
        }
        for lane in &mut lanes {
            while lane.at < lane.end {
                lane.state = self.table.next_state(lane.state, column[lane.at]);
                lane.at += 1;
                self.look(lane, column);
            }
        }
        lanes.into_iter().flat_map(|lane| lane.hits).collect()
    }

    /// Divides the column into lanes that begin and end with whole texts.
    fn lanes(&self, column: &[u8]) -> [Lane; LANES] {
        let mut start = 0;
        core::array::from_fn(|i| {
            let target = column.len() / LANES * (i + 1);
            let end =
                if i + 1 == LANES { column.len() } else { text_end(column, start.max(target)) };
            let lane = Lane { at: start, end, state: self.start, hits: Vec::new() };
            start = end;
            lane
        })
    }

    /// Notes a match and goes on with the next text. The automaton reports a match one byte after its last; there
    /// always is one, the terminator.
    fn look(&self, lane: &mut Lane, column: &[u8]) {
        if self.table.is_match_state(lane.state) {
            let last = lane.at - 2;
            lane.hits.push(last);
            lane.at = text_end(column, last).min(lane.end);
            lane.state = self.start;
        }
    }
}

struct Lane {
    at: usize,
    end: usize,
    state: StateID,
    hits: Vec<usize>,
}

/// Just after the terminator of the text that `at` lies in.
fn text_end(column: &[u8], at: usize) -> usize {
    let rest = column.get(at..).unwrap_or_default();
    memchr(TERMINATOR, rest).map_or(column.len(), |end| at + end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::regex;
    use crate::test;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn agrees_with_a_search_of_each_text(
            texts in prop::collection::vec("[a-cé\n]{0,12}", 0..30),
            pattern in prop::sample::select(alloc::vec!["ab", "[ab]c", "a.b", "[^a]b", "a+c?", "(?s)a.c|bb", "é|cc", "[ab]{3}"]),
        ) {
            let dfa = ColumnDfa::new(&regex_syntax::parse(pattern).unwrap()).unwrap();
            let regex = regex::compile(pattern).unwrap();
            let mut column = Vec::new();
            let mut ranges = Vec::new();
            for text in &texts {
                ranges.push(column.len()..column.len() + text.len());
                column.extend_from_slice(text.as_bytes());
                column.push(TERMINATOR);
            }
            let hits = dfa.hits(&column);
            for (text, range) in texts.iter().zip(ranges) {
                let n = hits.iter().filter(|&&hit| range.contains(&hit)).count();
                prop_assert_eq!(n, usize::from(regex.is_match(text)), "{:?} in {:?}", pattern, text);
            }
            prop_assert!(hits.is_sorted());
            prop_assert!(hits.len() <= texts.len());
        }
    }

    #[test]
    fn a_pattern_with_a_large_table_is_left_to_others() {
        let dfa = |pattern| ColumnDfa::new(&regex_syntax::parse(pattern).unwrap());
        assert!(dfa(r"\w{9}").is_none());
        assert!(dfa(r"[0-9a-f]{8}-[0-9]+").is_some());
    }
}
