//! Runs one part of the hot path a given number of times, for callgrind to count its instructions.
//!
//! `cargo xtask instructions` does so and compares with the committed limits. Only what [`measured`] calls counts;
//! making the input does not.

use core::hint::black_box;
use core::net::{Ipv4Addr, SocketAddr};

use logd_bench::{Inbox, Samples, engine, with_event};
use logd_core::block::OpenBlock;
use logd_core::datagram::ReplayWindow;
use logd_core::time::UnixNanos;

const FROM: SocketAddr = SocketAddr::new(core::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 5000);
/// Its blocks have the largest size there is; some are sealed while counting.
const RING: usize = 16 << 20;

fn main() {
    let mut args = std::env::args().skip(1);
    let part = args.next().unwrap_or_default();
    let times = args.next().and_then(|n| n.parse().ok()).unwrap_or(1);
    match part.as_str() {
        "verify" => verify(times),
        "replay" => replay(times),
        "datagram" => datagrams(times, 1),
        "datagram-of-20" => datagrams(times, 20),
        "append" => append(times),
        _ => panic!("no part of the hot path is called {part:?}"),
    }
}

/// What callgrind counts, by this function's name.
#[inline(never)]
fn measured<R>(f: impl FnOnce() -> R) -> R {
    black_box(f())
}

/// Length, time and signature of a datagram with one event. Valgrind knows no SHA instructions.
fn verify(times: usize) {
    let (engine, mut inbox) = (engine(RING), Inbox::new(1));
    for _ in 0..times {
        let (now, datagram) = inbox.receive();
        assert!(measured(|| engine.verifier().verify(now.unix, datagram)).is_ok());
    }
}

fn replay(times: usize) {
    let (engine, mut inbox) = (engine(RING), Inbox::new(1));
    let mut window = ReplayWindow::new(engine.config().ttl, engine.config().replay_capacity);
    for _ in 0..times {
        let (now, datagram) = inbox.receive();
        let verified = engine.verifier().verify(now.unix, datagram).expect("it was signed");
        assert!(measured(|| window.insert(now.unix, &verified.mac, verified.time)).is_ok());
    }
}

/// All that follows the check of the signature.
fn datagrams(times: usize, events: usize) {
    let (mut engine, mut inbox) = (engine(RING), Inbox::new(events));
    for _ in 0..times {
        let (now, datagram) = inbox.receive();
        let verified = engine.verifier().verify(now.unix, datagram).expect("it was signed");
        measured(|| engine.handle_verified(now, FROM, datagram.len(), Ok(verified)));
    }
    assert_eq!(engine.stats().events_stored, (times * events) as u64);
}

/// An event into an open block.
fn append(times: usize) {
    let (mut samples, mut block) = (Samples::new(1), OpenBlock::new());
    for seq in 1..=times as u64 {
        let event = samples.event(seq);
        with_event(&event, |event| measured(|| block.push(seq, UnixNanos(0), event)));
    }
}
