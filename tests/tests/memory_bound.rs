//! The resident set stays within `memory_limit`, whatever everybody does at once.
//!
//! The limit is what the daemon's own plan adds up to, to the byte: if a part of the plan is too small, this is where
//! it shows. Clients use every limit up and ask for more, and half of them hardly read.

use core::net::Ipv4Addr;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use core::time::Duration;
use std::io::{Read as _, Write as _};
use std::net::{TcpStream, UdpSocket};
use std::thread;
use std::time::{Instant, SystemTime};

use logd_core::datagram::Signer;
use logd_core::time::UnixNanos;
use logd_proto::wire::{Attribute, Cmd, Msg, Name, attribute::Value};
use logd_tests::{Daemon, READ_SECRET, WRITE_SECRET, message, program};
use prost::Message as _;

const CONFIGURATION: &str = r#"
receive_buffer = "1MiB"

[[rings]]
prefix = "/load/own"
size = "2MiB"

[fallback]
size = "8MiB"

[limits]
replay_datagrams = 100_000
udp_tails = 2
udp_queries = 2
tails = 4
tail_buffer = "4MiB"
searches = 2
answers = "8MiB"
exports = 2
connections = 32
"#;

/// How long everything goes on, and then with more connections than are allowed.
const LOAD: Duration = Duration::from_secs(6);
const CROWD: Duration = Duration::from_secs(2);

/// Between two pauses of the sender, in which the daemon compresses.
const SLICE: Duration = Duration::from_millis(250);
const PAUSE: Duration = Duration::from_millis(100);

const QUERIES: [&str; 10] = [
    "/api/v1/query?limit=10000",
    "/api/v1/query?limit=10000&order=oldest&format=csv",
    "/api/v1/query?limit=10000&order=oldest&format=protobuf",
    "/api/v1/query?limit=10000&total=true&q=attr.a1%3E0&format=json",
    "/api/v1/query?limit=10000&q=key:/load/own",
    "/api/v1/query?limit=1&total=true&q=/%5Ba-f%5D%7B7%7Dzz/",
    "/api/v1/query?limit=1&total=true&q=absent",
    "/api/v1/histogram?bucket=1us",
    "/api/v1/facets?limit=1000&field=key&field=attr.a1&field=attr.a2&field=attr.a3",
    "/?limit=1000",
];

/// What came of everything.
#[derive(Default)]
struct Seen {
    stop: AtomicBool,
    answered: AtomicU64,
    exported: AtomicU64,
    tailed: AtomicU64,
    refused: AtomicU64,
}

impl Seen {
    fn goes_on(&self) -> bool {
        !self.stop.load(Relaxed)
    }

    /// Reads an answer to its end, or until everything stops: so much at a time, with a pause after it.
    fn read(&self, mut stream: TcpStream, piece: usize, pause: Duration, count: &AtomicU64) {
        stream.set_read_timeout(Some(Duration::from_millis(100))).expect("a timeout above zero");
        let mut buffer = vec![0; piece];
        let mut status = Vec::new();
        while self.goes_on() {
            // A timeout, most of the time: a tail without events, or a daemon that has no place yet.
            let Ok(n) = stream.read(&mut buffer) else { continue };
            status.extend_from_slice(&buffer[..n.min(12 - status.len().min(12))]);
            match (n, &status[..]) {
                (0, b"HTTP/1.1 200") => _ = count.fetch_add(1, Relaxed),
                (0, b"HTTP/1.1 503") => _ = self.refused.fetch_add(1, Relaxed),
                (0, other) => panic!("{}", String::from_utf8_lossy(other)),
                _ => {}
            }
            if n == 0 {
                return;
            }
            thread::sleep(pause);
        }
    }
}

