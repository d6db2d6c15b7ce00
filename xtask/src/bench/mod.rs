//! `cargo xtask bench`: what the built daemon costs, next to what the machine cannot do without.

mod application;
mod client;
mod corpus;
mod daemon;
mod eventlog;
mod ingest;
mod latency;
mod load;
mod machine;
mod memory;
mod metrics;
mod peers;
mod percentiles;
mod report;
mod search;
mod send;
pub(crate) mod sink;
mod viewer;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::sh::{cargo, step};

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Subcommand)]
enum What {
    /// Signed events over loopback UDP: stored, lost, and the daemon's CPU time an event. The default.
    Ingest(ingest::Args),
    /// Events posted over HTTP, one or many a request.
    Eventlog(eventlog::Args),
    /// Searches over events in memory.
    Search(search::Args),
    /// The same searches over HTTP, at rest and while events arrive.
    Load(load::Args),
    /// Bytes an event.
    Memory(memory::Args),
    /// How long after its log call an event reaches a tail.
    Latency(latency::Args),
    /// What a log call costs the thread that logs.
    Client(client::Args),
    /// The viewer in Chromium: what a person waits for, and searches in WebAssembly beside native ones.
    Viewer(viewer::Args),
    /// What the same work costs rsyslog, Redis and ripgrep, where they are installed.
    Peers(peers::Args),
}

/// Runs a bench, in an optimised build of this program: the load must not be the slowest part.
pub(crate) fn bench(args: &Args) -> Result<()> {
    if cfg!(debug_assertions) {
        let mut again = cargo();
        again.args(["run", "--quiet", "--release", "--package=xtask", "--"]);
        return step("bench", again.args(std::env::args_os().skip(1)));
    }
    match &args.what {
        Some(What::Ingest(args)) => ingest::run(args),
        Some(What::Eventlog(args)) => eventlog::run(args),
        Some(What::Search(args)) => search::run(args),
        Some(What::Load(args)) => load::run(args),
        Some(What::Memory(args)) => memory::run(args),
        Some(What::Latency(args)) => latency::run(args),
        Some(What::Client(args)) => client::run(args),
        Some(What::Peers(args)) => peers::run(args),
        Some(What::Viewer(args)) => viewer::run(args),
        None => ingest::run(&ingest::Defaults::parse_from(["ingest"]).args),
    }
}

/// This program, to start a part of a bench as a process of its own.
fn myself() -> Result<PathBuf> {
    Ok(std::env::current_exe()?)
}
