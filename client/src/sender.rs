//! The thread that sends.

use crate::error::{LogError, Problem};
use crate::pace::Pace;
use crate::packet::Packer;
use crate::queue::{Interrupt, Queue, Taken, Tally};
use crate::stats::{Dropped, Stats};
use crate::transport::Transport;
use alloc::sync::Arc;
use core::cell::Cell;
use core::time::Duration;
use logd_core::time::UnixNanos;
use std::io;
use std::time::{Instant, SystemTime};

/// Told about losses, on the sending thread.
pub(crate) type OnProblem = Box<dyn FnMut(&Problem) + Send>;

/// At most one report of each kind in this time.
const REPORT_EVERY: Duration = Duration::from_secs(1);

thread_local! {
    static IS_SENDER: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is a client's own: what it logs (in the callback for problems) must not come back to
/// the client, where it would cause the next report.
#[cfg(any(feature = "log", feature = "tracing"))]
pub(crate) fn is_sending_thread() -> bool {
    IS_SENDER.get()
}

/// The wall clock.
pub(crate) fn unix_now() -> UnixNanos {
    unix_nanos(SystemTime::now())
}

/// Times before 1970 become 1970, those after 2262 become 2262.
pub(crate) fn unix_nanos(time: SystemTime) -> UnixNanos {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    UnixNanos(0).saturating_add(since)
}

/// Sends what is queued until the queue is closed.
pub(crate) fn run(
    queue: Arc<Queue>,
    mut packer: Packer,
    mut transport: impl Transport,
    on_problem: Option<OnProblem>,
) {
    IS_SENDER.set(true);
    let stop = StopOnDrop(queue);
    let queue = &*stop.0;
    let mut reporter = on_problem.map(Reporter::new);
    let mut pace = Pace::new();
    let mut records = Vec::with_capacity(queue.capacity());
    loop {
        let interrupt = reporter.as_ref().map(Reporter::interrupt).unwrap_or_default();
        let taken = queue.take(&mut records, &mut pace, interrupt);
        let mut failure = None;
        if taken == Taken::Records {
            let tally = send_all(queue, &records, &mut packer, &mut transport, &mut failure);
            queue.settle(&tally);
            pace.sent(Instant::now(), tally.sent_events + tally.not_sent);
        }
        if let Some(reporter) = &mut reporter {
            reporter.note(queue.stats(), failure);
            reporter.report(Instant::now(), taken == Taken::Closed);
        }
        if taken == Taken::Closed {
            return;
        }
    }
}

fn send_all(
    queue: &Queue,
    mut records: &[u8],
    packer: &mut Packer,
    transport: &mut impl Transport,
    failure: &mut Option<io::Error>,
) -> Tally {
    let mut tally = Tally::default();
    loop {
        let events = packer.pack(&mut records);
        if events == 0 {
            return tally;
        }
        if queue.is_abandoned() {
            tally.abandoned += events;
            continue;
        }
        let datagram = packer.sign(unix_now());
        match send(transport, datagram, &mut tally.send_errors) {
            Ok(()) => {
                tally.sent_events += events;
                tally.sent_datagrams += 1;
                tally.sent_bytes += datagram.len() as u64;
            }
            Err(error) => {
                tally.not_sent += events;
                *failure = Some(error);
            }
        }
    }
}

fn send(transport: &mut impl Transport, datagram: &[u8], errors: &mut u64) -> io::Result<()> {
    // A connected socket reports that an earlier datagram was refused by failing the next send, which was
    // not tried then. One that is interrupted was not tried, either.
    let mut refused_before = false;
    loop {
        let Err(error) = transport.transmit(datagram) else { return Ok(()) };
        *errors += 1;
        if error.kind() == io::ErrorKind::ConnectionRefused && !refused_before {
            refused_before = true;
        } else if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

/// However the thread ends, nobody waits for it any more.
struct StopOnDrop(Arc<Queue>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// Adds losses up, so that a flood of them is not a flood of reports.
struct Reporter {
    on_problem: OnProblem,
    last: Option<Instant>,
    /// What was lost, and what of it was reported.
    lost: Dropped,
    reported: Dropped,
    failure: Option<io::Error>,
}

impl Reporter {
    fn new(on_problem: OnProblem) -> Self {
        let (lost, reported) = Default::default();
        Self { on_problem, last: None, lost, reported, failure: None }
    }

    /// When there is more to do for the reporter than now.
    fn interrupt(&self) -> Interrupt {
        if self.is_due() {
            // The last report is too recent.
            Interrupt { after: Some(REPORT_EVERY), refused: None }
        } else {
            Interrupt { after: None, refused: Some(self.lost.refused()) }
        }
    }

    fn note(&mut self, stats: Stats, failure: Option<io::Error>) {
        self.lost = stats.dropped;
        self.failure = failure.or(self.failure.take());
    }

    fn is_due(&self) -> bool {
        self.lost.total() != self.reported.total()
    }

    fn report(&mut self, now: Instant, last_chance: bool) {
        let recent = self.last.is_some_and(|last| now.duration_since(last) < REPORT_EVERY);
        if !self.is_due() || (recent && !last_chance) {
            return;
        }
        let (lost, before) = (self.lost, self.reported);
        for (why, events) in [
            (LogError::Full, lost.full - before.full),
            (LogError::TooLarge, lost.too_large - before.too_large),
            (LogError::NamelessAttribute, lost.nameless_attribute - before.nameless_attribute),
        ] {
            if events > 0 {
                (self.on_problem)(&Problem::Refused { why, events });
            }
        }
        if let Some(error) = self.failure.take() {
            let events = lost.not_sent - before.not_sent;
            (self.on_problem)(&Problem::NotSent { events, error });
        }
        let events = lost.abandoned - before.abandoned;
        if events > 0 {
            (self.on_problem)(&Problem::Abandoned { events });
        }
        self.reported = lost;
        self.last = Some(now);
    }
}
