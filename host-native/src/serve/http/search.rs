//! Runs searches on blocking threads: a bounded number at once, each with a deadline.

use alloc::sync::Arc;
use core::iter;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::panic::resume_unwind;
use std::thread::ScopedJoinHandle;
use std::time::Instant;

use axum::http::StatusCode;
use axum::response::Response;
use logd_core::query::{Limits, Query, Search, Step};
use logd_core::store::Snapshot;
use logd_proto::query::{QueryRequest, QueryResponse};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::App;
use super::error::Error;

/// Bytes of blocks between two looks at the deadline: a few milliseconds of search.
const STEP: usize = 4 << 20;
/// Threads that searches may have together beyond their own: those that are idle anyway, and not many, for they wait for
/// the same memory.
pub(super) const MAX_HELPERS: usize = 3;
/// How long a request waits for its turn; a dashboard asks several questions at once.
const PATIENCE: Duration = Duration::from_secs(1);
/// Bytes of a page in memory.
pub(super) const PAGE_BYTES: usize = 4 << 20;
/// Facets of a request.
pub(super) const MAX_FACETS: usize = 4;
const DEFAULT_PAGE: usize = 100;

impl App {
    /// What one question may ask for.
    pub(super) fn query_limits(&self) -> Limits {
        let max_page = self.limits.page as usize;
        Limits {
            default_page: DEFAULT_PAGE.min(max_page),
            max_page,
            max_page_bytes: PAGE_BYTES,
            max_buckets: self.limits.buckets,
            max_facets: MAX_FACETS,
            max_facet_values: self.limits.facet_values,
        }
    }

    /// Answers a question with what `render` makes of the result.
    pub(super) async fn ask(
        &self,
        request: &QueryRequest,
        render: impl FnOnce(QueryResponse) -> Response + Send + 'static,
    ) -> Result<Response, Error> {
        let compile = || {
            Query::compile(request, &self.query_limits())
                .map_err(|e| Error::query(&e, &request.filter))
        };
        self.answer(compile, &request.rings, render).await
    }

    /// The same for any way to a query.
    pub(super) async fn answer(
        &self,
        compile: impl FnOnce() -> Result<Query, Error>,
        rings: &[String],
        render: impl FnOnce(QueryResponse) -> Response + Send + 'static,
    ) -> Result<Response, Error> {
        // The place comes first: a request that waits for it takes no memory for automata or copies of open blocks.
        let place = self.place().await?;
        let query = compile()?;
        let snapshot = self.snapshot(rings).await?;
        // Rendered on the searching thread, for a page may be megabytes, and kept in its place until the answer has
        // one of its own: at any moment what is in memory is accounted for.
        let (response, place) = self.search(place, query, snapshot, render).await?;
        let response = self.answers.hold(response).await?;
        drop(place);
        Ok(response)
    }

    /// A place among the searches.
    pub(in crate::serve) async fn place(&self) -> Result<OwnedSemaphorePermit, Error> {
        place(&self.searches, "searches").await
    }

    /// The named rings, or all when none is named.
    pub(in crate::serve) async fn snapshot(&self, rings: &[String]) -> Result<Snapshot, Error> {
        let snapshot = self.ingest.snapshot(rings.to_vec()).await?;
        match rings.iter().find(|name| snapshot.rings.iter().all(|ring| ring.prefix != **name)) {
            Some(name) => Err(Error::bad_request(format!(
                "there is no ring `{name}`; /api/v1/rings lists the rings"
            ))),
            None => Ok(snapshot),
        }
    }

    /// Runs a search, and `then` on the same thread. What comes of it holds the search's place until it is dropped.
    pub(super) async fn search<T: Send + 'static>(
        &self,
        place: OwnedSemaphorePermit,
        query: Query,
        snapshot: Snapshot,
        then: impl FnOnce(QueryResponse) -> T + Send + 'static,
    ) -> Result<(T, OwnedSemaphorePermit), Error> {
        self.counters.searches.fetch_add(1, Ordering::Relaxed);
        let limit = self.limits.search_time;
        let cancel = CancelOnDrop::default();
        let cancelled = cancel.0.clone();
        let helpers = self.helpers.clone();
        let search = tokio::task::spawn_blocking(move || {
            // Held by the thread, not by the request: a client that hangs up does not make room for another
            // search while its own still runs.
            run(Search::new(query, snapshot), &helpers, limit, &cancelled)
                .map(|found| (then(found), place))
        });
        let answer = search.await.map_err(|_| {
            Error::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "the search failed; the daemon's log says why",
            )
        })?;
        drop(cancel);
        answer.ok_or_else(|| {
            // Not temporary: the same search would take as long again.
            let message = "narrow the time range or the filter";
            let message = format!("the search took longer than {limit:?}; {message}");
            Error::new(StatusCode::SERVICE_UNAVAILABLE, message)
        })
    }
}

/// How many threads help the searches, all together.
pub(super) fn helpers() -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    (cores - 1).min(MAX_HELPERS)
}

/// `None` after the time limit, or when nobody waits any more.
fn run(
    mut search: Search,
    helpers: &Semaphore,
    limit: Duration,
    cancelled: &AtomicBool,
) -> Option<QueryResponse> {
    let start = Instant::now();
    // Most searches end within a step; only longer ones are worth more threads.
    if search.step(STEP) == Step::Done {
        return Some(search.finish());
    }
    let stop = || cancelled.load(Ordering::Relaxed) || start.elapsed() > limit;
    let finish = |part: &mut Search| {
        while part.step(STEP) == Step::Pending {
            if stop() {
                return false;
            }
        }
        true
    };
    let help: Vec<_> = iter::from_fn(|| helpers.try_acquire().ok()).collect();
    let mut parts = search.split(1 + help.len());
    let (own, others) = parts.split_first_mut()?;
    let finished = std::thread::scope(|scope| {
        let threads: Vec<_> = others.iter_mut().map(|part| scope.spawn(|| finish(part))).collect();
        let own = finish(own);
        // A part that fails is a search that fails.
        let join = |t: ScopedJoinHandle<'_, bool>| t.join().unwrap_or_else(|e| resume_unwind(e));
        let ended: Vec<bool> = threads.into_iter().map(join).collect();
        own && ended.into_iter().all(|part| part)
    });
    let mut parts = parts.into_iter();
    let mut whole = parts.next().filter(|_| finished)?;
    parts.for_each(|part| whole.merge(part));
    Some(whole.finish())
}

/// Waits a moment for a place among a bounded number.
pub(in crate::serve) async fn place(
    places: &Arc<Semaphore>,
    what: &str,
) -> Result<OwnedSemaphorePermit, Error> {
    let wait = tokio::time::timeout(PATIENCE, places.clone().acquire_owned());
    // The semaphores are never closed.
    wait.await.ok().and_then(Result::ok).ok_or_else(|| full(what))
}

/// All places are taken.
pub(super) fn full(what: &str) -> Error {
    Error::unavailable(format!("as many {what} as the daemon allows (limits.{what}) are under way"))
}

/// Tells a thread that its result is not wanted any more.
#[derive(Debug, Default)]
pub(in crate::serve) struct CancelOnDrop(pub(in crate::serve) Arc<AtomicBool>);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
