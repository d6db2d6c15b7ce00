//! Drives an engine and its clients with virtual time.

mod accounting;
mod config;
mod query;
mod refusals;
mod tail;
mod time;
mod write;

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use logd_proto::prost::Message;
use logd_proto::wire::{Cmd, Msg};

use super::*;
use crate::datagram::{Secret, Signer};
use crate::store::{RingConfig, StoreConfig};
use crate::time::UnixNanos;

pub(super) const START: UnixNanos = UnixNanos(1_700_000_000_000_000_000);
pub(super) const TTL: Duration = Duration::from_millis(100);
const WRITE_SECRET: &[u8] = b"the secret of those who write";
const READ_SECRET: &[u8] = b"the secret of those who read";

/// Small enough that bounds are reached, large enough that nothing is overwritten by accident.
pub(super) fn config() -> Config {
    let ring = |prefix: &str| RingConfig {
        prefix: prefix.into(),
        budget: 8 << 20,
        max_age: None,
        max_events: None,
        hot: usize::MAX,
    };
    let store = StoreConfig { rings: vec![ring("/prod")], fallback: ring("/") };
    Config { replay_capacity: 10_000, senders: 8, ..Config::new(store, START) }
}

/// The engine on one side, its clients on the other; the network between them loses nothing.
pub(super) struct Pair {
    pub(super) engine: Engine,
    pub(super) now: Now,
    pub(super) writer: Signer,
    pub(super) reader: Signer,
    /// What clients received.
    pub(super) inbox: Vec<(SocketAddr, Msg)>,
    /// The same as bytes with the time of sending.
    pub(super) sent: Vec<(MonoNanos, SocketAddr, Vec<u8>)>,
}

impl Pair {
    pub(super) fn new(config: Config) -> Self {
        let keyring = Keyring::new([
            Secret::new("writer", Right::Write, WRITE_SECRET),
            Secret::new("reader", Right::Read, READ_SECRET),
        ])
        .unwrap();
        let now = Now { unix: START.saturating_add(TTL), mono: MonoNanos(1_000_000_000) };
        Self {
            engine: Engine::new(config, keyring, now).unwrap(),
            now,
            writer: Signer::new(WRITE_SECRET),
            reader: Signer::new(READ_SECRET),
            inbox: Vec::new(),
            sent: Vec::new(),
        }
    }

    pub(super) fn pass(&mut self, d: Duration) {
        self.now.unix = self.now.unix.saturating_add(d);
        self.now.mono = self.now.mono.saturating_add(d);
    }

    /// A datagram of `cmd`, signed now; a nanosecond passes, so that the next one is not its replay.
    pub(super) fn sign(&mut self, signer: &Signer, cmd: &Cmd) -> Vec<u8> {
        self.pass(Duration::from_nanos(1));
        let mut datagram = Vec::new();
        signer.sign(self.now.unix, &cmd.encode_to_vec(), &mut datagram);
        datagram
    }

    pub(super) fn deliver(&mut self, from: SocketAddr, datagram: &[u8]) {
        self.engine.handle_datagram(self.now, from, datagram);
        assert!(self.engine.stats().is_balanced(), "{:?}", self.engine.stats());
    }

    pub(super) fn write(&mut self, msg: Msg) {
        self.write_all([msg]);
    }

    /// Stores events, many to a datagram.
    pub(super) fn write_all(&mut self, msgs: impl IntoIterator<Item = Msg>) {
        let msgs: Vec<_> = msgs.into_iter().collect();
        for batch in msgs.chunks(100) {
            let signer = self.writer.clone();
            let datagram = self.sign(&signer, &Cmd { batch: batch.to_vec(), ..Cmd::default() });
            let accepted = self.engine.stats().accepted(Name::Write);
            self.deliver(addr(1), &datagram);
            assert_eq!(self.engine.stats().accepted(Name::Write), accepted + 1);
        }
    }

    /// Sends a command signed with the read secret, and returns its datagram.
    pub(super) fn ask(&mut self, from: SocketAddr, name: Name, params: QueryParams) -> Vec<u8> {
        let signer = self.reader.clone();
        let cmd = Cmd { name: name as i32, query_params: Some(params), ..Cmd::default() };
        let datagram = self.sign(&signer, &cmd);
        self.deliver(from, &datagram);
        datagram
    }

    /// Hands what the engine sends now to the clients.
    pub(super) fn drain(&mut self) {
        let mut out = vec![0xaa; 3];
        loop {
            let before = out.len();
            let Some(transmit) = self.engine.poll_transmit(self.now, &mut out) else { break };
            let bytes = &out[before..];
            assert_eq!(bytes.len(), transmit.len);
            assert!(bytes.len() <= self.engine.config().max_reply_len);
            self.inbox.push((transmit.to, Msg::decode(bytes).unwrap()));
            self.sent.push((self.now.mono, transmit.to, bytes.to_vec()));
        }
    }

    /// Runs until `d` has passed, jumping from one wake-up to the next as a host would sleep.
    pub(super) fn run_for(&mut self, d: Duration) {
        let end = self.now.mono.saturating_add(d);
        // A turn that neither sends nor moves the clock must not come again and again.
        for _ in 0..1_000_000 {
            self.drain();
            match self.engine.poll_timeout() {
                Some(wake) if wake <= end => {
                    self.pass(wake.since(self.now.mono));
                    self.engine.handle_timeout(self.now);
                }
                _ => {
                    self.pass(end.since(self.now.mono));
                    self.engine.handle_timeout(self.now);
                    return self.drain();
                }
            }
        }
        panic!("the engine asks to be woken without end");
    }

    /// What `to` received since the last call: (key, text).
    pub(super) fn received(&mut self, to: SocketAddr) -> Vec<(String, String)> {
        let (mine, others) = core::mem::take(&mut self.inbox).into_iter().partition(|m| m.0 == to);
        self.inbox = others;
        let mine: Vec<(SocketAddr, Msg)> = mine;
        mine.into_iter().map(|(_, msg)| (msg.key, msg.txt)).collect()
    }

    /// The texts of [`Self::received`].
    pub(super) fn texts(&mut self, to: SocketAddr) -> Vec<String> {
        self.received(to).into_iter().map(|(_, text)| text).collect()
    }
}

pub(super) fn addr(port: u16) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], port))
}

pub(super) fn msg(key: &str, txt: &str) -> Msg {
    Msg { key: key.into(), txt: txt.into(), ..Msg::default() }
}
