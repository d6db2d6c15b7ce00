//! `GET /`: the newest events as the dashboards of the original Logd read them.

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use logd_core::event::{Value as Attr, names};
use logd_core::json::{Event, events};
use logd_core::query::Query;
use logd_core::query::ast::{Expr, StrTest, Term};
use logd_proto::query::{Order, Page, QueryRequest, QueryResponse};
use serde_json::{Map, Value, json};

use super::Shared;
use super::error::Error;
use super::params::Params;

/// Both the default and the most, as in the original.
const LIMIT: u32 = 1000;

/// `limit`, `offset`, `env`, `svc`, `fn`; other parameters are ignored, as they were.
pub(super) async fn newest(
    State(app): State<Shared>,
    RawQuery(query): RawQuery,
) -> Result<Response, Error> {
    let params = Params::lenient(query.as_deref());
    let limit = whole(&params, "limit")?.unwrap_or(LIMIT).min(LIMIT);
    let offset = whole(&params, "offset")?.unwrap_or(0);
    if limit == 0 {
        return Ok(Json(json!([])).into_response());
    }
    // Offset and limit are of matches. Skipped events are collected, too: one page must hold both.
    let want = offset.checked_add(limit).filter(|n| *n <= app.limits.page).ok_or_else(|| {
        let max = app.limits.page;
        Error::bad_request(format!(
            "offset and limit together are at most {max}; use /api/v1/query"
        ))
    })?;
    let page = Page { order: Order::NewestFirst.into(), limit: want, cursor: Vec::new() };
    let request = QueryRequest { page: Some(page), ..QueryRequest::default() };
    let compile = || {
        Query::with_filter(filter(&params), &request, &app.query_limits())
            .map_err(|e| Error::query(&e, ""))
    };
    let render = move |answer: QueryResponse| {
        let rows = answer.rows.unwrap_or_default();
        let messages: Vec<_> = events(&rows).skip(offset as usize).map(|e| message(&e)).collect();
        Json(messages).into_response()
    };
    app.answer(compile, &[], render).await
}

fn whole(params: &Params, name: &str) -> Result<Option<u32>, Error> {
    // The original says `limit` of both.
    let error = || Error::bad_request(format!("{name} must be an integer"));
    let parse = |v: &str| v.parse::<i64>().map_err(|_| error());
    let value = params.get(name).map(parse).transpose()?;
    Ok(value.map(|n| u32::try_from(n.max(0)).unwrap_or(u32::MAX)))
}

/// Each given segment of the key, exactly.
fn filter(params: &Params) -> Expr {
    let segments = [params.get("env"), params.get("svc"), params.get("fn")];
    let Some(last) = segments.iter().rposition(Option::is_some) else { return Expr::All };
    if segments[..=last].iter().all(Option::is_some) {
        let path: String = segments.iter().flatten().flat_map(|segment| ["/", segment]).collect();
        return Expr::Term(Term::Key(StrTest::Under(path)));
    }
    let parts =
        segments[..=last].iter().map(|s| s.map_or("[^/]+".to_owned(), regex_syntax::escape));
    let pattern = format!("^/{}(/|$)", parts.collect::<Vec<_>>().join("/"));
    Expr::Term(Term::Key(StrTest::Regex(pattern)))
}

/// An event as a `Msg`: empty fields are left out.
fn message(event: &Event<'_>) -> Value {
    let (seconds, nanos) = event.time.to_parts();
    let mut time = Map::new();
    put(&mut time, "seconds", seconds != 0, seconds);
    put(&mut time, "nanos", nanos != 0, nanos);
    let mut out = Map::new();
    out.insert("t".into(), Value::Object(time));
    let lvl = event.severity.to_lvl() as i32;
    put(&mut out, "lvl", lvl != 0, lvl);
    put(&mut out, "txt", !event.text.is_empty(), event.text);
    out.insert("key".into(), event.key.into());
    let attribute = |name: &str| event.attributes.iter().find(|a| a.name == name).map(|a| a.value);
    if let Some(Attr::Text(trace)) = attribute(names::STACK_TRACE) {
        out.insert("stackTrace".into(), trace.into());
    }
    if let Some(Attr::Text(name)) = attribute(names::HTTP_METHOD)
        && let Some(method) = logd_proto::wire::HttpMethod::from_str_name(name)
    {
        out.insert("httpMethod".into(), json!(method as i32));
    }
    if let Some(Attr::Text(url)) = attribute(names::URL) {
        out.insert("url".into(), url.into());
    }
    if let Some(Attr::Int(status)) = attribute(names::STATUS) {
        out.insert("responseStatus".into(), status.into());
    }
    Value::Object(out)
}

fn put(out: &mut Map<String, Value>, name: &str, there: bool, value: impl Into<Value>) {
    if there {
        out.insert(name.to_owned(), value.into());
    }
}
