//! A socket, and the sleep in front of it: what every thread that receives has.

use alloc::sync::Arc;
use core::time::Duration;
use std::io;
use std::os::fd::AsFd as _;

use logd_core::time::{MonoNanos, Now};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use tracing::{error, warn};

use super::batch::Batch;
use super::busy::BusyTime;
use super::pace::{NAP, Pace};
use super::socket::Socket;
use super::wake::Wakeups;
use crate::serve::clock::Clock;

/// Between two looks at a socket that fails.
const ERROR_PAUSE: Duration = Duration::from_millis(10);

/// Belongs to one thread.
pub(super) struct Inlet {
    pub(super) socket: Arc<Socket>,
    pub(super) wakeups: Wakeups,
    clock: Clock,
    pace: Pace,
    busy: Arc<BusyTime>,
    /// Until when the time at work has been counted.
    counted: MonoNanos,
}

/// What the socket had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Received {
    /// Nothing.
    Nothing,
    /// All there was.
    All,
    /// A part; there may be more.
    Part,
}

/// For how long to sleep at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rest {
    pub(super) timeout: PollTimeout,
    /// The last look brought something.
    pub(super) received: bool,
    /// Wake up also when the socket has room to send.
    pub(super) to_send: bool,
}

impl Inlet {
    pub(super) fn new(
        socket: Arc<Socket>,
        wakeups: Wakeups,
        clock: Clock,
        busy: Arc<BusyTime>,
    ) -> Self {
        let counted = clock.now().mono;
        Self { socket, wakeups, clock, pace: Pace::default(), busy, counted }
    }

    /// Both clocks.
    pub(super) fn now(&self) -> Now {
        self.clock.now()
    }

    /// One look at the socket.
    pub(super) fn receive(&self, batch: &mut Batch) -> Received {
        receive(&self.socket, batch)
    }

    /// Sleeps until a datagram comes, somebody wakes the thread or the time is over; under load only for a
    /// [nap](NAP). `has_work` is asked once a wake-up would be noticed. Says how long it slept.
    pub(super) fn rest(&mut self, rest: Rest, has_work: impl FnOnce() -> bool) -> Duration {
        let start = self.at_work();
        if self.pace.naps(rest.received) {
            std::thread::sleep(NAP);
            return self.slept_since(start);
        }
        self.wakeups.arm();
        if !has_work() {
            self.wait(rest);
        }
        self.wakeups.disarm();
        let slept = self.slept_since(start);
        self.pace.waited(slept);
        slept
    }

    fn wait(&self, rest: Rest) {
        let mut interest = PollFlags::POLLIN;
        if rest.to_send {
            interest |= PollFlags::POLLOUT;
        }
        let mut fds = [
            PollFd::new(self.socket.as_fd(), interest),
            PollFd::new(self.wakeups.as_fd(), PollFlags::POLLIN),
        ];
        match poll(&mut fds, rest.timeout) {
            // Cleared before the queues are looked at, so that nothing stays behind.
            Ok(_) if fds[1].any() == Some(true) => self.wakeups.clear(),
            Ok(_) | Err(Errno::EINTR) => {}
            Err(e) => {
                error!("poll failed: {e}");
                std::thread::sleep(ERROR_PAUSE);
            }
        }
    }

    /// The thread has been at work until now.
    pub(super) fn at_work(&mut self) -> MonoNanos {
        let now = self.clock.now().mono;
        self.busy.add(now.since(self.counted));
        self.counted = now;
        now
    }

    /// The thread was not at work since then.
    pub(super) fn slept_since(&mut self, start: MonoNanos) -> Duration {
        self.counted = self.clock.now().mono;
        self.counted.since(start)
    }
}

/// One look at a socket.
pub(super) fn receive(socket: &Socket, batch: &mut Batch) -> Received {
    loop {
        match socket.receive(batch) {
            Ok(()) if batch.is_full() => return Received::Part,
            // To be told that there is no more costs as much as to look again later.
            Ok(()) => return Received::All,
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Received::Nothing,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            // A reply that nobody wanted comes back as an error of the socket; it says nothing about ours.
            Err(e) if e.kind() == io::ErrorKind::ConnectionRefused => {}
            Err(e) => {
                warn!("cannot receive: {e}");
                std::thread::sleep(ERROR_PAUSE);
                return Received::Nothing;
            }
        }
    }
}
