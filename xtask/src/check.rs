//! `cargo xtask check`: what must hold of the source before any test runs.

use anyhow::Result;

use crate::sh::{cargo, step};
use crate::{run, tidy};

/// Runs every check, cheapest first, and stops at the first that fails.
pub(crate) fn check() -> Result<()> {
    tidy::tidy()?;
    step("format", cargo().args(["fmt", "--all", "--check"]))?;
    run::install_targets()?;
    clippy("clippy, native", &["--workspace", "--all-targets", "--all-features"])?;
    clippy(
        "clippy, wasm32",
        &[
            "-p=logd-proto",
            "-p=logd-core",
            "-p=logd-wasm",
            "--all-targets",
            "--target=wasm32-unknown-unknown",
        ],
    )?;
    // No operating system, no atomics of 64 bits, pointers of 32: what builds here does no I/O.
    clippy("clippy, bare metal", &["-p=logd-core", "--target=thumbv7em-none-eabi"])?;
    step(
        "documentation",
        cargo()
            .args(["doc", "--workspace", "--no-deps", "--all-features", "--quiet"])
            .env("RUSTDOCFLAGS", "-D warnings"),
    )
}

fn clippy(name: &str, args: &[&str]) -> Result<()> {
    step(name, cargo().args(["clippy", "--quiet"]).args(args).args(["--", "-D", "warnings"]))
}
