//! Takes events: `POST /api/v1/eventlog` and `POST /api/v1/messages`.

use alloc::sync::Arc;
use core::fmt::Write as _;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use logd_core::datagram::{Proof, Right};
use logd_core::drop::DropReason;
use logd_core::json;

use super::EventLog;
use super::event::{self, MAX_ERROR_LEN, MAX_ERRORS, Parsed};
use super::messages;
use super::signature::{Problem, Signed};
use crate::serve::clock::unix_now;
use crate::serve::doors::batch::{NotStored, Stored};
use crate::serve::http::error::Error;
use crate::serve::http::guard::{Peer, refuse, shows};
use crate::serve::http::{Shared, body};
use crate::serve::ingest::Busy;

/// Bytes of an id in the answer, beside its facility, and of an error at most: its index and a sentence.
const ID_LEN: usize = 60;
const ERROR_LEN: usize = 6 * MAX_ERROR_LEN + 40;

/// Events in JSON, from who shows a write secret or signed the request with one.
pub(super) async fn events(
    door: Arc<EventLog>,
    app: Shared,
    request: Request,
) -> Result<Response, Error> {
    let (parts, body) = request.into_parts();
    let peer = parts.extensions.get::<Peer>();
    let signed = Signed::of(&parts.headers);
    // Who shows neither does not get as far as a body, nor does a signature that is too old.
    if signed.is_none() && !shows(&app, &parts.headers, Right::Write) {
        return Err(refuse(&app, peer));
    }
    let signed = signed.transpose().map_err(|p| problem(&app, peer, p))?;
    let fresh = |signed: &Signed<'_>| signed.is_fresh(app.ingest.verifier(), unix_now());
    signed.as_ref().map_or(Ok(()), fresh).map_err(|p| problem(&app, peer, p))?;
    let body = body::read(&parts.headers, body, app.limits.body).await?;
    let prove = |signed: &Signed<'_>| signed.verify(app.ingest.verifier(), unix_now(), &body);
    let proof = signed.as_ref().map(prove).transpose().map_err(|p| problem(&app, peer, p))?;
    let _place = door.place().await;
    let parsed =
        event::parse(&body, &door.settings.prefix, signed.as_ref()).map_err(Error::bad_request)?;
    store(&door, &app, parsed, proof).await
}

/// A record of Python's `logging.handlers.HTTPHandler`.
pub(super) async fn message(
    door: Arc<EventLog>,
    app: Shared,
    request: Request,
) -> Result<Response, Error> {
    let (parts, body) = request.into_parts();
    if !shows(&app, &parts.headers, Right::Write) {
        return Err(refuse(&app, parts.extensions.get::<Peer>()));
    }
    let body = body::read(&parts.headers, body, app.limits.body).await?;
    let _place = door.place().await;
    let parsed = messages::parse(&body, &door.settings.prefix, app.limits.text).map_err(|e| {
        door.counters.count(0, 1);
        Error::bad_request(e)
    })?;
    store(&door, &app, parsed, None).await
}

/// Who signs wrongly is counted by the rate like who shows a wrong secret.
fn problem(app: &Shared, peer: Option<&Peer>, problem: Problem) -> Error {
    let refused = refuse(app, peer);
    if refused.is_temporary() {
        return refused;
    }
    match problem {
        Problem::Headers(what) => Error::bad_request(what),
        Problem::NotAuthentic => refused,
        Problem::Time(skew) => {
            let (how, by) =
                (if skew < 0 { "behind" } else { "ahead of" }, skew.unsigned_abs() / 1_000_000);
            let ttl = app.ingest.verifier().ttl();
            Error::new(
                StatusCode::UNAUTHORIZED,
                format!(
                    "Logd-Timestamp is {by} ms {how} the daemon's clock; a signature is good for {ttl:?} (setting ttl)"
                ),
            )
        }
    }
}

