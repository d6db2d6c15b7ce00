//! `cargo xtask run`: from a fresh clone to a running daemon.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::process::{Child, ExitStatus};
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use nix::sys::signal::{SigSet, Signal, kill};
use nix::unistd::Pid;

use crate::sh::{cargo, daemon_path, output, program, step};

/// What the workspace compiles for besides this machine.
const TARGETS: [&str; 2] = ["wasm32-unknown-unknown", "thumbv7em-none-eabi"];

/// How long the daemon may take to stop before it is killed.
const STOP: Duration = Duration::from_secs(10);

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Optimised, as it would be deployed.
    #[arg(long)]
    release: bool,
    /// Passed on to `logd serve --dev`.
    #[arg(last = true)]
    serve: Vec<String>,
}

/// Builds the daemon and runs it until it ends or Ctrl-C.
pub(crate) fn run(args: &Args) -> Result<()> {
    let profile: &[&str] = if args.release { &["--release"] } else { &[] };
    step("build the daemon", cargo().args(["build", "-p=logd"]).args(profile))?;

    let stop = stop_on_signals()?;
    let mut daemon = program(
        daemon_path(if args.release { "release" } else { "debug" })
            .to_str()
            .context("the target directory's path is not UTF-8")?,
    )
    .args(["serve", "--dev"])
    .args(&args.serve)
    .spawn()
    .context("cannot start the daemon")?;

    loop {
        if let Some(status) = daemon.try_wait()? {
            bail!("the daemon ended by itself ({status})");
        }
        if stop.load(Ordering::Relaxed) {
            return stopped(terminate(&mut daemon)?);
        }
        thread::sleep(Duration::from_millis(50));
    }
}

/// Adds what rustup lacks of the targets. Without rustup, cargo will say what is missing.
pub(crate) fn install_targets() -> Result<()> {
    let Some(installed) = output(program("rustup").args(["target", "list", "--installed"])) else {
        return Ok(());
    };
    for target in TARGETS.iter().filter(|t| !installed.lines().any(|i| i == **t)) {
        step(&format!("install {target}"), program("rustup").args(["target", "add", target]))?;
    }
    Ok(())
}

/// Becomes true on Ctrl-C or SIGTERM, which no longer end this process.
fn stop_on_signals() -> Result<Arc<AtomicBool>> {
    let mut signals = SigSet::empty();
    signals.add(Signal::SIGINT);
    signals.add(Signal::SIGTERM);
    // Threads started from here on inherit the mask; the standard library clears it for child processes.
    signals.thread_block().context("cannot block signals")?;
    let stop = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&stop);
    thread::spawn(move || {
        if signals.wait().is_ok() {
            told.store(true, Ordering::Relaxed);
        }
    });
    Ok(stop)
}

/// Asks the process to stop, as an operating system would, and waits for it.
pub(crate) fn terminate(child: &mut Child) -> Result<ExitStatus> {
    let pid = Pid::from_raw(i32::try_from(child.id()).context("a process id is positive")?);
    kill(pid, Signal::SIGTERM).context("cannot signal the daemon")?;
    let end = Instant::now() + STOP;
    while Instant::now() < end {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        thread::sleep(Duration::from_millis(10));
    }
    child.kill().context("cannot kill the daemon")?;
    let status = child.wait()?;
    bail!("the daemon did not stop within {STOP:?} and was killed ({status})");
}

fn stopped(status: ExitStatus) -> Result<()> {
    if !status.success() {
        bail!("the daemon stopped with {status}");
    }
    println!("stopped");
    Ok(())
}
