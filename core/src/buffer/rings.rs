//! Which ring the events of a key were in.

use alloc::collections::BTreeSet;
use alloc::string::String;

use super::open::Buffer;
use crate::key::covers;
use crate::query::ast::{Expr, StrTest, Term};

/// The prefix of a daemon's fallback ring.
const FALLBACK: &str = "/";

/// A ring of the daemon that a buffer came from.
#[derive(Clone, Debug, PartialEq)]
pub struct Ring {
    /// Its prefix; `/` for the fallback ring.
    pub prefix: String,
    /// Matches the events of its keys, and no others. An expression, because events of a daemon's tail come without a
    /// ring: it is the key that decides.
    pub filter: Expr,
}

impl Buffer {
    /// The ring that events of this key are in: the one with the longest prefix, by whole segments. `None` where the
    /// buffer does not tell.
    pub fn ring_of(&self, key: &str) -> Option<Ring> {
        let of_origin = self.origin.iter().flat_map(|o| &o.rings).map(|r| r.prefix.as_str());
        let of_blocks = self.blocks.iter().map(|b| b.header().ring.as_str());
        let all: BTreeSet<&str> = of_origin.chain(of_blocks).filter(|p| !p.is_empty()).collect();
        let own = all.iter().copied().filter(|prefix| covers(prefix, key));
        let prefix = own.max_by_key(|prefix| prefix.len())?;
        let under = |prefix: &str| Expr::Term(Term::Key(StrTest::Under(prefix.into())));
        let others = all.iter().filter(|other| **other != prefix && covers(prefix, other));
        let own = (prefix != FALLBACK).then(|| under(prefix));
        let filter = Expr::all_of(own.into_iter().chain(others.map(|other| !under(other))));
        Some(Ring { prefix: prefix.into(), filter })
    }
}
