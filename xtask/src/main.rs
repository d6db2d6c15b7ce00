//! The project's own commands: `cargo xtask run | test | check | bench`.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "commands talk to the terminal")]

extern crate alloc;

mod bench;
mod check;
mod instructions;
mod run;
mod sh;
mod test;
mod tidy;
mod wasm;

use std::process::ExitCode;

use clap::Parser;

/// The project's own commands.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Command {
    /// Builds everything and starts a daemon with throw-away secrets and a trickle of sample events.
    Run(run::Args),
    /// Runs every test there is.
    Test(test::Args),
    /// Formatting, lints on every target, documentation, and the facts that drift.
    Check,
    /// Measures the built daemon over loopback.
    Bench(bench::Args),
    /// The receiver that a bench compares the daemon with; started by the bench.
    #[command(hide = true)]
    BenchSink(bench::sink::Args),
    /// Counts the hot path's instructions and compares them with the committed costs.
    Instructions(instructions::Args),
    /// Builds the viewer into web/dist.
    Web,
    /// Runs the core's tests on wasm32 and those of the viewer, with Node.
    WasmTest,
    /// Runs the tests in one wasm file; cargo starts this for `cargo test --target wasm32-unknown-unknown`.
    #[command(hide = true)]
    WasmRunner(wasm::RunnerArgs),
}

fn main() -> ExitCode {
    let done = match Command::parse() {
        Command::Run(args) => run::run(&args),
        Command::Test(args) => test::test(&args),
        Command::Check => check::check(),
        Command::Instructions(args) => instructions::instructions(&args),
        Command::Bench(args) => bench::bench(&args),
        Command::BenchSink(args) => bench::sink::run(&args),
        Command::Web => wasm::web(),
        Command::WasmTest => wasm::test(),
        Command::WasmRunner(args) => wasm::run_tests(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("error: {e:#}");
            ExitCode::FAILURE
        }
    }
}
