//! A trickle of sample events, as an application would send them.

use core::time::Duration;
use std::net::UdpSocket;

use anyhow::Result;
use logd_core::datagram::Signer;
use logd_core::time::UnixNanos;
use logd_proto::prost::Message;
use logd_proto::wire::Cmd;

use logd_bench::{Samples, unix_nanos};

/// One application that logs now and then.
pub(crate) struct Demo {
    samples: Samples,
    signer: Signer,
    socket: UdpSocket,
}

impl Demo {
    /// Sends to this address, with this write secret.
    pub(crate) fn new(to: &str, secret: &str) -> Result<Self> {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        socket.connect(to)?;
        Ok(Self {
            samples: Samples::new(unix_nanos()),
            signer: Signer::new(secret.as_bytes()),
            socket,
        })
    }

    /// Sends one event; how long to wait until the next, between nothing and a second.
    pub(crate) fn send(&mut self) -> Duration {
        let now = unix_nanos();
        let cmd = Cmd { msg: Some(self.samples.event(now)), ..Cmd::default() };
        let mut datagram = Vec::new();
        let time = UnixNanos(i64::try_from(now).expect("this century's time fits"));
        self.signer.sign(time, &cmd.encode_to_vec(), &mut datagram);
        // Nobody may be listening yet, or any more; a demo does not insist.
        let _ = self.socket.send(&datagram);
        // Services log in bursts: mostly short pauses, now and then a long one.
        let dice = self.samples.random().below(1000) as u64;
        Duration::from_millis(dice * dice / 1000)
    }
}
