//! HTTP: the daemon's read side, and its health.

use alloc::sync::Arc;
use core::sync::atomic::AtomicBool;
use core::time::Duration;
use std::time::Instant;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use logd_core::query::{MAX_VALUE_BYTES, filter};
use tokio::sync::Semaphore;

use super::COMPRESSING;
use super::clock::unix_now;
use super::config::{Config, Limits};
use super::doors::{Door, Route, Routes};
use super::ingest::Handle;
use answer::Answers;
use counters::Counters;
use rate::RateLimit;

pub(super) mod answer;
pub(super) mod body;
mod counters;
mod counts;
pub(super) mod error;
mod export;
mod format;
pub(super) mod guard;
mod health;
mod metrics;
mod openapi;
mod original;
pub(super) mod params;
mod query;
mod rate;
pub(super) mod search;
pub(super) mod server;
mod status;
pub(super) mod stream;
mod tail;
pub(super) mod view;

/// What the handlers share.
#[derive(Debug)]
pub(super) struct App {
    pub(super) ingest: Handle,
    pub(super) limits: Limits,
    rate: RateLimit,
    searches: Arc<Semaphore>,
    /// Threads that searches may have beside their own.
    helpers: Arc<Semaphore>,
    pub(super) answers: Answers,
    pub(super) exports: Arc<Semaphore>,
    tails: Arc<Semaphore>,
    counters: Counters,
    doors: Vec<Arc<dyn Door>>,
    started: Instant,
    /// Prefix and `max_age` of the rings that have one.
    max_ages: Vec<(String, Duration)>,
    /// Tells this life of the daemon from others: when it began, in Unix nanoseconds.
    pub(super) life: u64,
    /// False once the daemon is asked to stop.
    ready: AtomicBool,
}

pub(super) type Shared = Arc<App>;

impl App {
    pub(super) fn new(ingest: Handle, config: &Config, doors: Vec<Arc<dyn Door>>) -> Self {
        let limits = config.limits.clone();
        Self {
            ingest,
            rate: RateLimit::new(limits.requests_per_second, limits.burst),
            searches: Arc::new(Semaphore::new(limits.searches)),
            helpers: Arc::new(Semaphore::new(search::helpers())),
            answers: Answers::new(limits.answers),
            exports: Arc::new(Semaphore::new(limits.exports)),
            tails: Arc::new(Semaphore::new(limits.tails)),
            counters: Counters::default(),
            doors,
            started: Instant::now(),
            max_ages: max_ages(config),
            life: unix_now().0.cast_unsigned(),
            ready: AtomicBool::new(true),
            limits,
        }
    }

    /// From now on `/readyz` says no, and tails end.
    pub(super) fn stopping(&self) {
        self.ready.store(false, core::sync::atomic::Ordering::Release);
        self.ingest.close_feed();
    }
}

fn max_ages(config: &Config) -> Vec<(String, Duration)> {
    let fallback = ("/".to_owned(), config.fallback.max_age);
    let rings = config.rings.iter().map(|r| (r.prefix.clone(), r.max_age));
    rings.chain([fallback]).filter_map(|(prefix, age)| Some((prefix, age?))).collect()
}

/// Bytes that all searches may take at most: on each thread what it finds and what it reads with; then the answers, and
/// their texts, which are up to six times as long as events of control characters.
pub(super) fn search_memory(limits: &Limits, snapshot: usize) -> usize {
    let thread = thread_memory(limits);
    let search = thread + snapshot + 7 * search::PAGE_BYTES;
    // Whatever this machine's cores: what fits on one fits on the next.
    let helpers = search::MAX_HELPERS.saturating_mul(thread);
    limits.searches.saturating_mul(search).saturating_add(helpers)
}

fn thread_memory(limits: &Limits) -> usize {
    /// Counts by level, in a tree.
    const BUCKET: usize = 160;
    /// A value of a facet, beside its text: its place in a table that grows.
    const VALUE: usize = 128;
    let facet = MAX_VALUE_BYTES + limits.facet_values.saturating_mul(VALUE);
    let found = search::PAGE_BYTES
        .saturating_add(search::MAX_FACETS.saturating_mul(facet))
        .saturating_add(limits.buckets.saturating_mul(BUCKET));
    found + filter::MAX_MEMORY + READING
}

/// A block that is evicted while it is read, and its columns unpacked.
pub(super) const READING: usize = 4 << 20;

