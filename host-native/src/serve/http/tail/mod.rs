//! `/api/v1/tail`: new events as server-sent events or as blocks of a buffer, resumable without a gap.
//!
//! A tail that resumes first answers from a snapshot what came since, oldest first, and then follows the feed,
//! which begins exactly where the snapshot ends. What a tail cannot get any more it is told: `event: missed`, or
//! by the numbers that a buffer jumps over.
//!
//! Sequence numbers begin anew with each life of the daemon, so an id is `SEQ-LIFE`. Without the life, a tail that
//! comes back to a daemon that was started again would take its first events for those that it has seen.

use core::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{RawQuery, State};
use axum::http::header::{CONTENT_TYPE, HeaderName};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use core::sync::atomic::Ordering;
use futures_util::stream;
use logd_core::block::{Block, Scratch};
use logd_core::json::{Event, events};
use logd_core::query::ast::{Compare, Expr, Term};
use logd_core::query::error::ParseError;
use logd_core::query::filter::Filter;
use logd_core::query::{Cursor, Limits, Query, QueryError, parse};
use logd_core::store::Snapshot;
use logd_proto::query::{Order, Page, QueryRequest, QueryResponse};
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use super::Shared;
use super::error::Error;
use super::params::Params;
use super::search::full;
use crate::serve::ingest::TailStart;
use form::Piece;

mod form;

pub(super) use form::PIECE;

/// Shorter than the patience of any proxy.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Pieces that wait for a slow client; then it falls behind in the feed, which is bounded in bytes.
const PIECES: usize = 1;
/// Which life of the daemon the sequence numbers are of; with it a number alone becomes an id.
pub(super) const LIFE: &str = "logd-life";
/// Events and bytes of one page while catching up.
const PAGE: u32 = 500;
/// See [`PAGE`].
const PAGE_BYTES: usize = 64 << 10;

/// Streams matching events from now on, or from after `Last-Event-ID` (or `after=`).
pub(super) async fn tail(
    State(app): State<Shared>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let params = Params::parse(query.as_deref(), &["q", "after", "since", "format"])?;
    let after = after(&params, &headers, app.life)?;
    let piece = Piece::choose(&params, app.life)?;
    let (content_type, life) = (piece.content_type(), format!("{:x}", app.life));
    let text = params.get("q").unwrap_or_default();
    let expr = parse::parse(text)
        .map_err(|e: ParseError| Error::query(&QueryError::Parse(Box::new(e)), text))?;
    let place = app.tails.clone().try_acquire_owned().map_err(|_| full("tails"))?;
    let filter = Filter::compile(&expr).map_err(|e| Error::query(&e.into(), text))?;
    let start = app.ingest.tail().await?;
    let (out, pieces) = mpsc::channel(PIECES);
    let tail = Tail { app, filter, out, piece, seen: start.last_seq };
    tokio::spawn(tail.run(start, after, expr, place));
    let body = stream::unfold(pieces, |mut pieces| async move {
        pieces.recv().await.map(|piece| (Ok::<_, core::convert::Infallible>(piece), pieces))
    });
    let mut response = Body::from_stream(body).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, content_type);
    if let Ok(life) = life.try_into() {
        headers.insert(HeaderName::from_static(LIFE), life);
    }
    // nginx would otherwise collect events before it passes them on.
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    Ok(response)
}

/// What a browser sends when it connects again goes before the parameters of the first connection.
fn after(params: &Params, headers: &HeaderMap, life: u64) -> Result<Option<u64>, Error> {
    let last = headers.get("last-event-id").filter(|v| !v.is_empty());
    let given = [
        ("Last-Event-ID", last.map(|id| id.to_str().unwrap_or_default())),
        ("since", params.get("since")),
        ("after", params.get("after")),
    ];
    let given = given.into_iter().find_map(|(name, id)| Some((name, id?)));
    let parse = |(name, id)| {
        let error =
            || Error::bad_request(format!("{name} must be the number or the id of an event"));
        resume(id, life).ok_or_else(error)
    };
    given.map(parse).transpose()
}

/// The sequence number of an id of this life. Everything is new to a tail that comes from another one. A sequence
/// number alone is taken for one of this life.
fn resume(id: &str, life: u64) -> Option<u64> {
    match id.trim().split_once('-') {
        None => id.trim().parse().ok(),
        Some((seq, of)) => {
            let seq = seq.parse().ok()?;
            let of = u64::from_str_radix(of, 16).ok()?;
            Some(if of == life { seq } else { 0 })
        }
    }
}

/// The client has gone, or cannot be served any further.
struct Gone;

struct Tail {
    app: Shared,
    filter: Filter,
    out: mpsc::Sender<Bytes>,
    piece: Piece,
    /// Every event up to this was sent, did not match, or was told as missed.
    seen: u64,
}

impl Tail {
    /// Until the client goes or the daemon stops. `_place` is one of a bounded number.
    async fn run(
        mut self,
        start: TailStart,
        after: Option<u64>,
        expr: Expr,
        _place: OwnedSemaphorePermit,
    ) {
        let TailStart { snapshot, last_seq, mut reader } = start;
        // The first bytes tell the client, and what lies between, that the stream is open.
        if self.send(self.piece.head()).await.is_err() {
            return;
        }
        if let Some(after) = after
            && self.catch_up(after, last_seq, &snapshot, &expr).await.is_err()
        {
            return;
        }
        drop(snapshot);
        self.seen = last_seq;
        loop {
            let next = tokio::select! {
                next = tokio::time::timeout(KEEP_ALIVE, reader.next()) => next,
                // Without events nothing else would notice.
                () = self.out.closed() => return,
            };
            let sent = match next {
                Ok(Some(block)) => self.block(&block).await,
                Ok(None) => return,
                Err(_) => self.send(self.piece.alive(self.seen)).await,
            };
            if sent.is_err() {
                return;
            }
        }
    }

