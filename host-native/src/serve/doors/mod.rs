//! Doors: other protocols, each turned into events of the one engine, or events of it into the protocol.
//!
//! A door is a module here. It owns its paths or listeners, its limits, its counters and its page in docs/; it has no
//! store, no search and no secrets of its own. A new one is that module, its settings, and one line of [`open`].

use alloc::sync::Arc;
use core::fmt::Debug;

use axum::routing::MethodRouter;

use super::config::{Config, Limits};
use super::http::Shared;
pub(super) use counters::Counters;
use eventlog::EventLog;

mod batch;
mod counters;
mod eventlog;

/// What the daemon knows of each door.
pub(super) trait Door: Debug + Send + Sync {
    /// In the configuration, in metrics and in the daemon's log.
    fn name(&self) -> &'static str;

    /// Its paths on the daemon's own HTTP port.
    fn routes(self: Arc<Self>) -> Routes;

    /// Bytes that it may take at most, beside what its connections may.
    fn memory(&self, limits: &Limits) -> usize;

    /// What it counts.
    fn counters(&self) -> &Counters;
}

/// A path of HTTP, and what it takes.
pub(super) type Route = (&'static str, MethodRouter<Shared>);

/// Paths of a door.
#[derive(Debug, Default)]
pub(super) struct Routes {
    /// Guarded by a read secret, a rate and a deadline, like the daemon's own questions.
    pub(super) read: Vec<Route>,
    /// Guarded by nothing: the door asks for a secret itself.
    pub(super) own: Vec<Route>,
}

/// The doors that the configuration switches on.
pub(super) fn open(config: &Config) -> Vec<Arc<dyn Door>> {
    let eventlog: Option<Arc<dyn Door>> =
        config.eventlog.clone().map(|settings| Arc::new(EventLog::new(settings)) as _);
    [eventlog].into_iter().flatten().collect()
}

/// Every door there is, as the manual describes them.
#[cfg(test)]
pub(super) fn all() -> Vec<Arc<dyn Door>> {
    let settings = super::config::EventLogSettings { prefix: "/eventlog".into() };
    vec![Arc::new(EventLog::new(settings))]
}
