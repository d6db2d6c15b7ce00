//! A QUERY under way: a page is searched in steps, its events leave one by one, then the next page; last, `+END`.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use logd_proto::query::{Page, QueryRequest, Rows};
use logd_proto::wire::{QueryParams, attribute};

use super::config::{Config, MAX_DATAGRAM_LEN};
use super::filter;
use super::reply::Reply;
use crate::drop::DropReason;
use crate::event::{Attribute, Value};
use crate::query::ast::Expr;
use crate::query::{Limits, Query, QueryError, Search, Step};
use crate::severity::Severity;
use crate::store::Store;
use crate::time::UnixNanos;

/// Ends the replies to a QUERY.
const END: &str = "+END";
/// Events of a page. Few enough to keep them all for each query, enough to search few pages.
const PAGE_EVENTS: usize = 1000;
const PAGE_BYTES: usize = 256 << 10;

/// One query over UDP. It holds one page at a time.
#[derive(Debug)]
pub(super) struct UdpQuery {
    filter: Expr,
    /// The newest matches that are still to be left out.
    skip: u64,
    /// Matches that are still to be sent.
    left: u64,
    state: State,
}

#[derive(Debug)]
enum State {
    /// The page after this cursor has to be searched; an empty cursor is the first page.
    Next {
        cursor: Vec<u8>,
    },
    Searching(Box<Search>),
    Sending(Box<Outgoing>),
    /// Only the last word is left.
    Ending,
}

/// The events of a page that have not left yet.
#[derive(Debug)]
struct Outgoing {
    rows: Rows,
    /// The first of them, and where its text begins.
    row: usize,
    text: usize,
}

impl UdpQuery {
    /// Nothing is searched yet, but the filter is known to compile.
    pub(super) fn new(params: &QueryParams, hard_limit: u32) -> Result<Self, DropReason> {
        let limit = if params.limit == 0 { hard_limit } else { params.limit.min(hard_limit) };
        let query = Self {
            filter: filter::of_query(params)?,
            skip: u64::from(params.offset),
            left: u64::from(limit),
            state: State::Next { cursor: Vec::new() },
        };
        query.page(&[]).map_err(|_| DropReason::InvalidFilter)?;
        Ok(query)
    }

    /// Whether [`Self::step`] has something to do.
    pub(super) fn needs_step(&self) -> bool {
        matches!(self.state, State::Next { .. } | State::Searching(_))
    }

    /// Searches about `budget` bytes of blocks.
    pub(super) fn step(&mut self, store: &mut Store, budget: usize) {
        if let State::Next { cursor } = &self.state {
            self.state = match self.page(cursor) {
                Ok(query) => State::Searching(Box::new(Search::new(query, store.snapshot(&[])))),
                // It compiled in new(); if it no longer does, the answer ends here.
                Err(_) => State::Ending,
            };
        }
        let State::Searching(search) = &mut self.state else { return };
        if search.step(budget) == Step::Pending {
            return;
        }
        if let State::Searching(search) = core::mem::replace(&mut self.state, State::Ending) {
            let rows = search.finish().rows.unwrap_or_default();
            self.state = State::Sending(Box::new(Outgoing { rows, row: 0, text: 0 }));
            self.settle();
        }
    }

    /// Whether [`Self::pop`] gives a reply.
    pub(super) fn has_reply(&self) -> bool {
        matches!(self.state, State::Sending(_) | State::Ending)
    }

    /// Appends the next reply to `out`; true when it was the last one.
    pub(super) fn pop(&mut self, max: usize, out: &mut Vec<u8>) -> bool {
        match &mut self.state {
            State::Sending(page) => {
                page.encode(max, out);
                page.advance();
                self.left -= 1;
                self.settle();
                false
            }
            State::Ending => {
                Reply::control(END).encode(max, out);
                true
            }
            State::Next { .. } | State::Searching(_) => false,
        }
    }

    /// What one query takes at most: its filter, its page, twice while it is built, an unpacked block, and its
    /// snapshot.
    pub(super) fn memory_for(config: &Config) -> usize {
        // A text and attributes; Engine::append holds the latter to what a datagram can bring.
        let event = config.max_text_len + MAX_DATAGRAM_LEN;
        let snapshot = config.store.snapshot_memory();
        let page = 2 * (PAGE_BYTES + event);
        (filter::MAX_MEMORY + page + UNPACKED_BLOCK).saturating_add(snapshot)
    }

    /// Leaves out what `skip` says, and moves on when the page holds nothing more to send.
    fn settle(&mut self) {
        let State::Sending(page) = &mut self.state else { return };
        while self.skip > 0 && !page.is_empty() {
            page.advance();
            self.skip -= 1;
        }
        if self.left == 0 {
            self.state = State::Ending;
        } else if page.is_empty() {
            let cursor = core::mem::take(&mut page.rows.next_cursor);
            self.state = if cursor.is_empty() { State::Ending } else { State::Next { cursor } };
        }
    }

    fn page(&self, cursor: &[u8]) -> Result<Query, QueryError> {
        let wanted = self.skip.saturating_add(self.left).min(PAGE_EVENTS as u64);
        let page = Page {
            // At most PAGE_EVENTS.
            limit: wanted as u32,
            cursor: cursor.to_vec(),
            ..Page::default()
        };
        let request = QueryRequest { page: Some(page), ..QueryRequest::default() };
        let limits =
            Limits { max_page: PAGE_EVENTS, max_page_bytes: PAGE_BYTES, ..Limits::default() };
        Query::with_filter(self.filter.clone(), &request, &limits)
    }
}

/// A block is at most 1 MiB, or the size of one large event; unpacked text and attributes are no longer.
const UNPACKED_BLOCK: usize = 2 << 20;

impl Outgoing {
    fn is_empty(&self) -> bool {
        self.row >= self.rows.seq.len()
    }

    fn text_len(&self) -> usize {
        self.rows.text_len.get(self.row).map_or(0, |&len| len as usize)
    }

    fn advance(&mut self) {
        self.text += self.text_len();
        self.row += 1;
    }

    fn encode(&self, max: usize, out: &mut Vec<u8>) {
        let (rows, row) = (&self.rows, self.row);
        let key = rows.key.get(row).and_then(|&id| rows.keys.get(id as usize));
        let severity = rows.severity.get(row).map_or(0, |&n| u32::from(n));
        let attributes: Vec<_> = rows
            .attributes
            .get(row)
            .map_or(&[][..], |a| &a.attributes)
            .iter()
            .filter_map(|a| Some(Attribute { name: &a.name, value: value_of(a.value.as_ref()?) }))
            .collect();
        let reply = Reply {
            time: rows.time.get(row).map(|&t| UnixNanos(t)),
            key: key.map_or("", String::as_str),
            severity: Severity::from_number(severity).unwrap_or_default(),
            text: rows.text.get(self.text..self.text + self.text_len()).unwrap_or(""),
            attributes: &attributes,
        };
        reply.encode(max, out);
    }
}

fn value_of(value: &attribute::Value) -> Value<'_> {
    match value {
        attribute::Value::Text(s) => Value::Text(s),
        attribute::Value::Int(n) => Value::Int(*n),
        attribute::Value::Float(x) => Value::Float(*x),
        attribute::Value::Flag(b) => Value::Flag(*b),
        attribute::Value::Bytes(b) => Value::Bytes(b),
    }
}
