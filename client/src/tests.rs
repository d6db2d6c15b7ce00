//! What happens when sending goes wrong, with transports that do.

use crate::transport::Transport;
use crate::{Builder, Client, FlushError, LogError, Problem};
use core::time::Duration;
use logd_core::datagram::HEADER_LEN;
use logd_proto::prost::Message;
use logd_proto::wire;
use std::io;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

/// Generous: only a failing test waits so long.
const PATIENCE: Duration = Duration::from_secs(20);
const QUEUE_BYTES: usize = 1 << 16;
const TEXT: &str = "a text of a length that fills the queue before anyone loses patience";

fn builder() -> Builder {
    Client::builder("127.0.0.1:9", "secret").key("/test/client").queue_bytes(QUEUE_BYTES)
}

/// Tells that it has a datagram, and sends it when told.
struct Gate {
    arrived: SyncSender<wire::Cmd>,
    open: Receiver<io::Result<()>>,
}

impl Transport for Gate {
    fn transmit(&mut self, datagram: &[u8]) -> io::Result<()> {
        let cmd = wire::Cmd::decode(&datagram[HEADER_LEN..]).unwrap();
        // After the test only the thread is left.
        let _ = self.arrived.send(cmd);
        self.open.recv().unwrap_or(Ok(()))
    }
}

/// A gate, what arrives at it, and its key.
fn gate() -> (Gate, Receiver<wire::Cmd>, Sender<io::Result<()>>) {
    let (arrived, arrives) = sync_channel(1_000);
    let (key, open) = channel();
    (Gate { arrived, open }, arrives, key)
}

/// Logs until the queue is full; how many events were queued.
fn fill(client: &Client) -> u64 {
    let mut queued = 0;
    while client.info(TEXT) != Err(LogError::Full) {
        queued += 1;
    }
    queued
}

fn assert_adds_up(client: &Client) {
    let stats = client.stats();
    assert_eq!(stats.logged, stats.queued + stats.sent_events + stats.dropped.total(), "{stats:?}");
}

#[test]
fn a_full_queue_refuses_and_the_daemon_sees_the_gap() {
    let (gate, arrives, key) = gate();
    let client = builder().build_on(gate).unwrap();
    client.info("first").unwrap();
    assert_eq!(arrives.recv_timeout(PATIENCE).unwrap().counter, 0);
    // The sender is stalled now. That `fill` returns shows that nothing blocks.
    let queued = fill(&client);
    assert!(queued * 200 > QUEUE_BYTES as u64 && queued * 70 < QUEUE_BYTES as u64, "{queued}");
    for _ in 0..9 {
        assert_eq!(client.info(TEXT), Err(LogError::Full));
    }
    let stats = client.stats();
    assert_eq!((stats.logged, stats.queued), (queued + 11, queued + 1));
    assert_eq!(stats.dropped.full, 10);
    assert_adds_up(&client);

    // One datagram leaves; the sender takes the whole queue and is stalled with the next.
    key.send(Ok(())).unwrap();
    let mut datagrams = vec![arrives.recv_timeout(PATIENCE).unwrap()];
    client.info("last").unwrap();
    drop(key);
    client.flush(PATIENCE).unwrap();
    datagrams.extend(arrives.try_iter());
    let last = datagrams.pop().unwrap();
    assert_eq!(last.batch[0].txt, "last");
    assert_eq!(last.counter, 1 + queued + 10, "refused events are numbered");
    let mut expect = 1;
    for datagram in datagrams {
        assert_eq!(datagram.counter, expect);
        expect += datagram.batch.len() as u64;
    }
    assert_eq!(expect, 1 + queued);
    assert_eq!(client.stats().queued, 0);
    assert_adds_up(&client);
}

#[test]
fn flush_gives_up_in_time() {
    let (gate, arrives, key) = gate();
    let client = builder().build_on(gate).unwrap();
    client.info("stuck").unwrap();
    arrives.recv_timeout(PATIENCE).unwrap();
    client.info("behind").unwrap();
    let result = client.flush(Duration::from_millis(1));
    assert_eq!(result, Err(FlushError::TimedOut { queued: 2 }));
    drop(key);
    client.flush(PATIENCE).unwrap();
}

#[test]
fn dropping_gives_up_in_time_and_reports_what_is_left() {
    let (gate, arrives, key) = gate();
    let (report, reports) = channel();
    let client = builder()
        .drop_timeout(Duration::from_millis(1))
        .on_problem(move |problem| drop(report.send(problem.to_string())))
        .build_on(gate)
        .unwrap();
    client.info("stuck").unwrap();
    arrives.recv_timeout(PATIENCE).unwrap();
    let queued = fill(&client);
    drop(client);
    drop(key);
    let said: Vec<_> = reports.iter().collect();
    assert_eq!(
        said,
        [
            "the queue is full; events not logged: 1".to_owned(),
            format!("the client was dropped too soon; events not sent: {queued}"),
        ]
    );
}

