//! The daemon as the commands see it: plain HTTP, blocking.

use core::time::Duration;
use std::io::{BufReader, Read};
use std::path::PathBuf;
use std::thread;

use logd_proto::prost::Message as _;
use logd_proto::query::{QueryRequest, QueryResponse};
use ureq::http::{Response, StatusCode};
use ureq::{Agent, Body};
use zeroize::Zeroizing;

use super::escape;
use super::failure::Failure;
use super::secret::{self, Need};

const PROTOBUF: &str = "application/x-protobuf";
/// Far above what a daemon answers; a bound against one that is none.
const MAX_ANSWER: u64 = 1 << 30;
/// How often, and how long at a time, a busy daemon is waited for.
const MAX_WAITS: usize = 5;
/// See [`MAX_WAITS`].
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// How much of an error's text is shown.
const MAX_COMPLAINT: u64 = 4 << 10;

/// Which daemon, and with which secret.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Connection {
    /// The daemon's HTTP address
    #[arg(long, env = "LOGD_URL", default_value = "http://127.0.0.1:6101", value_name = "URL")]
    url: String,
    /// File with the read secret [default: $LOGD_READ_SECRET, else the file $LOGD_READ_SECRET_FILE]
    #[arg(long, value_name = "PATH")]
    secret_file: Option<PathBuf>,
}

impl Connection {
    /// Finds the secret; does not connect yet.
    pub(crate) fn open(&self) -> Result<Daemon, Failure> {
        // A mistake in the address is told before a missing secret.
        base_url(&self.url)?;
        self.open_with(secret::find(Need::Read, self.secret_file.as_deref())?)
    }

    fn open_with(&self, secret: Zeroizing<String>) -> Result<Daemon, Failure> {
        let base = base_url(&self.url)?;
        let authorization = Zeroizing::new(format!("Bearer {}", secret.as_str()));
        let config = Agent::config_builder()
            // The answer to a refused request says why.
            .http_status_as_error(false)
            // A proxy must not see the secret because of a variable meant for the web.
            .proxy(None)
            // The secret is for this daemon, not for where it points.
            .max_redirects(0)
            .timeout_connect(Some(Duration::from_secs(5)))
            .timeout_per_read(Some(Duration::from_secs(60)))
            .user_agent(concat!("logd/", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(Daemon { agent: config.into(), base, authorization })
    }
}

/// `http://host:port` without a slash at the end; a bare `host:port` will do.
fn base_url(url: &str) -> Result<String, Failure> {
    let bad = |why: &str| {
        Err(Failure::new(format_args!("{why}: {url}"))
            .hint("--url or LOGD_URL takes http://HOST:PORT, for instance http://127.0.0.1:6101"))
    };
    let base = match url.split_once("://") {
        Some(("http", _)) => url.to_owned(),
        Some(("https", _)) => return bad("logd speaks no TLS; use a tunnel such as `ssh -L`"),
        Some(_) => return bad("not an HTTP address"),
        None => format!("http://{url}"),
    };
    match base.parse::<ureq::http::Uri>() {
        Ok(uri) if uri.host().is_some_and(|h| !h.is_empty()) && uri.query().is_none() => {
            Ok(base.trim_end_matches('/').to_owned())
        }
        _ => bad("not an HTTP address"),
    }
}

/// A daemon that answers.
pub(crate) struct Daemon {
    agent: Agent,
    base: String,
    authorization: Zeroizing<String>,
}

/// Query parameters by name.
pub(crate) type Parameters<'a> = [(&'a str, String)];

impl Daemon {
    /// Where it is, for messages.
    pub(crate) fn url(&self) -> &str {
        &self.base
    }

    /// Asks a question.
    pub(crate) fn ask(&self, question: &QueryRequest) -> Result<QueryResponse, Failure> {
        let mut response = patiently(|| {
            let request = self.agent.post(format!("{}/api/v1/query", self.base));
            let request = request.header("authorization", self.authorization.as_str());
            let request = request.header("accept", PROTOBUF).content_type(PROTOBUF);
            self.check(request.send(&question.encode_to_vec()[..]))
        })?;
        let bytes = response.body_mut().with_config().limit(MAX_ANSWER).read_to_vec();
        let bytes = bytes.map_err(|e| self.failure(&e))?;
        QueryResponse::decode(&bytes[..]).map_err(|e| {
            Failure::new(format_args!("the answer of {} is not one of logd: {e}", self.base))
        })
    }

