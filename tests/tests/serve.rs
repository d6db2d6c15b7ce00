//! The daemon as a process: how it starts, what it refuses, how it stops.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::process::{Command, Output, Stdio};

use logd_tests::{Daemon, READ_SECRET, Sender, WRITE_SECRET, message, program};

/// A daemon that ends by itself: its output.
fn ends(command: &mut Command) -> (i32, String, String) {
    let Output { status, stdout, stderr } = command.output().expect("the program runs");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (status.code().expect("no signal ended it"), text(stdout), text(stderr))
}

fn with_secrets(args: &[&str]) -> Command {
    let mut command = program(args);
    command.env("LOGD_READ_SECRET", READ_SECRET).env("LOGD_WRITE_SECRET", WRITE_SECRET);
    command
}

#[test]
fn without_secrets_it_refuses_and_says_how() {
    let (code, stdout, stderr) = ends(&mut program(&["serve"]));
    assert_eq!((code, stdout.as_str()), (2, ""));
    assert!(stderr.contains("logd serve --dev") && stderr.contains("openssl rand"), "{stderr}");
    let mut short = program(&["serve"]);
    let (code, _, stderr) = ends(short.env("LOGD_READ_SECRET", "hunter2"));
    assert!(code == 2 && stderr.contains("16 bytes") && !stderr.contains("hunter2"), "{stderr}");
}

#[test]
fn a_taken_port_is_named_with_the_flag_to_change_it() {
    let held = UdpSocket::bind("127.0.0.1:0").expect("loopback");
    let udp = held.local_addr().expect("bound").to_string();
    for threads in ["ingest_threads=1", "ingest_threads=2"] {
        let args = ["serve", "--udp", &udp, "--http", "127.0.0.1:0", "--set", threads];
        let (code, _, stderr) = ends(&mut with_secrets(&args));
        assert!(code == 2 && stderr.contains(&udp) && stderr.contains("--udp"), "{stderr}");
    }
    let held = TcpListener::bind("127.0.0.1:0").expect("loopback");
    let http = held.local_addr().expect("bound").to_string();
    let (code, _, stderr) =
        ends(&mut with_secrets(&["serve", "--udp", "127.0.0.1:0", "--http", &http]));
    assert!(code == 2 && stderr.contains(&http) && stderr.contains("--http"), "{stderr}");
}

#[test]
fn what_does_not_fit_in_memory_is_refused_with_the_arithmetic() {
    let args = ["serve", "--memory-limit", "100MiB", "--set", "fallback.size=80MiB"];
    let (code, _, stderr) = ends(&mut with_secrets(&args));
    assert_eq!(code, 2);
    for part in ["80 MiB  fallback ring", "replay window", "in all", "100 MiB  memory_limit"] {
        assert!(stderr.contains(part), "{part}: {stderr}");
    }
    let (code, stdout, _) = ends(&mut with_secrets(&["serve", "--check"]));
    assert!(code == 0 && stdout.contains("256 MiB  fallback ring"), "{stdout}");
}

#[test]
fn flag_before_environment_before_file() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("my.toml");
    std::fs::write(&file, "[fallback]\nsize = \"1MiB\"\n[limits]\nsearches = 1\ntails = 7\n")
        .expect("a file");
    let check = |args: &[&str], env: &[(&str, &str)]| {
        let mut command = with_secrets(&["serve", "--check"]);
        let (code, stdout, stderr) = ends(command.args(args).envs(env.iter().copied()));
        assert_eq!(code, 0, "{stderr}");
        stdout
    };
    let config = file.to_str().expect("UTF-8");
    let env = [("LOGD_CONFIG", config)];
    let size = ("LOGD_FALLBACK_SIZE", "2MiB");
    assert!(check(&[], &env).contains(" 1 MiB  fallback ring"));
    assert!(check(&["--config", config], &[]).contains("searches (1)"));
    assert!(check(&[], &[env[0], size]).contains(" 2 MiB  fallback ring"));
    let flag = ["--set", "fallback.size=3MiB"];
    assert!(check(&flag, &[env[0], size]).contains(" 3 MiB  fallback ring"));

    std::fs::write(&file, "[limits]\nttl = \"1s\"\n").expect("a file");
    let (code, _, stderr) = ends(&mut with_secrets(&["serve", "--config", config]));
    assert!(
        code == 2
            && stderr.contains("my.toml: line 2: unknown key `limits.ttl`; did you mean `ttl`?"),
        "{stderr}"
    );
}

