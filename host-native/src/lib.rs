//! The log daemon and its command line.
//!
//! - [`serve`]: the daemon: configuration, the ingest thread that owns the engine, HTTP.
//! - [`cli`]: the commands that talk to a daemon, or read an exported buffer.
//! - [`info`]: the status document of `GET /info`, which `logd status` shows.

extern crate alloc;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

pub mod cli;
pub mod info;
pub mod serve;

/// A real-time log daemon with a hard memory bound, and its command line.
#[derive(Debug, Parser)]
#[command(name = "logd", version, propagate_version = true)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the daemon
    Serve(serve::Args),
    /// Send one event, or each line of standard input
    Send(cli::send::Args),
    /// Follow events as they arrive
    Tail(cli::tail::Args),
    /// Search the stored events of a daemon, or of an exported buffer
    Query(cli::query::Args),
    /// Save a daemon's events to a file
    Export(cli::export::Args),
    /// Show a daemon's rates, rings and drops
    Status(cli::status::Args),
    /// Write completions for a shell to standard output
    Completions(cli::completions::Args),
}

/// How a command that did not fail ended; a failure is an error and exit code 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Exit code 0.
    Found,
    /// Exit code 1: it worked, and there was nothing to show.
    NothingFound,
}

/// Runs the command line of this process.
pub fn run() -> ExitCode {
    // clap itself exits with 2 on a usage error, and with 0 after --help and --version.
    let args = Args::parse();
    let result = match args.command {
        Command::Serve(args) => serve::run(args),
        Command::Send(args) => cli::send::run(args),
        Command::Tail(args) => cli::tail::run(args),
        Command::Query(args) => cli::query::run(args),
        Command::Export(args) => cli::export::run(args),
        Command::Status(args) => cli::status::run(args),
        Command::Completions(args) => cli::completions::run(args, &mut Args::command()),
    };
    match result {
        Ok(Outcome::Found) => ExitCode::SUCCESS,
        Ok(Outcome::NothingFound) => ExitCode::from(1),
        // `logd query | head` closes our output early; that is no failure.
        Err(e) if is_broken_pipe(&e) => ExitCode::SUCCESS,
        Err(e) => {
            // Nothing is left to do when standard error is closed, too.
            let _ = writeln!(io::stderr(), "logd: {e:#}");
            ExitCode::from(2)
        }
    }
}

fn is_broken_pipe(e: &anyhow::Error) -> bool {
    e.chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|io| io.kind() == io::ErrorKind::BrokenPipe)
}
