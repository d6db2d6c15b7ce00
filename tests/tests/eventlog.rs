//! The event log over HTTP, as its clients see it: programs that share no code with this project, and plain requests.

extern crate alloc;

use alloc::collections::BTreeMap;
use core::time::Duration;
use std::process::{Command, Stdio};
use std::thread;

use logd_tests::{Daemon, READ_SECRET, Reply, WRITE_SECRET};
use serde_json::{Value, json};

const DELETE_SECRET: &str = "delete secret of the end-to-end tests";
const WRITE: (&str, &str) = ("authorization", WRITE_SECRET);

fn open(flags: &[&str]) -> Daemon {
    Daemon::start(&[&["--set", "eventlog.enabled=true"], flags].concat())
}

/// One whose events can be deleted.
fn deletable(flags: &[&str]) -> Daemon {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(&file, DELETE_SECRET).expect("a temporary file");
    let path = file.path().to_str().expect("UTF-8");
    open(&[&["--delete-secret-file", path], flags].concat())
}

fn post(daemon: &Daemon, body: &str) -> Reply {
    daemon.request("POST", "/api/v1/eventlog", &[WRITE], body.as_bytes())
}

fn texts(daemon: &Daemon, filter: &str) -> Vec<String> {
    let page = daemon.get(&format!("/api/v1/query?order=oldest&q={filter}"));
    let events = page.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    events.map(|event| event["text"].as_str().expect("text").to_owned()).collect()
}

fn run(daemon: &Daemon, program: &str, args: &[&str]) -> String {
    let mut command = Command::new(program);
    daemon.environment(&mut command);
    command.env("PYTHONDONTWRITEBYTECODE", "1").args(args).stderr(Stdio::inherit());
    let out = command.output().unwrap_or_else(|e| panic!("{program}: {e}"));
    assert!(out.status.success(), "{program}: {}", out.status);
    String::from_utf8(out.stdout).expect("the output is UTF-8")
}

/// The page that the daemon is filling, once it is over.
fn page_of_now(daemon: &Daemon) -> String {
    let received = daemon.get("/api/v1/query?limit=1");
    let event: Value =
        serde_json::from_str(received.lines().next().expect("an event")).expect("JSON");
    event["received"].as_str().expect("a time")[..16].to_owned()
}

#[test]
fn events_are_stored_with_ids_and_bad_ones_told() {
    let daemon = open(&[]);
    let good = r#"{"facility":"web","level":"crit","event":"disk full","timestamp":"2026-01-02T03:04:05Z","additional":{"free":0,"disk":"sda"}}"#;
    let reply = post(&daemon, &format!("[{good},{{\"facility\":\"web\"}},{good}]"));
    assert_eq!(reply.status, 201, "{}", reply.text());
    let answer = reply.json();
    assert!(answer["ids"][0].as_str().unwrap().starts_with("web/20"));
    assert!(answer["ids"][0].as_str().unwrap().ends_with("Z/1"));
    assert!(answer["ids"][2].as_str().unwrap().ends_with("Z/2"));
    assert_eq!(answer["ids"][1], Value::Null);
    assert_eq!(answer["errors"][0]["index"], 1);

    let line = daemon.get("/api/v1/query?limit=1");
    let event: Value = serde_json::from_str(line.trim()).unwrap();
    assert_eq!(event["key"], "/eventlog/web");
    assert_eq!(event["time"], "2026-01-02T03:04:05.000000000Z");
    assert_eq!((&event["severity"], &event["text"]), (&json!(18), &json!("disk full")));
    assert_eq!(event["attributes"], json!({"free": 0, "disk": "sda"}));

    // What only the engine knows to be too much is told in the same way.
    let long = json!({"facility": "web", "level": "info", "event": "x".repeat(60 << 10 | 1)});
    let reply = post(&daemon, &long.to_string());
    assert_eq!(reply.status, 400, "{}", reply.text());
    assert_eq!(reply.json()["ids"], json!([null]));
    assert!(reply.json()["errors"][0]["message"].as_str().unwrap().contains("longer"));
    let metrics = daemon.get("/metrics");
    assert!(metrics.contains("logd_door_stored_events_total{door=\"eventlog\"} 2\n"), "{metrics}");
    assert!(metrics.contains("logd_door_refused_events_total{door=\"eventlog\"} 2\n"), "{metrics}");
    assert!(metrics.contains("logd_dropped_total{reason=\"text_too_long\"} 1\n"), "{metrics}");
}