    /// Sends the matching events of a block, and before them what is missing between the last one and this.
    async fn block(&mut self, block: &Block) -> Result<(), Gone> {
        let h = block.header();
        let span = h.last_seq.saturating_sub(self.seen);
        let missed = span.saturating_sub(u64::from(h.events));
        self.seen = self.seen.max(h.last_seq);
        self.tell_missed(missed, h.first_seq.saturating_sub(1));
        let selected = self.filter.select(&block.view(&mut Scratch::default()));
        let mut next = 0;
        // A view cannot be kept while another thread may go on with this task.
        while let Some(row) = self.fill(block, selected.iter().skip_while(|&r| r < next)) {
            next = row + 1;
            self.flush().await?;
        }
        self.flush().await
    }

    /// Sends what the snapshot has after `after`.
    async fn catch_up(
        &mut self,
        after: u64,
        last_seq: u64,
        snapshot: &Snapshot,
        expr: &Expr,
    ) -> Result<(), Gone> {
        // A number from the future is one of the daemon's last life: everything of this one is new.
        let mut after = if after > last_seq { 0 } else { after };
        while after < last_seq {
            let cursor = Cursor { order: Order::OldestFirst, seq: after }.to_bytes();
            let page = Page { order: Order::OldestFirst.into(), limit: PAGE, cursor };
            let request = QueryRequest { page: Some(page), ..QueryRequest::default() };
            let answer = self.ask(expr.clone(), &request, snapshot).await?;
            let rows = answer.rows.unwrap_or_default();
            let last = rows.seq.last().filter(|_| !rows.next_cursor.is_empty());
            let until = last.map_or(last_seq, |seq| *seq);
            let there = if *expr == Expr::All {
                rows.seq.len() as u64
            } else {
                self.count(after, until, snapshot).await?
            };
            self.tell_missed((until - after).saturating_sub(there), after);
            events(&rows).for_each(|event| self.piece.push(&event));
            self.flush().await?;
            after = until;
        }
        Ok(())
    }

    /// How many events the snapshot has after `after`, up to `until`. What has been evicted since a page was read counts
    /// as missed, though the page may have looked at it: told once too often rather than not at all.
    async fn count(&mut self, after: u64, until: u64, snapshot: &Snapshot) -> Result<u64, Gone> {
        let range = [(Compare::Gt, after), (Compare::Le, until)];
        let range = range.map(|(compare, seq)| Expr::Term(Term::Seq(compare, seq)));
        let there = QueryRequest { total: true, ..QueryRequest::default() };
        let answer = self.ask(Expr::And(range.into()), &there, snapshot).await?;
        Ok(answer.total.unwrap_or(0))
    }

    /// Searches, waiting as long as it takes for a turn among the other searches.
    async fn ask(
        &mut self,
        expr: Expr,
        request: &QueryRequest,
        snapshot: &Snapshot,
    ) -> Result<QueryResponse, Gone> {
        let limits = Limits { max_page_bytes: PAGE_BYTES, ..self.app.query_limits() };
        let place = loop {
            match self.app.place().await {
                Ok(place) => break place,
                Err(e) if e.is_temporary() && !self.out.is_closed() => {}
                Err(_) => return Err(Gone),
            }
        };
        let query = Query::with_filter(expr, request, &limits).map_err(|_| Gone)?;
        let answer = self.app.search(place, query, snapshot.clone(), |answer| answer).await;
        answer.map(|(answer, _)| answer).map_err(|_| Gone)
    }

    /// See [`Piece::missed`].
    fn tell_missed(&mut self, n: u64, seq: u64) {
        if n > 0 {
            self.app.counters.tail_missed.fetch_add(n, Ordering::Relaxed);
            self.piece.missed(n, seq);
        }
    }

    async fn flush(&mut self) -> Result<(), Gone> {
        let piece = self.piece.take();
        self.send(piece).await
    }

    async fn send(&mut self, chunk: Vec<u8>) -> Result<(), Gone> {
        if chunk.is_empty() {
            return Ok(());
        }
        self.out.send(chunk.into()).await.map_err(|_| Gone)
    }

    /// Adds events of these rows until the piece is full; the last row that it took, if there was one.
    fn fill(&mut self, block: &Block, rows: impl Iterator<Item = usize>) -> Option<usize> {
        let mut scratch = Scratch::default();
        let mut events = block.view(&mut scratch).rows();
        let mut last = None;
        for row in rows {
            last = Some(row);
            let Some(e) = events.at(row) else { break };
            let event = Event {
                seq: e.seq,
                time: e.time,
                received: e.received,
                key: e.key,
                severity: e.severity,
                text: e.text,
                attributes: e.attributes.collect(),
            };
            self.piece.push(&event);
            if self.piece.is_full() {
                break;
            }
        }
        last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_another_life_is_before_everything() {
        assert_eq!(resume("7-ff", 0xff), Some(7));
        assert_eq!(resume("7-fe", 0xff), Some(0));
        assert_eq!(resume(" 7 ", 0xff), Some(7));
        for bad in ["", "-", "7-", "-ff", "x", "7-g", "-1"] {
            assert_eq!(resume(bad, 0xff), None, "{bad}");
        }
    }
}
