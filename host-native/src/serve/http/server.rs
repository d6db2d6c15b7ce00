//! Accepts connections and serves them, a bounded number at once, and stops gracefully.

use alloc::sync::Arc;
use core::net::SocketAddr;
use core::time::Duration;
use std::io;

use anyhow::anyhow;
use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use socket2::{Domain, Protocol, SockRef, TcpKeepalive, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tower::ServiceExt as _;
use tracing::{debug, warn};

use super::guard::Peer;
use crate::serve::config::Listen;

/// For a request's line and headers; also how long a connection may idle between requests.
const HEADER_TIME: Duration = Duration::from_secs(30);
/// For what the kernel cannot deliver; after that the peer is taken for gone.
const SEND_TIME: Duration = Duration::from_secs(30);
/// After an error of accept, such as too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// A connection that was silent for so long is asked whether its peer is still there.
const IDLE_TIME: Duration = Duration::from_secs(15);
const BACKLOG: i32 = 1024;
/// For a request's headers, and for what is to be written.
pub(in crate::serve) const BUFFER: usize = 32 << 10;

/// Binds. Must be called within the runtime.
pub(in crate::serve) fn bind(listen: Listen) -> anyhow::Result<TcpListener> {
    let bound = match listen {
        Listen::At(addr) => open(addr),
        Listen::Any(port) => open(([0; 16], port).into()).or_else(|e| {
            if e.kind() == io::ErrorKind::AddrInUse {
                return Err(e);
            }
            open(([0; 4], port).into())
        }),
    };
    bound.map_err(|e| {
        if e.kind() == io::ErrorKind::AddrInUse {
            anyhow!("HTTP {listen} is taken: is another logd running? Stop it, or choose a port with --http")
        } else if e.kind() == io::ErrorKind::PermissionDenied {
            anyhow!("no permission to use HTTP {listen}: choose a port above 1023 with --http")
        } else {
            anyhow!("cannot listen on HTTP {listen}: {e}")
        }
    })
}

fn open(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket =
        socket2::Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    if addr.is_ipv6() && addr.ip().is_unspecified() {
        socket.set_only_v6(false)?;
    }
    // A restart must not wait for the last run's connections to time out.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&addr.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// Serves until `stop` is true, then finishes open responses for at most `stop_time`.
pub(in crate::serve) async fn serve(
    listener: TcpListener,
    router: Router,
    connections: usize,
    mut stop: watch::Receiver<bool>,
    stop_time: Duration,
) {
    let graceful = GracefulShutdown::new();
    let free = Arc::new(Semaphore::new(connections));
    loop {
        // Taken before accept: who finds no place waits in the kernel's queue.
        let accepted = async {
            let place = free.clone().acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            accepted = accepted => accepted,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(e) => {
                warn!("cannot accept a connection: {e}");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        prepare(&stream);
        let router = router.clone();
        let peer = Peer(SocketAddr::new(peer.ip().to_canonical(), peer.port()));
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(peer);
            router.clone().oneshot(request)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_TIME)
            .max_buf_size(BUFFER)
            .serve_connection(TokioIo::new(stream), service);
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(e) = connection.await {
                debug!("connection of {}: {e}", peer.0);
            }
            drop(place);
        });
    }
    drop(listener);
    if tokio::time::timeout(stop_time, graceful.shutdown()).await.is_err() {
        warn!("some responses did not finish within {stop_time:?}");
    }
}

fn prepare(stream: &TcpStream) {
    // Without these a connection works, too, only later or longer.
    let _ = stream.set_nodelay(true);
    // A peer that vanished while there was nothing to send, as in a tail, would keep its place for ever.
    let keepalive = TcpKeepalive::new().with_time(IDLE_TIME).with_interval(IDLE_TIME);
    let _ = SockRef::from(stream).set_tcp_keepalive(&keepalive);
    #[cfg(target_os = "linux")]
    let _ = SockRef::from(stream).set_tcp_user_timeout(Some(SEND_TIME));
    #[cfg(not(target_os = "linux"))]
    let _ = SEND_TIME;
}