#[test]
fn the_door_is_closed_unless_it_is_switched_on_and_a_secret_is_shown() {
    let closed = Daemon::start(&[]);
    let reply = closed.request("POST", "/api/v1/eventlog", &[WRITE], b"{}");
    assert_eq!(reply.status, 401, "the read side guards what is not there");
    let reply =
        closed.request("POST", "/api/v1/eventlog", &[("authorization", READ_SECRET)], b"{}");
    assert_eq!(reply.status, 404);

    let daemon = open(&[]);
    for secret in ["", READ_SECRET, "wrong"] {
        let reply = daemon.request("POST", "/api/v1/eventlog", &[("authorization", secret)], b"{}");
        assert_eq!(
            (reply.status, reply.header("www-authenticate").is_some()),
            (401, true),
            "{secret}"
        );
        let reply = daemon.request(
            "POST",
            "/api/v1/messages",
            &[("authorization", secret)],
            b"name=a&msg=b",
        );
        assert_eq!(reply.status, 401, "{secret}");
    }
    assert_eq!(daemon.reply("/api/v1/eventlog").status, 405);
    assert_eq!(post(&daemon, "no json").status, 400);
    assert_eq!(post(&daemon, &" ".repeat(65 << 10)).status, 413);
    let writer = daemon.request("GET", "/api/v1/eventqry/web/2026-01-01", &[WRITE], b"");
    assert_eq!(writer.status, 401);
}

#[test]
fn who_guesses_secrets_is_slowed_down_and_who_writes_is_not() {
    let daemon = open(&["--set", "limits.requests_per_second=1", "--set", "limits.burst=8"]);
    let body = r#"{"facility":"web","level":"info","event":"x"}"#;
    assert!((0..20).all(|_| post(&daemon, body).status == 201));
    let guess =
        || daemon.request("POST", "/api/v1/eventlog", &[("authorization", "guess")], b"{}").status;
    assert!((0..20).any(|_| guess() == 429));
    assert_eq!(post(&daemon, body).status, 201);
}

#[test]
fn a_signed_request_counts_once() {
    // The commands of docs/eventlog.md, with curl's output instead of its body.
    let daemon = open(&["--set", "ttl=10s"]);
    let script = r#"
body='{"event":"disk full"}' t=$(date -u +%Y-%m-%dT%H:%M:%S.%NZ)
sig=$(printf 'web\nerror\n%s\n%s' "$t" "$(printf %s "$body" | openssl dgst -sha256 -r | cut -d' ' -f1)" | openssl dgst -sha256 -hmac "$LOGD_WRITE_SECRET" -r | cut -d' ' -f1)
send() { curl -s -w '%{http_code} ' -o /dev/null "$LOGD_URL/api/v1/eventlog" -H "Logd-Facility: $1" -H "Logd-Level: error" -H "Logd-Timestamp: $t" -H "Logd-Signature: $sig" -d "$body"; }
send web; send web; send db
"#;
    assert_eq!(run(&daemon, "bash", &["-c", script]), "201 409 401 ");
    assert_eq!(texts(&daemon, "key:/eventlog/web+level:error"), ["disk full"]);
    let drops = daemon.info()["ingest"]["drops"].clone();
    assert_eq!(drops, json!({"replay": 1}));

    let old = [
        ("logd-facility", "web"),
        ("logd-level", "info"),
        ("logd-timestamp", "2020-01-01T00:00:00Z"),
        ("logd-signature", &*"0".repeat(64)),
    ];
    let reply = daemon.request("POST", "/api/v1/eventlog", &old, b"{}");
    assert_eq!(reply.status, 401);
    assert!(reply.text().contains("behind the daemon's clock"), "{}", reply.text());
}

#[test]
fn python_logs_through_its_standard_library() {
    let daemon = open(&[]);
    let script = r#"
import logging, logging.handlers, os
handler = logging.handlers.HTTPHandler(
    os.environ["LOGD_URL"].removeprefix("http://"), "/api/v1/messages", method="POST",
    credentials=("app", os.environ["LOGD_WRITE_SECRET"]))
log = logging.getLogger("app.db")
log.setLevel(logging.DEBUG)
log.addHandler(handler)
log.warning("slow query: %s took %.1f s", "SELECT 'größer'", 2.25)
log.debug("100%")
try:
    1 / 0
except ZeroDivisionError:
    log.exception("cannot divide %(what)s", {"what": 1}, extra={"request_id": "r-7"})
"#;
    run(&daemon, "python3", &["-c", script]);
    assert_eq!(
        texts(&daemon, "key:/eventlog/app.db"),
        ["slow query: SELECT 'größer' took 2.2 s", "100%", "cannot divide 1"]
    );
    let line = daemon.get("/api/v1/query?limit=1");
    let event: Value = serde_json::from_str(line.trim()).unwrap();
    assert_eq!(event["level"], "error");
    assert_eq!(event["attributes"]["request_id"], "r-7");
    assert!(event["attributes"]["lineno"].is_i64());
    assert!(event["attributes"]["exc_info"].as_str().unwrap().contains("ZeroDivisionError"));
}

