//! `/api/v1/export`: a buffer of everything, or of what a filter selects, written block by block.

use core::sync::atomic::Ordering;
use std::time::Instant;

use axum::extract::{RawQuery, State};
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use logd_core::buffer::Export;
use logd_core::query::ast::{Compare, Expr, Term};
use logd_core::query::filter::Filter;
use logd_core::query::{QueryError, parse};
use logd_proto::buffer::Origin;
use logd_proto::query::QueryRequest;
use tracing::info;

use super::Shared;
use super::error::Error;
use super::params::Params;
use super::search::place;
use super::stream::{self, CHUNK, Writer};
use crate::serve::clock::unix_now;

/// The type of a buffer.
pub(super) const BUFFER_TYPE: &str = "application/x-logd";

/// Streams the buffer. Its length is not known before its end.
pub(super) async fn export(
    State(app): State<Shared>,
    RawQuery(query): RawQuery,
) -> Result<Response, Error> {
    let params = Params::parse(query.as_deref(), &["q", "from", "until", "ring", "order"])?;
    let now = unix_now();
    let request = params.question(now)?;
    let expr = expression(&request)?;
    let newest_first = match params.get("order") {
        None => false,
        Some("newest") => true,
        Some(_) => return Err(Error::bad_request("order can only be newest, or left out")),
    };
    let place = place(&app.exports, "exports").await?;
    let filter = if expr == Expr::All { None } else { Some(&expr) };
    let filter = filter.map(Filter::compile).transpose();
    let filter = filter.map_err(|e| Error::query(&e.into(), &request.filter))?;
    let snapshot = app.snapshot(&request.rings).await?;
    app.counters.exports.fetch_add(1, Ordering::Relaxed);
    let origin = Origin {
        writer: concat!("logd ", env!("CARGO_PKG_VERSION")).into(),
        host: nix::unistd::gethostname().unwrap_or_default().to_string_lossy().into_owned(),
        exported: now.0,
        filter: if expr == Expr::All { String::new() } else { expr.to_string() },
        rings: Vec::new(),
    };
    let (out, body) = stream::body(Instant::now() + app.limits.export_time);
    tokio::task::spawn_blocking(move || {
        let _place = place;
        let export = Export::new(snapshot, filter, origin);
        write(if newest_first { export.newest_first() } else { export }, out);
    });
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(BUFFER_TYPE));
    let name = HeaderValue::from_static("attachment; filename=\"export.logd\"");
    headers.insert(CONTENT_DISPOSITION, name);
    Ok(response)
}

/// The filter and the time range as one expression.
fn expression(request: &QueryRequest) -> Result<Expr, Error> {
    let text = &request.filter;
    let expr =
        parse::parse(text).map_err(|e| Error::query(&QueryError::Parse(Box::new(e)), text))?;
    let from = request.from.map(|t| Expr::Term(Term::Time(Compare::Ge, t)));
    let until = request.until.map(|t| Expr::Term(Term::Time(Compare::Lt, t)));
    let own = (expr != Expr::All).then_some(expr);
    let mut parts: Vec<Expr> = [from, until, own].into_iter().flatten().collect();
    Ok(match parts.len() {
        0 => Expr::All,
        1 => parts.swap_remove(0),
        _ => Expr::And(parts),
    })
}

fn write(mut export: Export, out: Writer) {
    let mut chunk = Vec::new();
    let mut events = 0;
    while let Some(progress) = export.step(&mut chunk) {
        events = progress.events;
        if chunk.len() >= CHUNK && !out.send(core::mem::take(&mut chunk)) {
            info!("an export broke off: the client has gone or is too slow");
            return;
        }
    }
    if out.send(chunk) {
        out.complete();
        info!("exported {events} events");
    }
}
