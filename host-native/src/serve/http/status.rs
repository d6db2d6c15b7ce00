//! `/info`, `/api/v1/stats` and `/api/v1/rings`: how the daemon stands.

use core::sync::atomic::Ordering;

use axum::Json;
use axum::extract::State;
use logd_core::drop::DropReason;
use logd_core::engine::{RefusedSender, Stats};
use logd_core::store::RingStatus;
use logd_proto::wire::Name;

use super::error::Error;
use super::{App, Shared};
use crate::info::{Info, Ingest, Machine, Ring, Store};
use crate::serve::clock::unix_now;
use crate::serve::ingest::Report;
use crate::serve::process;

/// The commands with their names in metrics and status.
pub(super) const COMMANDS: [(Name, &str); 4] =
    [(Name::Write, "write"), (Name::Tail, "tail"), (Name::Ping, "ping"), (Name::Query, "query")];

/// Everything, for `logd status`.
pub(super) async fn info(State(app): State<Shared>) -> Result<Json<Info>, Error> {
    let report = app.ingest.report().await?;
    Ok(Json(Info {
        version: env!("CARGO_PKG_VERSION").into(),
        commit: process::COMMIT.into(),
        uptime: app.started.elapsed().as_secs_f64(),
        time: unix_now().to_string(),
        machine: Machine {
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            cores: std::thread::available_parallelism().map_or(1, |n| n.get() as u64),
            resident: process::resident_bytes().unwrap_or(0),
        },
        ingest: ingest(&report, app.open_tails()),
        store: Store {
            writes: report.stats.events_stored,
            budget: report.rings.iter().map(|r| r.budget as u64).sum(),
            used: report.rings.iter().map(|r| r.used as u64).sum(),
            rings: app.rings(&report),
        },
    }))
}

/// Only the rings.
pub(super) async fn rings(State(app): State<Shared>) -> Result<Json<Vec<Ring>>, Error> {
    Ok(Json(app.rings(&app.ingest.report().await?)))
}

impl App {
    fn rings(&self, report: &Report) -> Vec<Ring> {
        let max_age = |prefix: &str| self.max_ages.iter().find(|(p, _)| p == prefix);
        let rings = report.rings.iter();
        rings.map(|r| ring(r, max_age(&r.prefix).map(|(_, age)| age.as_secs_f64()))).collect()
    }

    /// Tails over HTTP that are open now.
    pub(super) fn open_tails(&self) -> usize {
        self.limits.tails - self.tails.available_permits()
    }

    /// Events that tails missed: over HTTP, and those that never reached the feed.
    pub(super) fn tail_missed(&self) -> u64 {
        self.counters.tail_missed.load(Ordering::Relaxed)
    }
}

fn ingest(report: &Report, http_tails: usize) -> Ingest {
    let stats = &report.stats;
    let accepted = COMMANDS.iter().map(|(c, name)| ((*name).to_owned(), stats.accepted(*c)));
    Ingest {
        datagrams: stats.received_datagrams,
        bytes: stats.bytes_in,
        accepted: accepted.collect(),
        events_offered: stats.events_offered,
        events_stored: stats.events_stored,
        drops: drops(stats).collect(),
        gaps: stats.gaps,
        tails: (stats.tails + http_tails) as u64,
        refused_senders: report.refused.iter().map(refused).collect(),
    }
}

fn drops(stats: &Stats) -> impl Iterator<Item = (String, u64)> + '_ {
    let counted = DropReason::ALL.iter().map(|r| (r.name().to_owned(), stats.drops(*r)));
    counted.filter(|(_, n)| *n > 0)
}

fn refused(sender: &RefusedSender) -> crate::info::RefusedSender {
    crate::info::RefusedSender {
        addr: sender.addr.to_string(),
        reason: sender.reason.name().into(),
        skew: sender.skew as f64 / 1e9,
        count: sender.count,
        last: sender.last.to_string(),
    }
}

fn ring(ring: &RingStatus, max_age: Option<f64>) -> Ring {
    Ring {
        key: ring.prefix.clone(),
        head: ring.newest.map_or(0, |(seq, _)| seq),
        tail: ring.oldest.map_or(0, |(seq, _)| seq),
        size: ring.events,
        budget: ring.budget as u64,
        used: ring.used as u64,
        stored: ring.stored,
        overwritten: ring.overwritten,
        deleted: ring.deleted,
        oldest: ring.oldest.map(|(_, received)| received.to_string()).unwrap_or_default(),
        max_age,
    }
}