/// A daemon whose limit is what it says that it needs.
fn daemon(directory: &std::path::Path) -> (Daemon, usize) {
    let file = directory.join("logd.toml");
    std::fs::write(&file, CONFIGURATION).expect("a file");
    let config = ["--config", file.to_str().expect("UTF-8")];
    let mut check = program(&[&["serve", "--check"], &config[..]].concat());
    check.env("LOGD_READ_SECRET", READ_SECRET).env("LOGD_WRITE_SECRET", WRITE_SECRET);
    let plan = check.output().expect("the program runs").stdout;
    let plan = String::from_utf8(plan).expect("UTF-8");
    let total = plan.lines().find_map(|l| l.strip_suffix("in all")).expect("a sum");
    let mib: f64 = total.trim().strip_suffix(" MiB").and_then(|n| n.parse().ok()).expect("MiB");
    let limit = mib.ceil() as usize + 1;
    let daemon =
        Daemon::start(&[&config[..], &["--memory-limit", &format!("{limit}MiB")]].concat());
    (daemon, limit << 20)
}

#[test]
fn it_holds_under_ingest_queries_tails_and_exports_at_once() {
    let directory = tempfile::tempdir().expect("a directory");
    let (daemon, limit) = daemon(directory.path());
    let (daemon, seen) = (&daemon, &Seen::default());
    let (fast, slow) = (Duration::ZERO, Duration::from_millis(20));
    thread::scope(|scope| {
        scope.spawn(|| ingest(daemon, seen));
        scope.spawn(|| ask_over_udp(daemon, seen));
        for reader in 0..8 {
            scope.spawn(move || {
                for query in QUERIES.iter().cycle().skip(reader).take_while(|_| seen.goes_on()) {
                    let pause = if reader % 2 == 0 { fast } else { slow };
                    seen.read(daemon.open(query), 64 << 10, pause, &seen.answered);
                }
            });
        }
        // One of each never reads; two more of each than are allowed keep asking.
        let silent = ["/api/v1/tail?after=0", "/api/v1/tail", "/api/v1/export"];
        let silent: Vec<TcpStream> = silent.iter().map(|path| daemon.open(path)).collect();
        for after in ["", "?after=0", "", "?after=0"] {
            let path = format!("/api/v1/tail{after}");
            scope.spawn(move || {
                while seen.goes_on() {
                    tail(seen, daemon.open(&path));
                }
            });
        }
        for (path, pause) in [("", slow), ("?q=attr.a1%3E0", slow), ("", fast)] {
            let path = format!("/api/v1/export{path}");
            scope.spawn(move || {
                while seen.goes_on() {
                    seen.read(daemon.open(&path), 256 << 10, pause, &seen.exported);
                }
            });
        }
        thread::sleep(LOAD);
        let crowd: Vec<TcpStream> = (0..100).map(|_| half_a_request(daemon)).collect();
        thread::sleep(CROWD);
        seen.stop.store(true, Relaxed);
        drop((crowd, silent));
    });
    let info = daemon.info();
    let stored = info["ingest"]["events_stored"].as_u64().expect("a number");
    for (what, n) in [
        ("stored events", stored),
        ("answers", seen.answered.load(Relaxed)),
        ("exports", seen.exported.load(Relaxed)),
        ("events in tails", seen.tailed.load(Relaxed)),
        ("refusals", seen.refused.load(Relaxed)),
    ] {
        println!("{n} {what}");
        assert!(n >= 10, "only {n} {what}: this was no load");
    }
    let (peak, used) = (daemon.memory("VmHWM"), used(&info));
    println!(
        "{} MiB resident at most, {} allowed, {} in rings",
        peak >> 20,
        limit >> 20,
        used >> 20
    );
    assert!(peak <= limit, "{} KiB resident, {} KiB allowed", peak >> 10, limit >> 10);
    assert!(used > 4 << 20 && peak > used, "{used} bytes in rings: this was no load");
}

fn used(info: &serde_json::Value) -> usize {
    let rings = info["store"]["rings"].as_array().expect("rings");
    rings.iter().map(|ring| ring["used"].as_u64().expect("a number") as usize).sum()
}

/// Headers that fill a connection's buffer, and do not end.
fn half_a_request(daemon: &Daemon) -> TcpStream {
    let mut stream =
        TcpStream::connect(daemon.url("").trim_start_matches("http://")).expect("it listens");
    let request = format!("GET / HTTP/1.1\r\nx: {}", "x".repeat(30_000));
    stream.write_all(request.as_bytes()).expect("the kernel takes so much");
    stream
}

