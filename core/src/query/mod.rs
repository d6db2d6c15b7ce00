//! Questions over events: the expression language, and its evaluation over blocks.
//!
//! An expression is parsed ([`parse`]), compiled to a [`filter`], and run over a snapshot by a [`Search`], which
//! prunes blocks by their headers, selects rows column by column and collects what was asked for: a page, a total,
//! a histogram, facets.

pub mod ast;
pub mod edit;
pub mod error;
pub mod filter;
pub mod parse;
pub mod pattern;
pub mod regex;

mod column_dfa;
mod compare;
mod cursor;
mod display;
mod facet;
mod field;
mod histogram;
mod implies;
mod lanes;
mod lexer;
mod listing;
mod normal;
mod page;
mod recent;
mod rows;
mod scan;
mod search;
mod standing;
mod tally;
mod text;
mod text_regex;
mod text_rows;
mod window;

pub use compare::Comparer;
pub use cursor::Cursor;
pub use facet::MAX_VALUE_BYTES;
pub use listing::{Listing, Merge};
pub use recent::Recent;
pub use scan::{Scan, Scanned};
pub use search::{Limits, Query, QueryError, Search, Step};
pub use standing::StandingSearch;
pub use tally::{BySeverity, Tallied, Tally};

#[cfg(test)]
mod tests;
