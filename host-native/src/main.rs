//! The `logd` binary: see `logd --help`.

use std::process::ExitCode;

/// Blocks come and go on several threads, and in all sizes once they are compressed. This one gives back what is free;
/// `.cargo/config.toml` has its settings.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    logd::run()
}
