//! Wakes the ingest thread out of poll(2).
//!
//! A socket pair and not an eventfd: it does the same on every Unix, and a wake-up is rare (one a request).

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

/// The end that wakes.
#[derive(Debug)]
pub(super) struct Waker(UnixStream);

/// The end that is polled.
#[derive(Debug)]
pub(super) struct Wakeups(UnixStream);

/// A connected pair.
pub(super) fn pair() -> io::Result<(Waker, Wakeups)> {
    let (tx, rx) = UnixStream::pair()?;
    tx.set_nonblocking(true)?;
    rx.set_nonblocking(true)?;
    Ok((Waker(tx), Wakeups(rx)))
}

impl Waker {
    /// Makes the other end readable. A full pipe is as good: it is readable.
    pub(super) fn wake(&self) {
        let _ = (&self.0).write(&[0]);
    }
}

impl Wakeups {
    /// Forgets all wake-ups so far. What they announced must be looked at afterwards.
    pub(super) fn clear(&self) {
        let mut bytes = [0; 64];
        while (&self.0).read(&mut bytes).is_ok_and(|n| n == bytes.len()) {}
    }
}

impl AsFd for Wakeups {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

    fn readable(wakeups: &Wakeups) -> bool {
        let mut fds = [PollFd::new(wakeups.as_fd(), PollFlags::POLLIN)];
        poll(&mut fds, PollTimeout::ZERO).unwrap() > 0
    }

    #[test]
    fn any_number_of_wakes_is_one_wake_up() {
        let (waker, wakeups) = pair().unwrap();
        assert!(!readable(&wakeups));
        // More than any pipe holds: it must not block, and one clear must do.
        for _ in 0..500_000 {
            waker.wake();
        }
        assert!(readable(&wakeups));
        wakeups.clear();
        assert!(!readable(&wakeups));
        waker.wake();
        assert!(readable(&wakeups));
    }
}