async fn store(
    door: &EventLog,
    app: &Shared,
    parsed: Parsed,
    proof: Option<Proof>,
) -> Result<Response, Error> {
    let (batch, events) = parsed.into_parts();
    // Before anything is stored: who is not answered would send it again.
    let longest = events.iter().flatten().map(String::len).max().unwrap_or(0);
    let bad = events.iter().filter(|event| event.is_err()).count().min(MAX_ERRORS);
    let most = (2 * longest + ID_LEN) * events.len() + ERROR_LEN * bad;
    let reserved = app.answers.reserve(most).await?;
    let outcomes = batch.store(&app.ingest, proof).await.map_err(|why| {
        door.counters.count(0, events.len());
        not_stored(why)
    })?;
    let mut outcomes = outcomes.into_iter();
    let all: Vec<Result<(String, Stored), String>> = events
        .into_iter()
        .map(|event| {
            let facility = event?;
            let outcome = outcomes.next().unwrap_or(Err(DropReason::Undecodable));
            outcome.map(|stored| (facility, stored)).map_err(|reason| reason.describe().to_owned())
        })
        .collect();
    let stored = all.iter().filter(|event| event.is_ok()).count();
    door.counters.count(stored, all.len() - stored);
    let status = if stored > 0 { StatusCode::CREATED } else { StatusCode::BAD_REQUEST };
    let mut response = (status, Body::from(answer(&all))).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    app.answers.send(response, reserved).await
}

fn not_stored(why: NotStored) -> Error {
    match why {
        NotStored::Busy => Busy.into(),
        NotStored::Refused(DropReason::Replay) => Error::new(
            StatusCode::CONFLICT,
            "this signature was used before; sign each request anew",
        ),
        NotStored::Refused(DropReason::ReplayWindowFull) => {
            Error::unavailable(DropReason::ReplayWindowFull.describe())
        }
        NotStored::Refused(reason) => Error::new(StatusCode::UNAUTHORIZED, reason.describe()),
    }
}

/// `{"ids":["web/2026-11-21T14:05:00.123456789Z/42",null],"errors":[{"index":1,"message":"…"}]}`
fn answer(all: &[Result<(String, Stored), String>]) -> Vec<u8> {
    let mut out = Vec::from(b"{\"ids\":[");
    for (i, event) in all.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        match event {
            Ok((facility, stored)) => json::string(&mut out, &id(facility, *stored)),
            Err(_) => out.extend_from_slice(b"null"),
        }
    }
    out.push(b']');
    let bad = all.iter().enumerate().filter_map(|(i, e)| Some((i, e.as_ref().err()?)));
    let (total, mut errors) = (bad.clone().count(), bad.take(MAX_ERRORS).peekable());
    if errors.peek().is_some() {
        out.extend_from_slice(b",\"errors\":[");
        while let Some((index, message)) = errors.next() {
            out.extend_from_slice(format!("{{\"index\":{index},\"message\":").as_bytes());
            json::string(&mut out, message);
            out.push(b'}');
            if errors.peek().is_some() {
                out.push(b',');
            }
        }
        out.push(b']');
        if total > MAX_ERRORS {
            out.extend_from_slice(format!(",\"more_errors\":{}", total - MAX_ERRORS).as_bytes());
        }
    }
    out.extend_from_slice(b"}\n");
    out
}

/// Unique for ever: the daemon gives a number once in its life, and a time tells its lives apart.
pub(super) fn id(facility: &str, stored: Stored) -> String {
    let mut id = String::with_capacity(facility.len() + 40);
    // Writing to a string cannot fail.
    let _ = write!(id, "{facility}/{}/{}", stored.received, stored.seq);
    id
}

#[cfg(test)]
mod tests {
    use super::*;
    use logd_core::time::UnixNanos;
    use serde_json::json;

    #[test]
    fn the_answer_has_a_place_for_every_event() {
        let stored = Stored { seq: 42, received: UnixNanos(1) };
        let all = [Ok(("web".into(), stored)), Err("it is \"bad\"".into()), Err("too".into())];
        let answer: serde_json::Value = serde_json::from_slice(&answer(&all)).unwrap();
        assert_eq!(
            answer,
            json!({
                "ids": ["web/1970-01-01T00:00:00.000000001Z/42", null, null],
                "errors": [{"index": 1, "message": "it is \"bad\""}, {"index": 2, "message": "too"}],
            })
        );
    }
}
