//! rsyslog: events as RFC 5424 messages over UDP, written to a file.

use alloc::collections::BTreeMap;
use core::fmt::Write as _;
use core::net::Ipv4Addr;
use core::time::Duration;
use std::fs::{self, File};
use std::io::{ErrorKind, Read as _};
use std::net::UdpSocket;
use std::path::Path;
use std::process::Command;
use std::thread;

use anyhow::Result;
use logd_bench::Load;
use logd_core::severity::{Level, Severity};
use logd_proto::wire::Msg;

use super::plain;
use super::process::{Process, installed};
use crate::bench::daemon::{RECEIVE_BUFFER, cpu_time};
use crate::bench::machine::{Part, bind};
use crate::bench::report::Receiver;
use crate::bench::send::{How, Traffic, send};

/// Not everybody's PATH has the programs of administrators.
pub(super) const NAMES: [&str; 2] = ["rsyslogd", "/usr/sbin/rsyslogd"];

/// What is not set has rsyslog's default.
fn configuration(port: u16, file: &Path) -> String {
    format!(
        "module(load=\"imudp\")\n\
         input(type=\"imudp\" address=\"127.0.0.1\" port=\"{port}\" rcvbufSize=\"{RECEIVE_BUFFER}\")\n\
         action(type=\"omfile\" file=\"{}\")\n",
        file.display()
    )
}

/// `None` when it is not installed.
pub(super) fn measure(msgs: &[Msg], rate: Option<u64>, time: Duration) -> Result<Option<Receiver>> {
    let Some(program) = installed(&NAMES) else { return Ok(None) };
    let dir = tempfile::tempdir()?;
    let (conf, log) = (dir.path().join("conf"), dir.path().join("log"));
    let to = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
    fs::write(&conf, configuration(to.port(), &log))?;

    bind(Part::Receiver);
    let mut command = Command::new(program);
    command.arg("-n").arg("-f").arg(&conf).arg("-i").arg(dir.path().join("pid"));
    let mut server = Process::start(&mut command)?;
    let probe = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    server.wait_until(|| {
        // Refused until it listens.
        let _ = probe.send_to(syslog(&msgs[0]).as_bytes(), to);
        Ok(fs::metadata(&log).is_ok_and(|m| m.len() > 0))
    })?;
    let probes = settled_lines(&log)?;

    let mut load = Load::unsigned(msgs.iter().map(|m| syslog(m).into_bytes()).collect());
    let before = cpu_time(server.pid())?;
    bind(Part::Load);
    let sent = send(&mut load, to, Traffic::new(How::Plain, rate, time))?;
    let stored = settled_lines(&log)? - probes;
    let cpu = cpu_time(server.pid())?.saturating_sub(before);
    server.stop()?;
    Ok(Some(Receiver { sent, stored, drops: BTreeMap::new(), cpu }))
}

/// Lines of the file once it no longer grows: what is queued within the server has been written.
fn settled_lines(file: &Path) -> Result<u64> {
    let mut before = 0;
    loop {
        thread::sleep(Duration::from_millis(500));
        let now = fs::metadata(file)?.len();
        if now == before {
            return lines(file);
        }
        before = now;
    }
}

fn lines(file: &Path) -> Result<u64> {
    let mut file = File::open(file)?;
    let mut buffer = vec![0; 1 << 20];
    let mut lines = 0;
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(lines),
            Ok(n) => lines += buffer[..n].iter().filter(|b| **b == b'\n').count() as u64,
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(e.into()),
        }
    }
}

/// An RFC 5424 message, attributes as structured data; the time is any, for rsyslog does not look at its age.
fn syslog(msg: &Msg) -> String {
    // Facility 16 is local0.
    let priority = 16 * 8 + severity(msg.severity);
    let mut out = format!("<{priority}>1 2026-01-02T03:04:05.678901Z web-1 {} - - ", msg.key);
    if msg.attributes.is_empty() {
        out.push('-');
    } else {
        out.push_str("[logd@32473");
        for a in &msg.attributes {
            let value = plain(a).replace('\\', "\\\\").replace('"', "\\\"").replace(']', "\\]");
            write!(out, " {}=\"{value}\"", a.name).expect("writing to memory cannot fail");
        }
        out.push(']');
    }
    out.push(' ');
    out.push_str(&msg.txt);
    out
}

/// RFC 5424, section 6.2.1, table 2.
fn severity(number: u32) -> u8 {
    match Severity::from_number(number).map(Severity::level) {
        Some(Level::Fatal) => 2,
        Some(Level::Error) => 3,
        Some(Level::Warn) => 4,
        Some(Level::Info | Level::None) | None => 6,
        Some(Level::Debug | Level::Trace) => 7,
    }
}
