//! What a result was measured on, and keeping load and receiver off each other's core.

use std::fs;
use std::sync::OnceLock;

use nix::sched::{CpuSet, sched_setaffinity};
use nix::unistd::Pid;

/// One line about the machine.
pub(crate) fn describe() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let cpu = read("/proc/cpuinfo");
    let model = cpu
        .lines()
        .find_map(|l| l.strip_prefix("model name")?.split_once(": "))
        .map_or("unknown CPU", |(_, name)| name);
    let kernel = read("/proc/sys/kernel/osrelease");
    format!("{model}, {} cores, Linux {}", cores(), kernel.trim())
}

/// Cores that this process may use, before it bound itself to some of them.
fn cores() -> usize {
    static CORES: OnceLock<usize> = OnceLock::new();
    *CORES.get_or_init(|| std::thread::available_parallelism().map_or(1, usize::from))
}

/// Who runs where.
#[derive(Clone, Copy)]
pub(crate) enum Part {
    /// The last core.
    Load,
    /// All others.
    Receiver,
    /// Every core, for load and receiver alike.
    Anywhere,
}

/// Binds the calling thread, and the processes that it will start, to the cores of its part.
///
/// Without it the kernel puts sender and receiver onto one core from time to time, and the numbers jump.
/// On one core, or where binding is forbidden, all share what there is.
pub(crate) fn bind(part: Part) {
    let last = cores() - 1;
    if last == 0 {
        return;
    }
    let mut set = CpuSet::new();
    let range = match part {
        Part::Load => last..last + 1,
        Part::Receiver => 0..last,
        Part::Anywhere => 0..last + 1,
    };
    if range.into_iter().all(|core| set.set(core).is_ok()) {
        // A container may have other numbers; then nothing is bound.
        let _ = sched_setaffinity(Pid::from_raw(0), &set);
    }
}