#[test]
fn failed_sends_are_counted_reported_and_not_the_end() {
    let (gate, arrives, key) = gate();
    let (report, reports) = channel();
    let client = builder()
        .on_problem(move |problem| {
            if let Problem::NotSent { events, error } = problem {
                report.send((*events, error.kind())).unwrap();
            }
        })
        .build_on(gate)
        .unwrap();
    client.info("1").unwrap();
    arrives.recv_timeout(PATIENCE).unwrap();
    key.send(Err(io::ErrorKind::NetworkUnreachable.into())).unwrap();
    let reported = reports.recv_timeout(PATIENCE).unwrap();
    assert_eq!(reported, (1, io::ErrorKind::NetworkUnreachable));

    client.info("2").unwrap();
    key.send(Ok(())).unwrap();
    client.flush(PATIENCE).unwrap();
    assert_eq!(arrives.recv_timeout(PATIENCE).unwrap().counter, 1);
    let stats = client.stats();
    assert_eq!((stats.sent_events, stats.dropped.not_sent, stats.send_errors), (1, 1, 1));
    assert_adds_up(&client);
}

#[test]
fn a_send_that_reports_an_earlier_refusal_is_tried_again() {
    let (gate, arrives, key) = gate();
    let client = builder().build_on(gate).unwrap();
    client.info("1").unwrap();
    let refused = || Err(io::ErrorKind::ConnectionRefused.into());
    key.send(refused()).unwrap();
    key.send(Ok(())).unwrap();
    client.flush(PATIENCE).unwrap();
    assert_eq!(arrives.recv().unwrap(), arrives.recv().unwrap());
    let stats = client.stats();
    assert_eq!((stats.sent_events, stats.send_errors), (1, 1));

    // Twice in a row is no earlier one.
    client.info("2").unwrap();
    key.send(refused()).unwrap();
    key.send(refused()).unwrap();
    client.flush(PATIENCE).unwrap();
    let stats = client.stats();
    assert_eq!((stats.sent_events, stats.dropped.not_sent, stats.send_errors), (1, 1, 3));
    assert_adds_up(&client);
}

#[test]
fn refusals_are_reported_while_nothing_is_sent() {
    let (gate, _arrives, _key) = gate();
    let (report, reports) = channel();
    let client = builder()
        .on_problem(move |problem| {
            if let Problem::Refused { why, events } = problem {
                report.send((*why, *events)).unwrap();
            }
        })
        .build_on(gate)
        .unwrap();
    assert_eq!(client.info("x".repeat(QUEUE_BYTES)), Err(LogError::TooLarge));
    assert_eq!(reports.recv_timeout(PATIENCE).unwrap(), (LogError::TooLarge, 1));
    // The next ones come too soon after; they are summed up, and told all the same.
    assert_eq!(
        client.event(crate::Severity::INFO, "").attr("", 1).send(),
        Err(LogError::NamelessAttribute)
    );
    assert_eq!(reports.recv_timeout(PATIENCE).unwrap(), (LogError::NamelessAttribute, 1));
}

#[test]
fn after_a_panic_in_the_callback_nothing_is_accepted() {
    let (gate, arrives, key) = gate();
    let client = builder().on_problem(|_| panic!("as the test wants it")).build_on(gate).unwrap();
    client.info("1").unwrap();
    arrives.recv_timeout(PATIENCE).unwrap();
    key.send(Err(io::ErrorKind::Other.into())).unwrap();
    while client.info("2") != Err(LogError::Stopped) {
        thread::yield_now();
    }
    assert_eq!(client.flush(PATIENCE), Err(FlushError::Stopped));
    let stats = client.stats();
    assert_eq!((stats.queued, stats.dropped.not_sent, stats.dropped.stopped), (0, 1, 1));
    assert_adds_up(&client);
}

#[test]
fn a_callback_with_the_last_clone_does_not_wait_for_itself() {
    struct Fail;
    impl Transport for Fail {
        fn transmit(&mut self, _: &[u8]) -> io::Result<()> {
            Err(io::ErrorKind::Other.into())
        }
    }
    let (give, take) = channel::<Client>();
    let (ended, ends) = channel::<()>();
    let client = builder()
        .drop_timeout(PATIENCE)
        .on_problem(move |_| {
            let _until_the_end = &ended;
            drop(take.recv().unwrap());
        })
        .build_on(Fail)
        .unwrap();
    client.info("1").unwrap();
    give.send(client).unwrap();
    // The thread ends and drops the callback, because dropping the client closed the queue.
    assert!(
        ends.recv_timeout(PATIENCE / 2)
            .is_err_and(|e| e == std::sync::mpsc::RecvTimeoutError::Disconnected)
    );
}