#[test]
fn dev_prints_commands_that_work_and_logs_no_secret() {
    let mut command = program(&["serve", "--dev", "--udp", "127.0.0.1:0", "--http", "127.0.0.1:0"]);
    let mut child = command
        .env("LOGD_LOG", "trace")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
    let mut read = || {
        let mut line = String::new();
        stdout.read_line(&mut line).expect("it writes");
        line
    };
    let mut exports: Vec<(String, String)> = Vec::new();
    let mut link = String::new();
    loop {
        let line = read();
        if line.contains("/view/") {
            line.trim().clone_into(&mut link);
        }
        let words = line.trim().strip_prefix("export ").into_iter().flat_map(str::split_whitespace);
        exports.extend(words.filter_map(|w| w.split_once('=')).map(|(k, v)| (k.into(), v.into())));
        // The last command; by then all variables were printed.
        if line.contains("curl -H") {
            break;
        }
    }
    assert_eq!(exports.len(), 4, "{exports:?}");
    let exported = |name: &str| exports.iter().find(|(k, _)| k == name).map_or("", |(_, v)| v);
    let (url, secret) = (exported("LOGD_URL"), exported("LOGD_READ_SECRET"));
    // The secret of a run is hexadecimal: nothing in it to encode.
    assert_eq!(link, format!("{url}/view/#secret={secret}"));
    let client = |args: &[&str]| {
        let mut command = program(args);
        command.envs(exports.iter().map(|(k, v)| (k.as_str(), v.as_str())));
        ends(&mut command)
    };
    let (code, _, stderr) = client(&["send", "--key", "/dev/me/app", "hello"]);
    assert_eq!(code, 0, "{stderr}");
    let mut found = client(&["query", "hello"]);
    for _ in 0..100 {
        if found.0 == 0 {
            break;
        }
        std::thread::sleep(core::time::Duration::from_millis(50));
        found = client(&["query", "hello"]);
    }
    assert!(found.0 == 0 && found.1.contains("hello"), "{found:?}");
    child.kill().expect("it runs");
    let mut log = String::new();
    child.stderr.take().expect("piped").read_to_string(&mut log).expect("UTF-8");
    child.wait().expect("it ends");
    assert!(log.contains("listening") && log.contains("/view/"), "{log}");
    for (name, secret) in exports.iter().filter(|(name, _)| name.ends_with("SECRET")) {
        assert!(!log.contains(secret.as_str()), "{name} is in the log: {log}");
    }
}

#[test]
fn it_stops_in_order_when_nobody_reads_its_output_any_more() {
    let args = ["serve", "--dev", "--udp", "127.0.0.1:0", "--http", "127.0.0.1:0"];
    let mut command = program(&args);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("started");
    let mut first = String::new();
    let mut stderr = BufReader::new(child.stderr.take().expect("piped"));
    stderr.read_line(&mut first).expect("UTF-8");
    assert!(first.contains("listening"), "{first}");
    drop((stderr, child.stdout.take()));
    let pid = nix::unistd::Pid::from_raw(child.id().try_into().expect("a pid"));
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).expect("it runs");
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}

#[test]
fn a_stop_finishes_the_open_response_and_exits_with_zero() {
    let daemon = Daemon::start(&[]);
    Sender::new(&daemon).store([message("/test/stop", "last words")]);
    // A request that is under way: its body has not all arrived.
    let url = daemon.url("");
    let mut stream = TcpStream::connect(url.trim_start_matches("http://")).expect("it listens");
    let head = format!(
        "POST /api/v1/query?format=ndjson HTTP/1.1\r\nhost: x\r\nauthorization: {READ_SECRET}\r\ncontent-length: 2\r\n\r\n\x2a"
    );
    stream.write_all(head.as_bytes()).expect("it reads");
    // The daemon has accepted the connection once it answers a later one.
    daemon.info();
    let stopping = std::thread::spawn(move || daemon.stop());
    std::thread::sleep(core::time::Duration::from_millis(200));
    // `page {}`: the newest events. The body is complete only now.
    stream.write_all(b"\x00").expect("it still reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers, then closes");
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("last words"), "{answer}");
    assert!(stopping.join().expect("no panic").success());
}
