//! The HTTP interface of a real daemon: every answer and every refusal.

use logd_proto::query::{Page, QueryRequest, QueryResponse};
use logd_tests::{Daemon, READ_SECRET, Sender, WRITE_SECRET, message};
use prost::Message as _;
use serde_json::Value;

/// Ten events: even ones of `/test/even`, odd ones of `/test/odd` as warnings.
fn filled(flags: &[&str]) -> Daemon {
    let daemon = Daemon::start(flags);
    Sender::new(&daemon).store((0..10).map(|n| {
        let odd = n % 2 == 1;
        let mut msg = message(if odd { "/test/odd" } else { "/test/even" }, &format!("event {n}"));
        msg.severity = if odd { 13 } else { 9 };
        msg.response_status = 200 + n;
        msg
    }));
    daemon
}

fn texts(reply: &logd_tests::Reply) -> Vec<String> {
    assert_eq!(reply.status, 200, "{}", reply.text());
    let lines = reply.text().lines().map(|l| serde_json::from_str::<Value>(l).expect("JSON"));
    lines.map(|e| e["text"].as_str().expect("text").to_owned()).collect()
}

#[test]
fn pages_in_every_form_and_order() {
    let daemon = filled(&[]);
    let get = |query: &str| daemon.reply(&format!("/api/v1/query?{query}"));
    assert_eq!(texts(&get("limit=3")), ["event 9", "event 8", "event 7"]);
    assert_eq!(texts(&get("order=oldest&limit=2")), ["event 0", "event 1"]);
    assert_eq!(texts(&get("q=key:/test/odd+level%3E%3Dwarn&limit=1")), ["event 9"]);
    assert_eq!(texts(&get("q=nothing+like+it")), [""; 0]);
    assert_eq!(texts(&get("from=1h&until=30m")), [""; 0]);
    assert_eq!(texts(&get("from=1h")).len(), 10);

    let array = get("format=json");
    assert_eq!(array.header("content-type"), Some("application/json"));
    assert_eq!(array.json().as_array().unwrap().len(), 10);
    assert_eq!(array.json()[0]["attributes"]["status"], 209);
    let csv = get("format=csv&limit=1");
    assert!(csv.text().lines().nth(1).unwrap().contains(",/test/odd,warn,13,event 9,"));
    let accept = [("authorization", READ_SECRET), ("accept", "application/x-protobuf")];
    let protobuf = daemon.request("GET", "/api/v1/query?limit=4", &accept, b"");
    assert_eq!(protobuf.header("content-type"), Some("application/x-protobuf"));
    let answer = QueryResponse::decode(&protobuf.body[..]).unwrap();
    assert_eq!(answer.rows.unwrap().seq, [10, 9, 8, 7]);
}

