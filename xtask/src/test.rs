//! `cargo xtask test`: every test there is.

use anyhow::Result;

use crate::sh::{cargo, daemon_path, output, step};
use crate::{instructions, run, wasm};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only the unit, property and end-to-end tests whose name contains this.
    filter: Option<String>,
}

/// Unit, property and end-to-end tests, then the examples in the documentation, then wasm32 and the viewer, then
/// the hot path's cost.
pub(crate) fn test(args: &Args) -> Result<()> {
    // A part of the daemon; who runs one test need not wait for it.
    if args.filter.is_none() {
        run::install_targets()?;
        wasm::web()?;
    }
    // The end-to-end tests start the daemon as a process of its own.
    step("build the daemon", cargo().args(["build", "--quiet", "-p=logd"]))?;

    let runner: &[&str] = if output(cargo().args(["nextest", "--version"])).is_some() {
        &["nextest", "run"]
    } else {
        &["test", "--lib", "--bins", "--tests"]
    };
    let mut tests = cargo();
    tests.args(runner).args(["--workspace", "--all-features"]).args(&args.filter);
    tests.env("LOGD_BIN", daemon_path("debug"));
    if args.filter.is_none() {
        tests.env("LOGD_HAS_VIEWER", "1");
    }
    step("tests", &mut tests)?;
    if args.filter.is_some() {
        return Ok(());
    }
    step("examples in the documentation", cargo().args(["test", "--doc", "--workspace"]))?;
    wasm::test()?;
    wasm::test_in_browser()?;
    instructions::instructions(&instructions::Args::default())
}
