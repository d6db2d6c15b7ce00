//! A search that is kept up to date: what is new is searched, what is gone is taken off.
//!
//! All that a search counts is a sum over blocks. So a block that is evicted, or is replaced by one with more events, is
//! searched once more by itself, and what it had contributed is subtracted.

use alloc::vec::Vec;

use hashbrown::HashMap;
use logd_proto::query::QueryResponse;

use super::listing::{Listing, Merge};
use super::search::{Query, Search, Step};
use crate::store::{BlockId, Handle, Snapshot};

/// When more blocks than this are gone, searching anew in steps is better than subtracting them in one.
const MAX_GONE: usize = 8;

/// A search over what there is, and then over what there is later.
///
/// Its answer is always that of a new [`Search`] over the newest snapshot; which values a facet has that is capped depends
/// on the order in which they came.
#[derive(Debug)]
pub struct StandingSearch {
    search: Search,
    /// What is left to do, the next block last; then what was searched.
    blocks: Vec<Handle>,
}

impl StandingSearch {
    /// Nothing is read yet.
    pub fn new(query: Query, snapshot: Snapshot) -> Self {
        Self::with(Search::new(query, snapshot))
    }

    pub(super) fn with(search: Search) -> Self {
        Self { blocks: search.wanted().to_vec(), search }
    }

    /// What was searched, and for what.
    pub(super) fn searched(&self) -> impl Iterator<Item = &Handle> {
        self.blocks[self.search.wanted().len()..].iter()
    }

    pub(super) fn search(&self) -> &Search {
        &self.search
    }

    /// From now on the search is over this snapshot. What both have is not searched again, if that can be.
    pub fn renew(&mut self, snapshot: Snapshot) {
        let anew = self.search.anew(snapshot);
        let searched = self.blocks.drain(self.search.wanted().len()..);
        let mut gone: HashMap<BlockId, Handle> =
            searched.map(|block| (block.id(), block)).collect();
        let kept = anew.wanted().iter().filter_map(|block| gone.remove_entry(&block.id()));
        let kept: HashMap<BlockId, Handle> = kept.collect();
        if gone.len() > MAX_GONE || !self.search.forget(&gone) {
            *self = Self::with(anew);
            return;
        }
        self.search.go_on(anew, |block| !kept.contains_key(&block.id()));
        self.blocks = self.search.wanted().to_vec();
        self.blocks.extend(kept.into_values());
    }

    /// [`Search::step`].
    pub fn step(&mut self, budget: usize) -> Step {
        self.search.step(budget)
    }

    /// [`Search::listing`].
    pub fn listing(&self, merge: Merge) -> Listing {
        self.search.listing(merge)
    }

    /// The answer; of what has been searched so far, if there is more to do.
    pub fn answer(&self) -> QueryResponse {
        self.search.answer()
    }
}

#[cfg(test)]
pub(super) mod tests;
