//! An application that sends signed events.

use core::net::Ipv4Addr;
use core::time::Duration;
use std::net::UdpSocket;
use std::time::{SystemTime, UNIX_EPOCH};

use logd_core::datagram::Signer;
use logd_core::time::UnixNanos;
use logd_proto::wire::{Cmd, Msg};
use prost::Message as _;

use crate::{Daemon, WRITE_SECRET};

/// Bytes between two pauses: a part of the receive buffer that the kernel gives by default.
const BURST: usize = 16 << 10;
/// Enough for a daemon that was built without optimisation to take a burst.
const PAUSE: Duration = Duration::from_millis(2);

/// Signs with [`WRITE_SECRET`].
#[derive(Debug)]
pub struct Sender<'a> {
    daemon: &'a Daemon,
    socket: UdpSocket,
    signer: Signer,
    sent: u64,
}

impl<'a> Sender<'a> {
    /// To this daemon, which must not get events from elsewhere.
    ///
    /// # Panics
    ///
    /// Without loopback.
    pub fn new(daemon: &'a Daemon) -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has UDP");
        Self { daemon, socket, signer: Signer::new(WRITE_SECRET.as_bytes()), sent: 0 }
    }

    /// Sends events, one a datagram, and waits until they are stored. Slow enough to lose none.
    ///
    /// # Panics
    ///
    /// If they do not arrive.
    pub fn store(&mut self, events: impl IntoIterator<Item = Msg>) {
        let mut burst = 0;
        for msg in events {
            burst += self.send(&Cmd { msg: Some(msg), ..Cmd::default() }.encode_to_vec());
            self.sent += 1;
            if burst > BURST {
                burst = 0;
                std::thread::sleep(PAUSE);
            }
        }
        self.daemon.wait_for(|info| info["ingest"]["events_stored"] == self.sent);
    }

    /// Signs and sends a payload; the length of the datagram.
    ///
    /// # Panics
    ///
    /// If the system refuses it.
    pub fn send(&self, payload: &[u8]) -> usize {
        let mut datagram = Vec::new();
        self.signer.sign(now(), payload, &mut datagram);
        self.send_raw(&datagram);
        datagram.len()
    }

    /// Sends a datagram as it is.
    ///
    /// # Panics
    ///
    /// If the system refuses it.
    pub fn send_raw(&self, datagram: &[u8]) {
        self.socket.send_to(datagram, self.daemon.udp()).expect("loopback takes it");
    }
}

/// Events of one key that tell which they are: `event 7`.
pub fn numbered(range: core::ops::Range<u32>) -> impl Iterator<Item = Msg> {
    range.map(|n| message("/test/tail", &format!("event {n}")))
}

/// An event of now.
pub fn message(key: &str, text: &str) -> Msg {
    Msg {
        key: key.into(),
        txt: text.into(),
        severity: 9,
        time_unix_nano: now().0.cast_unsigned(),
        ..Msg::default()
    }
}

fn now() -> UnixNanos {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixNanos(i64::try_from(since.as_nanos()).expect("before the year 2262"))
}
