//! The event log over HTTP: events posted as JSON or as forms, read back as pages of a minute, an hour or a day.
//!
//! An event of facility `web` has the key `/eventlog/web`; the prefix is a setting. docs/eventlog.md is its page.

use alloc::sync::Arc;
use core::array;

use axum::extract::{Request, State};
use axum::routing::{get, post};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::counters::Counters;
use super::{Door, Routes};
use crate::serve::config::{EventLogSettings, Limits};
use crate::serve::http::Shared;

mod counts;
mod delete;
mod event;
mod facility;
mod level;
mod messages;
mod page;
mod period;
mod post;
mod python;
mod signature;

/// Requests whose events are read and stored at once; more wait.
const PLACES: usize = 8;

/// The door.
#[derive(Debug)]
pub(super) struct EventLog {
    settings: EventLogSettings,
    counters: Counters,
    places: Semaphore,
}

impl EventLog {
    pub(super) fn new(settings: EventLogSettings) -> Self {
        Self { settings, counters: Counters::default(), places: Semaphore::new(PLACES) }
    }

    /// To read and to store the events of a request: a bounded number do at once.
    async fn place(&self) -> Option<SemaphorePermit<'_>> {
        // It is never closed.
        self.places.acquire().await.ok()
    }

    /// The facility that a key belongs to.
    fn facility_of<'k>(&self, key: &'k str) -> Option<&'k str> {
        key.strip_prefix(self.settings.prefix.as_str())?.strip_prefix('/')
    }
}

impl Door for EventLog {
    fn name(&self) -> &'static str {
        "eventlog"
    }

    fn routes(self: Arc<Self>) -> Routes {
        let [events, deletes, messages, pages, counts] = array::from_fn(|_| self.clone());
        let events =
            move |State(app): State<Shared>, request: Request| post::events(events, app, request);
        let deletes = move |State(app): State<Shared>, request: Request| {
            delete::events(deletes, app, request)
        };
        let messages = move |State(app): State<Shared>, request: Request| {
            post::message(messages, app, request)
        };
        let pages = move |app, path, query, headers| page::page(pages, app, path, query, headers);
        let counts = move |app, path| counts::counts(counts, app, path);
        Routes {
            own: vec![
                ("/api/v1/eventlog", post(events).delete(deletes)),
                ("/api/v1/messages", post(messages)),
            ],
            read: vec![
                ("/api/v1/eventqry/{facility}/{period}", get(pages)),
                ("/api/v1/counts/{since}/{until}/{levels}/{*facilities}", get(counts)),
            ],
        }
    }

    fn memory(&self, limits: &Limits) -> usize {
        /// What is known of an event between its JSON and its id.
        const EVENT: usize = 256;
        // The elements of an array, each of which may be a byte and a comma; what is encoded; a formatted text.
        PLACES * (EVENT * event::MAX_EVENTS + 10 * limits.body + 2 * limits.text)
    }

    fn counters(&self) -> &Counters {
        &self.counters
    }
}
