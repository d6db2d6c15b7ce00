//! `/openapi.json`: the interface for machines. Kept by hand; a test compares its paths with the router.

use axum::http::HeaderName;
use axum::http::header::CONTENT_TYPE;

const DOCUMENT: &str = include_str!("openapi.json");

/// The document.
pub(super) async fn document() -> ([(HeaderName, &'static str); 1], &'static str) {
    ([(CONTENT_TYPE, "application/json")], DOCUMENT)
}

/// The paths that it describes, in order.
#[cfg(test)]
pub(super) fn paths() -> Vec<String> {
    let document: serde_json::Value = serde_json::from_str(DOCUMENT).unwrap();
    let mut paths: Vec<_> = document["paths"].as_object().unwrap().keys().cloned().collect();
    paths.sort_unstable();
    paths
}
