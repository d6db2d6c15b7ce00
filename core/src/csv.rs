//! Events as records of a table (RFC 4180, with a plain line feed at their ends), as [`HEADER`] names the columns.
//!
//! Attributes are one column, a JSON object: their names differ from event to event.

use alloc::vec::Vec;

use crate::json::{self, Event};

/// The first line.
pub const HEADER: &str = "seq,time,received,key,level,severity,text,attributes\n";

/// Appends the record of an event, with its line's end.
pub fn write(event: &Event<'_>, out: &mut Vec<u8>) {
    json::push(out, format_args!("{},{},{},", event.seq, event.time, event.received));
    field(out, event.key.as_bytes());
    let (level, number) = (event.severity.level().name(), event.severity.number());
    json::push(out, format_args!(",{level},{number},"));
    field(out, event.text.as_bytes());
    out.push(b',');
    if !event.attributes.is_empty() {
        let mut attributes = Vec::new();
        json::attributes(&mut attributes, &event.attributes);
        field(out, &attributes);
    }
    out.push(b'\n');
}

/// A field, in quotes where it needs them.
fn field(out: &mut Vec<u8>, text: &[u8]) {
    if !text.iter().any(|b| matches!(b, b'"' | b',' | b'\r' | b'\n')) {
        out.extend_from_slice(text);
        return;
    }
    out.push(b'"');
    for part in text.split_inclusive(|&b| b == b'"') {
        out.extend_from_slice(part);
        if part.ends_with(b"\"") {
            out.push(b'"');
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Attribute, Value};
    use crate::severity::Severity;
    use crate::test;
    use crate::time::UnixNanos;
    use alloc::string::String;
    use alloc::vec;

    #[test]
    fn fields_are_quoted_where_they_need_it() {
        let mut event = Event {
            seq: 7,
            time: UnixNanos(1),
            received: UnixNanos(2),
            key: "/a/b",
            severity: Severity::WARN,
            text: "plain",
            attributes: vec![],
        };
        let record = |event: &Event<'_>| {
            let mut out = Vec::new();
            write(event, &mut out);
            String::from_utf8(out).unwrap()
        };
        let start = "7,1970-01-01T00:00:00.000000001Z,1970-01-01T00:00:00.000000002Z,/a/b,warn,13,";
        assert_eq!(record(&event).strip_prefix(start), Some("plain,\n"));
        event.text = "a \"b\", c\r\n\"";
        event.attributes = vec![Attribute { name: "s", value: Value::Int(1) }];
        let expected = "\"a \"\"b\"\", c\r\n\"\"\",\"{\"\"s\"\":1}\"\n";
        assert_eq!(record(&event).strip_prefix(start), Some(expected));
        assert_eq!(HEADER.split(',').count(), 8);
    }
}
