//! `cargo xtask run`: from a fresh clone to a running daemon.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::env;
use std::fs::File;
use std::io::Read as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus};
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, anyhow, bail};
use nix::sys::signal::{SigSet, Signal, kill};
use nix::unistd::Pid;

use crate::sh::{cargo, daemon_path, output, program, root, step};
use demo::Demo;

mod demo;

/// What the workspace compiles for besides this machine.
const TARGETS: [&str; 2] = ["wasm32-unknown-unknown", "thumbv7em-none-eabi"];

/// How long the daemon may take to stop before it is killed.
const STOP: Duration = Duration::from_secs(10);

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Optimised, as it would be deployed.
    #[arg(long)]
    release: bool,
    /// Without sample events.
    #[arg(long)]
    no_demo: bool,
    /// Passed on to `logd serve --dev`.
    #[arg(last = true)]
    serve: Vec<String>,
}

/// Builds the daemon and runs it until it ends or Ctrl-C.
pub(crate) fn run(args: &Args) -> Result<()> {
    install_targets()?;
    build_viewer(args.release)?;
    let profile: &[&str] = if args.release { &["--release"] } else { &[] };
    step("build the daemon", cargo().args(["build", "-p=logd"]).args(profile))?;

    let daemon = daemon_path(if args.release { "release" } else { "debug" });
    let mut command = Command::new(daemon);
    command.current_dir(root()).args(["serve", "--dev"]).args(&args.serve);
    let write_secret = secret("LOGD_WRITE_SECRET")?;
    command.env("LOGD_READ_SECRET", secret("LOGD_READ_SECRET")?);
    command.env("LOGD_WRITE_SECRET", &write_secret);
    let mut demo = match args.no_demo {
        true => None,
        false => Some(Demo::new(&udp_address(&args.serve), &write_secret)?),
    };
    // Of a group of its own, so that Ctrl-C reaches only us, and the daemon hears of it once.
    command.process_group(0);
    let mut daemon = command.spawn().context("cannot start the daemon")?;
    // After the start: the daemon would inherit the mask, and hear no signal either.
    let stop = stop_on_signals()?;

    let mut next = Instant::now() + Duration::from_secs(1);
    loop {
        if let Some(status) = daemon.try_wait()? {
            bail!("the daemon ended by itself ({status})");
        }
        if stop.load(Ordering::Relaxed) {
            return stopped(terminate(&mut daemon)?);
        }
        if let Some(demo) = demo.as_mut().filter(|_| Instant::now() >= next) {
            next += demo.send();
        } else {
            thread::sleep(Duration::from_millis(10));
        }
    }
}

/// The daemon has the page in it. A daemon that is not optimised does without where the page cannot be built.
///
/// In a process of its own: what builds it leaves threads behind, which do not block the signals that this one waits for,
/// and Ctrl-C would end them all and leave the daemon running.
fn build_viewer(needed: bool) -> Result<()> {
    let built = match output(program("node").arg("--version")) {
        Some(_) => in_own_process("web"),
        None => Err(anyhow!("building it needs Node.js 20 or later")),
    };
    match built {
        Err(e) if !needed => {
            eprintln!("the daemon will say so at /view/, for there is no viewer: {e:#}");
            Ok(())
        }
        built => built,
    }
}

fn in_own_process(command: &str) -> Result<()> {
    let status = Command::new(env::current_exe()?).arg(command).status()?;
    if status.success() { Ok(()) } else { bail!("cargo xtask {command} failed ({status})") }
}

/// The secret of the environment, else a random one: the sample events are signed with it.
fn secret(name: &str) -> Result<String> {
    if let Ok(given) = env::var(name)
        && !given.is_empty()
    {
        return Ok(given);
    }
    let mut bytes = [0; 16];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|b| format!("{b:02x}")).collect())
}

/// Where the daemon will listen: its `--udp` if it is passed on, else its default.
fn udp_address(serve: &[String]) -> String {
    let given = serve.iter().enumerate().find_map(|(i, arg)| {
        arg.strip_prefix("--udp=")
            .or_else(|| (arg == "--udp").then(|| serve.get(i + 1))?.map(String::as_str))
    });
    let address = given.unwrap_or(":6102");
    if address.starts_with(':') { format!("127.0.0.1{address}") } else { address.to_owned() }
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
    // Threads started from here on inherit the mask.
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
