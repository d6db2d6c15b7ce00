//! `/api/v1/histogram` and `/api/v1/facets`: counts, without the events.

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use logd_core::severity::Level;
use logd_core::time::UnixNanos;
use logd_proto::query::{
    Bucket, Coverage, Facet, FacetRequest, Histogram, HistogramRequest, QueryRequest, QueryResponse,
};
use serde_json::{Map, Value, json};

use super::Shared;
use super::error::Error;
use super::params::Params;
use crate::serve::clock::unix_now;
use crate::serve::config::units::parse_duration;

const DEFAULT_BUCKET: &str = "1m";
const DEFAULT_FIELDS: [&str; 2] = ["level", "key"];

/// Events by time and level.
pub(super) async fn histogram(
    State(app): State<Shared>,
    RawQuery(query): RawQuery,
) -> Result<Response, Error> {
    let params = Params::parse(query.as_deref(), &["q", "from", "until", "ring", "bucket"])?;
    let width = params.get("bucket").unwrap_or(DEFAULT_BUCKET);
    let width = parse_duration(width).map_err(|e| Error::bad_request(format!("bucket: {e}")))?;
    // A duration is parsed from 64 bits of nanoseconds.
    let bucket_nanos = width.as_nanos() as u64;
    let request = QueryRequest {
        histogram: Some(HistogramRequest { bucket_nanos }),
        total: true,
        ..params.question(unix_now())?
    };
    app.ask(&request, |answer| Json(histogram_json(&answer)).into_response()).await
}

fn histogram_json(answer: &QueryResponse) -> Value {
    let empty = Histogram::default();
    let histogram = answer.histogram.as_ref().unwrap_or(&empty);
    json!({
        "bucket_nanos": histogram.bucket_nanos,
        "capped": histogram.capped,
        "total": answer.total,
        "buckets": histogram.buckets.iter().map(bucket).collect::<Vec<_>>(),
        "coverage": coverage(answer.coverage.as_ref()),
    })
}

fn bucket(bucket: &Bucket) -> Value {
    let levels = Level::ALL.iter().zip(&bucket.by_level).filter(|(_, n)| **n > 0);
    let levels: Map<String, Value> =
        levels.map(|(level, n)| (level.name().to_owned(), (*n).into())).collect();
    json!({
        "start": UnixNanos(bucket.start).to_string(),
        "count": bucket.by_level.iter().sum::<u64>(),
        "levels": levels,
    })
}

/// The most frequent values of fields.
pub(super) async fn facets(
    State(app): State<Shared>,
    RawQuery(query): RawQuery,
) -> Result<Response, Error> {
    let known = ["q", "from", "until", "ring", "field", "limit"];
    let params = Params::parse(query.as_deref(), &known)?;
    let limit = params.number("limit")?.unwrap_or(0);
    let mut fields: Vec<&str> = params.all("field").collect();
    if fields.is_empty() {
        fields.extend(DEFAULT_FIELDS);
    }
    let facets = fields.iter().map(|field| FacetRequest { field: (*field).to_owned(), limit });
    let request =
        QueryRequest { facets: facets.collect(), total: true, ..params.question(unix_now())? };
    app.ask(&request, |answer| Json(facets_json(&answer)).into_response()).await
}

fn facets_json(answer: &QueryResponse) -> Value {
    json!({
        "total": answer.total,
        "facets": answer.facets.iter().map(facet).collect::<Vec<_>>(),
        "coverage": coverage(answer.coverage.as_ref()),
    })
}

fn facet(facet: &Facet) -> Value {
    let values = facet.values.iter().map(|v| json!({ "value": v.value, "count": v.count }));
    json!({
        "field": facet.field,
        "present": facet.present,
        "capped": facet.capped,
        "values": values.collect::<Vec<_>>(),
    })
}

/// What the answer could not see.
fn coverage(coverage: Option<&Coverage>) -> Value {
    coverage.map_or(Value::Null, |c| {
        json!({
            "overwritten": c.overwritten,
            "evicted_during": c.evicted_during,
            "oldest_seq": c.oldest_seq,
            "newest_seq": c.newest_seq,
        })
    })
}
