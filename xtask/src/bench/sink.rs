//! The least a receiver can do: take datagrams from the kernel and count their bytes.

use alloc::sync::Arc;
use core::net::{Ipv4Addr, SocketAddr};
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::io::{BufRead, BufReader, IoSliceMut, Read};
use std::net::UdpSocket;
use std::os::fd::AsRawFd;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, MultiHeaders, recvmmsg, setsockopt, sockopt};

use super::myself;

/// Messages a `recvmmsg`.
const BATCH: usize = 64;
/// Room for one message: a datagram, or with GRO the kernel's longest train of them.
const MESSAGE: usize = 65_536;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Take trains of datagrams whole.
    #[arg(long)]
    gro: bool,
    /// Size of the kernel's receive buffer, in bytes.
    #[arg(long)]
    buffer: usize,
}

/// Receives until standard input ends; prints the address first and the bytes received last.
pub(crate) fn run(args: &Args) -> Result<()> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    // As the daemon does: above net.core.rmem_max where the process may, else what is allowed.
    if setsockopt(&socket, sockopt::RcvBufForce, &args.buffer).is_err() {
        setsockopt(&socket, sockopt::RcvBuf, &args.buffer).context("SO_RCVBUF")?;
    }
    if args.gro {
        setsockopt(&socket, sockopt::UdpGroSegment, &true).context("UDP_GRO")?;
    }
    socket.set_read_timeout(Some(Duration::from_millis(50)))?;
    println!("{}", socket.local_addr()?);

    let stop = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&stop);
    std::thread::spawn(move || {
        // An error is an end, too.
        let _ = std::io::stdin().read(&mut [0]);
        told.store(true, Ordering::Relaxed);
    });

    let mut room = vec![0; BATCH * MESSAGE];
    let mut received = 0;
    while !stop.load(Ordering::Relaxed) {
        received += receive(&socket, &mut room)?;
    }
    println!("{received}");
    Ok(())
}

/// Bytes of the messages that one call took.
fn receive(socket: &UdpSocket, room: &mut [u8]) -> Result<u64> {
    let mut headers = MultiHeaders::<()>::preallocate(BATCH, None);
    let mut slices: Vec<_> = room.chunks_mut(MESSAGE).map(|c| [IoSliceMut::new(c)]).collect();
    let flags = MsgFlags::MSG_WAITFORONE;
    match recvmmsg(socket.as_raw_fd(), &mut headers, &mut slices, flags, None) {
        Ok(messages) => Ok(messages.map(|m| m.bytes as u64).sum()),
        // Nothing came before the timeout, or a signal did.
        Err(Errno::EAGAIN | Errno::EINTR) => Ok(0),
        Err(e) => Err(e).context("recvmmsg"),
    }
}

/// A sink as a process of its own.
pub(crate) struct Sink {
    child: Child,
    out: BufReader<std::process::ChildStdout>,
    pub(crate) address: SocketAddr,
}

impl Sink {
    pub(crate) fn start(gro: bool, buffer: usize) -> Result<Self> {
        let mut command = Command::new(myself()?);
        command.args(["bench-sink", "--buffer", &buffer.to_string()]);
        if gro {
            command.arg("--gro");
        }
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut out = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut line = String::new();
        out.read_line(&mut line)?;
        let address = line.trim().parse().context("the sink did not say where it listens")?;
        Ok(Self { child, out, address })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends it; bytes that it received.
    pub(crate) fn stop(mut self) -> Result<u64> {
        drop(self.child.stdin.take());
        let mut line = String::new();
        self.out.read_line(&mut line)?;
        self.child.wait()?;
        line.trim().parse().context("the sink did not say what it received")
    }
}
