//! `/api/v1/tail`: new events as server-sent events, resumable without a gap.
//!
//! A tail that resumes first answers from a snapshot what came since, oldest first, and then follows the feed,
//! which begins exactly where the snapshot ends. What a tail cannot get any more it is told: `event: missed`.
//!
//! Sequence numbers begin anew with each life of the daemon, so an id is `SEQ-LIFE`. Without the life, a tail that
//! comes back to a daemon that was started again would take its first events for those that it has seen.

use core::fmt::Display;
use core::time::Duration;
use std::io::Write as _;

use axum::body::{Body, Bytes};
use axum::extract::{RawQuery, State};
use axum::http::header::{CONTENT_TYPE, HeaderName};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use core::sync::atomic::Ordering;
use futures_util::stream;
use logd_core::block::{Block, Scratch};
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
use crate::json::{Event, events};
use crate::serve::ingest::TailStart;

/// Shorter than the patience of any proxy.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Pieces that wait for a slow client; then it falls behind in the feed, which is bounded in bytes.
const PIECES: usize = 1;
/// Bytes of text after which a piece ends; one event may be longer.
pub(super) const PIECE: usize = 64 << 10;
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
    let params = Params::parse(query.as_deref(), &["q", "after"])?;
    let after = after(&params, &headers, app.life)?;
    let text = params.get("q").unwrap_or_default();
    let expr = parse::parse(text)
        .map_err(|e: ParseError| Error::query(&QueryError::Parse(Box::new(e)), text))?;
    let place = app.tails.clone().try_acquire_owned().map_err(|_| full("tails"))?;
    let filter = Filter::compile(&expr).map_err(|e| Error::query(&e.into(), text))?;
    let start = app.ingest.tail().await?;
    let (out, pieces) = mpsc::channel(PIECES);
    let tail = Tail { app, filter, out, seen: start.last_seq };
    tokio::spawn(tail.run(start, after, expr, place));
    let body = stream::unfold(pieces, |mut pieces| async move {
        pieces.recv().await.map(|piece| (Ok::<_, core::convert::Infallible>(piece), pieces))
    });
    let mut response = Body::from_stream(body).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    // nginx would otherwise collect events before it passes them on.
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    Ok(response)
}

/// What a browser sends when it connects again goes before the parameter of the first connection.
fn after(params: &Params, headers: &HeaderMap, life: u64) -> Result<Option<u64>, Error> {
    match headers.get("last-event-id").filter(|v| !v.is_empty()) {
        Some(id) => {
            let error = || Error::bad_request("Last-Event-ID must be the id of an event");
            id.to_str().ok().and_then(|id| resume(id, life)).map(Some).ok_or_else(error)
        }
        None => params.number("after"),
    }
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
        if self.send(b": logd\n\n".to_vec()).await.is_err() {
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
                // The id without data moves the point of resumption past what did not match.
                Err(_) => {
                    self.send(format!(": alive\nid: {}\n\n", self.id(self.seen)).into()).await
                }
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
        let mut piece = Vec::new();
        if missed > 0 {
            self.tell_missed(missed, h.first_seq.saturating_sub(1), &mut piece);
        }
        let selected = self.filter.select(&block.view(&mut Scratch::default()));
        let mut next = 0;
        // A view cannot be kept while another thread may go on with this task.
        while let Some(row) =
            self.fill(&mut piece, block, selected.iter().skip_while(|&r| r < next))
        {
            next = row + 1;
            self.send(core::mem::take(&mut piece)).await?;
        }
        self.send(piece).await
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
            let mut chunk = Vec::new();
            let missed = (until - after).saturating_sub(there);
            if missed > 0 {
                self.tell_missed(missed, after, &mut chunk);
            }
            events(&rows).for_each(|event| self.push(&mut chunk, &event));
            self.send(chunk).await?;
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

    /// `id` is that of the last event before the gap ends.
    fn tell_missed(&self, n: u64, id: u64, chunk: &mut Vec<u8>) {
        self.app.counters.tail_missed.fetch_add(n, Ordering::Relaxed);
        let id = self.id(id);
        let written = write!(chunk, "event: missed\nid: {id}\ndata: {{\"missed\":{n}}}\n\n");
        written.expect("writing to memory cannot fail");
    }

    async fn send(&mut self, chunk: Vec<u8>) -> Result<(), Gone> {
        if chunk.is_empty() {
            return Ok(());
        }
        self.out.send(chunk.into()).await.map_err(|_| Gone)
    }

    /// Adds events of these rows until the piece is full; the last row that it took, if there was one.
    fn fill(
        &self,
        piece: &mut Vec<u8>,
        block: &Block,
        rows: impl Iterator<Item = usize>,
    ) -> Option<usize> {
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
            self.push(piece, &event);
            if piece.len() >= PIECE {
                break;
            }
        }
        last
    }

    /// JSON has no raw line ends, so an event is one `data` line.
    fn push(&self, chunk: &mut Vec<u8>, event: &Event<'_>) {
        write!(chunk, "id: {}\ndata: ", self.id(event.seq)).expect("writing to memory cannot fail");
        event.write(chunk);
        chunk.extend_from_slice(b"\n\n");
    }

    /// See [`resume`].
    fn id(&self, seq: u64) -> impl Display + use<> {
        let life = self.app.life;
        core::fmt::from_fn(move |f| write!(f, "{seq}-{life:x}"))
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
