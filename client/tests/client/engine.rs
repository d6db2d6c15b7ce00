//! The client and the daemon's engine agree.

use crate::receiver::{PATIENCE, SECRET, now};
use logd_client::{Client, LogError, MAX_EVENT_LEN, Severity};
use logd_core::block::Scratch;
use logd_core::datagram::{Keyring, Right, Secret};
use logd_core::drop::DropReason;
use logd_core::engine::{Config, Engine};
use logd_core::event::{Attribute, Value};
use logd_core::store::{RingConfig, StoreConfig};
use logd_core::time::{MonoNanos, Now};
use std::net::UdpSocket;

struct Daemon {
    socket: UdpSocket,
    engine: Engine,
}

impl Daemon {
    fn new() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let fallback = RingConfig {
            prefix: "/".into(),
            budget: 1 << 22,
            max_age: None,
            max_events: None,
            hot: 1 << 22,
        };
        let mut config = Config::new(StoreConfig { rings: vec![], fallback }, now());
        config.ttl = PATIENCE;
        let keyring = Keyring::new([Secret::new("w", Right::Write, SECRET)]).unwrap();
        Self { socket, engine: Engine::new(config, keyring, Self::now()).unwrap() }
    }

    fn now() -> Now {
        Now { unix: now(), mono: MonoNanos(0) }
    }

    fn client(&self) -> Client {
        Client::builder(self.socket.local_addr().unwrap(), SECRET)
            .key("/test/client")
            .build()
            .unwrap()
    }

    /// Receives one datagram, `copies` times.
    fn receive(&mut self, copies: usize) {
        let mut buffer = [0; 65_536];
        let (len, from) = self.socket.recv_from(&mut buffer).unwrap();
        for _ in 0..copies {
            self.engine.handle_datagram(Self::now(), from, &buffer[..len]);
        }
    }
}

#[test]
fn events_are_stored_as_they_were_logged() {
    let mut daemon = Daemon::new();
    daemon.engine.set_tailing(true);
    let client = daemon.client();
    client
        .event(Severity::WARN, "request done")
        .attr("status", 503)
        .attr("url", "/")
        .send()
        .unwrap();
    daemon.receive(1);
    let fresh = daemon.engine.take_fresh().unwrap();
    let mut scratch = Scratch::default();
    let [event] = &fresh.view(&mut scratch).rows().collect::<Vec<_>>()[..] else {
        panic!("one event")
    };
    assert_eq!(
        (event.key, event.severity, event.text),
        ("/test/client", Severity::WARN, "request done")
    );
    assert!(event.time <= event.received);
    let attributes: Vec<_> = event.attributes.collect();
    let expect = [
        Attribute { name: "status", value: Value::Int(503) },
        Attribute { name: "url", value: Value::Text("/") },
    ];
    assert_eq!(attributes, expect);
}

#[test]
fn what_the_client_refused_is_a_gap() {
    let mut daemon = Daemon::new();
    let client = daemon.client();
    let mut log = |text: &str| {
        client.info(text).unwrap();
        client.flush(PATIENCE).unwrap();
        daemon.receive(1);
    };
    log("before");
    let huge = "x".repeat(MAX_EVENT_LEN);
    for _ in 0..3 {
        assert_eq!(client.info(&huge), Err(LogError::TooLarge));
    }
    // The daemon waits for late datagrams before it calls a hole a gap.
    for _ in 0..100 {
        log("after");
    }
    let stats = daemon.engine.stats();
    assert_eq!((stats.events_stored, stats.gaps), (101, 3));
    assert!(stats.is_balanced());
}

#[test]
fn a_copy_of_a_datagram_is_a_replay() {
    let mut daemon = Daemon::new();
    let client = daemon.client();
    client.info("once").unwrap();
    daemon.receive(2);
    let stats = daemon.engine.stats();
    assert_eq!((stats.events_stored, stats.datagram_drops.count(DropReason::Replay)), (1, 1));
}
