//! What the last few searches found, so that the next one need not look for it.
//!
//! As a filter is typed, each search is for less than the one before, and going back is for what was searched already. A
//! search that is implied by the next one (see [`super::implies`]) says for each block that it has searched which rows are
//! left to look at: often none. Blocks that it has not searched, or that came later, are searched as usual. So a
//! remembered search makes the next one faster, and never changes what it finds.

use alloc::collections::VecDeque;
use alloc::sync::Arc;

use hashbrown::HashMap;

use super::ast::Expr;
use super::search::{Query, Search};
use super::standing::StandingSearch;
use crate::bits::Bits;
use crate::store::{BlockId, Handle, Mark, Snapshot};

/// Searches that are remembered: enough to type a few words and go back. One takes a bit of memory for each event at most,
/// and none for the events of blocks without a match.
const SEARCHES: usize = 24;

/// The last searches. It keeps no block alive.
#[derive(Debug, Default)]
pub struct Recent {
    /// The newest last.
    past: VecDeque<Past>,
}

#[derive(Debug)]
struct Past {
    expr: Arc<Expr>,
    blocks: HashMap<BlockId, Rows>,
}

/// The matches of one block.
#[derive(Clone, Debug)]
struct Rows {
    /// While it is here, no other block has this one's number.
    _mark: Mark,
    /// None if there are none.
    rows: Option<Arc<Bits>>,
}

/// What is known of a block before it is searched.
#[derive(Debug)]
pub(super) struct Known {
    /// Rows that may match; none if no row does.
    pub(super) rows: Option<Arc<Bits>>,
    /// All of them do.
    pub(super) exact: bool,
    _mark: Mark,
}

/// What is known of some blocks.
#[derive(Clone, Debug, Default)]
pub(super) struct Candidates(Arc<HashMap<BlockId, Known>>);

impl Candidates {
    pub(super) fn of(&self, block: &Handle) -> Option<&Known> {
        self.0.get(&block.id())
    }
}

impl Recent {
    /// Remembers what a search has found so far, if it made a [listing](Query::with_listing).
    pub fn remember(&mut self, search: &StandingSearch) {
        let Some(matches) = search.search().matches() else { return };
        let none = |block: &Handle| (block.id(), Rows { _mark: block.mark(), rows: None });
        let mut blocks: HashMap<_, _> = search.searched().map(none).collect();
        for found in matches {
            match &found.selected {
                Some(rows) => {
                    if let Some(block) = blocks.get_mut(&found.block.id()) {
                        block.rows = Some(rows.clone());
                    }
                }
                // That all match is in the block's header.
                None => _ = blocks.remove(&found.block.id()),
            }
        }
        let expr = search.search().expr().clone();
        self.past.retain(|past| past.expr != expr);
        self.past.push_back(Past { expr, blocks });
        if self.past.len() > SEARCHES {
            self.past.pop_front();
        }
    }

    /// A new search, which looks only where there may be something. Nothing is read yet.
    pub fn search(&self, query: Query, snapshot: Snapshot) -> StandingSearch {
        let search = Search::new(query, snapshot);
        let known = self.candidates(search.expr());
        StandingSearch::with(search.knowing(known))
    }

    /// For each block the fewest rows that may match.
    fn candidates(&self, expr: &Expr) -> Candidates {
        let mut candidates: HashMap<BlockId, Known> = HashMap::new();
        for past in self.past.iter().filter(|past| expr.implies(&past.expr)) {
            let exact = past.expr.implies(expr);
            for (&id, Rows { rows, _mark }) in &past.blocks {
                let known = Known { rows: rows.clone(), exact, _mark: _mark.clone() };
                match candidates.get_mut(&id) {
                    Some(other) if known.rank() < other.rank() => *other = known,
                    Some(_) => {}
                    None => _ = candidates.insert(id, known),
                }
            }
        }
        Candidates(candidates.into())
    }
}

impl Known {
    /// Less is better: how much is left to look at.
    fn rank(&self) -> (bool, usize) {
        (!self.exact, self.rows.as_ref().map_or(0, |rows| rows.count()))
    }
}

#[cfg(test)]
mod tests;
