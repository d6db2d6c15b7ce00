//! The project's own commands.

#![expect(clippy::print_stderr, reason = "commands talk to the terminal")]

mod wasm;

use std::process::ExitCode;

use clap::Parser;

/// The project's own commands.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Command {
    /// Runs the core's tests on wasm32, with Node.
    WasmTest,
    /// Runs the tests in one wasm file; cargo starts this for `cargo test --target wasm32-unknown-unknown`.
    #[command(hide = true)]
    WasmRunner(wasm::RunnerArgs),
}

fn main() -> ExitCode {
    let done = match Command::parse() {
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
