//! What every request passes before a handler: rate, secret, deadline; and the headers of every answer.

use core::net::SocketAddr;
use core::time::Duration;
use std::time::Instant;

use axum::extract::{Request, State};
use axum::http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HeaderName, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use logd_core::datagram::Right;
use tower_http::cors::{AllowOrigin, CorsLayer};
use zeroize::Zeroizing;

use super::error::Error;
use super::{App, Shared};

/// Who asks, as the connection tells.
#[derive(Clone, Copy, Debug)]
pub(in crate::serve) struct Peer(pub(super) SocketAddr);

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
    match admit(&app, request.extensions().get::<Peer>()) {
        Ok(()) => next.run(request).await,
        Err(e) => e.into_response(),
    }
}

/// Counts a request of an address. Requests that come from no connection are those of tests.
fn admit(app: &App, peer: Option<&Peer>) -> Result<(), Error> {
    let admitted = peer.map_or(Ok(()), |peer| app.rate.admit(Instant::now(), peer.0.ip()));
    admitted.map_err(|wait| {
        Error::too_many_requests(wait.as_secs() + u64::from(wait.subsec_nanos() > 0))
    })
}

/// What becomes of a request that shows no right: 401, or 429 from an address that tries too often. Requests that show one
/// are not counted, where a door is made for many.
pub(in crate::serve) fn refuse(app: &App, peer: Option<&Peer>) -> Error {
    admit(app, peer).err().unwrap_or_else(Error::unauthorized)
}

/// 401 without a live read secret: `Authorization: <secret>` or `Authorization: Bearer <secret>`.
pub(super) async fn read_secret(
    State(app): State<Shared>,
    request: Request,
    next: Next,
) -> Response {
    if shows(&app, request.headers(), Right::Read) {
        next.run(request).await
    } else {
        Error::unauthorized().into_response()
    }
}

/// Whether the Authorization header has a live secret with this right: bare, as a bearer token, or as the password of Basic.
pub(in crate::serve) fn shows(app: &App, headers: &HeaderMap, right: Right) -> bool {
    let presented = headers.get(AUTHORIZATION).map(|value| token(value.as_bytes()));
    presented.is_some_and(|p| app.ingest.verifier().keyring().authorize(right, &p))
}

/// The secret in the header's value. Schemes are case-insensitive (RFC 9110, section 11.1); Basic is RFC 7617, and its user
/// plays no part.
fn token(value: &[u8]) -> Zeroizing<Vec<u8>> {
    let scheme = |name: &[u8]| {
        let (scheme, rest) = value.split_at_checked(name.len())?;
        scheme.eq_ignore_ascii_case(name).then(|| rest.trim_ascii())
    };
    let password = |credentials| {
        let mut decoded = Zeroizing::new(STANDARD.decode(credentials).ok()?);
        let colon = decoded.iter().position(|&b| b == b':')?;
        Some(Zeroizing::new(decoded.split_off(colon + 1)))
    };
    scheme(b"basic ")
        .and_then(password)
        .unwrap_or_else(|| Zeroizing::new(scheme(b"bearer ").unwrap_or(value.trim_ascii()).into()))
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
        .allow_methods([Method::GET, Method::POST, Method::DELETE])
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
        let token = |value: &str| token(value.as_bytes()).escape_ascii().to_string();
        assert_eq!(token("secret"), "secret");
        assert_eq!(token("Bearer secret"), "secret");
        assert_eq!(token("bearer  secret "), "secret");
        assert_eq!(token("BEARER"), "BEARER");
    }

    #[test]
    fn the_password_of_basic_is_the_secret() {
        let token = |value: &str| token(value.as_bytes()).escape_ascii().to_string();
        let basic = |credentials: &str| token(&format!("basic {}", STANDARD.encode(credentials)));
        assert_eq!(basic("app:se:cret"), "se:cret");
        assert_eq!(basic(":secret"), "secret");
        // What is no such credential is a secret that nobody has.
        assert_eq!(basic("secret"), token(&format!("basic {}", STANDARD.encode("secret"))));
        assert_eq!(token("Basic !"), "Basic !");
    }
}