#[test]
fn a_finished_page_is_complete_and_stays() {
    // Nothing is compressed, so that little overwrites all.
    let daemon = deletable(&["--set", "fallback.size=2MiB", "--set", "fallback.hot=2MiB"]);
    let event = |n: u32, level: &str| json!({"facility": "web", "level": level, "event": format!("event {n}")});
    let all: Vec<_> =
        (0..2000).map(|n| event(n, if n % 2 == 0 { "info" } else { "error" })).collect();
    for part in all.chunks(500) {
        assert_eq!(post(&daemon, &json!(part).to_string()).status, 201);
    }
    post(&daemon, &json!({"facility": "db", "level": "info", "event": "another"}).to_string());
    let minute = page_of_now(&daemon);
    let path = format!("/api/v1/eventqry/web/{minute}");
    let running = daemon.reply(&path);
    if running.status == 503 {
        let wait = running.header("retry-after").unwrap().parse().unwrap();
        assert!(running.text().contains("not finished") && (1..=61).contains(&wait));
        thread::sleep(Duration::from_secs(wait));
    }
    let page = daemon.reply(&path);
    assert_eq!(page.status, 200, "{}", page.text());
    // The minute may have turned while the events were sent: then the rest is on the next page.
    let json = page.json();
    let events = json["events"].as_array().unwrap();
    assert_eq!(json["count"], events.len());
    assert!(events.iter().all(|e| e["id"].as_str().unwrap().starts_with("web/")));
    assert!(events.iter().all(|e| e["received"].as_str().unwrap().starts_with(&minute)));
    assert!(
        events
            .iter()
            .zip(&events[1..])
            .all(|(a, b)| a["received"].as_str() <= b["received"].as_str())
    );
    assert!(
        !events.is_empty()
            && events.iter().all(|e| e["event"].as_str().unwrap().starts_with("event "))
    );
    assert!(page.header("link").unwrap().contains("rel=\"prev\""));
    // This daemon was started within the page's minute, or before it; and nothing later has come to its ring yet.
    assert_eq!(page.header("cache-control"), Some("private, no-cache"));
    assert!(matches!(page.header("logd-missing"), None | Some("restarted")));

    post(&daemon, &event(9999, "info").to_string());
    let settled = daemon.reply(&path);
    assert_eq!(settled.body, page.body);
    if settled.header("logd-missing").is_none() {
        assert!(settled.header("cache-control").unwrap().contains("immutable"));
    }
    let tag = settled.header("etag").unwrap();
    post(&daemon, &event(9999, "info").to_string());
    assert_eq!(daemon.reply(&path).header("etag"), Some(tag));
    let headers = [("authorization", READ_SECRET), ("if-none-match", tag)];
    assert_eq!(daemon.request("GET", &path, &headers, b"").status, 304);
    let errors = daemon.reply(&format!("{path}?level=error"));
    assert_eq!(errors.json()["count"], events.iter().filter(|e| e["level"] == "error").count());
    assert_ne!(errors.header("etag"), Some(tag));

    let next = json["next"].as_str().unwrap();
    assert_eq!(daemon.reply(next).status, 503);
    assert_eq!(daemon.reply("/api/v1/eventqry/web/yesterday").status, 400);
    assert_eq!(daemon.reply("/api/v1/eventqry/web/2020-01-01?lvl=info").status, 400);
    let before = daemon.reply("/api/v1/eventqry/web/2020-01-01");
    assert_eq!((before.status, before.header("logd-missing")), (200, Some("restarted")));
    assert_eq!(before.json()["events"], json!([]));

    // Unless events of it are deleted, all of them even.
    let secret = ("authorization", DELETE_SECRET);
    let deleted = daemon.request("DELETE", "/api/v1/eventlog?facility=*&until=0s", &[secret], b"");
    assert_eq!(deleted.status, 200, "{}", deleted.text());
    let deleted = daemon.reply(&path);
    assert_eq!(
        (deleted.header("logd-missing"), &deleted.json()["count"]),
        (Some("deleted"), &json!(0))
    );
    assert_ne!(deleted.header("etag"), Some(tag));

    // Until its ring overwrites it.
    let long =
        json!(vec![json!({"facility": "db", "level": "info", "event": "y".repeat(2000)}); 30]);
    let overwritten = (0..100).find_map(|_| {
        assert_eq!(post(&daemon, &long.to_string()).status, 201);
        Some(daemon.reply(&path)).filter(|page| page.header("logd-missing") == Some("overwritten"))
    });
    let overwritten = overwritten.expect("the ring is small");
    assert_eq!(overwritten.json()["missing"], "overwritten");
    assert_ne!(overwritten.header("etag"), Some(tag));
    assert_eq!(overwritten.header("cache-control"), Some("private, no-cache"));
}

