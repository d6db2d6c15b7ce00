//! Measures what a log call costs the thread that logs.
//!
//! `cargo run --release -p logd-client --example latency`

use core::hint::black_box;
use core::time::Duration;
use logd_client::{Client, LogError, Severity};
use std::net::UdpSocket;
use std::thread;
use std::time::Instant;

const CALLS: usize = 100_000;

fn main() -> Result<(), Box<dyn core::error::Error>> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    let client = Client::builder(socket.local_addr()?, "secret")
        .key("/bench/client/latency")
        .queue_bytes(1 << 26)
        .build()?;
    // Takes what comes, as a daemon would.
    thread::spawn(move || {
        let mut buffer = [0; 65_536];
        while socket.recv(&mut buffer).is_ok() {}
    });

    let log = |i: usize| {
        client
            .event(Severity::INFO, "GET /api/v1/orders answered from the cache of the second level")
            .attr("status", 200)
            .attr("url", "/api/v1/orders")
            .attr("request", i)
            .send()
    };
    report("(the clock alone)", Duration::ZERO, |i| {
        black_box(i);
        Ok(())
    })?;
    report("no pause", Duration::ZERO, log)?;
    report("one in 20 µs", Duration::from_micros(20), log)?;
    report("one in 500 µs", Duration::from_micros(500), log)?;
    report("one in 5 ms", Duration::from_millis(5), log)?;
    let contended = thread::scope(|scope| {
        let other = scope.spawn(|| (0..CALLS).try_for_each(log));
        report("no pause, two threads", Duration::ZERO, log)?;
        other.join().expect("it does not panic")?;
        Ok::<_, Box<dyn core::error::Error>>(())
    });
    contended?;
    client.flush(Duration::from_secs(10))?;
    println(&format!("{:#?}", client.stats()));
    Ok(())
}

/// Times calls one by one, `pause` apart.
fn report(
    what: &str,
    pause: Duration,
    call: impl Fn(usize) -> Result<(), LogError>,
) -> Result<(), Box<dyn core::error::Error>> {
    let calls =
        if pause.is_zero() { CALLS } else { CALLS.min(2_000_000_000 / pause.as_nanos() as usize) };
    let mut nanos = Vec::with_capacity(calls);
    for i in 0..calls {
        if pause >= Duration::from_millis(1) {
            thread::sleep(pause);
        } else {
            let start = Instant::now();
            while start.elapsed() < pause {
                core::hint::spin_loop();
            }
        }
        let start = Instant::now();
        call(i)?;
        nanos.push(start.elapsed().as_nanos());
    }
    nanos.sort_unstable();
    let percentile = |p: usize| nanos[(calls - 1) * p / 100];
    println(&format!(
        "{what:24} p50 {:6} ns   p90 {:6} ns   p99 {:6} ns   max {:8} ns",
        percentile(50),
        percentile(90),
        percentile(99),
        nanos[calls - 1]
    ));
    Ok(())
}

#[expect(clippy::print_stdout, reason = "a program for a terminal")]
fn println(line: &str) {
    println!("{line}");
}
