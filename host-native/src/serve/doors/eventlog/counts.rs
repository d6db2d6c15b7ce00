//! How many events there were: `GET /api/v1/counts/<since>/<until>/<levels>/<facility>…`.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use core::num::NonZeroU64;
use core::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use logd_core::query::ast::{Compare, Expr, StrTest, Term};
use logd_core::query::filter::Filter;
use logd_core::query::{QueryError, Step, Tallied, Tally};
use logd_core::severity::Severity;
use logd_core::time::UnixNanos;
use serde_json::{Value, json};

use super::EventLog;
use super::facility::events_of;
use super::level;
use crate::serve::http::Shared;
use crate::serve::http::error::Error;
use crate::serve::http::search::CancelOnDrop;

const DAY: u64 = 86_400_000_000_000;
/// Days and facilities of an answer at most.
const MAX_CELLS: usize = 10_000;
/// Bytes of blocks between two looks at the deadline.
const STEP: usize = 4 << 20;

/// Events by day of receipt (UTC), facility and level.
pub(super) async fn counts(
    door: Arc<EventLog>,
    State(app): State<Shared>,
    Path((since, until, levels, facilities)): Path<(String, String, String, String)>,
) -> Result<Response, Error> {
    let levels = levels_of(&levels)?;
    let filter = filter(&door, &since, &until, &facilities)?;
    let place = app.place().await?;
    let filter = Filter::compile(&filter).map_err(|e| Error::query(&QueryError::Regex(e), ""))?;
    let snapshot = app.snapshot(&[]).await?;
    let overwritten: u64 = snapshot.rings.iter().map(|ring| ring.overwritten).sum();
    let width = NonZeroU64::new(DAY).expect("a day is not empty");
    let tally = Tally::new(filter, width, MAX_CELLS, snapshot);
    let end = Instant::now() + app.limits.search_time;
    let cancel = CancelOnDrop::default();
    let cancelled = cancel.0.clone();
    let tallied = tokio::task::spawn_blocking(move || {
        let _place = place;
        run(tally, end, &cancelled)
    });
    let tallied = tallied.await.ok().flatten().ok_or_else(|| {
        let limit = app.limits.search_time;
        let message =
            format!("the count took longer than {limit:?}; ask for fewer days or facilities");
        Error::new(StatusCode::SERVICE_UNAVAILABLE, message)
    })?;
    drop(cancel);
    let response = Json(answer(&door, &tallied, &levels, overwritten)).into_response();
    app.answers.hold(response).await
}

/// None after the deadline, or when nobody waits any more.
fn run(mut tally: Tally, end: Instant, cancelled: &AtomicBool) -> Option<Tallied> {
    while tally.step(STEP) == Step::Pending {
        if cancelled.load(Ordering::Relaxed) || Instant::now() > end {
            return None;
        }
    }
    Some(tally.finish())
}

/// Names separated by commas, or `*`.
fn levels_of(text: &str) -> Result<Vec<&'static str>, Error> {
    if text == "*" {
        return Ok(level::NAMES.to_vec());
    }
    let level = |name: &str| {
        level::parse(name).and_then(Severity::syslog).ok_or_else(|| {
            let all = level::NAMES.join(", ");
            Error::bad_request(format!(
                "`{name}` is no level; write some of {all}, separated by commas, or *"
            ))
        })
    };
    text.split(',').map(level).collect()
}

fn filter(door: &EventLog, since: &str, until: &str, facilities: &str) -> Result<Expr, Error> {
    let range = |text: &str| {
        UnixNanos::parse_rfc3339_range(text).ok_or_else(|| {
            Error::bad_request(format!("`{text}` is no time; write a day 2026-11-21, which is meant as a whole, or 2026-11-21T14:05:00Z"))
        })
    };
    let ((since, _), (_, until)) = (range(since)?, range(until)?);
    let prefix = &door.settings.prefix;
    let keys = if facilities == "*" {
        Expr::Term(Term::Key(StrTest::Under(prefix.clone())))
    } else {
        let all = facilities.split('/').filter(|f| !f.is_empty());
        let all = all.map(|facility| events_of(prefix, facility));
        Expr::Or(all.collect::<Result<_, _>>()?)
    };
    let received = |compare, t: UnixNanos| Expr::Term(Term::Received(compare, t.0));
    Ok(Expr::And(vec![received(Compare::Ge, since), received(Compare::Le, until), keys]))
}

/// `{"counts":[{"day":"2026-11-21","facility":"web","level":"error","count":3}],"overwritten":0}`, ascending; zeros are left out.
fn answer(door: &EventLog, tallied: &Tallied, levels: &[&str], overwritten: u64) -> Value {
    let mut counts = Vec::new();
    for ((start, key), by_severity) in &tallied.cells {
        let Some(facility) = door.facility_of(key) else { continue };
        let mut by_level: BTreeMap<&str, u64> = BTreeMap::new();
        for (severity, &n) in (0..).zip(by_severity) {
            let level = Severity::from_number(severity).and_then(Severity::syslog);
            if let Some(level) = level.filter(|level| n > 0 && levels.contains(level)) {
                *by_level.entry(level).or_default() += n;
            }
        }
        let day = start.to_string();
        let day = day.split('T').next().unwrap_or_default();
        counts.extend(by_level.into_iter().map(|(level, count)| {
            json!({ "day": day, "facility": facility, "level": level, "count": count })
        }));
    }
    json!({ "counts": counts, "capped": tallied.capped, "overwritten": overwritten + tallied.evicted })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_a_list_or_all() {
        assert_eq!(levels_of("error,warning").unwrap(), ["error", "warn"]);
        assert_eq!(levels_of("*").unwrap().len(), 8);
        assert!(
            levels_of("error,loud").is_err()
                && levels_of("").is_err()
                && levels_of("none").is_err()
        );
    }
}