#[test]
fn counts_by_day_facility_and_level() {
    let daemon = open(&[]);
    for (facility, level, n) in [("web", "error", 3), ("web", "info", 2), ("db", "error", 1)] {
        let events = vec![json!({"facility": facility, "level": level, "event": "x"}); n];
        assert_eq!(post(&daemon, &json!(events).to_string()).status, 201);
    }
    let counts = |path: &str| {
        let answer = daemon.reply(&format!("/api/v1/counts/{path}"));
        assert_eq!(answer.status, 200, "{}", answer.text());
        let counts = answer.json()["counts"].as_array().unwrap().clone();
        let count = |c: &Value| {
            (c["facility"].to_string(), c["level"].to_string(), c["count"].as_u64().unwrap())
        };
        // Around midnight a count may be of two days.
        let mut sums = BTreeMap::new();
        for (facility, level, n) in counts.iter().map(count) {
            *sums.entry(format!("{facility} {level}").replace('"', "")).or_insert(0) += n;
        }
        sums.into_iter().collect::<Vec<_>>()
    };
    let sums =
        |list: &[(&str, u64)]| list.iter().map(|(k, n)| ((*k).to_owned(), *n)).collect::<Vec<_>>();
    assert_eq!(
        counts("2026-01-01/2100-01-01/*/*"),
        sums(&[("db error", 1), ("web error", 3), ("web info", 2)])
    );
    assert_eq!(counts("2026-01-01/2100-01-01/error,crit/web"), sums(&[("web error", 3)]));
    assert_eq!(
        counts("2026-01-01/2100-01-01/error/web/db"),
        sums(&[("db error", 1), ("web error", 3)])
    );
    assert_eq!(counts("2020-01-01/2020-12-31/*/*"), []);
    for bad in ["2026-01-01/2100-01-01/loud/web", "now/2100-01-01/*/*"] {
        assert_eq!(daemon.reply(&format!("/api/v1/counts/{bad}")).status, 400, "{bad}");
    }
}

#[test]
fn deletion_has_a_right_of_its_own_and_is_exact() {
    let daemon = deletable(&[]);
    for facility in ["web", "db"] {
        let events: Vec<_> = (0..300).map(|n| json!({"facility": facility, "level": "info", "event": format!("{facility} {n}")})).collect();
        assert_eq!(post(&daemon, &json!(events).to_string()).status, 201);
    }
    let secret = ("authorization", DELETE_SECRET);
    let delete = |query: &str, secret| {
        daemon.request("DELETE", &format!("/api/v1/eventlog?{query}"), &[secret], b"")
    };
    for other in [WRITE, ("authorization", READ_SECRET)] {
        assert_eq!(delete("facility=web&until=0s", other).status, 401);
    }
    assert_eq!(delete("facility=web", secret).status, 400);
    assert_eq!(post(&daemon, "{}").status, 400);
    let written = daemon.request("POST", "/api/v1/eventlog", &[secret], b"{}");
    assert_eq!(written.status, 401, "who deletes cannot write");
    assert_eq!(delete("facility=web&until=1h", secret).json(), json!({"deleted": 0}));
    assert_eq!(delete("facility=web&until=0s", secret).json(), json!({"deleted": 300}));
    assert_eq!(texts(&daemon, "key:/eventlog/web").len(), 0);
    assert_eq!(texts(&daemon, "key:/eventlog/db&limit=1000").len(), 300);
    let ring = daemon.info()["store"]["rings"][0].clone();
    assert_eq!(
        (&ring["stored"], &ring["size"], &ring["deleted"]),
        (&json!(600), &json!(300), &json!(300))
    );
}

#[test]
fn counts_say_how_much_is_gone() {
    let daemon = open(&["--set", "fallback.size=64KiB"]);
    let event = json!({"facility": "web", "level": "info", "event": "y".repeat(1000)});
    post(&daemon, &event.to_string());
    let day = page_of_now(&daemon)[..10].to_owned();
    for _ in 0..20 {
        assert_eq!(post(&daemon, &json!(vec![event.clone(); 20]).to_string()).status, 201);
    }
    // The day is not over, but the counts say what is gone of it.
    let counts = daemon.reply(&format!("/api/v1/counts/{day}/2100-01-01/*/*")).json();
    let held: u64 =
        counts["counts"].as_array().unwrap().iter().map(|c| c["count"].as_u64().unwrap()).sum();
    let overwritten = counts["overwritten"].as_u64().unwrap();
    assert!(overwritten > 0);
    assert_eq!(held + overwritten, 401);
}
