//! Measures what a log call costs the thread that logs, and how long an event takes to a receiving socket.
//!
//! Without a pause the receiving socket's buffer, which is the system's default, overflows: fewer arrive than are sent.
//!
//! `cargo run --release -p logd-client --example latency`

use core::time::Duration;
use logd_client::{Client, LogError, Severity};
use logd_core::datagram::HEADER_LEN;
use logd_proto::borrowed::{Cmd, Msg};
use std::net::UdpSocket;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Instant, SystemTime};

/// How long each measurement takes, unless the calls are used up before.
const TIME: Duration = Duration::from_secs(2);
const MAX_CALLS: usize = 100_000;

type Failure = Box<dyn core::error::Error>;

fn main() -> Result<(), Failure> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    let client = Client::builder(socket.local_addr()?, "secret")
        .key("/bench/client/latency")
        // Room for all calls of a measurement, so that none is refused.
        .queue_bytes(1 << 26)
        .build()?;
    let (arrived, arrivals) = channel();
    thread::spawn(move || receive(&socket, &arrived));

    let log = |i: usize| {
        client
            .event(Severity::INFO, "GET /api/v1/orders answered from the cache of the second level")
            .attr("status", 200)
            .attr("url", "/api/v1/orders")
            .attr("request", i)
            .send()
    };
    let measure = |what: &str, pause| -> Result<(), Failure> {
        let calls = time(pause, log)?;
        client.flush(Duration::from_secs(10))?;
        report(what, &calls, &delays(&arrivals));
        Ok(())
    };

    report("(the clock alone)", &time(Duration::ZERO, |_| Ok(()))?, &[]);
    measure("no pause", Duration::ZERO)?;
    thread::scope(|scope| {
        let other = scope.spawn(|| (0..MAX_CALLS).try_for_each(log));
        measure("no pause, two threads", Duration::ZERO)?;
        other.join().expect("it does not panic").map_err(Failure::from)
    })?;
    client.flush(Duration::from_secs(10))?;
    delays(&arrivals);
    measure("one in 20 µs", Duration::from_micros(20))?;
    measure("one in 500 µs", Duration::from_micros(500))?;
    measure("one in 5 ms", Duration::from_millis(5))?;
    print(&format!("{:#?}", client.stats()));
    Ok(())
}

/// Times calls one by one, `pause` apart, in nanoseconds.
fn time(
    pause: Duration,
    call: impl Fn(usize) -> Result<(), LogError>,
) -> Result<Vec<u64>, Failure> {
    let mut nanos = Vec::with_capacity(MAX_CALLS);
    let begin = Instant::now();
    while nanos.len() < MAX_CALLS && begin.elapsed() < TIME {
        if pause >= Duration::from_millis(1) {
            thread::sleep(pause);
        } else {
            let start = Instant::now();
            while start.elapsed() < pause {
                core::hint::spin_loop();
            }
        }
        let start = Instant::now();
        call(nanos.len())?;
        nanos.push(start.elapsed().as_nanos() as u64);
    }
    Ok(nanos)
}

/// Tells for each event how long after its log call it was read from the socket.
fn receive(socket: &UdpSocket, arrived: &Sender<u64>) {
    let mut buffer = [0; 65_536];
    while let Ok(len) = socket.recv(&mut buffer) {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let Ok(cmd) = Cmd::parse(&buffer[HEADER_LEN..len]) else { continue };
        for msg in cmd.msgs().filter_map(|msg| Msg::parse(msg).ok()) {
            let logged = msg.time.unwrap_or_default().cast_unsigned();
            if arrived.send((since.as_nanos() as u64).saturating_sub(logged)).is_err() {
                return;
            }
        }
    }
}

/// What has arrived until nothing more does.
fn delays(arrivals: &Receiver<u64>) -> Vec<u64> {
    core::iter::from_fn(|| arrivals.recv_timeout(Duration::from_millis(200)).ok()).collect()
}

fn report(what: &str, calls: &[u64], delays: &[u64]) {
    let percentiles = |nanos: &[u64], unit: u64| {
        let mut nanos = nanos.to_vec();
        nanos.sort_unstable();
        let at = |percent: usize| nanos[(nanos.len() - 1) * percent / 100] / unit;
        format!("p50 {:6}  p99 {:6}", at(50), at(99))
    };
    let mut line = format!("{what:22} call, ns: {}", percentiles(calls, 1));
    if !delays.is_empty() {
        line += &format!("   to the socket, µs: {}", percentiles(delays, 1_000));
        line += &format!("   {} arrived", delays.len());
    }
    print(&line);
}

#[expect(clippy::print_stdout, reason = "a program for a terminal")]
fn print(line: &str) {
    println!("{line}");
}
