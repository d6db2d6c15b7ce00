//! Where datagrams go.

use core::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::io;
use std::net::UdpSocket;

/// Takes datagrams to the daemon.
pub(crate) trait Transport: Send + 'static {
    /// May block; never the threads that log.
    fn transmit(&mut self, datagram: &[u8]) -> io::Result<()>;
}

impl Transport for UdpSocket {
    fn transmit(&mut self, datagram: &[u8]) -> io::Result<()> {
        self.send(datagram).map(drop)
    }
}

/// A socket towards the first of `addrs` that there is a route to.
///
/// It is connected, so that the kernel looks the route up once and tells when nobody listens.
pub(crate) fn connect(addrs: impl IntoIterator<Item = SocketAddr>) -> io::Result<UdpSocket> {
    let mut error = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for addr in addrs {
        let any: SocketAddr = match addr {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        match UdpSocket::bind(any).and_then(|socket| socket.connect(addr).map(|()| socket)) {
            Ok(socket) => return Ok(socket),
            Err(e) => error = e,
        }
    }
    Err(error)
}
