//! Runs a query over a snapshot, in steps.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use hashbrown::HashMap;
use logd_proto::query::{Coverage, Order, QueryRequest, QueryResponse};

use super::ast::{Compare, Expr, Term};
use super::cursor::Cursor;
use super::error::ParseError;
use super::facet::{FacetBuilder, Field};
use super::filter::{Filter, Verdict};
use super::histogram::HistogramBuilder;
use super::listing::{Listing, Matches, Merge};
use super::page::PageBuilder;
use super::parse::parse;
use super::recent::{Candidates, Known};
use super::regex::RegexError;
use crate::bits::Bits;
use crate::block::{Block, Scratch};
use crate::store::{BlockId, Handle, Snapshot};

/// What a host lets one query ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Events of a page when the request names no limit.
    pub default_page: usize,
    /// Events of a page at most.
    pub max_page: usize,
    /// Bytes of a page at most, as they lie in memory; one event always fits.
    pub max_page_bytes: usize,
    /// Buckets of a histogram at most; past it they widen.
    pub max_buckets: usize,
    /// Facets of a request at most.
    pub max_facets: usize,
    /// Distinct values that a facet counts at most.
    pub max_facet_values: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            default_page: 100,
            max_page: 10_000,
            max_page_bytes: 16 << 20,
            max_buckets: 10_000,
            max_facets: 16,
            max_facet_values: 100_000,
        }
    }
}

/// Why a request is no query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueryError {
    /// The expression.
    Parse(Box<ParseError>),
    /// A pattern of a filter that was not parsed.
    Regex(RegexError),
    /// The cursor was not given by a page, or by one of the other order.
    Cursor,
    /// The order's number is none of the protocol's.
    Order,
    /// The width of a histogram's buckets is zero.
    BucketWidth,
    /// No such field to count values of.
    Facet(String),
    /// More facets than the host answers at once.
    TooManyFacets(usize),
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parse(e) => e.fmt(f),
            Self::Regex(e) => e.fmt(f),
            Self::Cursor => f.write_str("this cursor was not given by a page of the same order"),
            Self::Order => f.write_str("the order is newest first or oldest first"),
            Self::BucketWidth => f.write_str("the width of a bucket must be above zero"),
            Self::Facet(field) => {
                write!(f, "no facet of {field:?}; there is key, level and attr.NAME")
            }
            Self::TooManyFacets(max) => write!(f, "a query has at most {max} facets"),
        }
    }
}

impl core::error::Error for QueryError {}

impl From<RegexError> for QueryError {
    fn from(e: RegexError) -> Self {
        Self::Regex(e)
    }
}

/// A question, ready to be run.
#[derive(Clone, Debug)]
pub struct Query {
    expr: Arc<Expr>,
    filter: Filter,
    page: Option<PageBuilder>,
    total: Option<u64>,
    histogram: Option<HistogramBuilder>,
    facets: Vec<FacetBuilder>,
    listing: Option<Vec<Matches>>,
}

impl Query {
    /// Parses the filter and checks every part. The rings that the request names are the host's business: it
    /// takes the snapshot.
    pub fn compile(request: &QueryRequest, limits: &Limits) -> Result<Self, QueryError> {
        Self::with_filter(parse_filter(request)?, request, limits)
    }

    /// The same with an expression instead of the request's text.
    pub fn with_filter(
        expr: Expr,
        request: &QueryRequest,
        limits: &Limits,
    ) -> Result<Self, QueryError> {
        if request.facets.len() > limits.max_facets {
            return Err(QueryError::TooManyFacets(limits.max_facets));
        }
        let facets = request.facets.iter().map(|f| {
            let field = Field::parse(&f.field).ok_or_else(|| QueryError::Facet(f.field.clone()))?;
            let limit = if f.limit == 0 { 10 } else { f.limit as usize };
            Ok(FacetBuilder::new(field, f.field.clone(), limit, limits.max_facet_values))
        });
        let histogram = match &request.histogram {
            Some(h) if h.bucket_nanos == 0 => return Err(QueryError::BucketWidth),
            Some(h) => Some(HistogramBuilder::new(h.bucket_nanos, limits.max_buckets)),
            None => None,
        };
        let expr = within(expr, request);
        Ok(Self {
            filter: Filter::compile(&expr)?,
            expr: expr.into(),
            page: request.page.as_ref().map(|p| page(p, limits)).transpose()?,
            total: request.total.then_some(0),
            histogram,
            facets: facets.collect::<Result<_, QueryError>>()?,
            listing: None,
        })
    }

