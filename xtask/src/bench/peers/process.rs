//! Somebody else's program, for the time of a measurement.

use core::time::Duration;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};

use crate::run::terminate;

/// The name or path by which one of `names` starts; `None` when it is not installed.
pub(super) fn installed(names: &[&'static str]) -> Option<&'static str> {
    let starts = |name: &&&str| {
        let mut command = Command::new(name);
        command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok()
    };
    names.iter().find(starts).copied()
}

/// The first line of what it says of itself when it is asked with `flag`.
pub(super) fn version(program: &str, flag: &str) -> Result<String> {
    let out = Command::new(program).arg(flag).stdin(Stdio::null()).output()?;
    let line = String::from_utf8_lossy(&out.stdout).lines().next().unwrap_or_default().to_owned();
    Ok(line)
}

/// A running server. It ends with this value, if not before.
pub(super) struct Process(Child);

impl Process {
    pub(super) fn start(command: &mut Command) -> Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(Self(command.spawn().with_context(|| format!("cannot start {command:?}"))?))
    }

    pub(super) fn pid(&self) -> u32 {
        self.0.id()
    }

    /// Asks until the answer is yes.
    pub(super) fn wait_until(&mut self, mut ready: impl FnMut() -> Result<bool>) -> Result<()> {
        let end = Instant::now() + Duration::from_secs(10);
        while !ready()? {
            if let Some(status) = self.0.try_wait()? {
                bail!("it ended by itself ({status})");
            }
            ensure!(Instant::now() < end, "it does not get ready");
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    pub(super) fn stop(mut self) -> Result<()> {
        terminate(&mut self.0).map(drop)
    }
}

impl Drop for Process {
    /// For the ways out through an error; after [`Process::stop`] there is nothing left to kill.
    fn drop(&mut self) {
        if let Ok(None) = self.0.try_wait() {
            // It may end by itself between the two.
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }
}
