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
        for msg in events {
            self.send(&Cmd { msg: Some(msg), ..Cmd::default() }.encode_to_vec());
            self.sent += 1;
            if self.sent.is_multiple_of(64) {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        self.daemon.wait_for(|info| info["ingest"]["events_stored"] == self.sent);
    }

    /// Signs and sends a payload.
    ///
    /// # Panics
    ///
    /// If the system refuses it.
    pub fn send(&self, payload: &[u8]) {
        let mut datagram = Vec::new();
        self.signer.sign(now(), payload, &mut datagram);
        self.send_raw(&datagram);
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