    /// Whether a page is asked for.
    pub fn has_page(&self) -> bool {
        self.page.is_some()
    }

    /// Has the search note all matching events, for [`Search::listing`].
    #[must_use]
    pub fn with_listing(self) -> Self {
        Self { listing: Some(Vec::new()), ..self }
    }

    /// Whether anything beside the page needs every block.
    fn counts(&self) -> bool {
        self.total.is_some()
            || self.histogram.is_some()
            || !self.facets.is_empty()
            || self.listing.is_some()
    }

    fn merge(&mut self, other: Self) {
        if let (Some(page), Some(other)) = (&mut self.page, other.page) {
            page.merge(other);
        }
        if let (Some(total), Some(other)) = (&mut self.total, other.total) {
            *total += other;
        }
        if let (Some(histogram), Some(other)) = (&mut self.histogram, other.histogram) {
            histogram.merge(other);
        }
        for (facet, other) in self.facets.iter_mut().zip(other.facets) {
            facet.merge(other);
        }
        if let (Some(listing), Some(other)) = (&mut self.listing, other.listing) {
            listing.extend(other);
        }
    }

    /// Whether [`Self::subtract`] is exact: what was capped has forgotten what it was made of.
    fn is_a_sum(&self) -> bool {
        self.page.is_none()
            && self.histogram.as_ref().is_none_or(HistogramBuilder::is_a_sum)
            && self.facets.iter().all(FacetBuilder::is_a_sum)
    }

    /// Takes off what another search has found, in blocks of which this one has no more to know.
    fn subtract(&mut self, other: Self, is_gone: impl Fn(&Handle) -> bool) {
        if let (Some(total), Some(other)) = (&mut self.total, other.total) {
            *total -= other;
        }
        if let (Some(histogram), Some(other)) = (&mut self.histogram, other.histogram) {
            histogram.subtract(other);
        }
        for (facet, other) in self.facets.iter_mut().zip(other.facets) {
            facet.subtract(other);
        }
        if let Some(listing) = &mut self.listing {
            listing.retain(|matches| !is_gone(&matches.block));
        }
    }

    fn add(&mut self, handle: Handle, block: &Block, known: Option<&Known>, scratch: &mut Scratch) {
        let h = block.header();
        let page_wants = self.page.as_ref().is_some_and(|p| p.wants(h.first_seq, h.last_seq));
        let verdict = self.filter.prune(h);
        if verdict == Verdict::None || !(page_wants || self.counts()) {
            return;
        }
        if verdict == Verdict::Some && known.is_some_and(|known| known.rows.is_none()) {
            return;
        }
        let received = h.min_received..h.max_received;
        if let Some(listing) = self.listing.as_mut().filter(|_| verdict == Verdict::All) {
            listing.push(Matches {
                block: handle.clone(),
                received: received.clone(),
                selected: None,
            });
        }
        if verdict == Verdict::All && !page_wants && self.add_header(block) {
            return;
        }
        let view = block.view(scratch);
        let selected = match (verdict, known) {
            (Verdict::All, _) => Bits::all(block.events()),
            (_, Some(Known { rows: Some(rows), exact, .. })) => {
                let rows = Bits::clone(rows);
                if *exact { rows } else { self.filter.select_among(&view, rows) }
            }
            _ => self.filter.select(&view),
        };
        if selected.is_empty() {
            return;
        }
        if let Some(total) = &mut self.total {
            *total += selected.count() as u64;
        }
        if let Some(histogram) = &mut self.histogram {
            histogram.add(&view, verdict, &selected);
        }
        for facet in &mut self.facets {
            facet.add(&view, &selected);
        }
        if let Some(listing) = self.listing.as_mut().filter(|_| verdict == Verdict::Some) {
            let selected = Some(Arc::new(selected.clone()));
            listing.push(Matches { block: handle, received, selected });
        }
        if let Some(page) = self.page.as_mut().filter(|_| page_wants) {
            page.add(&view, selected);
        }
    }

    fn finish(self, coverage: Coverage) -> QueryResponse {
        QueryResponse {
            rows: self.page.map(PageBuilder::finish),
            total: self.total,
            histogram: self.histogram.map(HistogramBuilder::finish),
            facets: self.facets.into_iter().map(FacetBuilder::finish).collect(),
            coverage: Some(coverage),
        }
    }

