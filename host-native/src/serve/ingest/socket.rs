//! The UDP socket: recvmmsg with GRO through quinn-udp.
//!
//! quinn-udp, because it has recvmmsg, GRO and GSO behind one safe interface on every system, and falls back
//! where the kernel lacks one of them.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use core::time::Duration;
use std::io::{self, IoSliceMut};
use std::net::UdpSocket;
use std::os::fd::{AsFd, BorrowedFd};

use anyhow::{Context as _, anyhow};
use quinn_udp::{BATCH_SIZE, RecvMeta, Transmit, UdpSocketState};
use socket2::{Domain, Protocol, Type};
use tracing::warn;

use crate::serve::config::Listen;
use crate::serve::config::units::Size;

/// The most that one receive puts into one buffer: what GRO joins is at most one IP packet long.
const BUFFER_LEN: usize = 64 << 10;

/// Bytes that [`Batch`] takes.
pub const BATCH_BYTES: usize = BATCH_SIZE * BUFFER_LEN;

/// A bound socket.
#[derive(Debug)]
pub struct Socket {
    io: UdpSocket,
    state: UdpSocketState,
    local: SocketAddr,
}

/// Where received datagrams lie until the next receive.
pub struct Batch {
    bytes: Vec<u8>,
    meta: [RecvMeta; BATCH_SIZE],
    filled: usize,
}

