//! Wakes a thread that sleeps in poll(2).
//!
//! A pair of sockets, not an eventfd: it exists on every Unix. Only a thread that is about to sleep is written to;
//! while it is at work, a wake-up costs nobody a system call.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, Ordering, fence};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

/// The end that wakes.
#[derive(Debug)]
pub(super) struct Waker {
    stream: UnixStream,
    armed: Arc<AtomicBool>,
}

/// The end that is polled.
///
/// [`Self::arm`], look whether there is work, and only then sleep: work that came before the look is seen, and who
/// brings some later finds the thread armed.
#[derive(Debug)]
pub(super) struct Wakeups {
    stream: UnixStream,
    armed: Arc<AtomicBool>,
}

/// A connected pair.
pub(super) fn pair() -> io::Result<(Waker, Wakeups)> {
    let (tx, rx) = UnixStream::pair()?;
    tx.set_nonblocking(true)?;
    rx.set_nonblocking(true)?;
    let armed = Arc::new(AtomicBool::new(false));
    Ok((Waker { stream: tx, armed: armed.clone() }, Wakeups { stream: rx, armed }))
}

impl Waker {
    /// Makes the other end readable if it is armed. To be called after the work has been queued.
    pub(super) fn wake(&self) {
        // Between queueing and this look, as in `arm` between arming and looking at the queue: one of the two sees the
        // other.
        fence(Ordering::SeqCst);
        if self.armed.load(Ordering::Relaxed) && self.armed.swap(false, Ordering::Relaxed) {
            // A full pipe is as good: it is readable.
            let _ = (&self.stream).write(&[0]);
        }
    }
}

impl Wakeups {
    /// From now on a wake-up is wanted.
    pub(super) fn arm(&self) {
        self.armed.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
    }

    /// The thread is awake and looks at its work by itself.
    pub(super) fn disarm(&self) {
        self.armed.store(false, Ordering::Relaxed);
    }

    /// Forgets all wake-ups so far. What they announced must be looked at afterwards.
    pub(super) fn clear(&self) {
        let mut bytes = [0; 64];
        while (&self.stream).read(&mut bytes).is_ok_and(|n| n == bytes.len()) {}
    }
}

impl AsFd for Wakeups {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::sync::atomic::AtomicU64;
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

    fn readable(wakeups: &Wakeups, timeout: PollTimeout) -> bool {
        let mut fds = [PollFd::new(wakeups.as_fd(), PollFlags::POLLIN)];
        poll(&mut fds, timeout).unwrap() > 0
    }

    #[test]
    fn any_number_of_wakes_is_one_wake_up_of_who_wants_one() {
        let (waker, wakeups) = pair().unwrap();
        waker.wake();
        assert!(!readable(&wakeups, PollTimeout::ZERO));
        for _ in 0..3 {
            wakeups.arm();
            waker.wake();
            waker.wake();
        }
        assert!(readable(&wakeups, PollTimeout::ZERO));
        wakeups.clear();
        assert!(!readable(&wakeups, PollTimeout::ZERO));
        wakeups.arm();
        wakeups.disarm();
        waker.wake();
        assert!(!readable(&wakeups, PollTimeout::ZERO));
    }

    #[test]
    fn no_work_is_slept_through() {
        const WORK: u64 = 20_000;
        let (waker, wakeups) = pair().unwrap();
        let queued = Arc::new(AtomicU64::new(0));
        let seen = queued.clone();
        let worker = std::thread::spawn(move || {
            while seen.load(Ordering::Acquire) < WORK {
                let before = seen.load(Ordering::Acquire);
                wakeups.arm();
                if seen.load(Ordering::Acquire) == before {
                    assert!(readable(&wakeups, PollTimeout::from(30_000_u16)), "slept on");
                    wakeups.clear();
                }
                wakeups.disarm();
            }
        });
        for _ in 0..WORK {
            queued.fetch_add(1, Ordering::Release);
            waker.wake();
        }
        worker.join().unwrap();
    }
}