    /// Fetches a document.
    pub(crate) fn get(&self, path: &str) -> Result<String, Failure> {
        let mut response = self.request(path, &[], &[])?;
        let body = response.body_mut().with_config().limit(MAX_ANSWER);
        body.read_to_string().map_err(|e| self.failure(&e))
    }

    /// Opens a body that is read as it comes; the length in bytes where the daemon knows it.
    pub(crate) fn stream(
        &self,
        path: &str,
        parameters: &Parameters<'_>,
        headers: &[(&str, &str)],
    ) -> Result<(BufReader<impl Read + use<>>, Option<u64>), Failure> {
        let response = patiently(|| self.request(path, parameters, headers))?;
        let length = response.body().content_length();
        let body = response.into_body().into_with_config().limit(u64::MAX).reader();
        Ok((BufReader::with_capacity(64 << 10, body), length))
    }

    fn request(
        &self,
        path: &str,
        parameters: &Parameters<'_>,
        headers: &[(&str, &str)],
    ) -> Result<Response<Body>, Failure> {
        let mut request = self
            .agent
            .get(format!("{}{path}", self.base))
            .header("authorization", self.authorization.as_str());
        for (name, value) in parameters {
            request = request.query(*name, value);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.check(request.call())
    }

    /// Turns a refusal into a failure that says what to do.
    fn check(
        &self,
        response: Result<Response<Body>, ureq::Error>,
    ) -> Result<Response<Body>, Failure> {
        let mut response = response.map_err(|e| self.failure(&e))?;
        let status = response.status();
        if status == StatusCode::OK {
            return Ok(response);
        }
        let wait =
            response.headers().get("retry-after").and_then(|v| v.to_str().ok()?.parse().ok());
        let body = response.body_mut().with_config().limit(MAX_COMPLAINT).lossy_utf8(true);
        let refusal = refusal(&self.base, status, &body.read_to_string().unwrap_or_default());
        Err(refusal.retry_after(wait.map(Duration::from_secs)))
    }

    fn failure(&self, error: &ureq::Error) -> Failure {
        let base = &self.base;
        let because = |why: &dyn core::fmt::Display| {
            Failure::new(format_args!("cannot reach the daemon at {base}: {why}"))
        };
        if let ureq::Error::Io(e) = error {
            let refused = e.kind() == std::io::ErrorKind::ConnectionRefused;
            return if refused {
                because(&"connection refused")
                    .hint("is `logd serve` running there? --url or LOGD_URL names another daemon")
            } else {
                because(e)
            };
        }
        if let ureq::Error::Http(e) = error {
            return Failure::new(format_args!("cannot ask {base}: {e}"))
                .hint("a secret with characters that HTTP headers cannot carry gives this, too")
                .for_good();
        }
        because(error)
    }
}

/// Waits and asks again while the daemon says that it is busy, a few times: a query of many pages must not fail
/// half-way because it asks too often.
fn patiently<T>(mut ask: impl FnMut() -> Result<T, Failure>) -> Result<T, Failure> {
    for _ in 0..MAX_WAITS {
        match ask() {
            Err(failure) if failure.wait().is_some_and(|wait| wait <= LONGEST_WAIT) => {
                thread::sleep(failure.wait().unwrap_or_default());
            }
            done => return done,
        }
    }
    ask()
}

/// What a status other than 200 means.
fn refusal(base: &str, status: StatusCode, body: &str) -> Failure {
    let complaint = complaint(body);
    let said = if complaint.is_empty() { String::new() } else { format!(": {complaint}") };
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            Failure::new(format_args!("the daemon at {base} refused the secret ({})", status.as_u16()))
                .hint("LOGD_READ_SECRET, LOGD_READ_SECRET_FILE or --secret-file must give a read secret of that daemon")
                .for_good()
        }
        StatusCode::BAD_REQUEST => {
            Failure::new(format_args!("the daemon at {base} does not accept this request{said}")).for_good()
        }
        StatusCode::NOT_FOUND => {
            Failure::new(format_args!("{base} answers, but not as logd does (404)"))
                .hint("check --url or LOGD_URL: host, port and path of the daemon's HTTP side")
        }
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            Failure::new(format_args!("the daemon at {base} is busy ({}){said}", status.as_u16()))
                .hint("try again in a moment")
        }
        _ => Failure::new(format_args!("the daemon at {base} answered {status}{said}")),
    }
}

