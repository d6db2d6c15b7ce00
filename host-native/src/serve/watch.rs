//! What the daemon looks at once a second: what the kernel dropped, and whether the replay window is large enough.

use core::time::Duration;
use std::net::UdpSocket;
use std::time::Instant;

use logd_core::drop::DropReason;
use tracing::warn;

use super::ingest::{Handle, kernel};

/// Between two looks.
const INTERVAL: Duration = Duration::from_secs(1);
/// Between two warnings of one kind: the counters say the rest.
const WARN_INTERVAL: Duration = Duration::from_secs(60);

/// Looks until it is aborted.
pub(super) async fn watch(handle: Handle, sockets: Vec<UdpSocket>) {
    let mut known = vec![0; sockets.len()];
    let mut window = Window::default();
    let mut ticks = tokio::time::interval(INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        for (socket, known) in sockets.iter().zip(&mut known) {
            tell_drops(&handle, socket, known);
        }
        if let Ok(report) = handle.report().await {
            let refused = report.stats.drops(DropReason::ReplayWindowFull);
            if let Some(more) = window.warns(refused, Instant::now()) {
                warn!(
                    "the replay window was full and {more} datagrams were refused: limits.replay_datagrams must be \
                     2.5 × ttl × datagrams a second"
                );
            }
        }
    }
}

/// Tells the engine what the kernel dropped since `known`.
fn tell_drops(handle: &Handle, socket: &UdpSocket, known: &mut u32) {
    // The kernel's counter has 32 bits and starts again at zero.
    let Some(drops) = kernel::drops(socket).map(|n| n as u32) else { return };
    let more = drops.wrapping_sub(*known);
    // What cannot be handed over now is in the next difference.
    if more > 0 && handle.kernel_drops(u64::from(more)) {
        *known = drops;
    }
}

/// What has been said about the replay window.
#[derive(Debug, Default)]
struct Window {
    told: u64,
    last: Option<Instant>,
}

impl Window {
    /// How many more were refused since the last warning, if it is time for another.
    fn warns(&mut self, refused: u64, now: Instant) -> Option<u64> {
        let due = self.last.is_none_or(|last| now.duration_since(last) >= WARN_INTERVAL);
        let more = refused - self.told;
        (due && more > 0).then(|| {
            (self.told, self.last) = (refused, Some(now));
            more
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_window_is_told_once_a_minute_and_nothing_is_left_out() {
        let start = Instant::now();
        let mut window = Window::default();
        assert_eq!(window.warns(0, start), None);
        assert_eq!(window.warns(5, start), Some(5));
        assert_eq!(window.warns(7, start + INTERVAL), None);
        assert_eq!(window.warns(9, start + WARN_INTERVAL), Some(4));
        assert_eq!(window.warns(9, start + 2 * WARN_INTERVAL), None);
    }
}
