//! Gives events back in pages: `GET /api/v1/eventqry/<facility>/<period>`.
//!
//! A page is a minute, an hour or a day of the daemon's time of receipt. Once its time is over, it is made of the events
//! between two sequence numbers, and stays as it is until the ring begins to overwrite it.

use alloc::sync::Arc;
use core::time::Duration;
use std::time::Instant;

use axum::extract::{Path, RawQuery, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH, LINK};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use logd_core::block::EventRef;
use logd_core::json;
use logd_core::key::covers;
use logd_core::query::ast::{Compare, Expr, StrTest, Term};
use logd_core::query::filter::Filter;
use logd_core::query::{QueryError, Scan, Scanned};
use logd_core::severity::Severity;
use logd_core::store::{RingView, Snapshot};
use tracing::info;

use super::EventLog;
use super::facility::key_of;
use super::level;
use super::period::Period;
use super::post::id;
use super::signature::sha256;
use crate::serve::clock::unix_now;
use crate::serve::doors::batch::Stored;
use crate::serve::http::Shared;
use crate::serve::http::error::Error;
use crate::serve::http::params::Params;
use crate::serve::http::search::place;
use crate::serve::http::stream::{self, CHUNK, Writer};

/// Why events of the page may be missing; only there when they may.
const MISSING: HeaderName = HeaderName::from_static("logd-missing");

/// A page is served this long after its end: what was received in it has been stored by then.
const SETTLING: Duration = Duration::from_secs(1);

/// A finished page as JSON.
pub(super) async fn page(
    door: Arc<EventLog>,
    State(app): State<Shared>,
    Path((facility, period)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let params = Params::parse(query.as_deref(), &["level"])?;
    let level = params.get("level").map(least).transpose()?;
    let period = Period::parse(&period).ok_or_else(|| {
        Error::bad_request(format!(
            "`{period}` is no page; write a minute 2026-11-21T14:05, an hour 2026-11-21T14 or a day 2026-11-21, UTC"
        ))
    })?;
    let mut key = String::new();
    key_of(&door.settings.prefix, &facility, &mut key)
        .map_err(|e| Error::bad_request(e.to_string()))?;
    is_over(period)?;
    let place = place(&app.exports, "exports").await?;
    let snapshot = app.snapshot(&[]).await?;
    let page = Page::new(facility, period, level, &key, &snapshot, app.life)?;
    let tag = page.tag(app.life);
    let mut response = if headers.get(IF_NONE_MATCH).is_some_and(|v| matches(v, &tag)) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let scan = page.scan(&key, &snapshot)?;
        let (out, body) = stream::body(Instant::now() + app.limits.export_time);
        let page = page.clone();
        tokio::task::spawn_blocking(move || {
            let _place = place;
            page.write(scan, out);
        });
        body.into_response()
    };
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(ETAG, tag.try_into().expect("hexadecimal digits in quotes"));
    let forever = "private, max-age=31536000, immutable";
    let is_final = page.settled && page.missing.is_none();
    let cache = if is_final { forever } else { "private, no-cache" };
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache));
    if let Some(why) = page.missing {
        headers.insert(MISSING, HeaderValue::from_static(why));
    }
    headers.insert(LINK, page.links().try_into().expect("a percent-encoded path"));
    Ok(response)
}

fn least(level: &str) -> Result<Severity, Error> {
    level::parse(level).ok_or_else(|| {
        Error::bad_request(
            "level is the least one: emerg, alert, crit, error, warn, notice, info or debug",
        )
    })
}

/// Refuses a page that events may still come to.
fn is_over(period: Period) -> Result<(), Error> {
    let ready = period.end().saturating_add(SETTLING);
    let left = ready.0.saturating_sub(unix_now().0);
    if left <= 0 {
        return Ok(());
    }
    let seconds = left.cast_unsigned().div_ceil(1_000_000_000);
    let message =
        format!("this page is not finished; it is in {seconds} s. The tail has what is new");
    Err(Error::unavailable_for(message, seconds))
}

/// Whether If-None-Match names the tag; strong comparison is all that is needed, for all tags here are strong.
fn matches(header: &HeaderValue, tag: &str) -> bool {
    let tags = header.to_str().unwrap_or_default();
    tags.split(',').map(str::trim).any(|t| t == "*" || t.strip_prefix("W/").unwrap_or(t) == tag)
}

/// What there is to say of a page before its events are read.
#[derive(Clone, Debug)]
struct Page {
    facility: String,
    period: Period,
    level: Option<Severity>,
    /// Sequence numbers of its events: from the first up to, and without, the second.
    from: u64,
    until: u64,
    /// Its ring has an event of later: nothing comes to the page any more, whatever the clock does.
    settled: bool,
    /// Why events may be missing.
    missing: Option<&'static str>,
    /// The newest of its numbers that has been overwritten.
    gone: u64,
    /// Events that had been deleted of the ring, if any of these numbers.
    deleted: u64,
}

impl Page {
    fn new(
        facility: String,
        period: Period,
        level: Option<Severity>,
        key: &str,
        snapshot: &Snapshot,
        life: u64,
    ) -> Result<Self, Error> {
        let ring = ring_of(key, snapshot)?;
        let from = ring.first_seq_since(period.start()).unwrap_or(u64::MAX);
        let end = ring.first_seq_since(period.end());
        let newest = ring.blocks.last().map_or(0, |block| block.last_seq);
        let (settled, until) = (end.is_some(), end.unwrap_or(newest + 1));
        let overwritten = ring.overwritten > 0 && ring.overwritten_until >= period.start();
        // All of it, when what is gone goes beyond.
        let gone = if overwritten { ring.overwritten_seq.min(until) } else { 0 };
        let deleted = ring.deleted;
        let has_deleted = deleted.events > 0
            && deleted.first_received < period.end()
            && deleted.last_received >= period.start();
        let missing = if overwritten {
            Some("overwritten")
        } else if has_deleted {
            Some("deleted")
        } else {
            // What an earlier life of the daemon received is gone with it.
            (life.cast_signed() > period.start().0).then_some("restarted")
        };
        let deleted = if has_deleted { deleted.events } else { 0 };
        Ok(Self { facility, period, level, from, until, settled, missing, gone, deleted })
    }