/// The text of an error: JSON with `error` or `message`, or plain. It comes from elsewhere, so it is escaped.
fn complaint(body: &str) -> String {
    let document: Option<serde_json::Value> = serde_json::from_str(body).ok();
    let text = document
        .as_ref()
        .and_then(|d| d.get("error").or_else(|| d.get("message")))
        .and_then(|e| e.get("message").unwrap_or(e).as_str())
        .unwrap_or(body);
    let mut out = String::new();
    for (n, line) in text.trim().lines().enumerate() {
        if n > 0 {
            out.push('\n');
        }
        escape::keep_tabs(line, &mut out);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn addresses_are_checked_before_they_are_used() {
        assert_eq!(base_url("http://localhost:6101/").unwrap(), "http://localhost:6101");
        assert_eq!(base_url("localhost:6101").unwrap(), "http://localhost:6101");
        assert_eq!(base_url("http://[::1]:1/logd").unwrap(), "http://[::1]:1/logd");
        for bad in ["https://a:1", "ftp://a", "http://", "http://a b", "http://a/?x=1", ""] {
            let error = base_url(bad).unwrap_err().to_string();
            assert!(error.contains("LOGD_URL"), "{bad}: {error}");
        }
    }

    #[test]
    fn refusals_say_what_to_do_and_cannot_drive_the_terminal() {
        let error = refusal("http://a", StatusCode::UNAUTHORIZED, "unauthorized").to_string();
        assert!(error.contains("LOGD_READ_SECRET") && error.contains("http://a"), "{error}");
        let error = refusal("http://a", StatusCode::BAD_REQUEST, r#"{"error":"limit \u001b[2J"}"#)
            .to_string();
        assert!(error.ends_with("limit \\x1b[2J"), "{error}");
        assert!(refusal("http://a", StatusCode::NOT_FOUND, "<html>").to_string().contains("--url"));
    }

    /// Answers one connection after the other, and gives back what was asked.
    fn serve(answers: Vec<&'static str>) -> (Daemon, thread::JoinHandle<Vec<String>>) {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let server = thread::spawn(move || {
            let answer = |text: &str| {
                let (mut stream, _) = listener.accept().unwrap();
                let mut asked = Vec::new();
                while !asked.ends_with(b"\r\n\r\n") {
                    let mut byte = [0];
                    stream.read_exact(&mut byte).unwrap();
                    asked.push(byte[0]);
                }
                stream.write_all(text.as_bytes()).unwrap();
                String::from_utf8(asked).unwrap()
            };
            answers.into_iter().map(answer).collect()
        });
        let connection = Connection { url: base, secret_file: None };
        (connection.open_with(Zeroizing::new("hush".to_owned())).unwrap(), server)
    }

    #[test]
    fn a_busy_daemon_is_asked_again() {
        let busy = "HTTP/1.1 429 Too Many Requests\r\nretry-after: 0\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        let body = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\nconnection: close\r\n\r\nbody";
        let (daemon, server) = serve(vec![busy, busy, body]);
        let (mut reader, length) =
            daemon.stream("/x", &[("q", "a b&c+ü/".to_owned())], &[]).unwrap();
        let mut got = String::new();
        reader.read_to_string(&mut got).unwrap();
        assert_eq!((got.as_str(), length), ("body", Some(4)));
        let asked = server.join().unwrap();
        assert_eq!(asked.len(), 3);
        assert!(asked[2].contains("Bearer hush"), "{}", asked[2]);
        assert!(asked[2].starts_with("GET /x?q=a%20b%26c%2B%C3%BC%2F HTTP/1.1"), "{}", asked[2]);
    }

    #[test]
    fn the_secret_is_not_carried_elsewhere() {
        let elsewhere = "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:9/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        let (daemon, server) = serve(vec![elsewhere]);
        let error = daemon.get("/info").unwrap_err().to_string();
        assert!(error.contains("302"), "{error}");
        server.join().unwrap();
    }

    #[test]
    fn half_an_answer_is_an_error() {
        let by_length = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\nconnection: close\r\n\r\nhalf";
        // An export has no length; its last chunk is missing.
        let by_chunk = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n4\r\nhalf\r\n";
        let (daemon, server) = serve(vec![by_length, by_length, by_chunk]);
        assert!(daemon.get("/info").is_err());
        for _ in 0..2 {
            let (mut reader, _) = daemon.stream("/api/v1/export", &[], &[]).unwrap();
            let mut got = Vec::new();
            assert!(reader.read_to_end(&mut got).is_err());
            assert_eq!(got, b"half");
        }
        server.join().unwrap();
    }
}