impl Socket {
    /// Binds, with a receive buffer of at least `receive_buffer` bytes if the kernel lets us.
    pub fn bind(listen: Listen, receive_buffer: usize) -> anyhow::Result<Self> {
        let socket = match listen {
            Listen::At(addr) => open(addr),
            // Without IPv6, as in many containers, only IPv4 is left.
            Listen::Any(port) => open((Ipv6Addr::UNSPECIFIED, port).into()).or_else(|e| {
                if e.kind() == io::ErrorKind::AddrInUse {
                    return Err(e);
                }
                open((Ipv4Addr::UNSPECIFIED, port).into())
            }),
        };
        let socket = socket.map_err(|e| explain(e, listen))?;
        grow_receive_buffer(&socket, receive_buffer);
        let io = UdpSocket::from(socket);
        let state = UdpSocketState::new((&io).into()).context("cannot set up the UDP socket")?;
        let local = io.local_addr()?;
        allow_fragments(&io, local);
        Ok(Self { io, state, local })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// Another handle on the same socket, to ask the kernel about it.
    pub fn try_clone(&self) -> io::Result<UdpSocket> {
        self.io.try_clone()
    }

    /// Fills `batch` with what is there; an error of kind `WouldBlock` when there is nothing.
    pub fn receive(&self, batch: &mut Batch) -> io::Result<()> {
        batch.filled = 0;
        let mut rest = batch.bytes.chunks_exact_mut(BUFFER_LEN);
        let mut slices: [IoSliceMut<'_>; BATCH_SIZE] =
            core::array::from_fn(|_| IoSliceMut::new(rest.next().unwrap_or_default()));
        batch.filled = self.state.recv((&self.io).into(), &mut slices, &mut batch.meta)?;
        Ok(())
    }

    /// Sends one datagram; an error of kind `WouldBlock` when the kernel's buffer is full.
    pub fn send(&self, to: SocketAddr, contents: &[u8]) -> io::Result<()> {
        let destination = match (self.local, to) {
            (SocketAddr::V6(_), SocketAddr::V4(v4)) => (v4.ip().to_ipv6_mapped(), v4.port()).into(),
            _ => to,
        };
        let transmit =
            Transmit { destination, ecn: None, contents, segment_size: None, src_ip: None };
        self.state.try_send((&self.io).into(), &transmit)
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.io.as_fd()
    }
}

impl Batch {
    /// Empty, with its memory allocated.
    pub fn new() -> Self {
        Self { bytes: vec![0; BATCH_BYTES], meta: [RecvMeta::default(); BATCH_SIZE], filled: 0 }
    }

    /// Whether the last receive filled every buffer, so that there may be more.
    pub fn is_full(&self) -> bool {
        self.filled == BATCH_SIZE
    }

    /// The datagrams of the last receive: who sent each, and when it arrived by the kernel's clock, where it says.
    pub fn datagrams(&self) -> impl Iterator<Item = (SocketAddr, Option<Duration>, &[u8])> {
        let buffers = self.bytes.chunks_exact(BUFFER_LEN).zip(&self.meta[..self.filled]);
        buffers.flat_map(|(bytes, meta)| {
            let from = SocketAddr::new(meta.addr.ip().to_canonical(), meta.addr.port());
            let received = &bytes[..meta.len.min(bytes.len())];
            // An empty datagram has no bytes to cut, and must be counted all the same.
            let empty = received.is_empty().then_some(received);
            let cut = received.chunks(meta.stride.max(1));
            empty.into_iter().chain(cut).map(move |datagram| (from, meta.timestamp, datagram))
        })
    }
}

impl Default for Batch {
    fn default() -> Self {
        Self::new()
    }
}

fn open(addr: SocketAddr) -> io::Result<socket2::Socket> {
    let socket = socket2::Socket::new(Domain::for_address(addr), Type::DGRAM, Some(Protocol::UDP))?;
    if addr.ip() == IpAddr::V6(Ipv6Addr::UNSPECIFIED) {
        socket.set_only_v6(false)?;
    }
    socket.bind(&addr.into())?;
    Ok(socket)
}

fn explain(e: io::Error, listen: Listen) -> anyhow::Error {
    if e.kind() == io::ErrorKind::AddrInUse {
        anyhow!(
            "UDP {listen} is taken: is another logd running? Stop it, or choose a port with --udp"
        )
    } else if e.kind() == io::ErrorKind::PermissionDenied {
        anyhow!("no permission to use UDP {listen}: choose a port above 1023 with --udp")
    } else {
        anyhow!("cannot listen on UDP {listen}: {e}")
    }
}

fn grow_receive_buffer(socket: &socket2::Socket, want: usize) {
    // A failure shows in the size read back below.
    let _ = socket.set_recv_buffer_size(want);
    // Linux reports twice what was asked: the other half is for its own records.
    let factor = if cfg!(target_os = "linux") { 2 } else { 1 };
    let has = || socket.recv_buffer_size().unwrap_or(0) / factor;
    #[cfg(target_os = "linux")]
    if has() < want {
        let _ = nix::sys::socket::setsockopt(socket, nix::sys::socket::sockopt::RcvBufForce, &want);
    }
    let has = has();
    if has < want {
        warn!(
            "the kernel gives the UDP socket {} instead of {}, so that bursts may be lost; \
             allow more with: sysctl -w net.core.rmem_max={want}",
            Size(has),
            Size(want)
        );
    }
}

/// quinn-udp forbids fragments, for QUIC probes the path; a reply longer than the path's MTU would vanish.
fn allow_fragments(io: &UdpSocket, local: SocketAddr) {
    #[cfg(target_os = "linux")]
    {
        use rustix::net::sockopt::{
            Ipv4PathMtuDiscovery, Ipv6PathMtuDiscovery, set_ip_mtu_discover, set_ipv6_mtu_discover,
        };
        // A socket of both families has both options; where one is missing, nothing was forbidden.
        let _ = set_ip_mtu_discover(io, Ipv4PathMtuDiscovery::WANT);
        if local.is_ipv6() {
            let _ = set_ipv6_mtu_discover(io, Ipv6PathMtuDiscovery::WANT);
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (io, local);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received(socket: &Socket, batch: &mut Batch) -> Vec<(SocketAddr, Vec<u8>)> {
        for _ in 0..1000 {
            if socket.receive(batch).is_ok() {
                return batch.datagrams().map(|(from, _, d)| (from, d.to_vec())).collect();
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("nothing came");
    }

    #[test]
    fn a_socket_of_both_families_shows_and_answers_ipv4_as_ipv4() {
        let socket = Socket::bind(Listen::Any(0), 1 << 16).unwrap();
        let client = UdpSocket::bind("127.0.0.1:0").unwrap();
        client.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        client.connect(("127.0.0.1", socket.local_addr().port())).unwrap();
        client.send(b"hello").unwrap();
        let mut batch = Batch::new();
        let got = received(&socket, &mut batch);
        assert_eq!(got, [(client.local_addr().unwrap(), b"hello".to_vec())]);
        // Longer than any usual MTU: it must arrive in fragments.
        socket.send(got[0].0, &[7; 20_000]).unwrap();
        let mut reply = vec![0; 65_536];
        assert_eq!(client.recv(&mut reply).unwrap(), 20_000);
    }

    #[test]
    fn an_empty_datagram_is_a_datagram() {
        let socket = Socket::bind(Listen::At(([127, 0, 0, 1], 0).into()), 1 << 16).unwrap();
        let client = UdpSocket::bind("127.0.0.1:0").unwrap();
        client.send_to(b"", socket.local_addr()).unwrap();
        let got = received(&socket, &mut Batch::new());
        assert_eq!(got, [(client.local_addr().unwrap(), Vec::new())]);
    }

    #[test]
    fn a_taken_port_is_named_with_what_to_do() {
        let first = Socket::bind(Listen::At(([127, 0, 0, 1], 0).into()), 1 << 16).unwrap();
        let port = first.local_addr().port();
        let again = Socket::bind(Listen::At(([127, 0, 0, 1], port).into()), 1 << 16);
        let message = again.unwrap_err().to_string();
        assert!(message.contains(&port.to_string()) && message.contains("--udp"), "{message}");
    }
}