    /// The same as long as the page's bytes are: made of what decides them.
    fn tag(&self, life: u64) -> String {
        let level = self.level.map_or(0, Severity::number);
        let name = self.period.name();
        let version = env!("CARGO_PKG_VERSION");
        let so_far = if self.settled { 0 } else { self.until };
        let of = format!(
            "{version}\n{life}\n{}\n{name}\n{level}\n{}\n{}\n{so_far}",
            self.facility, self.gone, self.deleted
        );
        format!("\"{}\"", sha256(of.as_bytes()))
    }

    fn path(&self, period: Period) -> String {
        let facility =
            form_urlencoded::byte_serialize(self.facility.as_bytes()).collect::<String>();
        let level =
            self.level.and_then(Severity::syslog).map_or(String::new(), |l| format!("?level={l}"));
        format!("/api/v1/eventqry/{facility}/{}{level}", period.name())
    }

    fn links(&self) -> String {
        let (previous, next) = (self.path(self.period.previous()), self.path(self.period.next()));
        format!("<{previous}>; rel=\"prev\", <{next}>; rel=\"next\"")
    }

    fn scan(&self, key: &str, snapshot: &Snapshot) -> Result<Scan, Error> {
        let seq = |compare, seq| Expr::Term(Term::Seq(compare, seq));
        let mut parts = vec![
            Expr::Term(Term::Key(StrTest::Equals(key.to_owned()))),
            seq(Compare::Ge, self.from),
            seq(Compare::Lt, self.until),
        ];
        parts.extend(self.level.map(|level| Expr::Term(Term::Severity(Compare::Ge, level))));
        let filter = Filter::compile(&Expr::And(parts));
        let filter = filter.map_err(|e| Error::query(&QueryError::Regex(e), ""))?;
        let blocks = ring_of(key, snapshot)?.blocks.iter();
        let blocks = blocks.filter(|b| b.last_seq >= self.from && b.first_seq < self.until);
        Ok(Scan::new(filter, blocks.cloned()))
    }

    /// `{"facility":…,"events":[…],"count":2}`; cut where an event was overwritten meanwhile.
    fn write(&self, mut scan: Scan, out: Writer) {
        let mut chunk = self.head();
        let mut count = 0_u64;
        loop {
            let scanned = scan.step(|event| {
                if count > 0 {
                    chunk.push(b',');
                }
                chunk.push(b'\n');
                self.event(event, &mut chunk);
                count += 1;
            });
            if out.is_over() {
                info!("a page broke off: the client has gone, or it took too long");
                return;
            }
            match scanned {
                Scanned::Block if chunk.len() < CHUNK || out.send(core::mem::take(&mut chunk)) => {}
                Scanned::Block => {
                    info!("a page broke off: the client has gone or is too slow");
                    return;
                }
                Scanned::Evicted => {
                    info!("a page broke off: it is being overwritten");
                    return;
                }
                Scanned::Done => break,
            }
        }
        chunk.extend_from_slice(format!("],\n\"count\":{count}}}\n").as_bytes());
        if out.send(chunk) {
            out.complete();
        }
    }

    fn head(&self) -> Vec<u8> {
        let mut out = Vec::from(b"{\"facility\":");
        json::string(&mut out, &self.facility);
        let (from, until) = (self.period.start(), self.period.end());
        out.extend_from_slice(format!(",\"from\":\"{from}\",\"until\":\"{until}\"").as_bytes());
        if let Some(level) = self.level.and_then(Severity::syslog) {
            out.extend_from_slice(format!(",\"level\":\"{level}\"").as_bytes());
        }
        if let Some(why) = self.missing {
            out.extend_from_slice(format!(",\"missing\":\"{why}\"").as_bytes());
        }
        out.extend_from_slice(b",\"previous\":");
        json::string(&mut out, &self.path(self.period.previous()));
        out.extend_from_slice(b",\"next\":");
        json::string(&mut out, &self.path(self.period.next()));
        out.extend_from_slice(b",\n\"events\":[");
        out
    }

    fn event(&self, event: &EventRef<'_>, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"id\":");
        let stored = Stored { seq: event.seq, received: event.received };
        json::string(out, &id(&self.facility, stored));
        let (time, received) = (event.time, event.received);
        out.extend_from_slice(
            format!(",\"timestamp\":\"{time}\",\"received\":\"{received}\"").as_bytes(),
        );
        if let Some(level) = event.severity.syslog() {
            out.extend_from_slice(format!(",\"level\":\"{level}\"").as_bytes());
        }
        out.extend_from_slice(b",\"event\":");
        json::string(out, event.text);
        let attributes: Vec<_> = event.attributes.into_iter().collect();
        if !attributes.is_empty() {
            out.extend_from_slice(b",\"additional\":");
            json::attributes(out, &attributes);
        }
        out.push(b'}');
    }
}

/// The ring that keeps a key: the longest prefix.
fn ring_of<'s>(key: &str, snapshot: &'s Snapshot) -> Result<&'s RingView, Error> {
    let rings = snapshot.rings.iter().filter(|ring| covers(&ring.prefix, key));
    rings
        .max_by_key(|ring| ring.prefix.len())
        .ok_or_else(|| Error::unavailable("the daemon has no rings"))
}
