//! The viewer: a page that needs no secret, and that a browser may trust.

use std::process::Command;

use logd_tests::{Daemon, READ_SECRET, Reply, Sender, message};

const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
    img-src 'self' data:; connect-src 'self'; worker-src 'self'; font-src 'self'; manifest-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

fn get(daemon: &Daemon, path: &str, headers: &[(&str, &str)]) -> Reply {
    daemon.request("GET", path, headers, b"")
}

/// A redirect is an answer like any other here.
fn unfollowed(daemon: &Daemon, path: &str, headers: &[&str]) -> String {
    let mut request = ureq::Agent::config_builder()
        .max_redirects(0)
        .http_status_as_error(false)
        .build()
        .new_agent()
        .get(daemon.url(path));
    for header in headers {
        let (name, value) = header.split_once(": ").expect("a header");
        request = request.header(name, value);
    }
    let answer = request.call().expect("an answer");
    let location = answer.headers().get("location").map_or("", |v| v.to_str().expect("text"));
    format!("{} {location}", answer.status().as_u16())
}

/// Whether the daemon was built with the page; `cargo xtask test` builds one that was.
fn has_page(index: &Reply) -> bool {
    let has = !index.text().contains("cargo xtask web");
    assert!(has || std::env::var_os("LOGD_HAS_VIEWER").is_none(), "the daemon lacks its viewer");
    has
}

/// Files that the page names.
fn files(index: &str) -> Vec<String> {
    let named =
        index.split(['"', '\'']).filter(|s| s.contains('.') && !s.contains([' ', ':', '<']));
    named
        .map(|name| name.trim_start_matches("./").trim_start_matches("/view/").to_owned())
        .collect()
}

#[test]
fn browsers_are_led_to_the_page_and_others_are_not() {
    let daemon = Daemon::start(&[]);
    let html = "accept: text/html,application/xhtml+xml;q=0.9,*/*;q=0.8";
    assert_eq!(unfollowed(&daemon, "/", &[html]), "303 /view/");
    assert_eq!(unfollowed(&daemon, "/view", &[]), "303 /view/");
    assert_eq!(unfollowed(&daemon, "/", &["accept: */*"]), "401 ");
    let secret = format!("authorization: {READ_SECRET}");
    assert_eq!(unfollowed(&daemon, "/", &[&secret, "accept: application/json"]), "200 ");
    Sender::new(&daemon).store([message("/test/view", "hello")]);
    assert_eq!(daemon.reply("/").json()[0]["txt"], "hello");
    assert_eq!(daemon.reply("/").header("vary"), Some("accept"));
}

#[test]
fn the_page_needs_no_secret_and_says_what_it_may_do() {
    let daemon = Daemon::start(&[]);
    let index = get(&daemon, "/view/", &[]);
    assert_eq!(
        (index.status, index.header("content-type")),
        (200, Some("text/html; charset=utf-8"))
    );
    assert_eq!(index.header("cache-control"), Some("no-cache"));
    for path in ["/view/", "/view/nothing.js", "/view/assets/../../Cargo.toml"] {
        let reply = get(&daemon, path, &[]);
        assert_eq!(reply.status, if path == "/view/" { 200 } else { 404 }, "{path}");
        for (name, value) in [
            ("content-security-policy", POLICY),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
        ] {
            assert_eq!(reply.header(name), Some(value), "{path}");
        }
    }
    let refused = daemon.request("POST", "/view/", &[], b"");
    assert_eq!((refused.status, refused.header("allow")), (405, Some("GET,HEAD")));
    let head = daemon.request("HEAD", "/view/", &[], b"");
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), Some(index.body.len().to_string().as_str()));
    // What is not the page still has its secret.
    assert_eq!(get(&daemon, "/info", &[]).status, 401);
}

#[test]
fn files_are_kept_where_their_name_changes_with_them() {
    let daemon = Daemon::start(&[]);
    let index = get(&daemon, "/view/", &[]);
    if !has_page(&index) {
        return;
    }
    let tag = index.header("etag").expect("a tag").to_owned();
    let again = get(&daemon, "/view/", &[("if-none-match", &tag)]);
    assert_eq!((again.status, again.body.len(), again.header("etag")), (304, 0, Some(&*tag)));
    let files = files(index.text());
    assert!(!files.is_empty(), "{}", index.text());
    for file in files {
        let path = format!("/view/{file}");
        let plain = get(&daemon, &path, &[("accept-encoding", "identity")]);
        assert_eq!(plain.status, 200, "{path}");
        let expect = match file.rsplit('.').next().unwrap_or_default() {
            "js" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "svg" => "image/svg+xml",
            "webmanifest" => "application/manifest+json",
            "wasm" => "application/wasm",
            other => panic!("what is {other}?"),
        };
        assert_eq!(plain.header("content-type"), Some(expect), "{path}");
        let kept = if file.starts_with("assets/") {
            "public, max-age=31536000, immutable"
        } else {
            "no-cache"
        };
        assert_eq!(plain.header("cache-control"), Some(kept), "{path}");
    }
}

#[test]
fn the_page_is_sent_compressed_to_who_can_read_it() {
    let daemon = Daemon::start(&[]);
    let plain = get(&daemon, "/view/", &[("accept-encoding", "identity")]);
    if !has_page(&plain) {
        return;
    }
    let mut python = Command::new("python3");
    python.args(["-c", "import gzip,sys,urllib.request as u; r=u.urlopen(u.Request(sys.argv[1],headers={'accept-encoding':'gzip'})); assert r.headers['content-encoding']=='gzip' and r.headers['vary']=='accept-encoding'; sys.stdout.buffer.write(gzip.decompress(r.read()))"]);
    let output = python.arg(daemon.url("/view/")).output().expect("python3 runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.stdout, plain.body);
    assert_eq!(plain.header("content-encoding"), None);
}
