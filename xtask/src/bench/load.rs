//! Searches over HTTP, at rest and while events arrive: what ingest costs the queries, and the queries ingest.

use core::net::{Ipv4Addr, SocketAddr};
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::net::UdpSocket;
use std::thread;
use std::time::Instant;

use anyhow::{Result, anyhow, ensure};
use logd_bench::{Load, unix_nanos};
use logd_core::datagram::Signer;
use logd_core::time::UnixNanos;
use logd_proto::prost::Message as _;
use logd_proto::query::QueryRequest;
use logd_proto::wire::{Cmd, Msg};

use super::daemon::{Connection, Daemon, WRITE_SECRET, build_daemon};
use super::machine::{self, Part, bind};
use super::percentiles::Percentiles;
use super::report::thousands;
use super::search::{count, queries};
use super::send::{How, Sent, Traffic, send};

/// Few events have it.
const RARE: &str = "unobtainium7f3a";
/// Between two of them.
const BETWEEN: Duration = Duration::from_secs(2);
/// A rate at which nothing is lost while the daemon is filled.
const FILL: u64 = 200_000;
/// How long the load goes on before the queries begin.
const WARM_UP: Duration = Duration::from_secs(3);

#[derive(clap::Args)]
pub(crate) struct Args {
    /// How many events the daemon keeps.
    #[arg(long, default_value_t = 2_000_000)]
    events: u64,
    /// Events that arrive, a second.
    #[arg(long, default_value_t = 200_000)]
    rate: u64,
    /// Events a datagram.
    #[arg(long, default_value_t = 1)]
    batch: usize,
    /// Runs of each query.
    #[arg(long, default_value_t = 100)]
    runs: usize,
    /// Decides the events.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Measures every query twice and prints the table.
pub(crate) fn run(args: &Args) -> Result<()> {
    build_daemon()?;
    let events = format!("fallback.max_events={}", args.events);
    let settings = [
        "memory_limit=2GiB",
        "fallback.size=768MiB",
        "fallback.hot=768MiB",
        &events,
        "limits.requests_per_second=1000000",
        "limits.burst=1000000",
    ];
    let daemon = Daemon::with(&settings.map(|setting| format!("--set={setting}")))?;
    let mut load = Load::new(args.batch, false, WRITE_SECRET.as_bytes(), args.seed);
    eprintln!("filling");
    let time = Duration::from_secs(args.events / FILL + 1);
    let filled = thread::scope(|scope| {
        let sender = scope.spawn(|| keep_sending(&mut load, daemon.udp, FILL, |sent| sent < time));
        sender.join().map_err(|_| anyhow!("the sender failed"))?
    })?;
    rest(&daemon)?;
    let stored = daemon.settled()?.stored;
    println!(
        "{}; {} events, {} lost while filling.\n",
        machine::describe(),
        thousands(args.events),
        filled.events.saturating_sub(stored)
    );
    let questions = queries(RARE);
    let mut connection = daemon.connect()?;
    eprintln!("at rest");
    let at_rest = measure(&mut connection, &questions, args.runs)?;
    eprintln!("under load");
    let before = daemon.settled()?;
    let stop = AtomicBool::new(false);
    let goes_on = |_| !stop.load(Ordering::Relaxed);
    let (under_load, sent) = thread::scope(|scope| {
        let sender = scope.spawn(|| keep_sending(&mut load, daemon.udp, args.rate, goes_on));
        thread::sleep(WARM_UP);
        let measured = measure(&mut connection, &questions, args.runs);
        stop.store(true, Ordering::Relaxed);
        let sent = sender.join().map_err(|_| anyhow!("the sender failed"))??;
        anyhow::Ok((measured?, sent))
    })?;
    let counted = daemon.settled()?.since(&before);
    println!("| query | found | at rest, p50 | p99 | under load, p50 | p99 | p50 ÷ | p99 ÷ |");
    println!("|---|--:|--:|--:|--:|--:|--:|--:|");
    for (((name, _), rest), load) in questions.iter().zip(&at_rest).zip(&under_load) {
        let ratio =
            |percent| load.times.at(percent).as_secs_f64() / rest.times.at(percent).as_secs_f64();
        let ms = |time: Duration| format!("{:.2} ms", time.as_secs_f64() * 1e3);
        println!(
            "| {name} | {} | {} | {} | {} | {} | {:.1} | {:.1} |",
            load.found,
            ms(rest.times.at(50.0)),
            ms(rest.times.at(99.0)),
            ms(load.times.at(50.0)),
            ms(load.times.at(99.0)),
            ratio(50.0),
            ratio(99.0),
        );
    }
    println!(
        "\nIngest meanwhile: {} events/s sent for {:.0} s, {} stored, {} lost {:?}.",
        thousands(sent.rate() as u64),
        sent.elapsed.as_secs_f64(),
        thousands(counted.stored),
        thousands(sent.events.saturating_sub(counted.stored)),
        counted.drops,
    );
    daemon.stop()
}

struct Measured {
    times: Percentiles,
    found: u64,
}

/// Each question in turn, so that a disturbance hits all of them.
fn measure(
    connection: &mut Connection,
    questions: &[(&str, QueryRequest)],
    runs: usize,
) -> Result<Vec<Measured>> {
    let mut times = vec![Vec::with_capacity(runs); questions.len()];
    let mut found = vec![0; questions.len()];
    for _ in 0..runs {
        for (i, (_, question)) in questions.iter().enumerate() {
            let start = Instant::now();
            let answer = connection.ask(question)?;
            times[i].push(start.elapsed().as_nanos() as u64);
            found[i] = count(&answer);
        }
    }
    let measured = times.into_iter().zip(found);
    Ok(measured.map(|(times, found)| Measured { times: Percentiles::new(times), found }).collect())
}

/// Sends at a rate while `goes_on`, asked with the time so far, and a rare event now and then.
fn keep_sending(
    load: &mut Load,
    to: SocketAddr,
    rate: u64,
    goes_on: impl Fn(Duration) -> bool,
) -> Result<Sent> {
    bind(Part::Load);
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    let mut all = Sent { datagrams: 0, events: 0, bytes: 0, elapsed: Duration::ZERO };
    while goes_on(all.elapsed) {
        let sent = send(load, to, Traffic::new(How::Plain, Some(rate), BETWEEN))?;
        all.elapsed += sent.elapsed;
        all.events += sent.events + 1;
        all.datagrams += sent.datagrams + 1;
        all.bytes += sent.bytes;
        socket.send_to(&rare(), to)?;
    }
    Ok(all)
}

fn rare() -> Vec<u8> {
    let now = unix_nanos();
    let msg = Msg {
        key: "/prod/api/rare".into(),
        txt: format!("request completed request_id={RARE}"),
        severity: 9,
        time_unix_nano: now,
        ..Msg::default()
    };
    let mut datagram = Vec::new();
    let payload = Cmd { msg: Some(msg), ..Cmd::default() }.encode_to_vec();
    let now = UnixNanos(i64::try_from(now).expect("before the year 2262"));
    Signer::new(WRITE_SECRET.as_bytes()).sign(now, &payload, &mut datagram);
    datagram
}

/// Until the daemon has done its upkeep: its rings no longer change.
fn rest(daemon: &Daemon) -> Result<()> {
    let end = Instant::now() + Duration::from_secs(120);
    let mut before = String::new();
    loop {
        thread::sleep(Duration::from_secs(2));
        let rings = daemon.get("/api/v1/rings")?;
        if rings == before {
            return Ok(());
        }
        ensure!(Instant::now() < end, "the daemon does not come to rest");
        before = rings;
    }
}
