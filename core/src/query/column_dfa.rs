//! A regular expression without literals, run over a whole text column.
//!
//! A table-driven automaton waits for memory on every byte: the next look-up needs the state that the last one
//! gave. Several searches at once, in different parts of the column, wait together.

use alloc::boxed::Box;
use alloc::vec::Vec;

use hashbrown::HashMap;
use memchr::memchr;
use regex_automata::Anchored;
use regex_automata::hybrid::LazyStateID;
use regex_automata::hybrid::dfa::DFA;
use regex_automata::nfa::thompson;
use regex_automata::util::start;
use regex_syntax::hir::Hir;

use crate::block::TERMINATOR;

/// Parts of a column that are searched at once. Four is where more stopped gaining.
const LANES: usize = 4;
/// Most bytes of the table. Past them the ordinary engine searches.
const MAX_TABLE: usize = 1 << 20;
/// Most bytes of what building it needs.
const MAX_STATES: usize = 2 << 20;

/// The automaton, as a table.
#[derive(Debug)]
pub(super) struct ColumnDfa {
    /// The classes of bytes that the automaton tells apart.
    class: [u8; 256],
    /// A state is where its row begins; a row has the next state for each class. Matches are the last ones.
    next: Box<[u32]>,
    start: u32,
    /// States from this one on are matches.
    matches: u32,
}

impl ColumnDfa {
    /// `None` when the pattern's table is too large. The pattern must not look around and not match the empty text.
    pub(super) fn new(pattern: &Hir) -> Option<Self> {
        let thompson = thompson::Config::new()
            .nfa_size_limit(Some(MAX_TABLE))
            .which_captures(thompson::WhichCaptures::None);
        let nfa = thompson::Compiler::new().configure(thompson).build_from_hir(pattern).ok()?;
        let config = DFA::config().cache_capacity(MAX_STATES);
        Self::of(&DFA::builder().configure(config).build_from_nfa(nfa).ok()?)
    }

    /// Has the automaton build all of its states.
    fn of(dfa: &DFA) -> Option<Self> {
        let mut cache = dfa.create_cache();
        let start = start::Config::new().anchored(Anchored::No);
        let start = dfa.start_state(&mut cache, &start).ok()?;
        let classes = dfa.byte_classes();
        // Without the class of the end, which a column does not have.
        let width = classes.alphabet_len() - 1;
        let mut numbers: HashMap<LazyStateID, u32> = HashMap::from([(start, 0)]);
        let mut states: Vec<LazyStateID> = Vec::from([start]);
        let mut next: Vec<u32> = Vec::new();
        let mut at = 0;
        while let Some(&state) = states.get(at) {
            for byte in classes.representatives(..).filter_map(|unit| unit.as_u8()) {
                let to = dfa.next_state(&mut cache, state, byte).ok()?;
                let number = *numbers.entry(to).or_insert_with(|| {
                    states.push(to);
                    states.len() as u32 - 1
                });
                next.push(number);
            }
            at += 1;
            if next.len() * size_of::<u32>() > MAX_TABLE || cache.clear_count() > 0 {
                return None;
            }
        }
        // Matches last: one comparison tells them.
        let mut order: Vec<usize> = (0..states.len()).collect();
        order.sort_by_key(|&state| states[state].is_match());
        let mut row_of = alloc::vec![0; states.len()];
        for (row, &state) in order.iter().enumerate() {
            row_of[state] = (row * width) as u32;
        }
        let rows = order.iter().flat_map(|state| &next[state * width..(state + 1) * width]);
        let first_match = order.partition_point(|&state| !states[state].is_match());
        Some(Self {
            class: core::array::from_fn(|byte| classes.get(byte as u8)),
            next: rows.map(|&state| row_of[state as usize]).collect(),
            start: row_of[0],
            matches: (first_match * width) as u32,
        })
    }

    /// Bytes of the table.
    pub(super) fn memory(&self) -> usize {
        size_of_val(&*self.next) + size_of::<Self>()
    }

    #[inline]
    fn step(&self, state: u32, byte: u8) -> u32 {
        self.next[state as usize + usize::from(self.class[usize::from(byte)])]
    }

    /// Goes through bytes of the same length, until one of the states is a match. Returns the states, and how far they came.
    ///
    /// Written out for each lane: compiled to be small, a loop over them would stay one, and keep the states in memory.
    fn run(&self, states: [u32; LANES], bytes: [&[u8]; LANES]) -> ([u32; LANES], usize) {
        let ([mut a, mut b, mut c, mut d], [of_a, of_b, of_c, of_d]) = (states, bytes);
        let mut done = 0;
        for (((&in_a, &in_b), &in_c), &in_d) in of_a.iter().zip(of_b).zip(of_c).zip(of_d) {
            a = self.step(a, in_a);
            b = self.step(b, in_b);
            c = self.step(c, in_c);
            d = self.step(d, in_d);
            done += 1;
            // Without a branch for each.
            let is_match = |state: u32| state >= self.matches;
            if is_match(a) | is_match(b) | is_match(c) | is_match(d) {
                break;
            }
        }
        ([a, b, c, d], done)
    }

    /// A byte offset within each text of `column` that matches, ascending.
    pub(super) fn hits(&self, column: &[u8]) -> Vec<usize> {
        let mut lanes = self.lanes(column);
        while lanes.iter().all(|lane| lane.at < lane.end) {
            // The shortest lane decides how far all can go without asking.
            let run = lanes.iter().map(|lane| lane.end - lane.at).min().unwrap_or(0);
            let bytes = lanes.each_ref().map(|lane| &column[lane.at..lane.at + run]);
            let (states, done) = self.run(lanes.each_ref().map(|lane| lane.state), bytes);
            for (lane, state) in lanes.iter_mut().zip(states) {
                lane.state = state;
                lane.at += done;
                self.look(lane, column);
            }
        }
        for lane in &mut lanes {
            while lane.at < lane.end {
                lane.state = self.step(lane.state, column[lane.at]);
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
        if lane.state >= self.matches {
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
    state: u32,
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
