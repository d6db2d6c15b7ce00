//! A daemon's receiving end: verifies and decodes what a client sends.

use core::time::Duration;
use logd_client::{Builder, Client};
use logd_core::datagram::{Keyring, Right, Secret, Verifier};
use logd_core::time::UnixNanos;
use logd_proto::prost::Message;
use logd_proto::{borrowed, wire};
use std::net::UdpSocket;
use std::time::SystemTime;

pub(crate) const SECRET: &str = "a write secret";

/// Generous: only a failing test waits so long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Receiver {
    socket: UdpSocket,
    verifier: Verifier,
}

pub(crate) struct Received {
    pub(crate) len: usize,
    pub(crate) time: UnixNanos,
    pub(crate) cmd: wire::Cmd,
}

impl Receiver {
    pub(crate) fn new() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let keyring = Keyring::new([Secret::new("w", Right::Write, SECRET)]).unwrap();
        Self { socket, verifier: Verifier::new(keyring, PATIENCE, UnixNanos(0)) }
    }

    /// A client's builder that lacks nothing.
    pub(crate) fn builder(&self) -> Builder {
        Client::builder(self.socket.local_addr().unwrap(), SECRET).key("/test/client")
    }

    pub(crate) fn client(&self) -> Client {
        self.builder().build().unwrap()
    }

    pub(crate) fn receive(&self) -> Received {
        let mut buffer = [0; 65_536];
        let len = self.socket.recv(&mut buffer).expect("a datagram");
        let verified = self.verifier.verify(now(), &buffer[..len]).expect("a good signature");
        let parsed = borrowed::Cmd::parse(verified.payload).expect("what the daemon accepts");
        let cmd = wire::Cmd::decode(verified.payload).expect("a Cmd");
        assert_eq!(parsed.msgs().count(), cmd.batch.len());
        assert_eq!(cmd.name(), wire::Name::Write);
        assert_ne!(cmd.sender, 0);
        Received { len, time: verified.time, cmd }
    }

    /// Datagrams until they hold `n` events.
    pub(crate) fn receive_events(&self, n: usize) -> Vec<Received> {
        let mut datagrams: Vec<Received> = Vec::new();
        let mut events = 0;
        while events < n {
            let datagram = self.receive();
            events += datagram.cmd.batch.len();
            datagrams.push(datagram);
        }
        assert_eq!(events, n);
        datagrams
    }

    pub(crate) fn receive_event(&self) -> wire::Msg {
        let mut datagrams = self.receive_events(1);
        datagrams.remove(0).cmd.batch.remove(0)
    }
}

pub(crate) fn now() -> UnixNanos {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    UnixNanos(since.as_nanos() as i64)
}

/// A short form of attributes: `name=value`, text in quotes.
pub(crate) fn attributes(msg: &wire::Msg) -> Vec<String> {
    use wire::attribute::Value;
    let show = |a: &wire::Attribute| match a.value.as_ref().unwrap() {
        Value::Text(text) => format!("{}={text:?}", a.name),
        Value::Int(n) => format!("{}={n}", a.name),
        Value::Float(x) => format!("{}={x:?}", a.name),
        Value::Flag(flag) => format!("{}={flag}", a.name),
        Value::Bytes(bytes) => format!("{}={bytes:?}", a.name),
    };
    msg.attributes.iter().map(show).collect()
}
