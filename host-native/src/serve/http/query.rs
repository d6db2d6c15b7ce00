//! `/api/v1/query`: a page of events.

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use logd_proto::prost::Message as _;
use logd_proto::query::{QueryRequest, QueryResponse};

use super::Shared;
use super::body::read;
use super::error::Error;
use super::format::Format;
use super::params::Params;
use crate::serve::clock::unix_now;

const CAPPED: &str = "logd-capped";
const NEXT_CURSOR: &str = "logd-next-cursor";
const TOTAL: &str = "logd-total";
const OVERWRITTEN: &str = "logd-overwritten";

/// The headers that say what the form of a page has no place for.
pub(super) const HEADERS: [&str; 4] = [CAPPED, NEXT_CURSOR, TOTAL, OVERWRITTEN];

const PARAMETERS: [&str; 9] =
    ["q", "from", "until", "ring", "order", "limit", "cursor", "total", "format"];

/// `GET`: the question is in the URL.
pub(super) async fn from_url(
    State(app): State<Shared>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let params = Params::parse(query.as_deref(), &PARAMETERS)?;
    let format = Format::choose(&params, &headers, Format::Ndjson)?;
    let request = QueryRequest {
        page: Some(params.page()?),
        total: params.flag("total")?,
        ..params.question(unix_now())?
    };
    app.ask(&request, move |answer| respond(&answer, format)).await
}

/// `POST`: the body is a `logd.query.QueryRequest`, which may ask for everything at once.
pub(super) async fn from_body(
    State(app): State<Shared>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Error> {
    let params = Params::parse(query.as_deref(), &["format"])?;
    let format = Format::choose(&params, &headers, Format::Protobuf)?;
    let body = read(&headers, body, app.limits.body).await?;
    let request = QueryRequest::decode(&body[..])
        .map_err(|e| Error::bad_request(format!("the body is no logd.query.QueryRequest: {e}")))?;
    app.ask(&request, move |answer| respond(&answer, format)).await
}

fn respond(answer: &QueryResponse, format: Format) -> Response {
    let mut response = Body::from(format.write(answer)).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(format.content_type()));
    let rows = answer.rows.as_ref();
    if rows.is_some_and(|r| r.capped) {
        headers.insert(CAPPED, HeaderValue::from_static("true"));
    }
    let cursor = rows.map(|r| &r.next_cursor).filter(|c| !c.is_empty());
    if let Some(cursor) = cursor.map(|c| URL_SAFE_NO_PAD.encode(c)) {
        let value = cursor.try_into().expect("base64url is ASCII");
        headers.insert(NEXT_CURSOR, value);
    }
    if let Some(total) = answer.total {
        headers.insert(TOTAL, total.into());
    }
    if let Some(n) = answer.coverage.as_ref().map(|c| c.overwritten + c.evicted_during) {
        headers.insert(OVERWRITTEN, n.into());
    }
    response
}