    /// Counts a block that matches wholly without reading its columns; false, and nothing counted, where the
    /// header is not enough.
    fn add_header(&mut self, block: &Block) -> bool {
        let h = block.header();
        let one_bucket =
            self.histogram.as_ref().is_none_or(|b| b.is_one_bucket(h.min_time, h.max_time));
        if !one_bucket || self.facets.iter().any(|f| !f.header_suffices(h)) {
            return false;
        }
        if let Some(total) = &mut self.total {
            *total += u64::from(h.events);
        }
        if let Some(histogram) = &mut self.histogram {
            histogram.add_severities(h.min_time, &h.by_severity);
        }
        self.facets.iter_mut().for_each(|f| f.add_header(h));
        true
    }
}

fn parse_filter(request: &QueryRequest) -> Result<Expr, QueryError> {
    parse(&request.filter).map_err(|e| QueryError::Parse(Box::new(e)))
}

/// An expression within the request's times.
fn within(expr: Expr, request: &QueryRequest) -> Expr {
    let from = request.from.map(|t| Expr::Term(Term::Time(Compare::Ge, t)));
    let until = request.until.map(|t| Expr::Term(Term::Time(Compare::Lt, t)));
    Expr::all_of(from.into_iter().chain(until).chain([expr]))
}

impl Filter {
    /// The filter and the times of a request.
    pub(super) fn of_request(request: &QueryRequest) -> Result<Self, QueryError> {
        Ok(Self::compile(&within(parse_filter(request)?, request))?)
    }
}

fn page(p: &logd_proto::query::Page, limits: &Limits) -> Result<PageBuilder, QueryError> {
    let order = Order::try_from(p.order).map_err(|_| QueryError::Order)?;
    let after = match &p.cursor[..] {
        [] => None,
        bytes => {
            let cursor = Cursor::from_bytes(bytes).filter(|c| c.order == order);
            Some(cursor.ok_or(QueryError::Cursor)?)
        }
    };
    let asked = if p.limit == 0 { limits.default_page } else { p.limit as usize };
    let limit = asked.min(limits.max_page);
    Ok(PageBuilder::new(after, order, limit, limits.max_page_bytes, asked > limit))
}

/// Whether a search has more to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Call [`Search::step`] again.
    Pending,
    /// Call [`Search::finish`].
    Done,
}

/// A query under way over a snapshot.
///
/// ```
/// use logd_core::query::{Limits, Query, Search, Step};
/// use logd_core::store::Snapshot;
/// use logd_proto::query::QueryRequest;
///
/// let request = QueryRequest { filter: "level>=warn timeout".into(), total: true, ..Default::default() };
/// let query = Query::compile(&request, &Limits::default())?;
/// let mut search = Search::new(query, Snapshot::default());
/// while search.step(1 << 20) == Step::Pending {
///     // A deadline or a cancellation is looked at here.
/// }
/// assert_eq!(search.finish().total, Some(0));
/// # Ok::<(), logd_core::query::QueryError>(())
/// ```
#[derive(Debug)]
pub struct Search {
    query: Query,
    /// The same before anything was found.
    fresh: Query,
    /// What is left to do, the next block last.
    blocks: Vec<Handle>,
    coverage: Coverage,
    /// What other searches have found out about blocks.
    known: Candidates,
    scratch: Scratch,
}

impl Search {
    /// Nothing is read yet.
    pub fn new(query: Query, snapshot: Snapshot) -> Self {
        let mut coverage = Coverage::default();
        let mut blocks = Vec::new();
        for ring in snapshot.rings {
            coverage.overwritten += ring.overwritten;
            blocks.extend(ring.blocks);
        }
        coverage.oldest_seq = blocks.iter().map(|b| b.first_seq).min().unwrap_or(0);
        coverage.newest_seq = blocks.iter().map(|b| b.last_seq).max().unwrap_or(0);
        match query.page.as_ref().map_or(Order::NewestFirst, PageBuilder::order) {
            Order::NewestFirst => blocks.sort_unstable_by_key(|b| b.last_seq),
            Order::OldestFirst => {
                blocks.sort_unstable_by_key(|b| core::cmp::Reverse(b.first_seq));
            }
        }
        let (fresh, known, scratch) = (query.clone(), Candidates::default(), Scratch::default());
        Self { query, fresh, blocks, coverage, known, scratch }
    }

    /// The same, of which other searches know something.
    pub(super) fn knowing(self, known: Candidates) -> Self {
        Self { known, ..self }
    }

