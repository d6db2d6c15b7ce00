//! The first matching events of a search.

use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;

use logd_proto::query::{Attributes, Order, Rows};

use super::cursor::Cursor;
use super::rows::{Parts, RowsBuilder};
use crate::bits::Bits;
use crate::block::{EventRef, View};

/// An event that has left its block.
#[derive(Clone, Debug)]
struct Row {
    seq: u64,
    time: i64,
    received: i64,
    severity: u8,
    key: String,
    text: String,
    attributes: Attributes,
}

/// What a row takes beside its data. Not `size_of`: a page must end at the same event on every target.
const FIXED: usize = 128;
const _: () = assert!(size_of::<Row>() <= FIXED);

impl Row {
    fn of(e: &EventRef<'_>) -> Self {
        Self {
            seq: e.seq,
            time: e.time.0,
            received: e.received.0,
            severity: e.severity.number(),
            key: e.key.into(),
            text: e.text.into(),
            attributes: e.wire_attributes(),
        }
    }

    /// Roughly what it occupies.
    fn bytes(&self) -> usize {
        let attributes = &self.attributes.attributes;
        let encoded: usize = attributes.iter().map(prost::Message::encoded_len).sum();
        FIXED + self.key.len() + self.text.len() + encoded + 64 * attributes.len()
    }
}

/// Collects a page. Blocks may come in any order; it knows when no further block can change it.
#[derive(Clone, Debug)]
pub(super) struct PageBuilder {
    order: Order,
    limit: usize,
    max_bytes: usize,
    capped: bool,
    after: Option<Cursor>,
    /// In the order of the page; at most one more than the limit, which tells that there is more.
    rows: Vec<Row>,
}

impl PageBuilder {
    pub(super) fn new(
        after: Option<Cursor>,
        order: Order,
        limit: usize,
        max_bytes: usize,
        capped: bool,
    ) -> Self {
        Self { order, limit, max_bytes, capped, after, rows: Vec::new() }
    }

    pub(super) fn order(&self) -> Order {
        self.order
    }

    /// Whether an event of `first_seq..=last_seq` could still belong to the page.
    pub(super) fn wants(&self, first_seq: u64, last_seq: u64) -> bool {
        let nearest = match self.order {
            Order::NewestFirst => last_seq,
            Order::OldestFirst => first_seq,
        };
        let farthest = if nearest == first_seq { last_seq } else { first_seq };
        if self.after.is_some_and(|cursor| !cursor.precedes(farthest)) {
            return false;
        }
        let worst = self.rows.last().filter(|_| self.rows.len() > self.limit);
        worst.is_none_or(|w| Cursor { order: self.order, seq: nearest }.precedes(w.seq))
    }

    /// Takes the selected rows of a block.
    pub(super) fn add(&mut self, view: &View<'_>, mut selected: Bits) {
        if let Some(cursor) = self.after {
            selected.intersect(&Bits::from_values(selected.len(), view.seqs(), |seq| {
                cursor.precedes(seq)
            }));
        }
        selected.keep(self.limit + 1, self.order == Order::NewestFirst);
        self.collect(view, &selected);
        self.arrange();
    }

    /// Adds the rows that the page's bytes can hold (one event always fits), and one that tells that there is more: not
    /// a whole block of them, which takes many times its room once the events stand on their own.
    fn collect(&mut self, view: &View<'_>, selected: &Bits) {
        let mut rows = view.rows();
        let mut kept: VecDeque<Row> = VecDeque::new();
        let mut bytes = 0;
        for e in selected.iter().map_while(|row| rows.at(row)) {
            let row = Row::of(&e);
            bytes += row.bytes();
            kept.push_back(row);
            match self.order {
                Order::NewestFirst => {
                    while let Some(oldest) = kept.front().map(Row::bytes)
                        && bytes - oldest > self.max_bytes
                        && kept.len() > 2
                    {
                        kept.pop_front();
                        bytes -= oldest;
                    }
                }
                Order::OldestFirst if bytes > self.max_bytes && kept.len() > 1 => break,
                Order::OldestFirst => {}
            }
        }
        self.rows.extend(kept);
    }

    /// Takes what another builder for the same page has collected elsewhere.
    pub(super) fn merge(&mut self, other: Self) {
        self.capped |= other.capped;
        self.limit = self.limit.min(other.limit);
        self.rows.extend(other.rows);
        self.arrange();
    }

    fn arrange(&mut self) {
        self.rows.sort_unstable_by_key(|r| match self.order {
            Order::NewestFirst => u64::MAX - r.seq,
            Order::OldestFirst => r.seq,
        });
        self.rows.truncate(self.limit + 1);
        self.cut();
    }

    /// Shortens the page where it exceeds its bytes; one event always fits.
    fn cut(&mut self) {
        let mut bytes = 0;
        let fits = |row: &Row| {
            bytes += row.bytes();
            bytes <= self.max_bytes
        };
        let fit = self.rows.iter().map(fits).take_while(|&f| f).count().max(1);
        if fit < self.limit.min(self.rows.len()) {
            self.limit = fit;
            self.capped = true;
            self.rows.truncate(fit + 1);
        }
    }

    pub(super) fn finish(mut self) -> Rows {
        let more = self.rows.len() > self.limit;
        self.rows.truncate(self.limit);
        let last = self.rows.last().filter(|_| more);
        let next_cursor = last.map(|last| Cursor { order: self.order, seq: last.seq }.to_bytes());
        let mut rows = RowsBuilder::default();
        for row in self.rows {
            rows.push(Parts {
                seq: row.seq,
                time: row.time,
                received: row.received,
                severity: row.severity,
                key: &row.key,
                text: &row.text,
                attributes: row.attributes,
                source: 0,
            });
        }
        Rows { capped: self.capped, next_cursor: next_cursor.unwrap_or_default(), ..rows.finish() }
    }
}
