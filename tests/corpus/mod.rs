//! One buffer, questions about it, and what the bytes of every answer must be.
//!
//! The core answers them on this machine and on wasm32, and the JavaScript package answers them under Node. All are
//! held against the same `answers.txt`, so they agree with one another byte for byte.
//!
//! After a change that is meant to change answers or the format, `LOGD_BLESS=1 cargo test -p logd-core --test answers`
//! writes the files anew. Read what it changed before you commit it.

use logd_proto::prost::Message as _;
use logd_proto::query::{FacetRequest, HistogramRequest, Order, Page, QueryRequest, QueryResponse};
use serde::Deserialize;

/// The buffer.
pub(crate) const SAMPLE: &[u8] = include_bytes!("sample.logd");
/// A line for each page of an answer.
pub(crate) const ANSWERS: &str = include_str!("answers.txt");

const QUESTIONS: &str = include_str!("questions.jsonl");

/// A line of the file; a [`QueryRequest`] as a person writes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Question {
    filter: String,
    from: Option<i64>,
    until: Option<i64>,
    rings: Vec<String>,
    order: String,
    limit: Option<u32>,
    /// How often the next page is asked for, at most.
    pages: usize,
    total: bool,
    histogram: Option<u64>,
    facets: Vec<String>,
}

impl Default for Question {
    fn default() -> Self {
        Self {
            filter: String::new(),
            from: None,
            until: None,
            rings: Vec::new(),
            order: String::from("newest"),
            limit: None,
            pages: 1,
            total: false,
            histogram: None,
            facets: Vec::new(),
        }
    }
}

impl Question {
    fn request(&self, cursor: Vec<u8>) -> QueryRequest {
        let order = match &self.order[..] {
            "newest" => Order::NewestFirst,
            "oldest" => Order::OldestFirst,
            other => panic!("no such order: {other}"),
        };
        QueryRequest {
            filter: self.filter.clone(),
            from: self.from,
            until: self.until,
            rings: self.rings.clone(),
            page: self.limit.map(|limit| Page { order: order.into(), limit, cursor }),
            total: self.total,
            histogram: self.histogram.map(|bucket_nanos| HistogramRequest { bucket_nanos }),
            facets: self
                .facets
                .iter()
                .map(|f| FacetRequest { field: f.clone(), limit: 5 })
                .collect(),
        }
    }
}

/// What `ask` answers, in the form of [`ANSWERS`]: the checksum of its bytes, and enough to see what has changed.
pub(crate) fn answers(mut ask: impl FnMut(&[u8]) -> Vec<u8>) -> String {
    let mut out = String::new();
    for line in QUESTIONS.lines() {
        let question: Question = serde_json::from_str(line).unwrap();
        out += &format!("{line}\n");
        let mut cursor = Vec::new();
        for _ in 0..question.pages {
            let bytes = ask(&question.request(cursor).encode_to_vec());
            let answer = QueryResponse::decode(&bytes[..]).unwrap();
            out += &describe(&bytes, &answer);
            cursor = answer.rows.map(|r| r.next_cursor).unwrap_or_default();
            if cursor.is_empty() {
                break;
            }
        }
    }
    out
}

fn describe(bytes: &[u8], answer: &QueryResponse) -> String {
    let crc = crc::Crc::<u32>::new(&crc::CRC_32_ISCSI).checksum(bytes);
    let mut line = format!("  crc32c {crc:08x}, {} bytes", bytes.len());
    if let Some(rows) = &answer.rows {
        line += &format!(", {} rows", rows.seq.len());
        if let (Some(first), Some(last)) = (rows.seq.first(), rows.seq.last()) {
            line += &format!(", seq {first} to {last}");
        }
    }
    if let Some(total) = answer.total {
        line += &format!(", total {total}");
    }
    if let Some(histogram) = &answer.histogram {
        line += &format!(", {} buckets", histogram.buckets.len());
    }
    for facet in &answer.facets {
        let top: Vec<_> = facet.values.iter().map(|v| format!("{} {}", v.value, v.count)).collect();
        line += &format!(", {} [{}]", facet.field, top.join(" · "));
    }
    line + "\n"
}

/// Fails at the first line that is not as it was.
pub(crate) fn assert_as_before(answers: &str) {
    let mut question = "";
    for (now, before) in answers.lines().zip(ANSWERS.lines()) {
        if now.starts_with('{') {
            question = now;
        }
        assert_eq!(now, before, "the answer to {question} has changed");
    }
    assert_eq!(answers.lines().count(), ANSWERS.lines().count(), "answers are missing");
}
