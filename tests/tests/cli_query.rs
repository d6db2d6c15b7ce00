//! The command line against a real daemon: what is sent is found, counted, exported, and found again in the file.

use std::io::{Read as _, Write as _};
use std::process::{Command, Output, Stdio};

use logd_tests::{Daemon, READ_SECRET};
use serde_json::Value;

fn run(command: &mut Command) -> Output {
    command.output().expect("the program runs")
}

/// Runs to the expected exit code; standard output.
fn stdout(command: &mut Command, code: i32) -> String {
    let output = run(command);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{command:?}: {errors}");
    String::from_utf8(output.stdout).expect("it writes UTF-8")
}

/// Runs to exit code 2; standard error.
fn failure(command: &mut Command) -> String {
    let output = run(command);
    assert_eq!(output.status.code(), Some(2), "{command:?}");
    assert!(output.stdout.is_empty(), "{command:?}");
    String::from_utf8(output.stderr).expect("it writes UTF-8")
}

/// Feeds lines to `logd send`.
fn send(daemon: &Daemon, flags: &[&str], lines: &str) {
    let mut args = vec!["send", "--rate", "10000"];
    args.extend(flags);
    let mut child = daemon.logd(&args).stdin(Stdio::piped()).spawn().expect("the program runs");
    child.stdin.take().expect("piped").write_all(lines.as_bytes()).expect("it reads");
    assert!(child.wait().expect("it ends").success());
}

/// A daemon with 3000 events: every third a warning, each tenth of them on two lines.
fn filled() -> Daemon {
    // Nothing may be lost because the machine is busy.
    let daemon = Daemon::start(&["--set", "ttl=10s"]);
    let lines = |from: usize, step: usize| {
        (from..3000).step_by(step).map(|n| format!("event number {n}\n")).collect::<String>()
    };
    send(&daemon, &["--key", "/test/a", "--level", "warn", "--attr", "status=500"], &lines(0, 3));
    send(&daemon, &["--key", "/test/b", "--attr", "user=ann"], &lines(1, 3));
    send(&daemon, &["--key", "/test/b/c", "--attr", "ok=true"], &lines(2, 3));
    daemon.wait_for(|info| info["ingest"]["events_stored"] == 3000);
    let odd = "\u{1b}[31mred\u{7}\nsecond line \u{9b}2J \u{202e}";
    assert_eq!(
        stdout(&mut daemon.logd(&["send", "--key", "/test/odd", "--level", "error", odd]), 0),
        ""
    );
    daemon.wait_for(|info| info["ingest"]["events_stored"] == 3001);
    daemon
}

#[test]
fn an_exported_buffer_answers_as_the_daemon_did() {
    let daemon = filled();
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("all.logd");
    let path = path.to_str().expect("UTF-8");
    assert_eq!(stdout(&mut daemon.logd(&["export", "--output", path]), 0), "");

    let questions: &[&[&str]] = &[
        &[],
        &["--all"],
        &["--all", "--order", "oldest", "--json"],
        &["--limit", "7", "level>=warn number"],
        &["--all", "--utc", "attr.user:ann -99"],
        &["-n", "3", "--order", "oldest", "key:/test/b"],
        &["--count", "1234 OR 567"],
        &["--count", "--json", "level:error"],
        &["--histogram=1s"],
        &["--histogram", "--json", "level:warn"],
        &["--facet", "key", "--facet", "level", "--facet", "attr.status", "--facet-limit", "2"],
        &["--facet", "key", "--json", "--count", "--histogram=1h"],
        &["--from", "1h", "--until", "now", "--all", "/9[0-9]9$/"],
        &["--until", "1h"],
        &["nothing says this"],
    ];
    for question in questions {
        let live = run(daemon.logd(&["query"]).args(*question));
        let file = run(daemon.logd(&["query", "--file", path]).args(*question));
        assert_eq!(live.status, file.status, "{question:?}");
        assert_eq!(live.stderr, file.stderr, "{question:?}");
        assert!(live.stdout == file.stdout, "{question:?} differs");
        let nothing = question.contains(&"nothing says this")
            || question.contains(&"1h") && question.len() == 2;
        assert_eq!(live.status.code(), Some(i32::from(nothing)), "{question:?}");
    }

    // Without a daemon, too; and a filtered export holds what it should.
    let warnings = directory.path().join("warnings.logd");
    let warnings = warnings.to_str().expect("UTF-8");
    stdout(&mut daemon.logd(&["export", "-o", warnings, "level:warn"]), 0);
    let logd = |args: &[&str]| daemon.logd(args);
    let mut count = logd(&["query", "--file", warnings, "--count"]);
    daemon.stop();
    assert_eq!(stdout(&mut count, 0), "1000\n");
}

