//! `logd serve`: the daemon.

use crate::Outcome;

mod args;
pub mod clock;
pub mod config;
pub mod ingest;

pub use args::Args;

/// Runs the daemon until a signal stops it.
pub fn run(_args: Args) -> anyhow::Result<Outcome> {
    anyhow::bail!("this build has no `logd serve`")
}
