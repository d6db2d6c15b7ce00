//! Redis: events as entries of a stream in memory, over TCP, many a write.

use alloc::collections::BTreeMap;
use core::net::{Ipv4Addr, SocketAddr};
use core::time::Duration;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::Command;
use std::thread;
use std::time::Instant;

use anyhow::{Result, ensure};
use logd_proto::wire::Msg;

use super::plain;
use super::process::{Process, installed};
use crate::bench::daemon::cpu_time;
use crate::bench::machine::{Part, bind};
use crate::bench::report::Receiver;
use crate::bench::send::{Sent, burst, wait_until};

pub(super) const NAMES: [&str; 1] = ["redis-server"];
/// About so many entries stay: a bound, as the daemon's rings have one.
const MAX_ENTRIES: &str = "500000";
/// A server that does not answer for so long is not waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// `None` when it is not installed.
pub(super) fn measure(msgs: &[Msg], rate: Option<u64>, time: Duration) -> Result<Option<Receiver>> {
    let Some(program) = installed(&NAMES) else { return Ok(None) };
    let dir = tempfile::tempdir()?;
    let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
    bind(Part::Receiver);
    let mut command = Command::new(program);
    command.args(["--bind", "127.0.0.1", "--port", &address.port().to_string()]);
    // In memory only.
    command.args(["--save", "", "--appendonly", "no", "--dir"]).arg(dir.path());
    let mut server = Process::start(&mut command)?;
    server.wait_until(|| Ok(TcpStream::connect(address).is_ok()))?;

    let commands: Vec<_> = msgs.iter().map(xadd).collect();
    let before = cpu_time(server.pid())?;
    let (sent, stored) = send(&commands, address, rate, time)?;
    let cpu = cpu_time(server.pid())?.saturating_sub(before);
    server.stop()?;
    Ok(Some(Receiver { sent, stored, drops: BTreeMap::new(), cpu }))
}

/// What was sent, and how many entries the server confirmed.
fn send(
    commands: &[Vec<u8>],
    to: SocketAddr,
    rate: Option<u64>,
    time: Duration,
) -> Result<(Sent, u64)> {
    let mut stream = TcpStream::connect(to)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let replies = stream.try_clone()?;
    // Beside the sender: the answers are its part of the work.
    bind(Part::Load);
    let confirmed = thread::spawn(move || count_replies(replies));

    let mut sent = Sent { datagrams: 0, events: 0, bytes: 0, elapsed: Duration::ZERO };
    let mut write = Vec::new();
    let start = Instant::now();
    for batch in commands.chunks(burst(rate, 1)).cycle() {
        sent.elapsed = start.elapsed();
        if sent.elapsed >= time {
            break;
        }
        write.clear();
        batch.iter().for_each(|command| write.extend_from_slice(command));
        stream.write_all(&write)?;
        sent.datagrams += 1;
        sent.events += batch.len() as u64;
        sent.bytes += write.len() as u64;
        if let Some(rate) = rate {
            wait_until(start + Duration::from_secs_f64(sent.events as f64 / rate as f64));
        }
    }
    // The server answers what it has, and closes then.
    stream.shutdown(Shutdown::Write)?;
    let confirmed = confirmed.join().expect("the counting thread does not panic")?;
    Ok((sent, confirmed))
}

/// Counts the ids of entries: each is a bulk string, `$15`, and digits; errors begin with `-ERR`.
fn count_replies(mut replies: TcpStream) -> Result<u64> {
    let mut buffer = vec![0; 1 << 16];
    let mut count = 0;
    loop {
        let n = replies.read(&mut buffer)?;
        if n == 0 {
            return Ok(count);
        }
        ensure!(!buffer[..n].contains(&b'E'), "it answers with an error");
        count += buffer[..n].iter().filter(|b| **b == b'$').count() as u64;
    }
}

/// `XADD bench MAXLEN ~ n * key … severity … text … attribute …`
fn xadd(msg: &Msg) -> Vec<u8> {
    let severity = msg.severity.to_string();
    let mut parts: Vec<Vec<u8>> = ["XADD", "bench", "MAXLEN", "~", MAX_ENTRIES, "*"]
        .into_iter()
        .chain(["key", &msg.key, "severity", &severity, "text", &msg.txt])
        .map(|part| part.as_bytes().to_vec())
        .collect();
    for a in &msg.attributes {
        parts.push(a.name.clone().into_bytes());
        parts.push(plain(a).into_bytes());
    }
    let mut out = format!("*{}\r\n", parts.len()).into_bytes();
    for part in parts {
        out.extend_from_slice(format!("${}\r\n", part.len()).as_bytes());
        out.extend_from_slice(&part);
        out.extend_from_slice(b"\r\n");
    }
    out
}