    /// Deals what is left to do out to `parts` searches, which may run at the same time; [`Self::merge`] joins them.
    /// The first keeps what has been found so far.
    pub fn split(mut self, parts: usize) -> Vec<Self> {
        let parts = parts.max(1);
        let blocks = core::mem::take(&mut self.blocks);
        let part = |_| Self {
            query: self.fresh.clone(),
            fresh: self.fresh.clone(),
            blocks: Vec::new(),
            coverage: Coverage::default(),
            known: self.known.clone(),
            scratch: Scratch::default(),
        };
        let others: Vec<_> = (1..parts).map(part).collect();
        let mut searches = Vec::with_capacity(parts);
        searches.push(self);
        searches.extend(others);
        // In turn, so that each part begins with blocks of the page's end.
        for (i, block) in blocks.into_iter().rev().enumerate() {
            searches[i % parts].blocks.push(block);
        }
        searches.iter_mut().for_each(|s| s.blocks.reverse());
        searches
    }

    /// Takes what another part of the same search has found.
    pub fn merge(&mut self, other: Self) {
        self.query.merge(other.query);
        self.blocks.extend(other.blocks);
        self.coverage.evicted_during += other.coverage.evicted_during;
    }

    /// Searches blocks until about `budget` bytes of them have been gone through; at least one.
    pub fn step(&mut self, budget: usize) -> Step {
        let mut spent = 0;
        while spent <= budget {
            let Some(next) = self.blocks.pop() else { return Step::Done };
            let wanted = |p: &PageBuilder| p.wants(next.first_seq, next.last_seq);
            if !self.query.counts() && !self.query.page.as_ref().is_some_and(wanted) {
                continue;
            }
            match next.get() {
                Some(block) => {
                    let known = self.known.of(&next);
                    if known.is_none_or(|known| known.rows.is_some()) {
                        spent += block.memory();
                    }
                    self.query.add(next, &block, known, &mut self.scratch);
                }
                None => self.coverage.evicted_during += next.events as u64,
            }
        }
        Step::Pending
    }

    /// All matching events of what has been searched so far, if the query [asked](Query::with_listing) for them.
    pub fn listing(&self, merge: Merge) -> Listing {
        Listing::new(self.query.listing.iter().flatten().cloned(), merge)
    }

    /// The same search over another snapshot, of which nothing is read yet.
    pub(super) fn anew(&self, snapshot: Snapshot) -> Self {
        Self::new(self.fresh.clone(), snapshot).knowing(self.known.clone())
    }

    /// What it searches for.
    pub(super) fn expr(&self) -> &Arc<Expr> {
        &self.query.expr
    }

    /// The matching rows of what has been searched, where the query [asked](Query::with_listing) for them.
    pub(super) fn matches(&self) -> Option<&[Matches]> {
        self.query.listing.as_deref()
    }

    /// What is left to do, the next block last.
    pub(super) fn wanted(&self) -> &[Handle] {
        &self.blocks
    }

    /// Does as if these blocks, which have been searched, had never been there. False, and nothing is done, where that
    /// cannot be.
    pub(super) fn forget(&mut self, gone: &HashMap<BlockId, Handle>) -> bool {
        if gone.is_empty() {
            return true;
        }
        if !self.query.is_a_sum() {
            return false;
        }
        let mut query = Query { listing: None, ..self.fresh.clone() };
        for handle in gone.values() {
            let Some(block) = handle.get() else { return false };
            let known = self.known.of(handle);
            query.add(handle.clone(), &block, known, &mut self.scratch);
        }
        self.query.subtract(query, |block| gone.contains_key(&block.id()));
        true
    }

    /// Keeps what was found, and goes on with those blocks of another search that are still to be searched.
    pub(super) fn go_on(&mut self, other: Self, is_new: impl Fn(&Handle) -> bool) {
        self.blocks = other.blocks;
        self.blocks.retain(is_new);
        self.coverage = other.coverage;
    }

    /// [`Self::finish`] of a search that goes on.
    pub(super) fn answer(&self) -> QueryResponse {
        let query = Query { listing: None, ..self.query.clone() };
        query.finish(self.coverage)
    }

    /// The answer; of what has been searched so far, if there is more to do.
    pub fn finish(self) -> QueryResponse {
        self.query.finish(self.coverage)
    }

    /// All steps at once.
    pub fn run(mut self) -> QueryResponse {
        while self.step(usize::MAX) == Step::Pending {}
        self.finish()
    }
}
