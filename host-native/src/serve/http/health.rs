//! Whether the daemon lives, and whether it answers. Neither needs a secret, and neither says more.

use core::sync::atomic::Ordering;

use axum::extract::State;

use super::Shared;
use super::error::Error;

/// The process answers.
pub(super) async fn alive() -> &'static str {
    "ok\n"
}

/// The ingest thread answers, and the daemon is not stopping.
pub(super) async fn ready(State(app): State<Shared>) -> Result<&'static str, Error> {
    if !app.ready.load(Ordering::Acquire) {
        return Err(Error::unavailable("stopping"));
    }
    // A thread that hangs must not hang the probe.
    let patience = core::time::Duration::from_secs(2);
    let answer = tokio::time::timeout(patience, app.ingest.report()).await;
    answer.map_err(|_| Error::unavailable("ingest does not answer"))??;
    Ok("ready\n")
}
