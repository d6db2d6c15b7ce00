//! The `logd` binary: see `logd --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    logd::run()
}
