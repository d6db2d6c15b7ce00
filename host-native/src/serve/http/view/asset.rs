//! One file of the viewer, as an answer.

use axum::body::Body;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderName,
    IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};

/// Files here have the hash of their content in their name: they never change.
const HASHED: &str = "assets/";
/// The service worker.
const WORKER: &str = "sw.js";

/// A file of web/dist.
#[derive(Debug)]
pub(super) struct Asset {
    /// Below web/dist.
    pub(super) path: &'static str,
    /// Of the content, hexadecimal.
    pub(super) hash: &'static str,
    /// The content.
    pub(super) plain: &'static [u8],
    /// The same in gzip, where that is shorter.
    pub(super) gzip: Option<&'static [u8]>,
}

impl Asset {
    pub(super) fn answer(&self, headers: &HeaderMap) -> Response {
        let gzip = self.gzip.filter(|_| takes_gzip(headers));
        // The two forms are different bytes, so their tags differ (RFC 9110, section 8.8.3.3).
        let tag = format!("\"{}{}\"", self.hash, if gzip.is_some() { "-gz" } else { "" });
        let mut response = if has_already(headers, &tag) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            let mut response = Body::from(gzip.unwrap_or(self.plain)).into_response();
            let headers = response.headers_mut();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type(self.path)));
            if gzip.is_some() {
                headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            }
            response
        };
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(self.cache_control()));
        if let Ok(tag) = tag.try_into() {
            headers.insert(ETAG, tag);
        }
        if self.gzip.is_some() {
            headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
        }
        if self.path == WORKER {
            let allowed = HeaderName::from_static("service-worker-allowed");
            headers.insert(allowed, HeaderValue::from_static(super::PATH));
        }
        response
    }

    fn cache_control(&self) -> &'static str {
        if self.path.starts_with(HASHED) {
            "public, max-age=31536000, immutable"
        } else {
            "no-cache"
        }
    }
}

/// What a part of an Accept header names, in lower case; `None` when it is refused (`q=0`).
pub(super) fn accepted(part: &str) -> Option<&'static str> {
    let mut parts = part.split(';').map(str::trim);
    let name = parts.next()?;
    let known = ["text/html", "gzip", "*"].into_iter().find(|k| k.eq_ignore_ascii_case(name))?;
    let weight = parts.find_map(|p| p.strip_prefix("q=").or_else(|| p.strip_prefix("Q=")));
    let refused = weight.is_some_and(|q| q.parse::<f32>().is_ok_and(|q| q <= 0.0));
    (!refused).then_some(known)
}

/// gzip by its name, else by `*`.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let values = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|v| v.to_str().ok());
    let parts: Vec<&str> = values.flat_map(|v| v.split(',')).collect();
    let named = |name: &str| {
        let name_of =
            |p: &&&str| p.split(';').next().is_some_and(|n| n.trim().eq_ignore_ascii_case(name));
        parts.iter().find(name_of).map(|part| accepted(part).is_some())
    };
    named("gzip").or_else(|| named("*")).unwrap_or(false)
}

/// Whether the client has these bytes (RFC 9110, section 13.1.2); it may say so weakly.
fn has_already(headers: &HeaderMap, tag: &str) -> bool {
    let values = headers.get_all(IF_NONE_MATCH).iter().filter_map(|v| v.to_str().ok());
    let mut tags = values.flat_map(|v| v.split(',')).map(str::trim);
    tags.any(|t| t == "*" || t.strip_prefix("W/").unwrap_or(t) == tag)
}

/// Unknown endings are bytes, which a browser does not run: `nosniff` sees to that.
fn content_type(path: &str) -> &'static str {
    let (_, ending) = path.rsplit_once('.').unwrap_or_default();
    match ending {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: Asset =
        Asset { path: "index.html", hash: "ab", plain: b"<!doctype html>", gzip: Some(b"zip") };
    const WASM: Asset =
        Asset { path: "assets/engine-1.wasm", hash: "cd", plain: b"\0asm", gzip: None };
    const SERVICE: Asset = Asset { path: "sw.js", hash: "ef", plain: b"", gzip: None };

    fn ask(asset: &Asset, name: HeaderName, value: &'static str) -> Response {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_static(value));
        asset.answer(&headers)
    }

    fn header(response: &Response, name: HeaderName) -> &str {
        response.headers().get(name).map_or("", |v| v.to_str().unwrap())
    }

    #[test]
    fn the_form_is_the_one_that_is_accepted() {
        for (accept, encoding) in [
            ("gzip, deflate, br", "gzip"),
            ("br;q=1.0, GZIP;q=0.5", "gzip"),
            ("*", "gzip"),
            ("gzip;q=0, *", ""),
            ("gzip;q=0.0", ""),
            ("br", ""),
            ("", ""),
        ] {
            let response = ask(&PAGE, ACCEPT_ENCODING, accept);
            assert_eq!(header(&response, CONTENT_ENCODING), encoding, "{accept}");
            assert_eq!(header(&response, VARY), "accept-encoding");
        }
        let response = ask(&WASM, ACCEPT_ENCODING, "gzip");
        assert_eq!((header(&response, CONTENT_ENCODING), header(&response, VARY)), ("", ""));
        assert_eq!(header(&response, CONTENT_TYPE), "application/wasm");
    }

    #[test]
    fn a_client_that_has_the_bytes_gets_none() {
        for (tags, status) in [
            ("\"ab\"", 304),
            ("W/\"x\", W/\"ab\"", 304),
            ("*", 304),
            ("\"ab-gz\"", 200),
            ("ab", 200),
        ] {
            let response = ask(&PAGE, IF_NONE_MATCH, tags);
            assert_eq!(response.status(), status, "{tags}");
            assert_eq!(header(&response, ETAG), "\"ab\"");
            assert_eq!(header(&response, CACHE_CONTROL), "no-cache");
        }
    }

    #[test]
    fn only_what_has_its_hash_in_its_name_is_kept() {
        let response = WASM.answer(&HeaderMap::new());
        assert_eq!(header(&response, CACHE_CONTROL), "public, max-age=31536000, immutable");
        let response = SERVICE.answer(&HeaderMap::new());
        assert_eq!(header(&response, CACHE_CONTROL), "no-cache");
        assert_eq!(header(&response, HeaderName::from_static("service-worker-allowed")), "/view/");
        assert_eq!(header(&response, CONTENT_TYPE), "text/javascript; charset=utf-8");
    }
}
