//! `logd tail`, `logd send` and `logd status` against a real daemon.

use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::process::{Child, ChildStdout, Command, Stdio};

use logd_tests::{Daemon, repository};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

/// A `logd tail`, killed when dropped.
struct Tail {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Tail {
    fn start(mut command: Command) -> Self {
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        Self { child, lines }
    }

    fn line(&mut self) -> String {
        self.lines.next().expect("a line comes").expect("it is text")
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        // Both fail only if it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn send(daemon: &Daemon, args: &[&str]) {
    let status = daemon.logd(&["send"]).args(args).status().expect("the program runs");
    assert_eq!(status.code(), Some(0));
}

fn stored(daemon: &Daemon, n: u64) {
    daemon.wait_for(|info| info["ingest"]["events_stored"] == n);
}

#[test]
fn a_tail_begins_with_the_last_lines_and_follows() {
    let daemon = Daemon::start(&[]);
    for n in 1..=5 {
        send(&daemon, &["--key", "/t/a", &format!("before {n}")]);
        stored(&daemon, n);
    }
    let mut tail = Tail::start(daemon.logd(&["tail", "-n", "2", "level>=info"]));
    assert!(tail.line().ends_with(" INFO  /t/a before 4"));
    assert!(tail.line().ends_with(" INFO  /t/a before 5"));
    daemon.wait_for(|info| info["ingest"]["tails"] == 1);
    send(&daemon, &["--key", "/t/a", "--level", "debug", "does not match"]);
    send(
        &daemon,
        &[
            "--key",
            "/t/a",
            "--level",
            "crit",
            "--attr",
            "status=503",
            "--attr",
            "user=a b",
            "after",
        ],
    );
    assert!(tail.line().ends_with(" ERROR2 /t/a after  status=503 user=\"a b\""));
}

#[test]
fn a_packet_of_another_implementation_shows_in_a_tail_as_in_a_query() {
    let daemon = Daemon::start(&[]);
    let mut tail = Tail::start(daemon.logd(&["tail", "--json"]));
    daemon.wait_for(|info| info["ingest"]["tails"] == 1);
    let mut python = Command::new("python3");
    python.arg("-B").arg(repository().join("docs/examples/send.py"));
    daemon.environment(&mut python);
    let status = python.args(["/other/impl", "hello from elsewhere"]).status();
    assert!(status.expect("python3 is there").success());
    let line = tail.line();
    assert!(line.contains("hello from elsewhere"), "{line}");
    let query = daemon.logd(&["query", "--json", "elsewhere"]).output().expect("it runs");
    assert_eq!(String::from_utf8(query.stdout).expect("UTF-8").trim_end(), line);
}

#[test]
fn a_tail_that_loses_its_daemon_connects_again() {
    let daemon = Daemon::start(&[]);
    send(&daemon, &["--key", "/t/a", "first life"]);
    stored(&daemon, 1);
    let mut tail = Tail::start(daemon.logd(&["tail", "--json"]));
    let text = |line: String| serde_json::from_str::<Value>(&line).expect("JSON")["text"].clone();
    assert_eq!(text(tail.line()), "first life");
    daemon.wait_for(|info| info["ingest"]["tails"] == 1);
    send(&daemon, &["--key", "/t/a", "and more"]);
    assert_eq!(text(tail.line()), "and more");

    let daemon = daemon.restart();
    // Its number is one that the tail has seen. Whether it comes before the tail is back or after, the tail shows it.
    send(&daemon, &["--key", "/t/a", "second life"]);
    assert_eq!(text(tail.line()), "second life");
    let mut errors = BufReader::new(tail.child.stderr.take().expect("piped")).lines();
    let mut error = || errors.next().expect("a line comes").expect("it is text");
    assert!(error().contains("trying again"));
    assert!(error().contains("connected again"));
    assert!(error().contains("started again"));
}

#[test]
fn a_tail_does_not_try_again_what_cannot_work() {
    let daemon = Daemon::start(&[]);
    let run = |command: &mut Command| command.output().expect("the program runs");
    let output = run(daemon.logd(&["tail"]).env("LOGD_READ_SECRET", "not the secret at all"));
    assert_eq!(output.status.code(), Some(2));
    let output = run(&mut daemon.logd(&["tail", "(open"]));
    assert_eq!(output.status.code(), Some(2));
    let mut command = daemon.logd(&["tail"]);
    daemon.stop();
    let output = run(&mut command);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("logd serve"));
}

#[test]
fn standard_input_is_sent_line_by_line_and_passed_through() {
    let daemon = Daemon::start(&["--set", "ttl=10s"]);
    let mut command = daemon.logd(&["send", "--key", "/t/pipe", "--tee", "--rate", "10000"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program runs");
    let mut input: Vec<u8> =
        (1..=2000).flat_map(|n| format!("line {n}\r\n").into_bytes()).collect();
    input.extend(b"caf\xe9\n\n");
    input.extend("x".repeat(40_000).into_bytes());
    let mut stdin = child.stdin.take().expect("piped");
    let written = input.clone();
    let writer = std::thread::spawn(move || stdin.write_all(&written));
    let output = child.wait_with_output().expect("it ends");
    writer.join().expect("no panic").expect("it reads");
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stdout == input, "the tee changes nothing");
    let remarks = String::from_utf8(output.stderr).expect("it writes UTF-8");
    assert!(
        remarks.contains("1 lines were longer") && remarks.contains("1 events had bytes"),
        "{remarks}"
    );
    // 2000 lines, one repaired, no empty one, and one in three parts.
    let info = daemon.wait_for(|info| info["ingest"]["events_stored"] == 2004);
    assert_eq!(info["ingest"]["gaps"], 0, "{info:#}");
    let count = |expr: &str| {
        let output = daemon.logd(&["query", "--count", expr]).output().expect("the program runs");
        String::from_utf8(output.stdout).expect("it writes UTF-8").trim().to_owned()
    };
    assert_eq!(count("/^line [0-9]+$/"), "2000");
    assert_eq!(count("attr.part>=1"), "3");
    assert_eq!(count("caf\u{fffd}"), "1");
}

#[test]
fn an_interrupted_send_keeps_what_it_has() {
    let daemon = Daemon::start(&[]);
    let mut command = daemon.logd(&["send", "--key", "/t/pipe"]);
    let mut child = command.stdin(Stdio::piped()).spawn().expect("the program runs");
    let mut stdin = child.stdin.take().expect("piped");
    stdin.write_all(b"one\n").expect("it reads");
    stored(&daemon, 1);
    kill(Pid::from_raw(i32::try_from(child.id()).expect("positive")), Signal::SIGINT)
        .expect("it runs");
    stdin.write_all(b"last words\n").expect("it reads");
    // The input stays open: it ends by itself.
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
    stored(&daemon, 2);
}

#[test]
fn a_send_that_cannot_arrive_fails() {
    let daemon = Daemon::start(&[]);
    let mut nothing = daemon.logd(&["send", "--key", "/t/a"]);
    assert_eq!(nothing.stdin(Stdio::null()).status().expect("it runs").code(), Some(1));
    let mut command = daemon.logd(&["send", "--key", "/t/a", "hello"]);
    let bad = daemon.logd(&["send", "--key", "x", "hello"]).output().expect("it runs");
    assert_eq!(bad.status.code(), Some(2));
    daemon.stop();
    let output = command.output().expect("it runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("nobody listens"));
}

#[test]
fn the_status_shows_what_was_refused_and_why() {
    let daemon = Daemon::start(&[]);
    send(&daemon, &["--key", "/t/a", "hello"]);
    let mut wrong = daemon.logd(&["send", "--key", "/t/a", "hello"]);
    assert!(
        wrong
            .env("LOGD_WRITE_SECRET", "not the secret at all")
            .status()
            .expect("it runs")
            .success()
    );
    daemon.wait_for(|info| info["ingest"]["datagrams"] == 2);
    let run = |args: &[&str]| {
        let output = daemon.logd(args).output().expect("the program runs");
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("it writes UTF-8")
    };
    let page = run(&["status", "--interval", "50ms"]);
    for expect in [
        &daemon.url("")[..],
        "bad_mac",
        "No live secret gives this signature.",
        "rings",
        "/ (others)",
    ] {
        assert!(page.contains(expect), "{expect} is not in\n{page}");
    }
    assert!(!page.contains('\u{1b}'), "{page}");
    let json: Value =
        serde_json::from_str(&run(&["status", "--json", "-i", "50ms"])).expect("JSON");
    assert_eq!(json["ingest"]["events_stored"], 1);
    assert_eq!(json["ingest"]["drops"]["bad_mac"], 1);
    assert!(json["rates"]["interval"].as_f64().expect("a number") > 0.0);
}
