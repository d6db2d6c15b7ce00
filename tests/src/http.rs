//! HTTP as a client sees it, errors included.

use core::time::Duration;
use std::io::Write as _;
use std::net::TcpStream;

use serde_json::Value;
use ureq::Agent;
use ureq::http::Request;

use crate::{Daemon, READ_SECRET};

/// An answer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Its status.
    pub status: u16,
    /// Its headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
}

impl Reply {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// The body as text.
    ///
    /// # Panics
    ///
    /// If it is not UTF-8.
    pub fn text(&self) -> &str {
        core::str::from_utf8(&self.body).expect("the body is text")
    }

    /// The body as JSON.
    ///
    /// # Panics
    ///
    /// If it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }
}

impl Daemon {
    /// Any request, with these headers and no others of note.
    ///
    /// # Panics
    ///
    /// If there is no answer.
    pub fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Reply {
        let agent: Agent = Agent::config_builder()
            .http_status_as_error(false)
            .allow_non_standard_methods(true)
            .timeout_global(Some(Duration::from_secs(60)))
            .build()
            .into();
        let mut request = Request::builder().method(method).uri(self.url(path));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body).expect("the request is well-formed");
        let mut answer = agent.run(request).unwrap_or_else(|e| panic!("{method} {path}: {e}"));
        let text = |v: &ureq::http::HeaderValue| String::from_utf8_lossy(v.as_bytes()).into_owned();
        Reply {
            status: answer.status().as_u16(),
            headers: answer.headers().iter().map(|(n, v)| (n.to_string(), text(v))).collect(),
            body: answer.body_mut().read_to_vec().expect("the body arrives"),
        }
    }

    /// Sends a `GET` with the read secret on a connection of its own, which closes after the answer, and reads nothing.
    ///
    /// # Panics
    ///
    /// If the connection is refused.
    pub fn open(&self, path: &str) -> TcpStream {
        let url = self.url("");
        let host = url.trim_start_matches("http://");
        let mut stream = TcpStream::connect(host).expect("it listens");
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: {READ_SECRET}\r\nconnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).expect("the kernel takes so much");
        stream
    }

    /// `GET` with the read secret.
    pub fn reply(&self, path: &str) -> Reply {
        self.request("GET", path, &[("authorization", READ_SECRET)], b"")
    }
}