/// Bytes that one tail may take at most: its filter, pieces of text in its channel and on both sides of it, the block that
/// they are made from, and the snapshot that it catches up from.
pub(super) fn tail_memory(limits: &Limits, snapshot: usize) -> usize {
    filter::MAX_MEMORY + 3 * (tail::PIECE + 6 * limits.text) + FRESH_BYTES + snapshot
}

/// Bytes that one export may take at most: its filter, what it reads with, the block that it makes, and chunks on their
/// way, each of which a block may have made longer.
pub(super) fn export_memory(snapshot: usize) -> usize {
    /// Of one block, compressed or not.
    const BLOCK: usize = 1 << 20;
    filter::MAX_MEMORY
        + READING
        + COMPRESSING
        + (stream::CHUNKS + 2) * (stream::CHUNK + BLOCK)
        + snapshot
}

/// Bytes of one connection: what hyper reads ahead and has yet to write, a body in pieces and joined, a small answer, and
/// tasks.
pub(super) fn connection_memory(limits: &Limits) -> usize {
    const TASKS: usize = 8 << 10;
    2 * server::BUFFER + limits.body.saturating_mul(2) + answer::SMALL + TASKS
}

/// Bytes of new events between two hand-overs to the tails: what one receive brings at most, and what is kept of each.
pub(super) const FRESH_BYTES: usize = 3 << 20;

/// Paths that need no secret.
fn open_routes() -> Vec<Route> {
    vec![("/healthz", get(health::alive)), ("/readyz", get(health::ready))]
}

/// Paths that need a read secret.
fn read_routes() -> Vec<Route> {
    vec![
        ("/", get(original::newest)),
        ("/info", get(status::info)),
        ("/metrics", get(metrics::metrics)),
        ("/openapi.json", get(openapi::document)),
        ("/api/v1/query", get(query::from_url).post(query::from_body)),
        ("/api/v1/histogram", get(counts::histogram)),
        ("/api/v1/facets", get(counts::facets)),
        ("/api/v1/tail", get(tail::tail)),
        ("/api/v1/rings", get(status::rings)),
        ("/api/v1/stats", get(status::info)),
        ("/api/v1/export", get(export::export)),
    ]
}

/// The viewer, which needs no secret.
fn view_routes() -> Vec<Route> {
    vec![
        ("/view", get(view::lead)),
        (view::PATH, get(view::index)),
        ("/view/{*path}", get(view::file)),
    ]
}

fn routed(routes: impl IntoIterator<Item = Route>) -> Router<Shared> {
    routes.into_iter().fold(Router::new(), |router, (path, method)| router.route(path, method))
}

/// All routes with all that guards them. The first layer added is the last to see a request.
pub(super) fn router(app: Shared, allow_origin: &[String]) -> Router {
    let mut doors = Routes::default();
    for door in &app.doors {
        let Routes { read, own } = door.clone().routes();
        doors.read.extend(read);
        doors.own.extend(own);
    }
    let read = routed(read_routes().into_iter().chain(doors.read))
        .fallback(error::not_found)
        .method_not_allowed_fallback(error::method_not_allowed)
        .layer(from_fn_with_state(app.clone(), guard::deadline))
        .layer(from_fn_with_state(app.clone(), guard::read_secret))
        .layer(from_fn_with_state(app.clone(), guard::rate));
    let open = routed(open_routes()).method_not_allowed_fallback(error::method_not_allowed);
    let view = routed(view_routes())
        .method_not_allowed_fallback(error::method_not_allowed)
        .layer(from_fn(view::guard))
        .layer(from_fn_with_state(app.clone(), guard::rate));
    let own = routed(doors.own).method_not_allowed_fallback(error::method_not_allowed);
    let all = read.layer(from_fn(view::lead_browsers)).merge(open).merge(view).merge(own);
    let all = if allow_origin.is_empty() { all } else { all.layer(guard::cors(allow_origin)) };
    all.layer(from_fn(error::render))
        .layer(from_fn_with_state(app.clone(), guard::headers))
        .with_state(app)
}

#[cfg(test)]
mod tests {
    use super::super::doors;
    use super::*;

    #[test]
    fn the_openapi_document_has_exactly_the_routes() {
        let doors = doors::all().into_iter().map(|door| door.routes());
        let doors = doors.flat_map(|routes| routes.read.into_iter().chain(routes.own));
        let routes = open_routes().into_iter().chain(read_routes()).chain(doors);
        let mut routes: Vec<String> = routes.map(|(path, _)| path.replace("{*", "{")).collect();
        routes.sort_unstable();
        assert_eq!(openapi::paths(), routes);
    }
}