/// Counts events until the stream or everything ends.
fn tail(seen: &Seen, mut stream: TcpStream) {
    stream.set_read_timeout(Some(Duration::from_millis(100))).expect("a timeout above zero");
    let mut buffer = vec![0; 64 << 10];
    let mut first = true;
    while seen.goes_on() {
        let Ok(n) = stream.read(&mut buffer) else { continue };
        if n == 0 {
            return;
        }
        if first && buffer.starts_with(b"HTTP/1.1 503") {
            seen.refused.fetch_add(1, Relaxed);
            thread::sleep(Duration::from_millis(100));
            return;
        }
        first = false;
        let events = buffer[..n].windows(7).filter(|w| w == b"\ndata: ").count();
        seen.tailed.fetch_add(events as u64, Relaxed);
    }
}

/// As fast as the socket takes them: events of one shape for a while, then of another.
fn ingest(daemon: &Daemon, seen: &Seen) {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has UDP");
    let signer = Signer::new(WRITE_SECRET.as_bytes());
    let shapes = [short, wide, long, ordinary].map(batches);
    for shape in shapes.iter().cycle() {
        let end = Instant::now() + SLICE;
        for payload in shape.iter().cycle() {
            if !seen.goes_on() {
                return;
            }
            if Instant::now() > end {
                break;
            }
            send(&socket, daemon, &signer, payload);
        }
        thread::sleep(PAUSE);
    }
}

/// Some megabytes of different events, encoded beforehand.
fn batches(shape: fn(u64) -> Msg) -> Vec<Vec<u8>> {
    let mut events = (0..).map(shape);
    let batch = |_| {
        let mut cmd = Cmd::default();
        let mut len = 0;
        cmd.batch.extend(events.by_ref().take_while(|msg| {
            len += msg.encoded_len() + 8;
            len < 30_000
        }));
        cmd.encode_to_vec()
    };
    (0..20).map(batch).collect()
}

/// Many events a block.
fn short(n: u64) -> Msg {
    message("/load/own/x", &(n % 10).to_string())
}

/// As many attributes as an event can have, with names and values as short as they can be.
fn wide(n: u64) -> Msg {
    let attribute =
        |i| Attribute { name: format!("a{i}"), value: Some(Value::Int(noise(n + i) as i64)) };
    Msg { attributes: (0..60).map(attribute).collect(), ..message(&format!("/load/wide/{n}"), "x") }
}

/// A text that JSON makes six times as long.
fn long(n: u64) -> Msg {
    let text: String = (0..3000).map(|i| char::from(noise(n * 3000 + i) as u8 % 32)).collect();
    message("/load/long", &text)
}

fn ordinary(n: u64) -> Msg {
    let text = format!("request {:x} of user {} took {} ms", noise(n), n % 977, n % 101);
    let a1 = Attribute { name: "a1".into(), value: Some(Value::Int(n as i64)) };
    Msg { attributes: vec![a1], ..message("/load/ordinary", &text) }
}

/// Splitmix64.
fn noise(n: u64) -> u64 {
    let z = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 31
}

/// Tails and queries of more addresses than are allowed, which never read.
fn ask_over_udp(daemon: &Daemon, seen: &Seen) {
    let signer = Signer::new(READ_SECRET.as_bytes());
    let sockets: Vec<_> = (0..8)
        .map(|_| UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has UDP"))
        .collect();
    while seen.goes_on() {
        for socket in &sockets {
            for name in [Name::Tail, Name::Query] {
                send(
                    socket,
                    daemon,
                    &signer,
                    &Cmd { name: name.into(), ..Cmd::default() }.encode_to_vec(),
                );
            }
        }
        thread::sleep(Duration::from_millis(500));
    }
}

fn send(socket: &UdpSocket, daemon: &Daemon, signer: &Signer, payload: &[u8]) {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
    let now = UnixNanos(i64::try_from(since.as_nanos()).expect("before the year 2262"));
    let mut datagram = Vec::new();
    signer.sign(now, payload, &mut datagram);
    // Loopback has no room for a moment, at most; then it is one of the lost.
    let _ = socket.send_to(&datagram, daemon.udp());
}
