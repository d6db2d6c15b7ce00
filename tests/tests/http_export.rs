//! Exports: the whole and a part of it, as a buffer that answers like the daemon.

use logd_core::buffer::{Buffer, Frame, FrameStream};
use logd_core::query::{Limits, Query, Search};
use logd_proto::query::{Page, QueryRequest, QueryResponse};
use logd_tests::{Daemon, READ_SECRET, Sender, message};
use prost::Message as _;

fn daemon() -> Daemon {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("logd.toml");
    std::fs::write(&file, "[[rings]]\nprefix = \"/test/noisy\"\nsize = \"128KiB\"\n")
        .expect("a file");
    let daemon = Daemon::start(&["--config", file.to_str().expect("UTF-8")]);
    Sender::new(&daemon).store((0..4000_u32).map(|n| {
        let key = if n % 4 == 0 { "/test/calm" } else { "/test/noisy/one" };
        // Varied enough that compression cannot make it fit its ring.
        let noise: u128 = u128::from(n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
        message(key, &format!("event {n} of several {noise:x}"))
    }));
    daemon
}

fn export(daemon: &Daemon, query: &str) -> Buffer {
    let reply = daemon.reply(&format!("/api/v1/export{query}"));
    assert_eq!((reply.status, reply.header("content-type")), (200, Some("application/x-logd")));
    let buffer = Buffer::open(&reply.body).expect("a buffer");
    assert!(buffer.faults.is_empty(), "{:?}", buffer.faults);
    buffer
}

#[test]
fn a_buffer_gives_the_bytes_that_the_daemon_gives() {
    let daemon = daemon();
    // Blocks are still being indexed in the background, which may push old ones out of a full ring: what is
    // compared must be of one state.
    let rings = || daemon.info()["store"]["rings"].clone();
    for _ in 0..100 {
        let before = rings();
        let buffer = export(&daemon, "");
        let origin = buffer.origin.clone().expect("a footer");
        assert!(origin.filter.is_empty() && origin.writer.starts_with("logd "), "{origin:?}");
        let same = ["", "key:/test/noisy 13", "-several", "level>=info 1"]
            .iter()
            .all(|filter| answers_alike(&daemon, &buffer, filter));
        if same {
            return;
        }
        assert_ne!(before, rings(), "the answers differ although nothing changed");
    }
    panic!("the daemon does not come to rest");
}

fn answers_alike(daemon: &Daemon, buffer: &Buffer, filter: &str) -> bool {
    let request = QueryRequest {
        filter: filter.into(),
        page: Some(Page { limit: 500, ..Page::default() }),
        total: true,
        ..QueryRequest::default()
    };
    let headers = [("authorization", READ_SECRET)];
    let reply = daemon.request("POST", "/api/v1/query", &headers, &request.encode_to_vec());
    assert_eq!(reply.status, 200);
    let query = Query::compile(&request, &Limits::default()).expect("a query");
    reply.body == Search::new(query, buffer.snapshot()).run().encode_to_vec()
}

#[test]
fn a_part_holds_what_matches_and_says_what_it_is() {
    let daemon = daemon();
    let total = |buffer: &Buffer| -> QueryResponse {
        let request = QueryRequest { total: true, ..QueryRequest::default() };
        let query = Query::compile(&request, &Limits::default()).expect("a query");
        Search::new(query, buffer.snapshot()).run()
    };
    let calm = export(&daemon, "?q=key:/test/calm");
    assert_eq!(total(&calm).total, Some(1000));
    let filter = calm.origin.as_ref().expect("a footer").filter.clone();
    assert!(filter.contains("/test/calm"), "{filter}");
    let ring = export(&daemon, "?ring=/test/noisy");
    let left = total(&ring);
    let coverage = left.coverage.expect("always there");
    assert_eq!(left.total.expect("asked for") + coverage.overwritten, 3000);
    assert!(coverage.overwritten > 0);
    assert_eq!(total(&export(&daemon, "?until=1h")).total, Some(0));
}

#[test]
fn the_newest_blocks_may_come_first() {
    let daemon = daemon();
    let reply = daemon.reply("/api/v1/export?order=newest&from=1h");
    assert_eq!((reply.status, reply.header("content-type")), (200, Some("application/x-logd")));
    let mut stream = FrameStream::default();
    stream.push(&reply.body);
    let mut lasts = Vec::new();
    while let Some(Frame::Block(block)) = stream.next_frame().expect("frames") {
        lasts.push(block.header().last_seq);
    }
    assert_eq!(lasts.first(), Some(&4000));
    assert!(lasts.len() > 2 && lasts.is_sorted_by(|a, b| a > b), "{lasts:?}");
    let refused = daemon.reply("/api/v1/export?order=oldest");
    assert_eq!(refused.status, 400, "{}", refused.text());
}
