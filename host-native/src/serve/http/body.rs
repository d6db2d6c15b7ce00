//! Reads the body of a request, within bounds of size and time.

use core::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use axum::http::{HeaderMap, StatusCode};

use super::error::Error;

/// For a body to arrive.
const BODY_TIME: Duration = Duration::from_secs(10);

/// All of it, at most `limit` bytes.
pub(in crate::serve) async fn read(
    headers: &HeaderMap,
    body: Body,
    limit: usize,
) -> Result<Vec<u8>, Error> {
    if headers
        .get(CONTENT_ENCODING)
        .is_some_and(|v| !v.as_bytes().eq_ignore_ascii_case(b"identity"))
    {
        return Err(Error::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "bodies are taken uncompressed; send this one without Content-Encoding",
        ));
    }
    let length = headers.get(CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|n| n > limit as u64) {
        return Err(Error::too_large(limit));
    }
    match tokio::time::timeout(BODY_TIME, to_bytes(body, limit)).await {
        Ok(Ok(bytes)) => Ok(bytes.into()),
        Ok(Err(e)) if is_length_limit(&e) => Err(Error::too_large(limit)),
        Ok(Err(e)) => Err(Error::bad_request(format!("the body could not be read: {e}"))),
        Err(_) => Err(Error::timeout("the body did not arrive in time")),
    }
}

fn is_length_limit(e: &axum::Error) -> bool {
    core::error::Error::source(e).is_some_and(|s| s.is::<http_body_util::LengthLimitError>())
}
