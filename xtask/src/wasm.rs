//! WebAssembly: the core's tests under Node, and the engine for the viewer.
//!
//! wasm-bindgen-cli-support comes with Cargo.lock, so nothing has to be installed or downloaded beside Node.
//! The runner is our own and not wasm-bindgen-cli's, which brings a web server, a TLS stack and a WebDriver
//! client for tests inside browsers.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use wasm_bindgen_cli_support::Bindgen;

use crate::sh::{cargo, program, root, step, target_dir};

const TARGET: &str = "wasm32-unknown-unknown";

#[derive(clap::Args)]
pub(crate) struct RunnerArgs {
    /// What cargo built.
    file: PathBuf,
    /// Only tests whose names contain all of these.
    filters: Vec<String>,
}

/// Runs the tests of every crate that has some for wasm32, then those of the viewer, which it builds.
pub(crate) fn test() -> Result<()> {
    // .cargo/config.toml makes `run_tests` the runner of this target.
    step(
        "tests on wasm32",
        cargo().args([
            "test",
            "--profile=wasm-test",
            "--target",
            TARGET,
            "--tests",
            "-p=logd-core",
            "-p=logd-wasm",
        ]),
    )?;
    web()?;
    step("tests of the viewer", program("node").args(["--test", "web/test/"]))
}

/// Runs the tests in one wasm file with Node.
pub(crate) fn run_tests(args: &RunnerArgs) -> Result<()> {
    let dir = tempfile::tempdir()?;
    Bindgen::new()
        .input_path(&args.file)
        .out_name("tests")
        .nodejs(true)?
        .debug(true)
        .typescript(false)
        // The harness calls the tests, which are plain exports; the `main` of cargo's own harness stays unused.
        .export_wasm(true)
        .emit_start(false)
        .generate(dir.path())
        .with_context(|| format!("cannot translate {}", args.file.display()))?;
    let harness = dir.path().join("harness.cjs");
    fs::write(&harness, include_str!("wasm/harness.cjs"))?;
    let mut node = Command::new("node");
    node.arg(harness).arg(dir.path().join("tests.js")).args(&args.filters);
    let status = node.status().context("cannot start node; the tests need Node.js 20 or later")?;
    ensure!(status.success(), "a test of {} failed", args.file.display());
    Ok(())
}

/// Builds the viewer into web/dist: the files of web/src, and the engine as logd_wasm.js and logd_wasm_bg.wasm.
pub(crate) fn web() -> Result<()> {
    step(
        "build the engine for the viewer",
        cargo().args(["build", "--quiet", "--profile=viewer", "--target", TARGET, "-p=logd-wasm"]),
    )?;
    let web = root().join("web");
    let dist = web.join("dist");
    // Nothing of an earlier build may stay behind.
    if dist.exists() {
        fs::remove_dir_all(&dist)?;
    }
    fs::create_dir_all(&dist)?;
    for entry in fs::read_dir(web.join("src"))? {
        let entry = entry?;
        fs::copy(entry.path(), dist.join(entry.file_name()))?;
    }
    Bindgen::new()
        .input_path(target_dir().join(TARGET).join("viewer/logd_wasm.wasm"))
        .web(true)?
        .typescript(true)
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate(&dist)
        .context("cannot translate logd-wasm")
}
