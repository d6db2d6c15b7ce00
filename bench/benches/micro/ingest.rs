//! From a datagram to an event in an open block.

use alloc::sync::Arc;
use core::cell::RefCell;
use core::net::SocketAddr;

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use logd_bench::{Inbox, Samples, engine, with_event};
use logd_core::block::OpenBlock;
use logd_core::datagram::{HEADER_LEN, Mac, ReplayWindow, Verified};
use logd_core::engine::Engine;
use logd_core::time::{Now, UnixNanos};

/// Its blocks have the largest size there is.
const RING: usize = 16 << 20;
const FROM: SocketAddr =
    SocketAddr::new(core::net::IpAddr::V4(core::net::Ipv4Addr::LOCALHOST), 5000);

/// An engine whose ring overwrites, as in a daemon that has run for a while.
fn full(events: usize) -> (Engine, RefCell<Inbox>) {
    let (mut engine, mut inbox) = (engine(RING), Inbox::new(events));
    while engine.rings().all(|ring| ring.overwritten == 0) {
        for _ in 0..1000 {
            let (now, datagram) = inbox.receive();
            engine.handle_datagram(now, FROM, datagram);
        }
    }
    (engine, RefCell::new(inbox))
}

fn received(inbox: &RefCell<Inbox>) -> (Now, Vec<u8>) {
    let mut inbox = inbox.borrow_mut();
    let (now, datagram) = inbox.receive();
    (now, datagram.to_vec())
}

/// Length, time and signature of a datagram with one event.
#[divan::bench(sample_size = 4096)]
fn verify(bencher: Bencher<'_, '_>) {
    let (engine, inbox) = (engine(RING), RefCell::new(Inbox::new(1)));
    bencher
        .with_inputs(|| received(&inbox))
        .input_counter(|(_, datagram)| BytesCount::new(datagram.len()))
        .bench_local_refs(|(now, datagram)| engine.verifier().verify(now.unix, datagram).is_ok());
}

/// A third of a million datagrams a second, in a window of the default size.
#[divan::bench(sample_size = 4096)]
fn replay(bencher: Bencher<'_, '_>) {
    let (engine, inbox) = (engine(RING), RefCell::new(Inbox::new(1)));
    let config = engine.config();
    let mut window = ReplayWindow::new(config.ttl, config.replay_capacity);
    let input = || {
        let (now, datagram) = received(&inbox);
        let verified = engine.verifier().verify(now.unix, &datagram).expect("it was signed");
        (now.unix, verified.mac, verified.time)
    };
    bencher.with_inputs(input).bench_local_refs(|(now, mac, time): &mut (UnixNanos, Mac, _)| {
        window.insert(*now, mac, *time).is_ok()
    });
}

/// A whole datagram, with this many events.
#[divan::bench(args = [1, 20], sample_size = 1024)]
fn datagram(bencher: Bencher<'_, '_>, events: usize) {
    let (mut engine, inbox) = full(events);
    bencher
        .counter(ItemsCount::new(events))
        .with_inputs(|| received(&inbox))
        .bench_local_refs(|(now, datagram)| engine.handle_datagram(*now, FROM, datagram));
    assert_eq!(engine.stats().datagram_drops.total(), 0);
}

/// The same without the signature's check.
#[divan::bench(args = [1, 20], sample_size = 1024)]
fn verified_datagram(bencher: Bencher<'_, '_>, events: usize) {
    let (mut engine, inbox) = full(events);
    let verifier = Arc::clone(engine.verifier());
    bencher
        .counter(ItemsCount::new(events))
        .with_inputs(|| {
            let (now, datagram) = received(&inbox);
            // Verified beforehand; what borrows the datagram is put together again in the measured part.
            let verified = verifier.verify(now.unix, &datagram).expect("it was signed");
            let (mac, time, rights) = (verified.mac, verified.time, verified.rights);
            (now, mac, time, rights, datagram)
        })
        .bench_local_refs(|(now, mac, time, rights, datagram)| {
            let payload = &datagram[HEADER_LEN..];
            let verified = Verified { mac: *mac, time: *time, payload, secret: 0, rights: *rights };
            engine.handle_verified(*now, FROM, datagram.len(), Ok(verified));
        });
}

/// An event into the columns of an open block.
#[divan::bench(sample_size = 4096)]
fn append(bencher: Bencher<'_, '_>) {
    let samples = RefCell::new(Samples::new(1));
    let (mut block, mut seq) = (OpenBlock::new(), 0);
    bencher.with_inputs(|| samples.borrow_mut().event(1)).bench_local_refs(|msg| {
        with_event(msg, |event| {
            seq += 1;
            block.push(seq, UnixNanos(0), event);
        });
        if block.len_bytes() > 1 << 20 {
            block = OpenBlock::new();
        }
    });
}
