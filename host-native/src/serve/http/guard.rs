//! What every request passes before a handler: rate, secret, deadline; and the headers of every answer.

use core::net::SocketAddr;
use core::time::Duration;
use std::time::Instant;

use axum::extract::{Request, State};
use axum::http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HeaderName, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use logd_core::datagram::Right;
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::Shared;
use super::error::Error;

/// Who asks, as the connection tells.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer(pub(super) SocketAddr);

/// An answer must begin within the search time and this.
const GRACE: Duration = Duration::from_secs(5);

/// `nosniff`, and `no-store`: events are nobody's to keep on the way.
pub(super) async fn headers(State(app): State<Shared>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    app.counters.count_response(response.status());
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// 429 for an address that asks too often.
pub(super) async fn rate(State(app): State<Shared>, request: Request, next: Next) -> Response {
    let addr = request.extensions().get::<Peer>().map(|peer| peer.0.ip());
    // Requests that come from no connection are those of tests.
    let admitted = addr.map_or(Ok(()), |addr| app.rate.admit(Instant::now(), addr));
    match admitted {
        Ok(()) => next.run(request).await,
        Err(wait) => {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            Error::too_many_requests(seconds).into_response()
        }
    }
}

/// 401 without a live read secret: `Authorization: <secret>` or `Authorization: Bearer <secret>`.
pub(super) async fn read_secret(
    State(app): State<Shared>,
    request: Request,
    next: Next,
) -> Response {
    let presented = request.headers().get(AUTHORIZATION).map(HeaderValue::as_bytes);
    let keyring = app.ingest.verifier().keyring();
    let allowed = presented.is_some_and(|p| keyring.authorize(Right::Read, token(p)));
    if allowed { next.run(request).await } else { Error::unauthorized().into_response() }
}

/// The secret in the header's value. The scheme is case-insensitive (RFC 9110, section 11.1).
fn token(value: &[u8]) -> &[u8] {
    match value.split_at_checked(7) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case(b"bearer ") => rest.trim_ascii(),
        _ => value.trim_ascii(),
    }
}

/// 503 for an answer that has not begun in time. What streams afterwards has its own deadline.
pub(super) async fn deadline(State(app): State<Shared>, request: Request, next: Next) -> Response {
    match tokio::time::timeout(app.limits.search_time + GRACE, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Error::unavailable("the answer took too long").into_response(),
    }
}

/// Lets the pages of some origins read.
pub(super) fn cors(origins: &[String]) -> CorsLayer {
    let any = origins.iter().any(|o| o == "*");
    let allowed = if any {
        AllowOrigin::any()
    } else {
        AllowOrigin::list(origins.iter().filter_map(|o| o.parse::<HeaderValue>().ok()))
    };
    CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([AUTHORIZATION, CONTENT_TYPE, HeaderName::from_static("last-event-id")])
        .expose_headers(
            super::query::HEADERS
                .into_iter()
                .chain([super::tail::LIFE])
                .map(HeaderName::from_static)
                .collect::<Vec<_>>(),
        )
        .max_age(Duration::from_secs(600))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_may_be_bare_or_a_bearer_token() {
        assert_eq!(token(b"secret"), b"secret");
        assert_eq!(token(b"Bearer secret"), b"secret");
        assert_eq!(token(b"bearer  secret "), b"secret");
        assert_eq!(token(b"BEARER"), b"BEARER");
    }
}
