//! Several threads receive: what is stored, refused and counted is what one thread would store, refuse and count.

use core::net::{Ipv4Addr, SocketAddr};
use core::time::Duration;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::UdpSocket;
use std::process::Stdio;
use std::time::{SystemTime, UNIX_EPOCH};

use logd_core::datagram::Signer;
use logd_core::time::UnixNanos;
use logd_proto::wire::{Cmd, Msg, Name, QueryParams};
use logd_tests::{Daemon, READ_SECRET, Sender, WRITE_SECRET, message, program};
use prost::Message as _;

/// Each is a flow of its own, which the kernel gives to one of the threads by chance: that all come to the same of two
/// has odds of 2⁻⁶³.
const SENDERS: usize = 64;

fn sockets() -> Vec<UdpSocket> {
    let socket = || UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has UDP");
    (0..SENDERS).map(|_| socket()).collect()
}

fn signed(secret: &str, cmd: &Cmd) -> Vec<u8> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    let now = UnixNanos(i64::try_from(since.as_nanos()).expect("before 2262"));
    let mut datagram = Vec::new();
    Signer::new(secret.as_bytes()).sign(now, &cmd.encode_to_vec(), &mut datagram);
    datagram
}

fn event(text: &str) -> Vec<u8> {
    let msg = Some(message("/test/threads", text));
    signed(WRITE_SECRET, &Cmd { msg, ..Cmd::default() })
}

fn send(socket: &UdpSocket, datagram: &[u8], to: SocketAddr) {
    socket.send_to(datagram, to).expect("loopback takes it");
}

/// The value of a metric, labels included in its name.
fn metric(page: &str, name: &str) -> f64 {
    let line = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {name}")).parse().expect("a number")
}

#[test]
fn a_copy_over_another_socket_is_refused_and_everything_is_counted_once() {
    const ROUNDS: usize = 20;
    // Copies must be fresh, however slow the machine is.
    let daemon = Daemon::start(&["--set", "ingest_threads=3", "--set", "ttl=60s"]);
    let sockets = sockets();
    let mut sent = 0;
    for round in 0..ROUNDS {
        for (i, socket) in sockets.iter().enumerate() {
            let datagram = event(&format!("{round} {i}"));
            send(socket, &datagram, daemon.udp());
            for copy in [1, 7, 20] {
                send(&sockets[(i + copy) % SENDERS], &datagram, daemon.udp());
            }
        }
        let ping = Cmd { name: Name::Ping.into(), ..Cmd::default() };
        let forged = signed("a secret that nobody configured", &ping);
        send(&sockets[round], &forged, daemon.udp());
        send(&sockets[round + ROUNDS], b"short", daemon.udp());
        sent += 4 * SENDERS + 2;
        // No more under way than a small receive buffer holds.
        daemon.wait_for(|info| info["ingest"]["datagrams"] == sent);
    }
    let events = (ROUNDS * SENDERS) as f64;
    let page = daemon.get("/metrics");
    for (name, expect) in [
        ("logd_received_datagrams_total", sent as f64),
        ("logd_accepted_datagrams_total{command=\"write\"}", events),
        ("logd_offered_events_total", events),
        ("logd_stored_events_total", events),
        ("logd_dropped_total{reason=\"replay\"}", 3.0 * events),
        ("logd_dropped_total{reason=\"bad_mac\"}", ROUNDS as f64),
        ("logd_dropped_total{reason=\"too_short\"}", ROUNDS as f64),
        ("logd_dropped_total{reason=\"kernel_drop\"}", 0.0),
        ("logd_dropped_datagrams_total", sent as f64 - events),
    ] {
        assert_eq!(metric(&page, name), expect, "{name}");
    }
    for thread in 0..3 {
        let busy = format!("logd_ingest_busy_seconds_total{{thread=\"{thread}\"}}");
        assert!(metric(&page, &busy) > 0.0, "thread {thread} did nothing");
    }
    assert!(!page.contains("thread=\"3\""), "a thread too many");
}

#[test]
fn whichever_thread_received_the_question_the_answer_comes_from_where_it_was_asked() {
    let daemon = Daemon::start(&["--set", "ingest_threads=2"]);
    Sender::new(&daemon).store([message("/test/threads", "found")]);
    for socket in sockets() {
        // A connected socket takes datagrams of this one address only.
        socket.connect(daemon.udp()).expect("loopback");
        socket.set_read_timeout(Some(Duration::from_secs(30))).expect("it is above zero");
        let query_params = Some(QueryParams { limit: 1, ..QueryParams::default() });
        let name = Name::Query.into();
        let question = signed(READ_SECRET, &Cmd { name, query_params, ..Cmd::default() });
        socket.send(&question).expect("loopback takes it");
        let mut answer = [0; 4096];
        let len = socket.recv(&mut answer).expect("an answer");
        assert_eq!(Msg::decode(&answer[..len]).expect("an event").txt, "found");
    }
}

#[test]
fn a_stop_stores_what_every_socket_still_holds() {
    let mut command = program(&["serve", "--udp", "127.0.0.1:0", "--http", "127.0.0.1:0"]);
    command.args(["--set", "ingest_threads=2"]).env("LOGD_WRITE_SECRET", WRITE_SECRET);
    let mut child = command.stderr(Stdio::piped()).spawn().expect("the daemon was built");
    let mut log = BufReader::new(child.stderr.take().expect("piped"));
    let mut line = String::new();
    while !line.contains("listening") {
        line.clear();
        assert!(log.read_line(&mut line).expect("UTF-8") > 0, "it ended");
    }
    let udp = line.split("udp=").nth(1).and_then(|rest| rest.split_whitespace().next());
    let udp = udp.and_then(|udp| udp.parse().ok()).expect("it says where it listens");
    for socket in sockets() {
        send(&socket, &event("last words"), udp);
    }
    let pid = nix::unistd::Pid::from_raw(child.id().try_into().expect("a pid"));
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).expect("it runs");
    let mut rest = String::new();
    log.read_to_string(&mut rest).expect("UTF-8");
    assert_eq!(child.wait().expect("it ends").code(), Some(0), "{rest}");
    assert!(rest.contains(&format!("stored={SENDERS} dropped=0")), "{rest}");
}
