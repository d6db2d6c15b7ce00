//! `logd completions`.

use std::io::{self, Write as _};

use clap_complete::Shell;

use crate::Outcome;

/// Flags of `logd completions`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "For instance: logd completions bash > ~/.local/share/bash-completion/completions/logd"
)]
pub struct Args {
    /// The shell
    shell: Shell,
}

/// Runs the command; `command` is the whole command line.
pub fn run(args: Args, command: &mut clap::Command) -> anyhow::Result<Outcome> {
    // Into memory first: the generator panics when its output is closed.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, command, "logd", &mut script);
    io::stdout().write_all(&script)?;
    Ok(Outcome::Found)
}
