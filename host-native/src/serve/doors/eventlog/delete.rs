//! Deletes events: `DELETE /api/v1/eventlog?facility=web&until=…`.

use alloc::sync::Arc;

use axum::Json;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use logd_core::datagram::Right;
use logd_core::query::QueryError;
use logd_core::query::ast::{Compare, Expr, StrTest, Term};
use logd_core::query::filter::Filter;
use serde_json::json;
use tracing::info;

use super::EventLog;
use super::facility::events_of;
use crate::serve::clock::unix_now;
use crate::serve::http::Shared;
use crate::serve::http::error::Error;
use crate::serve::http::guard::{Peer, refuse, shows};
use crate::serve::http::params::Params;
use crate::serve::ingest::Busy;

/// What some facilities sent and the daemon received within a time; for who shows a secret with the right to delete.
pub(super) async fn events(
    door: Arc<EventLog>,
    app: Shared,
    request: Request,
) -> Result<Response, Error> {
    let peer = request.extensions().get::<Peer>();
    if !shows(&app, request.headers(), Right::Delete) {
        return Err(refuse(&app, peer));
    }
    let params = Params::parse(request.uri().query(), &["facility", "from", "until"])?;
    let filter = filter(&params, &door.settings.prefix)?;
    let text = filter.to_string();
    let filter = Filter::compile(&filter).map_err(|e| Error::query(&QueryError::Regex(e), ""))?;
    let deleted = app.ingest.delete(filter).await.map_err(|Busy| {
        Error::unavailable(
            "another deletion is under way, or the daemon is stopping; ask again later",
        )
    })?;
    info!(deleted, filter = text, peer = ?peer, "deleted events");
    Ok(Json(json!({ "deleted": deleted })).into_response())
}

/// A facility and a time must be named: nothing is deleted because a parameter was forgotten.
fn filter(params: &Params, prefix: &str) -> Result<Expr, Error> {
    let now = unix_now();
    let (from, until) = (params.time("from", now)?, params.time("until", now)?);
    if from.is_none() && until.is_none() {
        return Err(Error::bad_request(
            "say of what time: from=, until= or both; until=0s is everything so far",
        ));
    }
    let key = |facility: &str| {
        if facility == "*" {
            return Ok(Expr::Term(Term::Key(StrTest::Under(prefix.to_owned()))));
        }
        events_of(prefix, facility)
    };
    let keys: Vec<Expr> = params.all("facility").map(key).collect::<Result<_, Error>>()?;
    if keys.is_empty() {
        return Err(Error::bad_request("say which facility=, once or more; * is all"));
    }
    let received = |compare, time: i64| Expr::Term(Term::Received(compare, time));
    let from = from.map(|time| received(Compare::Ge, time));
    let until = until.map(|time| received(Compare::Lt, time));
    Ok(Expr::And(from.into_iter().chain(until).chain([Expr::Or(keys)]).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_facility_and_a_time_must_be_named() {
        let parse =
            |query| filter(&Params::lenient(Some(query)), "/eventlog").map(|f| f.to_string());
        for query in
            ["", "facility=web", "until=0s", "facility=a/b&until=0s", "facility=web&until=x"]
        {
            assert!(parse(query).is_err(), "{query}");
        }
        let all = parse("facility=web&facility=db&from=2026-01-01&until=2026-01-02").unwrap();
        for part in ["/eventlog/web", "/eventlog/db", "2026-01-01", "2026-01-02"] {
            assert!(all.contains(part), "{all}");
        }
    }
}
