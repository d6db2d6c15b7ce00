//! Puts the viewer into the program, and tells it which commit it was built from.

#![expect(clippy::print_stdout, reason = "cargo reads it")]

use std::process::Command;

mod viewer;

fn main() {
    viewer::embed();
    commit();
}

/// `LOGD_COMMIT`, else what git says, in release builds. Not in others: each commit would compile the crate again.
fn commit() {
    println!("cargo:rerun-if-env-changed=LOGD_COMMIT");
    if std::env::var_os("LOGD_COMMIT").is_some()
        || std::env::var("PROFILE").as_deref() != Ok("release")
    {
        return;
    }
    if let Some(log) = git(&["rev-parse", "--git-path", "logs/HEAD"]) {
        println!("cargo:rerun-if-changed={log}");
    }
    if let Some(commit) = git(&["rev-parse", "--short=12", "HEAD"]) {
        println!("cargo:rustc-env=LOGD_COMMIT={commit}");
    }
}

/// The first line of git's output; `None` outside a repository.
fn git(args: &[&str]) -> Option<String> {
    let output = Command::new("git").args(args).output().ok().filter(|o| o.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.lines().next()?.to_owned())
}
