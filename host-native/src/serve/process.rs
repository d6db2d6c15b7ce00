//! What the operating system knows about this process.

use core::time::Duration;

use nix::sys::resource::{UsageWho, getrusage};

/// The source that this was built from; empty if the build did not say.
pub(super) const COMMIT: &str = match option_env!("LOGD_COMMIT") {
    Some(commit) => commit,
    None => "",
};

/// Bytes of the resident set; `None` where /proc does not tell.
pub(super) fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

/// Time on the processors, of user and system together.
pub(super) fn cpu_time() -> Option<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_SELF).ok()?;
    let times = [usage.user_time(), usage.system_time()];
    let micros: i64 = times.iter().map(|t| t.tv_sec() * 1_000_000 + t.tv_usec()).sum();
    u64::try_from(micros).ok().map(Duration::from_micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn the_process_has_memory_and_has_used_the_processor() {
        let before = resident_bytes().unwrap();
        let held = vec![1_u8; 32 << 20];
        assert!(resident_bytes().unwrap() > before.max(held.len() as u64));
        assert!(cpu_time().unwrap() > Duration::ZERO);
    }
}