#[test]
fn an_export_does_not_overwrite_and_a_cut_one_is_read_as_far_as_it_goes() {
    let daemon = filled();
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("all.logd");
    let shown = path.to_str().expect("UTF-8");
    std::fs::write(&path, "precious").expect("a file");
    let error = failure(&mut daemon.logd(&["export", "-o", shown]));
    assert!(error.contains("--force"), "{error}");
    assert_eq!(std::fs::read(&path).expect("still there"), b"precious");
    stdout(&mut daemon.logd(&["export", "--force", "-o", shown]), 0);
    let whole = std::fs::read(&path).expect("written");
    assert_eq!(stdout(&mut daemon.logd(&["query", "--file", shown, "--count"]), 0), "3001\n");
    let names = std::fs::read_dir(directory.path()).expect("a directory").count();
    assert_eq!(names, 1, "nothing is left beside it");

    let piped = run(&mut daemon.logd(&["export", "-o", "-"])).stdout;
    assert!(piped.starts_with(&whole[..8]), "a buffer on standard output");

    std::fs::write(&path, &whole[..whole.len() - 20]).expect("a file");
    let output = run(&mut daemon.logd(&["query", "--file", shown, "--count"]));
    assert_eq!((output.status.code(), &output.stdout[..]), (Some(0), &b"3001\n"[..]));
    assert!(String::from_utf8_lossy(&output.stderr).contains("lost"), "what is missing is told");

    std::fs::write(&path, "no buffer").expect("a file");
    assert!(failure(&mut daemon.logd(&["query", "--file", shown])).contains("no exported buffer"));
}

#[test]
fn pages_are_fetched_until_there_are_enough() {
    let daemon = filled();
    let all = stdout(&mut daemon.logd(&["query", "--all", "--json"]), 0);
    let seqs: Vec<u64> = all
        .lines()
        .map(|line| {
            serde_json::from_str::<Value>(line).expect("JSON")["seq"].as_u64().expect("a number")
        })
        .collect();
    assert_eq!(seqs, (1..=3001).rev().collect::<Vec<_>>());
    let some = stdout(&mut daemon.logd(&["query", "--limit", "2500", "--json"]), 0);
    assert!(all.starts_with(&some) && some.lines().count() == 2500);
    assert_eq!(stdout(&mut daemon.logd(&["query", "--json"]), 0).lines().count(), 100);
}

#[test]
fn what_is_piped_has_no_colour_and_never_drives_a_terminal() {
    let daemon = filled();
    let plain = stdout(daemon.logd(&["query", "key:/test/odd"]).env_remove("NO_COLOR"), 0);
    assert!(
        !plain.contains('\u{1b}') && !plain.contains('\u{7}') && !plain.contains('\u{9b}'),
        "{plain:?}"
    );
    let (first, second) = plain.split_once('\n').expect("two lines");
    assert!(first.contains(" ERROR /test/odd \\x1b[31mred\\x07"), "{plain}");
    assert!(second.starts_with("    second line \\u{9b}2J \\u{202e}"), "{plain}");

    let coloured = stdout(&mut daemon.logd(&["query", "--color", "always", "key:/test/odd"]), 0);
    assert!(coloured.contains("\u{1b}[") && !coloured.contains('\u{7}'), "{coloured:?}");
    let forced = stdout(
        daemon.logd(&["query", "number"]).env_remove("NO_COLOR").env("CLICOLOR_FORCE", "1"),
        0,
    );
    assert!(forced.contains("\u{1b}["));

    let json = stdout(&mut daemon.logd(&["query", "--json", "key:/test/odd"]), 0);
    assert!(!json.trim_end().contains(char::is_control), "{json:?}");
    let event: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(event["text"], "\u{1b}[31mred\u{7}\nsecond line \u{9b}2J \u{202e}");
}

#[test]
fn a_reader_that_goes_away_ends_a_query_quietly() {
    let daemon = filled();
    let mut command = daemon.logd(&["query", "--all", "--json"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("runs");
    let mut first = [0; 10];
    child.stdout.take().expect("piped").read_exact(&mut first).expect("it writes");
    // The pipe is closed now, long before the 3001 events fit it.
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0));
}

#[test]
fn failures_say_what_to_do() {
    let daemon = Daemon::start(&[]);
    let error = failure(daemon.logd(&["query"]).env("LOGD_READ_SECRET", "not the secret at all"));
    assert!(error.contains("refused the secret") && error.contains("LOGD_READ_SECRET"), "{error}");
    let error = failure(daemon.logd(&["query"]).env_remove("LOGD_READ_SECRET"));
    assert!(error.contains("LOGD_READ_SECRET_FILE") && error.contains("--secret-file"), "{error}");
    let error = failure(&mut daemon.logd(&["query", "level>=nonsense"]));
    assert!(
        error.contains("column 8") && error.contains("\n  level>=nonsense\n         ^"),
        "{error}"
    );
    for usage in
        [&["query", "--limit", "0"][..], &["query", "--from", "soon"], &["query", "--no-such-flag"]]
    {
        failure(&mut daemon.logd(usage));
    }
    let error = failure(&mut daemon.logd(&["query", "--facet", "colour"]));
    assert!(error.contains("attr.NAME"), "{error}");
    assert_eq!(stdout(&mut daemon.logd(&["query"]), 1), "");
    assert_eq!(stdout(&mut daemon.logd(&["query", "--count"]), 1), "0\n");

    let secret = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(secret.path(), format!("{READ_SECRET}\n")).expect("written");
    let path = secret.path().to_str().expect("UTF-8");
    let mut from_file = daemon.logd(&["query", "--secret-file", path]);
    stdout(from_file.env("LOGD_READ_SECRET", "wrong, but the flag wins"), 1);
    let mut from_file = daemon.logd(&["query"]);
    stdout(from_file.env_remove("LOGD_READ_SECRET").env("LOGD_READ_SECRET_FILE", path), 1);

    let mut command = daemon.logd(&["query"]);
    daemon.stop();
    let error = failure(&mut command);
    assert!(error.contains("connection refused") && error.contains("logd serve"), "{error}");
}
