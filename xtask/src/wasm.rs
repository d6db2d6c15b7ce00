//! WebAssembly: the core's tests under Node, and the engine for the viewer.
//!
//! wasm-bindgen-cli-support comes with Cargo.lock, so nothing has to be installed or downloaded beside Node.
//! The runner is our own and not wasm-bindgen-cli's, which brings a web server, a TLS stack and a WebDriver
//! client for tests inside browsers.

mod gzip;

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use wasm_bindgen_cli_support::Bindgen;

use crate::sh::{cargo, daemon_path, program, root, step, target_dir};

const TARGET: &str = "wasm32-unknown-unknown";

#[derive(clap::Args)]
pub(crate) struct RunnerArgs {
    /// What cargo built.
    file: PathBuf,
    /// Only tests whose names contain all of these.
    filters: Vec<String>,
}

/// Runs the tests of every crate that has some for wasm32, then builds, lints and tests the viewer.
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
    step("lint the viewer", npm().args(["run", "--silent", "check"]))?;
    step("tests of the viewer", npm().args(["run", "--silent", "test"]))
}

/// Goes through the viewer in a browser, offline and with the daemon that was built: both must be up to date.
pub(crate) fn test_in_browser() -> Result<()> {
    let mut helper = cargo();
    helper.args(["build", "--quiet", "-p=logd-tests", "--bin=make_buffer"]);
    step("build what makes the viewer's test buffers", &mut helper)?;
    let mut tests = npm();
    tests.args(["run", "--silent", "test:browser"]).env("LOGD_BIN", daemon_path("debug"));
    step("tests of the viewer in a browser", &mut tests)
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

/// Builds the viewer into web/dist: the engine as a module of the page, then the page with all that it needs, then copies of
/// its files in gzip, which the daemon sends.
pub(crate) fn web() -> Result<()> {
    step(
        "build the engine for the viewer",
        cargo().args(["build", "--quiet", "--profile=viewer", "--target", TARGET, "-p=logd-wasm"]),
    )?;
    Bindgen::new()
        .input_path(target_dir().join(TARGET).join("viewer/logd_wasm.wasm"))
        .web(true)?
        .typescript(true)
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate(web_dir().join("wasm"))
        .context("cannot translate logd-wasm")?;
    install_packages()?;
    step("build the viewer", npm().args(["run", "--silent", "build"]))?;
    eprintln!("==> compress the viewer");
    let start = Instant::now();
    gzip::compress(&web_dir().join("dist"), &target_dir().join("viewer-gzip"))?;
    eprintln!("    compress the viewer: {:.1} s", start.elapsed().as_secs_f64());
    Ok(())
}

/// Installs what web/package-lock.json names, unless it is there.
fn install_packages() -> Result<()> {
    let lock = fs::read(web_dir().join("package-lock.json"))?;
    let installed = web_dir().join("node_modules/.installed-lock.json");
    if fs::read(&installed).is_ok_and(|of| of == lock) {
        return Ok(());
    }
    step("install the viewer's packages", npm().args(["ci", "--no-audit", "--no-fund"]))?;
    fs::write(installed, lock)?;
    Ok(())
}

fn web_dir() -> PathBuf {
    root().join("web")
}

fn npm() -> Command {
    let mut npm = program("npm");
    npm.current_dir(web_dir());
    npm
}