#[test]
fn cursors_go_through_everything_once_and_totals_count_it() {
    let daemon = filled(&[]);
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let reply = daemon.reply(&format!("/api/v1/query?limit=3&total=true&cursor={cursor}"));
        assert_eq!(reply.header("logd-total"), Some("10"));
        seen.extend(texts(&reply));
        match reply.header("logd-next-cursor") {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    let expect: Vec<_> = (0..10).rev().map(|n| format!("event {n}")).collect();
    assert_eq!(seen, expect);
}

#[test]
fn a_page_above_the_limit_says_that_it_is_capped() {
    let daemon = filled(&["--set", "limits.page=4"]);
    let reply = daemon.reply("/api/v1/query?limit=5");
    assert_eq!((texts(&reply).len(), reply.header("logd-capped")), (4, Some("true")));
    let reply = daemon.reply("/api/v1/query?limit=4");
    assert_eq!((texts(&reply).len(), reply.header("logd-capped")), (4, None));
}

#[test]
fn a_posted_question_asks_for_everything_at_once() {
    let daemon = filled(&[]);
    let request = QueryRequest {
        filter: "level=warn".into(),
        page: Some(Page { limit: 1, ..Page::default() }),
        total: true,
        ..QueryRequest::default()
    };
    let headers = [("authorization", READ_SECRET), ("content-type", "application/x-protobuf")];
    let post = |body: &[u8]| daemon.request("POST", "/api/v1/query", &headers, body);
    let answer = QueryResponse::decode(&post(&request.encode_to_vec()).body[..]).unwrap();
    assert_eq!(answer.total, Some(5));
    assert_eq!(answer.rows.unwrap().seq, [10]);
    let reply = post(b"\xff\xff\xff");
    assert_eq!(reply.status, 400);
    assert!(reply.text().contains("QueryRequest"), "{}", reply.text());
}

#[test]
fn counts_by_time_and_by_value() {
    let daemon = filled(&[]);
    let histogram = daemon.reply("/api/v1/histogram?bucket=1h&q=key:/test").json();
    let buckets = histogram["buckets"].as_array().unwrap();
    let levels =
        |name: &str| -> u64 { buckets.iter().filter_map(|b| b["levels"][name].as_u64()).sum() };
    assert_eq!((levels("info"), levels("warn"), histogram["total"].as_u64()), (5, 5, Some(10)));
    let facets = daemon.reply("/api/v1/facets?field=key&field=attr.status&limit=1").json();
    assert_eq!(facets["facets"][0]["values"][0]["value"], "/test/even");
    assert_eq!(facets["facets"][0]["values"][0]["count"], 5);
    assert_eq!(facets["facets"][1]["present"], 10);
    let rings = daemon.reply("/api/v1/rings").json();
    assert_eq!((&rings[0]["key"], &rings[0]["size"]), (&"/".into(), &10.into()));
    assert_eq!(daemon.reply("/api/v1/stats").json()["ingest"]["events_stored"], 10);
}

#[test]
fn the_original_interface_answers_as_it_did() {
    let daemon = filled(&[]);
    let newest = daemon.reply("/?limit=2").json();
    assert_eq!(newest.as_array().unwrap().len(), 2);
    assert_eq!(newest[0]["txt"], "event 9");
    assert_eq!((&newest[0]["lvl"], &newest[0]["key"]), (&4.into(), &"/test/odd".into()));
    assert_eq!(newest[0]["responseStatus"], 209);
    assert!(newest[0]["t"]["seconds"].as_i64().unwrap() > 1_700_000_000);
    assert_eq!(newest[0].get("stackTrace"), None);
    assert_eq!(daemon.reply("/?offset=9").json()[0]["txt"], "event 0");
    assert_eq!(daemon.reply("/?svc=even&limit=1").json()[0]["txt"], "event 8");
    assert_eq!(daemon.reply("/?env=tes").json(), Value::Array(Vec::new()));
    let info = daemon.reply("/info").json();
    assert_eq!(
        (&info["store"]["writes"], &info["store"]["rings"][0]["head"]),
        (&10.into(), &10.into())
    );
    let bad = daemon.reply("/?limit=ten");
    assert_eq!((bad.status, bad.text()), (400, "limit must be an integer\n"));
}

#[test]
fn metrics_balance_and_name_every_reason() {
    let daemon = filled(&[]);
    Sender::new(&daemon).send_raw(b"short");
    daemon.wait_for(|info| info["ingest"]["drops"]["too_short"] == 1);
    let text = daemon.get("/metrics");
    let value = |metric: &str| -> u64 {
        let line = text.lines().find_map(|l| l.strip_prefix(metric)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {metric} in {text}")).parse().unwrap()
    };
    let accepted: u64 = ["write", "tail", "ping", "query"]
        .iter()
        .map(|c| value(&format!("logd_accepted_datagrams_total{{command=\"{c}\"}}")))
        .sum();
    assert_eq!(value("logd_dropped_total{reason=\"too_short\"}"), 1);
    assert_eq!(
        value("logd_received_datagrams_total"),
        accepted + value("logd_dropped_datagrams_total")
    );
    assert_eq!(
        value("logd_offered_events_total"),
        value("logd_stored_events_total") + value("logd_dropped_events_total")
    );
    for reason in logd_core::drop::DropReason::ALL {
        value(&format!("logd_dropped_total{{reason=\"{}\"}}", reason.name()));
    }
    assert_eq!(value("logd_ring_events{ring=\"/\"}"), 10);
    assert!(value("process_resident_memory_bytes") > 1 << 20);
}

#[test]
fn nothing_but_health_answers_without_a_read_secret() {
    let daemon = Daemon::start(&[]);
    for path in ["/healthz", "/readyz"] {
        assert_eq!(daemon.request("GET", path, &[], b"").status, 200, "{path}");
    }
    let document = daemon.reply("/openapi.json").json();
    let paths = document["paths"].as_object().unwrap();
    assert!(paths.len() > 10);
    for path in paths.keys().filter(|p| !p.ends_with('z')) {
        let wrong = format!("Bearer {READ_SECRET}x");
        for secret in [None, Some(wrong.as_str()), Some(WRITE_SECRET), Some("")] {
            let headers: Vec<_> = secret.map(|s| ("authorization", s)).into_iter().collect();
            let reply = daemon.request("GET", path, &headers, b"");
            assert_eq!(reply.status, 401, "{path} {secret:?}");
            assert!(reply.text().contains("unauthorized"), "{}", reply.text());
        }
    }
    assert_eq!(daemon.request("GET", "/", &[], b"").text(), "unauthorized\n");
    for header in
        [READ_SECRET.to_owned(), format!("Bearer {READ_SECRET}"), format!("bearer {READ_SECRET}")]
    {
        let reply = daemon.request("GET", "/info", &[("authorization", &header)], b"");
        assert_eq!(reply.status, 200, "{header}");
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(reply.header("cache-control"), Some("no-store"));
    }
}

#[test]
fn mistakes_are_explained() {
    let daemon = Daemon::start(&[]);
    for (path, status, expect) in [
        ("/api/v1/query?limit=many", 400, "limit must be an integer"),
        ("/api/v1/query?limit=0", 400, "at least 1"),
        ("/api/v1/query?order=up", 400, "newest or oldest"),
        ("/api/v1/query?from=soon", 400, "`soon` is no time"),
        ("/api/v1/query?cursor=nonsense", 400, "cursor"),
        ("/api/v1/query?format=xml", 400, "ndjson, json, csv or protobuf"),
        ("/api/v1/query?ring=/nowhere", 400, "there is no ring `/nowhere`"),
        ("/api/v1/query?qq=x", 400, "there is no parameter `qq` here; there is q,"),
        ("/api/v1/histogram?bucket=0s", 400, "above zero"),
        ("/api/v1/histogram?bucket=wide", 400, "`wide` is no duration"),
        ("/api/v1/facets?field=colour", 400, "key, level and attr.NAME"),
        ("/api/v1/tail?after=x", 400, "after must be the number or the id of an event"),
        ("/api/v1/tail?q=level:loud", 400, "loud"),
        ("/api/v1/export?q=(", 400, "column"),
        ("/api/v1/nothing", 404, "/openapi.json"),
    ] {
        let reply = daemon.reply(path);
        assert_eq!(reply.status, status, "{path}: {}", reply.text());
        let error = &reply.json()["error"];
        assert_eq!(error["status"], status);
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(expect), "{path}: {message}");
    }
    let error = daemon.reply("/api/v1/query?q=a+levle:error").json();
    assert_eq!((&error["error"]["column"], &error["error"]["length"]), (&3.into(), &5.into()));
    let secret = [("authorization", READ_SECRET)];
    let reply = daemon.request("DELETE", "/api/v1/query", &secret, b"");
    assert_eq!((reply.status, reply.header("allow")), (405, Some("GET,HEAD,POST")));
    assert_eq!(daemon.request("POST", "/healthz", &[], b"").status, 405);
}

#[test]
fn bounds_are_answered_and_not_exceeded() {
    let daemon = Daemon::start(&["--set", "limits.body=100"]);
    let secret = [("authorization", READ_SECRET)];
    let long = vec![0; 101];
    assert_eq!(daemon.request("POST", "/api/v1/query", &secret, &long).status, 413);
    let chunked = [("authorization", READ_SECRET), ("transfer-encoding", "chunked")];
    let reply = daemon.request("POST", "/api/v1/query", &chunked, &long);
    assert_eq!(reply.status, 413, "{}", reply.text());

    let slow = ["--set", "limits.requests_per_second=1", "--set", "limits.burst=5"];
    let daemon = Daemon::start(&slow);
    let replies: Vec<_> = (0..8).map(|_| daemon.reply("/api/v1/rings")).collect();
    let refused: Vec<_> = replies.iter().filter(|r| r.status == 429).collect();
    assert!(replies[0].status == 200 && refused.len() >= 2, "{replies:?}");
    assert_eq!(refused[0].header("retry-after"), Some("1"));
    // A probe is never refused.
    assert_eq!(daemon.request("GET", "/healthz", &[], b"").status, 200);
}

#[test]
fn pages_of_allowed_origins_may_read() {
    let daemon = Daemon::start(&["--set", "allow_origin=https://a.example, https://b.example"]);
    let preflight = |origin: &str| {
        let headers = [
            ("origin", origin),
            ("access-control-request-method", "GET"),
            ("access-control-request-headers", "authorization"),
        ];
        daemon.request("OPTIONS", "/api/v1/query", &headers, b"")
    };
    let allowed = preflight("https://b.example");
    assert_eq!(allowed.status, 200);
    assert_eq!(allowed.header("access-control-allow-origin"), Some("https://b.example"));
    assert!(allowed.header("access-control-allow-headers").unwrap().contains("authorization"));
    assert_eq!(preflight("https://c.example").header("access-control-allow-origin"), None);
    let headers = [("origin", "https://a.example"), ("authorization", READ_SECRET)];
    let reply = daemon.request("GET", "/api/v1/query", &headers, b"");
    assert_eq!(reply.header("access-control-allow-origin"), Some("https://a.example"));
    assert!(reply.header("access-control-expose-headers").unwrap().contains("logd-next-cursor"));
    // Also where the page must be able to read why it was refused.
    let refused = daemon.request("GET", "/api/v1/query", &headers[..1], b"");
    assert_eq!(refused.status, 401);
    assert_eq!(refused.header("access-control-allow-origin"), Some("https://a.example"));

    let closed = Daemon::start(&[]);
    let reply = closed.request("GET", "/api/v1/query", &headers, b"");
    assert_eq!((reply.status, reply.header("access-control-allow-origin")), (200, None));
}
