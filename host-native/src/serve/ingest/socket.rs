//! The UDP socket: recvmmsg with GRO through quinn-udp.
//!
//! quinn-udp, because it has recvmmsg, GRO and GSO behind one safe interface on every system, and falls back
//! where the kernel lacks one of them.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use core::num::NonZeroUsize;
use std::io;
use std::net::UdpSocket;
use std::os::fd::{AsFd, BorrowedFd};

use anyhow::{Context as _, anyhow};
use quinn_udp::{Transmit, UdpSocketState};
use socket2::{Domain, Protocol, Type};
use tracing::warn;

use super::batch::Batch;
use crate::serve::config::Listen;
use crate::serve::config::units::Size;

/// A bound socket.
#[derive(Debug)]
pub struct Socket {
    io: UdpSocket,
    state: UdpSocketState,
    local: SocketAddr,
}

impl Socket {
    /// Binds `count` sockets to one address, each with a receive buffer of at least `receive_buffer` bytes if the kernel
    /// lets us. Datagrams of one sender's socket all arrive at one of them.
    pub fn bind(
        listen: Listen,
        receive_buffer: usize,
        count: NonZeroUsize,
    ) -> anyhow::Result<Vec<Self>> {
        let socket = match listen {
            Listen::At(addr) => open(addr, false),
            // Without IPv6, as in many containers, only IPv4 is left.
            Listen::Any(port) => open((Ipv6Addr::UNSPECIFIED, port).into(), false).or_else(|e| {
                if e.kind() == io::ErrorKind::AddrInUse {
                    return Err(e);
                }
                open((Ipv4Addr::UNSPECIFIED, port).into(), false)
            }),
        };
        let first = socket.map_err(|e| explain(e, listen))?;
        let mut sockets = vec![first];
        if count.get() > 1 {
            // Only now may others have the same address: a port that another program holds is taken, as ever.
            let shared = share_port(&sockets[0]).context("cannot share the UDP port")?;
            for _ in 1..count.get() {
                sockets.push(open(shared, true).map_err(|e| explain(e, listen))?);
            }
        }
        sockets.into_iter().map(|socket| Self::set_up(socket, receive_buffer)).collect()
    }

    fn set_up(socket: socket2::Socket, receive_buffer: usize) -> anyhow::Result<Self> {
        grow_receive_buffer(&socket, receive_buffer);
        let io = UdpSocket::from(socket);
        let state = UdpSocketState::new((&io).into()).context("cannot set up the UDP socket")?;
        let local = io.local_addr()?;
        allow_fragments(&io, local);
        forget_what_nobody_reads(&io, local);
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
        batch.fill(|buffers, meta| self.state.recv((&self.io).into(), buffers, meta))
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

fn open(addr: SocketAddr, shared: bool) -> io::Result<socket2::Socket> {
    let socket = socket2::Socket::new(Domain::for_address(addr), Type::DGRAM, Some(Protocol::UDP))?;
    if addr.ip() == IpAddr::V6(Ipv6Addr::UNSPECIFIED) {
        socket.set_only_v6(false)?;
    }
    if shared {
        socket.set_reuse_port(true)?;
    }
    socket.bind(&addr.into())?;
    Ok(socket)
}

/// Lets sockets of this user that ask for it have the same address, and says which it is.
fn share_port(socket: &socket2::Socket) -> io::Result<SocketAddr> {
    socket.set_reuse_port(true)?;
    socket.local_addr()?.as_socket().ok_or_else(|| io::ErrorKind::AddrNotAvailable.into())
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

/// quinn-udp asks for each datagram's ECN bits and destination; the kernel copies both out with every datagram.
fn forget_what_nobody_reads(io: &UdpSocket, local: SocketAddr) {
    #[cfg(target_os = "linux")]
    {
        use nix::sys::socket::{setsockopt, sockopt};
        use rustix::net::sockopt::{set_ip_recvtos, set_ipv6_recvtclass};
        // Where one of them fails, receiving costs a little more.
        let _ = set_ip_recvtos(io, false);
        let _ = setsockopt(io, sockopt::Ipv4PacketInfo, &false);
        if local.is_ipv6() {
            let _ = set_ipv6_recvtclass(io, false);
            let _ = setsockopt(io, sockopt::Ipv6RecvPacketInfo, &false);
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (io, local);
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::time::Duration;

    const LOCAL: Listen = Listen::At(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0));

    fn bind(listen: Listen) -> anyhow::Result<Socket> {
        Ok(Socket::bind(listen, 1 << 16, NonZeroUsize::MIN)?.remove(0))
    }

    fn received(socket: &Socket, batch: &mut Batch) -> Vec<(SocketAddr, Vec<u8>)> {
        for _ in 0..1000 {
            if socket.receive(batch).is_ok() {
                return batch.datagrams().map(|d| (d.from, d.bytes.to_vec())).collect();
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("nothing came");
    }

    #[test]
    fn a_socket_of_both_families_shows_and_answers_ipv4_as_ipv4() {
        let socket = bind(Listen::Any(0)).unwrap();
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
        let socket = bind(LOCAL).unwrap();
        let client = UdpSocket::bind("127.0.0.1:0").unwrap();
        client.send_to(b"", socket.local_addr()).unwrap();
        let got = received(&socket, &mut Batch::new());
        assert_eq!(got, [(client.local_addr().unwrap(), Vec::new())]);
    }

    #[test]
    fn a_taken_port_is_named_with_what_to_do() {
        let two = NonZeroUsize::new(2).unwrap();
        let held = [NonZeroUsize::MIN, two].map(|n| Socket::bind(LOCAL, 1 << 16, n).unwrap());
        for first in held {
            let port = first[0].local_addr().port();
            for count in [NonZeroUsize::MIN, two] {
                let at = Listen::At(([127, 0, 0, 1], port).into());
                let message = Socket::bind(at, 1 << 16, count).unwrap_err().to_string();
                assert!(
                    message.contains(&port.to_string()) && message.contains("--udp"),
                    "{message}"
                );
            }
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn sockets_that_share_a_port_share_the_senders() {
        let sockets = Socket::bind(LOCAL, 1 << 16, NonZeroUsize::new(2).unwrap()).unwrap();
        assert_eq!(sockets[0].local_addr(), sockets[1].local_addr());
        // Each sender comes to one of the two by chance: that 64 all come to the same has odds of 2⁻⁶³.
        let senders: Vec<_> = (0..64).map(|_| UdpSocket::bind("127.0.0.1:0").unwrap()).collect();
        for sender in &senders {
            sender.send_to(b"x", sockets[0].local_addr()).unwrap();
        }
        let mut batch = Batch::new();
        let got: Vec<_> = sockets.iter().map(|s| received(s, &mut batch).len()).collect();
        assert!(got.iter().all(|n| *n > 0), "{got:?}");
    }
}
