//! `logd export`.

use crate::Outcome;

/// Flags of `logd export`.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the command.
pub fn run(_args: Args) -> anyhow::Result<Outcome> {
    anyhow::bail!("this build has no `logd export`")
}
