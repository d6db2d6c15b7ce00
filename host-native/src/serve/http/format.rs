//! The forms of a page: NDJSON, a JSON array, CSV, protobuf.

use axum::http::HeaderMap;
use axum::http::header::ACCEPT;
use logd_core::{csv, json};
use logd_proto::prost::Message as _;
use logd_proto::query::{QueryResponse, Rows};

use super::error::Error;
use super::params::Params;

/// A form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// One JSON object a line.
    Ndjson,
    /// One JSON array.
    Json,
    /// RFC 4180, with a header line.
    Csv,
    /// The whole `logd.query.QueryResponse`.
    Protobuf,
}

const NAMES: [(&str, Format); 4] = [
    ("ndjson", Format::Ndjson),
    ("json", Format::Json),
    ("csv", Format::Csv),
    ("protobuf", Format::Protobuf),
];

const TYPES: [(&str, Format); 6] = [
    ("application/x-ndjson", Format::Ndjson),
    ("application/ndjson", Format::Ndjson),
    ("application/json", Format::Json),
    ("text/csv", Format::Csv),
    ("application/x-protobuf", Format::Protobuf),
    ("application/protobuf", Format::Protobuf),
];

impl Format {
    /// `format=` decides, else the first known type of Accept, else `default`.
    pub(super) fn choose(
        params: &Params,
        headers: &HeaderMap,
        default: Self,
    ) -> Result<Self, Error> {
        if let Some(name) = params.get("format") {
            let known = NAMES.iter().find(|(n, _)| *n == name).map(|(_, format)| *format);
            return known
                .ok_or_else(|| Error::bad_request("format must be ndjson, json, csv or protobuf"));
        }
        let accept = headers.get(ACCEPT).and_then(|v| v.to_str().ok()).unwrap_or_default();
        let mut types = accept.split(',').map(|t| t.split(';').next().unwrap_or_default().trim());
        let known = types.find_map(|t| TYPES.iter().find(|(n, _)| n.eq_ignore_ascii_case(t)));
        Ok(known.map_or(default, |(_, format)| *format))
    }

    /// The Content-Type.
    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Ndjson => "application/x-ndjson",
            Self::Json => "application/json",
            Self::Csv => "text/csv; charset=utf-8",
            Self::Protobuf => "application/x-protobuf",
        }
    }

    /// Writes the answer.
    pub(super) fn write(self, answer: &QueryResponse) -> Vec<u8> {
        let empty = Rows::default();
        let rows = answer.rows.as_ref().unwrap_or(&empty);
        match self {
            Self::Ndjson => ndjson(rows),
            Self::Json => array(rows),
            Self::Csv => table(rows),
            Self::Protobuf => answer.encode_to_vec(),
        }
    }
}

fn ndjson(rows: &Rows) -> Vec<u8> {
    let mut out = Vec::new();
    for event in json::events(rows) {
        event.write(&mut out);
        out.push(b'\n');
    }
    out
}

fn array(rows: &Rows) -> Vec<u8> {
    let mut out = vec![b'['];
    for (i, event) in json::events(rows).enumerate() {
        if i > 0 {
            out.extend_from_slice(b",\n");
        }
        event.write(&mut out);
    }
    out.extend_from_slice(b"]\n");
    out
}

fn table(rows: &Rows) -> Vec<u8> {
    let mut out = Vec::from(csv::HEADER);
    json::events(rows).for_each(|event| csv::write(&event, &mut out));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer() -> QueryResponse {
        let rows = Rows {
            seq: vec![2, 1],
            time: vec![10, 9],
            received: vec![11, 10],
            severity: vec![9, 13],
            key: vec![0, 0],
            keys: vec!["/a/b".into()],
            text: "one, \"two\"\nthree".into(),
            text_len: vec![10, 6],
            ..Rows::default()
        };
        QueryResponse { rows: Some(rows), ..QueryResponse::default() }
    }

    fn text(format: Format) -> String {
        String::from_utf8(format.write(&answer())).unwrap()
    }

    #[test]
    fn every_form_has_every_event() {
        let lines = text(Format::Ndjson);
        let lines: Vec<serde_json::Value> =
            lines.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        let array: Vec<serde_json::Value> = serde_json::from_str(&text(Format::Json)).unwrap();
        assert_eq!(lines, array);
        assert_eq!(array[0]["text"], "one, \"two\"");
        let csv = text(Format::Csv);
        assert!(csv.contains("2,1970-01-01T00:00:00.000000010Z"), "{csv}");
        assert!(csv.contains("info,9,\"one, \"\"two\"\"\","), "{csv}");
        assert!(csv.contains("warn,13,\"\nthree\","), "{csv}");
        let back = QueryResponse::decode(&Format::Protobuf.write(&answer())[..]).unwrap();
        assert_eq!(back, answer());
    }

    #[test]
    fn the_parameter_decides_before_accept() {
        let choose = |query, accept: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, accept.parse().unwrap());
            Format::choose(&Params::lenient(Some(query)), &headers, Format::Ndjson)
        };
        assert_eq!(choose("", "*/*"), Ok(Format::Ndjson));
        assert_eq!(choose("", "text/html, application/json;q=0.9"), Ok(Format::Json));
        assert_eq!(choose("format=csv", "application/json"), Ok(Format::Csv));
        assert!(choose("format=xml", "*/*").is_err());
    }
}
