//! `logd serve`: the daemon.

use crate::Outcome;

/// Flags of `logd serve`.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the daemon until a signal stops it.
pub fn run(_args: Args) -> anyhow::Result<Outcome> {
    anyhow::bail!("this build has no `logd serve`")
}
