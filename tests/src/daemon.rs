//! The real daemon, as a process, on loopback and free ports.

use core::net::{Ipv4Addr, SocketAddr};
use core::time::Duration;
use std::net::{TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::Instant;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

/// Allows queries, in every daemon of the tests.
pub const READ_SECRET: &str = "read secret of the end-to-end tests";
/// Allows storing events.
pub const WRITE_SECRET: &str = "write secret of the end-to-end tests";

/// Longest wait for something that should come at once; a machine may be busy.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running daemon; it is killed when this is dropped.
#[derive(Debug)]
pub struct Daemon {
    child: Child,
    udp: SocketAddr,
    http: SocketAddr,
    flags: Vec<String>,
}

impl Daemon {
    /// Starts one with these flags beside the addresses, and waits until it is ready.
    ///
    /// # Panics
    ///
    /// If it does not get ready.
    pub fn start(flags: &[&str]) -> Self {
        // The kernel names ports that are free; should another program take one at once, start again.
        for _ in 0..5 {
            let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|s| s.local_addr());
            let http = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|s| s.local_addr());
            let (udp, http) = (udp.expect("loopback has UDP"), http.expect("loopback has TCP"));
            if let Some(daemon) = Self::launch(udp, http, flags) {
                return daemon;
            }
        }
        panic!("the daemon does not start");
    }

    fn launch(udp: SocketAddr, http: SocketAddr, flags: &[impl AsRef<str>]) -> Option<Self> {
        let flags: Vec<String> = flags.iter().map(|flag| flag.as_ref().to_owned()).collect();
        let child = program(&["serve", "--udp", &udp.to_string(), "--http", &http.to_string()])
            // Tests ask more often than people do; a flag of the same name wins.
            .args(["--set", "limits.requests_per_second=100000", "--set", "limits.burst=100000"])
            .args(&flags)
            .env("LOGD_READ_SECRET", READ_SECRET)
            .env("LOGD_WRITE_SECRET", WRITE_SECRET)
            .stdin(Stdio::null())
            .spawn()
            .expect("the daemon was built");
        let mut daemon = Self { child, udp, http, flags };
        daemon.gets_ready().then_some(daemon)
    }

    /// Stops it and starts another one in its place.
    ///
    /// # Panics
    ///
    /// If one of both fails.
    #[must_use]
    pub fn restart(self) -> Self {
        let (udp, http, flags) = (self.udp, self.http, self.flags.clone());
        self.stop();
        Self::launch(udp, http, &flags).expect("its ports were free a moment ago")
    }

    fn gets_ready(&mut self) -> bool {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            if self.child.try_wait().expect("it is our child").is_some() {
                return false;
            }
            if ureq::get(self.url("/readyz")).call().is_ok() {
                return true;
            }
            thread::sleep(Duration::from_millis(10));
        }
        false
    }

    /// A line of its `/proc/PID/status` that counts memory, such as `VmHWM`; in bytes.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub fn memory(&self, name: &str) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.expect("the daemon runs");
        let value = status.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(':'));
        let kib = value.and_then(|v| v.trim().strip_suffix(" kB")?.parse::<usize>().ok());
        kib.unwrap_or_else(|| panic!("no {name} in {status}")) << 10
    }

    /// Where it takes datagrams.
    pub fn udp(&self) -> SocketAddr {
        self.udp
    }

    /// The URL of a path that begins with a slash.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.http)
    }

    /// Body of an answer to a reader.
    ///
    /// # Panics
    ///
    /// Unless the answer's status is 200.
    pub fn get(&self, path: &str) -> String {
        let answer = ureq::get(self.url(path)).header("Authorization", READ_SECRET).call();
        let mut answer = answer.unwrap_or_else(|e| panic!("GET {path}: {e}"));
        answer.body_mut().read_to_string().expect("the answer is text")
    }

    /// `GET /info`.
    ///
    /// # Panics
    ///
    /// If it is not JSON.
    pub fn info(&self) -> Value {
        serde_json::from_str(&self.get("/info")).expect("the status is JSON")
    }

    /// Waits until the status fulfils a condition, and returns it.
    ///
    /// # Panics
    ///
    /// If it does not in a long time.
    pub fn wait_for(&self, condition: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + PATIENCE;
        loop {
            let info = self.info();
            if condition(&info) {
                return info;
            }
            assert!(Instant::now() < end, "still waiting: {info:#}");
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// A command of `logd` for this daemon.
    pub fn logd(&self, args: &[&str]) -> Command {
        let mut command = program(args);
        self.environment(&mut command);
        command
    }

    /// Gives another program what a client needs to know.
    pub fn environment(&self, command: &mut Command) {
        command
            .env("LOGD_URL", self.url(""))
            .env("LOGD_ADDR", self.udp.to_string())
            .env("LOGD_READ_SECRET", READ_SECRET)
            .env("LOGD_WRITE_SECRET", WRITE_SECRET)
            .env("NO_COLOR", "1");
    }

    /// Asks it to stop, as an operating system does, and waits.
    ///
    /// # Panics
    ///
    /// If it does not stop in a long time.
    pub fn stop(mut self) -> ExitStatus {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).expect("a process id is positive"));
        kill(pid, Signal::SIGTERM).expect("it is our child");
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("it is our child") {
                return status;
            }
            assert!(Instant::now() < end, "the daemon does not stop");
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It has ended already if it was stopped.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The repository's root.
///
/// # Panics
///
/// Never: this crate lies in it.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the repository")
}

/// The built program, without the settings of who runs the tests.
///
/// # Panics
///
/// If it does not build.
pub fn program(args: &[&str]) -> Command {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    let mut command = Command::new(PROGRAM.get_or_init(build));
    for (name, _) in std::env::vars_os() {
        if name.as_encoded_bytes().starts_with(b"LOGD_") {
            command.env_remove(name);
        }
    }
    command.args(args);
    command
}

/// `cargo xtask test` says where it is; else it is built, which takes no time when it is there.
fn build() -> PathBuf {
    if let Some(path) = std::env::var_os("LOGD_BIN") {
        return PathBuf::from(path);
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(["build", "--quiet", "--package=logd", "--message-format=json-render-diagnostics"])
        .current_dir(repository())
        .stderr(Stdio::inherit())
        .output()
        .expect("cargo runs");
    assert!(built.status.success(), "the daemon does not build");
    let messages = String::from_utf8(built.stdout).expect("cargo's messages are UTF-8");
    let executable = |line| {
        let message: Value = serde_json::from_str(line).ok()?;
        message.get("executable")?.as_str().map(PathBuf::from)
    };
    messages.lines().rev().find_map(executable).expect("cargo says where it put the daemon")
}
