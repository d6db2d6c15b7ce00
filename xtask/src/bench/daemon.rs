//! The built daemon, as a process of its own.

use core::net::{Ipv4Addr, SocketAddr};
use core::time::Duration;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use nix::time::ClockId;
use nix::unistd::Pid;

use logd_proto::prost::Message as _;
use logd_proto::query::{QueryRequest, QueryResponse};

use super::metrics::Counters;
use crate::run::terminate;
use crate::sh::{cargo, daemon_path, step};

pub(crate) const WRITE_SECRET: &str = "a write secret for the bench";
const READ_SECRET: &str = "a read secret for the bench";

/// Bytes of socket buffer, for the daemon and for what it is compared with.
pub(crate) const RECEIVE_BUFFER: usize = 16 << 20;

/// A running daemon with its defaults, on loopback and free ports.
pub(crate) struct Daemon {
    child: Child,
    pub(crate) udp: SocketAddr,
    http: SocketAddr,
}

impl Daemon {
    pub(crate) fn start() -> Result<Self> {
        Self::with(&[])
    }

    /// With these flags beside its defaults.
    pub(crate) fn with(flags: &[String]) -> Result<Self> {
        // Free a moment ago; if another program is faster, the daemon says so and the bench ends.
        let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let http = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let mut command = program();
        command.args([
            "serve",
            "--log=warn",
            "--udp",
            &udp.to_string(),
            "--http",
            &http.to_string(),
        ]);
        command.arg(format!("--set=receive_buffer={RECEIVE_BUFFER}"));
        command.args(flags);
        command.env("LOGD_READ_SECRET", READ_SECRET).env("LOGD_WRITE_SECRET", WRITE_SECRET);
        let child = command.stdin(Stdio::null()).spawn().context("cannot start the daemon")?;
        let mut daemon = Self { child, udp, http };
        let end = Instant::now() + Duration::from_secs(10);
        while daemon.get("/readyz").is_err() {
            if let Some(status) = daemon.child.try_wait()? {
                bail!("the daemon ended ({status})");
            }
            ensure!(Instant::now() < end, "the daemon did not get ready");
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(daemon)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its counters, once they no longer change: what was sent has arrived or is lost.
    pub(crate) fn settled(&self) -> Result<Counters> {
        let mut before = self.counters()?;
        for _ in 0..50 {
            std::thread::sleep(Duration::from_millis(100));
            let now = self.counters()?;
            if now == before {
                return Ok(now);
            }
            before = now;
        }
        bail!("the daemon's counters keep changing although nothing is sent");
    }

    pub(crate) fn counters(&self) -> Result<Counters> {
        Counters::parse(&self.get("/metrics")?)
    }

    pub(crate) fn get(&self, path: &str) -> Result<String> {
        let mut body = String::new();
        self.open(path)?.read_to_string(&mut body)?;
        Ok(body)
    }

    /// The body at `path`, to be read as it comes.
    pub(crate) fn open(&self, path: &str) -> Result<BufReader<TcpStream>> {
        let mut stream = TcpStream::connect(self.http)?;
        // HTTP/1.0: the answer comes unchunked and ends with the connection.
        write!(stream, "GET {path} HTTP/1.0\r\nAuthorization: {READ_SECRET}\r\n\r\n")?;
        let mut answer = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            ensure!(answer.read_line(&mut head)? > 0, "{path}: no HTTP answer");
        }
        ensure!(head.contains(" 200 "), "{path}: {head}");
        Ok(answer)
    }

    /// A connection that stays open from question to question.
    pub(crate) fn connect(&self) -> Result<Connection> {
        let stream = TcpStream::connect(self.http)?;
        stream.set_nodelay(true)?;
        Ok(Connection(BufReader::new(stream)))
    }

    /// One of the commands that read from the daemon, set up to read from this one.
    pub(crate) fn client(&self, name: &str) -> Command {
        let mut command = program();
        command.arg(name).arg(format!("--url=http://{}", self.http));
        command.env("LOGD_READ_SECRET", READ_SECRET);
        command
    }

    pub(crate) fn stop(mut self) -> Result<()> {
        let status = terminate(&mut self.child)?;
        ensure!(status.success(), "the daemon stopped with {status}");
        Ok(())
    }
}

/// Asks questions over HTTP.
pub(crate) struct Connection(BufReader<TcpStream>);

impl Connection {
    /// The answer to a question, in protobuf both.
    pub(crate) fn ask(&mut self, question: &QueryRequest) -> Result<QueryResponse> {
        let body = self.post("/api/v1/query", READ_SECRET, &question.encode_to_vec())?;
        Ok(QueryResponse::decode(&body[..])?)
    }

    /// The answer to any request with a body.
    pub(crate) fn post(&mut self, path: &str, secret: &str, body: &[u8]) -> Result<Vec<u8>> {
        let mut request = format!(
            "POST {path} HTTP/1.1\r\nHost: logd\r\nAuthorization: {secret}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        )
        .into_bytes();
        request.extend_from_slice(body);
        self.0.get_mut().write_all(&request)?;
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            ensure!(self.0.read_line(&mut head)? > 0, "no HTTP answer");
        }
        let mut headers = head.lines().filter_map(|line| line.split_once(": "));
        let length = headers.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
        let (_, length) = length.context("an answer of unknown length")?;
        let mut body = vec![0; length.parse().context("a length")?];
        self.0.read_exact(&mut body)?;
        ensure!(head.starts_with("HTTP/1.1 20"), "{head}{}", String::from_utf8_lossy(&body));
        Ok(body)
    }
}

impl Drop for Daemon {
    /// For the ways out through an error; after [`Daemon::stop`] there is nothing left to kill.
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            // It may end by itself between the two.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Builds what is measured. Without the viewer, which costs no time while nobody asks for it, and minutes to build.
pub(super) fn build_daemon() -> Result<()> {
    let args = ["build", "--quiet", "--release", "-p=logd", "--no-default-features"];
    step("build the daemon", cargo().args(args))
}

/// The built program, untouched by settings of the surroundings.
fn program() -> Command {
    let mut command = Command::new(daemon_path("release"));
    for (name, _) in std::env::vars_os() {
        if name.as_encoded_bytes().starts_with(b"LOGD_") {
            command.env_remove(name);
        }
    }
    command
}

/// CPU time that a process has used so far, all its threads, those that ended too.
pub(crate) fn cpu_time(pid: u32) -> Result<Duration> {
    let pid = Pid::from_raw(i32::try_from(pid).context("a process id is positive")?);
    let clock = ClockId::pid_cpu_clock_id(pid).context("no CPU clock")?;
    Ok(Duration::from(clock.now().context("no CPU time")?))
}
