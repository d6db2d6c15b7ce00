//! What goes wrong with a request, as an answer that helps.

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use logd_core::query::QueryError;
use serde_json::json;

use crate::serve::ingest::Busy;

/// Why a request is not answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::serve) struct Error {
    status: StatusCode,
    message: String,
    /// Column (from 1) and length of what is wrong with an expression, in characters.
    span: Option<(usize, usize)>,
    /// Seconds.
    retry_after: Option<u64>,
}

impl Error {
    pub(in crate::serve) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), span: None, retry_after: None }
    }

    pub(in crate::serve) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    pub(in crate::serve) fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized")
    }

    /// A bound is reached; the same request may succeed a little later.
    pub(in crate::serve) fn unavailable(message: impl Into<String>) -> Self {
        let error = Self::new(StatusCode::SERVICE_UNAVAILABLE, message);
        Self { retry_after: Some(1), ..error }
    }

    /// Comes into being by itself, in so many seconds.
    pub(in crate::serve) fn unavailable_for(message: impl Into<String>, seconds: u64) -> Self {
        Self { retry_after: Some(seconds), ..Self::unavailable(message) }
    }

    pub(in crate::serve) fn too_many_requests(retry_after: u64) -> Self {
        let error = Self::new(StatusCode::TOO_MANY_REQUESTS, "too many requests; slow down");
        Self { retry_after: Some(retry_after), ..error }
    }

    pub(in crate::serve) fn too_large(limit: usize) -> Self {
        let message = format!("the body is longer than {limit} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, message)
    }

    pub(in crate::serve) fn timeout(message: impl Into<String>) -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, message)
    }

    /// An expression or another part of a question that does not hold; `filter` is the expression.
    pub(in crate::serve) fn query(error: &QueryError, filter: &str) -> Self {
        match error {
            QueryError::Parse(parse) => Self {
                span: Some((parse.column, parse.len)),
                ..Self::bad_request(parse.render(filter))
            },
            QueryError::Regex(_)
            | QueryError::Cursor
            | QueryError::Order
            | QueryError::BucketWidth
            | QueryError::Facet(_)
            | QueryError::TooManyFacets(_) => Self::bad_request(error.to_string()),
        }
    }

    /// Whether the same request may succeed a little later.
    pub(in crate::serve) fn is_temporary(&self) -> bool {
        self.retry_after.is_some()
    }

    fn json(&self) -> Vec<u8> {
        let mut error = json!({ "status": self.status.as_u16(), "message": self.message });
        if let Some((column, length)) = self.span {
            error["column"] = column.into();
            error["length"] = length.into();
        }
        let mut bytes = json!({ "error": error }).to_string().into_bytes();
        bytes.push(b'\n');
        bytes
    }
}

impl From<Busy> for Error {
    fn from(_: Busy) -> Self {
        Self::unavailable("the daemon is busy, or stopping")
    }
}

impl IntoResponse for Error {
    /// Plain text; [`render`] makes JSON of it below `/api`.
    fn into_response(self) -> Response {
        let mut response = (self.status, format!("{}\n", self.message)).into_response();
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"logd\""));
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// Errors below `/api` are JSON: `{"error":{"status":400,"message":"…","column":7,"length":3}}`.
pub(in crate::serve) async fn render(request: Request, next: Next) -> Response {
    let json = request.uri().path().starts_with("/api/");
    let response = next.run(request).await;
    let Some(error) = response.extensions().get::<Error>().filter(|_| json).cloned() else {
        return response;
    };
    let (mut parts, _) = response.into_parts();
    parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    parts.headers.remove(axum::http::header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(error.json()))
}

/// For a path that is none.
pub(in crate::serve) async fn not_found() -> Error {
    Error::new(StatusCode::NOT_FOUND, "there is nothing here; /openapi.json lists what there is")
}

/// For a path that does not take the method; axum adds what it takes.
pub(in crate::serve) async fn method_not_allowed(request: Request) -> Error {
    let message = format!("{} is not for this path; see the {ALLOW} header", request.method());
    Error::new(StatusCode::METHOD_NOT_ALLOWED, message)
}
