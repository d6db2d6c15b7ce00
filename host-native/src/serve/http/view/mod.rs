//! `/view/`: the viewer, a page that is part of the program.
//!
//! It needs no secret, for it holds no data: it asks the API with the secret that its reader gives it.

use axum::extract::{Path, Request};
use axum::http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, LOCATION,
    REFERRER_POLICY, VARY,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::error::Error;
use asset::Asset;

mod asset;

/// Where the page is; its files lie below.
pub(in crate::serve) const PATH: &str = "/view/";
/// The page itself.
const INDEX: &str = "index.html";
/// What is in the program; empty when it was built without the page.
static ASSETS: &[Asset] = include!(concat!(env!("OUT_DIR"), "/viewer.rs"));

/// The page runs nothing and asks nobody but what it came from, and nobody frames it. `wasm-unsafe-eval` is what
/// compiling WebAssembly is called; it allows no `eval`.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
    img-src 'self' data:; connect-src 'self'; worker-src 'self'; font-src 'self'; manifest-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const WITHOUT: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>logd</title>\
    <h1>logd was built without its viewer</h1>\
    <p>Run <code>cargo xtask web</code>, then build it again with the feature <code>viewer</code>.</p></html>\n";

/// The page.
pub(super) async fn index(headers: HeaderMap) -> Response {
    match find(INDEX) {
        Some(asset) => asset.answer(&headers),
        None => {
            ([(CONTENT_TYPE, "text/html; charset=utf-8"), (CACHE_CONTROL, "no-cache")], WITHOUT)
                .into_response()
        }
    }
}

/// A file of the page.
pub(super) async fn file(Path(path): Path<String>, headers: HeaderMap) -> Result<Response, Error> {
    let missing = || {
        Error::new(StatusCode::NOT_FOUND, format!("the viewer has no such file; it is at {PATH}"))
    };
    find(&path).map(|asset| asset.answer(&headers)).ok_or_else(missing)
}

/// To the page.
pub(super) async fn lead() -> impl IntoResponse {
    (StatusCode::SEE_OTHER, [(LOCATION, PATH)])
}

/// Leads who asks for `/` with a browser to the page.
pub(super) async fn lead_browsers(request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if request.uri().path() != "/" || !reads {
        return next.run(request).await;
    }
    let mut response = if wants_html(request.headers()) {
        lead().await.into_response()
    } else {
        next.run(request).await
    };
    response.headers_mut().append(VARY, HeaderValue::from_static("accept"));
    response
}

/// What every answer below the page's path has.
pub(super) async fn guard(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, POLICY),
        (REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

fn find(path: &str) -> Option<&'static Asset> {
    ASSETS.binary_search_by(|asset| asset.path.cmp(path)).ok().map(|at| &ASSETS[at])
}

/// Browsers name HTML where a person navigates; scripts and tools do not.
fn wants_html(headers: &HeaderMap) -> bool {
    let values = headers.get_all(ACCEPT).iter().filter_map(|v| v.to_str().ok());
    values.flat_map(|v| v.split(',')).any(|part| asset::accepted(part) == Some("text/html"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_told_by_what_they_accept() {
        let wants = |accept: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, HeaderValue::from_static(accept));
            wants_html(&headers)
        };
        assert!(wants("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"));
        assert!(wants("application/json, Text/HTML;q=0.1"));
        assert!(!wants("*/*"));
        assert!(!wants("application/json, text/html;q=0"));
        assert!(!wants_html(&HeaderMap::new()));
    }

    #[test]
    fn the_table_is_sorted_and_has_the_page_if_it_has_anything() {
        assert!(ASSETS.is_sorted_by(|a, b| a.path < b.path));
        assert_eq!(find(INDEX).is_some(), !ASSETS.is_empty());
        assert!(find("no/such/file").is_none());
    }
}
