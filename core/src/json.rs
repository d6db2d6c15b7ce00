//! The one rendering of an event as JSON: what the daemon, its command line and the viewer write for other programs.
//!
//! ```json
//! {"seq":1,"time":"2026-11-21T14:05:00.000000001Z","received":"…","key":"/prod/api",
//!  "level":"info","severity":9,"text":"hello","attributes":{"status":200}}
//! ```
//!
//! `attributes` is left out when there are none; a name that an event repeats has the array of its values.
//! Bytes are base64 text and numbers that JSON has not are `"NaN"`, `"Infinity"` and `"-Infinity"`, as in
//! protobuf's JSON mapping.

use alloc::vec::Vec;
use core::fmt::{self, Display, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use logd_proto::query::Rows;
use logd_proto::wire;

use crate::event::{Attribute, Value};
use crate::severity::Severity;
use crate::time::UnixNanos;

/// A stored event, borrowed from where it lives.
#[derive(Clone, Debug, PartialEq)]
pub struct Event<'a> {
    /// Given on acceptance.
    pub seq: u64,
    /// The sender's clock.
    pub time: UnixNanos,
    /// The daemon's clock.
    pub received: UnixNanos,
    /// The key.
    pub key: &'a str,
    /// OpenTelemetry number.
    pub severity: Severity,
    /// The text.
    pub text: &'a str,
    /// In the sender's order.
    pub attributes: Vec<Attribute<'a>>,
}

impl Event<'_> {
    /// Appends the event as one JSON object, without a line end.
    pub fn write(&self, out: &mut Vec<u8>) {
        push(out, format_args!("{{\"seq\":{},\"time\":\"{}\"", self.seq, self.time));
        push(out, format_args!(",\"received\":\"{}\",\"key\":", self.received));
        string(out, self.key);
        let (level, number) = (self.severity.level().name(), self.severity.number());
        push(out, format_args!(",\"level\":\"{level}\",\"severity\":{number},\"text\":"));
        string(out, self.text);
        if !self.attributes.is_empty() {
            out.extend_from_slice(b",\"attributes\":");
            attributes(out, &self.attributes);
        }
        out.push(b'}');
    }
}

/// The events of a page, in its order. Columns that are too short end it early.
pub fn events(rows: &Rows) -> impl Iterator<Item = Event<'_>> {
    let mut text = rows.text.as_str();
    (0..rows.seq.len()).map_while(move |i| {
        let (own, rest) = text.split_at_checked(*rows.text_len.get(i)? as usize)?;
        text = rest;
        let attributes = rows.attributes.get(i).map(|a| a.attributes.as_slice());
        Some(Event {
            seq: rows.seq[i],
            time: UnixNanos(*rows.time.get(i)?),
            received: UnixNanos(*rows.received.get(i)?),
            key: rows.keys.get(*rows.key.get(i)? as usize)?,
            severity: Severity::from_number(u32::from(*rows.severity.get(i)?))?,
            text: own,
            attributes: attributes.unwrap_or_default().iter().filter_map(from_wire).collect(),
        })
    })
}

fn from_wire(attribute: &wire::Attribute) -> Option<Attribute<'_>> {
    Some(Attribute { name: &attribute.name, value: attribute.value.as_ref()?.into() })
}

/// Appends attributes as one JSON object.
pub fn attributes(out: &mut Vec<u8>, attributes: &[Attribute<'_>]) {
    out.push(b'{');
    for (i, attribute) in attributes.iter().enumerate() {
        let name = attribute.name;
        if attributes[..i].iter().any(|earlier| earlier.name == name) {
            continue;
        }
        if i > 0 {
            out.push(b',');
        }
        string(out, name);
        out.push(b':');
        let mut later = attributes[i + 1..].iter().filter(|a| a.name == name).peekable();
        if later.peek().is_none() {
            value(out, attribute.value);
        } else {
            out.push(b'[');
            value(out, attribute.value);
            for same in later {
                out.push(b',');
                value(out, same.value);
            }
            out.push(b']');
        }
    }
    out.push(b'}');
}

fn value(out: &mut Vec<u8>, value: Value<'_>) {
    match value {
        Value::Text(s) => string(out, s),
        Value::Int(n) => push(out, n),
        Value::Float(x) if x.is_nan() => string(out, "NaN"),
        Value::Float(x) if x.is_infinite() => {
            string(out, if x > 0.0 { "Infinity" } else { "-Infinity" });
        }
        // `{:?}` keeps the fraction of a whole number, so that it stays a float when read back.
        Value::Float(x) => push(out, format_args!("{x:?}")),
        Value::Flag(b) => push(out, b),
        Value::Bytes(b) => string(out, &STANDARD.encode(b)),
    }
}

/// Appends `s` as a JSON string (RFC 8259).
pub fn string(out: &mut Vec<u8>, s: &str) {
    out.push(b'"');
    let mut kept = 0;
    for (at, byte) in s.bytes().enumerate() {
        let escape = match byte {
            b'"' | b'\\' => byte,
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            0..0x20 => b'u',
            _ => continue,
        };
        out.extend_from_slice(&s.as_bytes()[kept..at]);
        out.extend([b'\\', escape]);
        if escape == b'u' {
            push(out, format_args!("{byte:04x}"));
        }
        kept = at + 1;
    }
    out.extend_from_slice(&s.as_bytes()[kept..]);
    out.push(b'"');
}

/// Appends a value as it displays itself.
pub(crate) fn push(out: &mut Vec<u8>, value: impl Display) {
    struct Out<'a>(&'a mut Vec<u8>);
    impl fmt::Write for Out<'_> {
        fn write_str(&mut self, s: &str) -> fmt::Result {
            self.0.extend_from_slice(s.as_bytes());
            Ok(())
        }
    }
    // Appending cannot fail.
    let _ = write!(Out(out), "{value}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test;
    use alloc::vec;

    fn render(event: &Event<'_>) -> serde_json::Value {
        let mut out = Vec::new();
        event.write(&mut out);
        serde_json::from_slice(&out).unwrap()
    }

    fn event<'a>(text: &'a str, attributes: Vec<Attribute<'a>>) -> Event<'a> {
        Event {
            seq: 7,
            time: UnixNanos(1),
            received: UnixNanos(2),
            key: "/a/b",
            severity: Severity::WARN,
            text,
            attributes,
        }
    }

    #[test]
    fn is_valid_json_with_the_documented_fields() {
        let got = render(&event("quote \" back \\ line \n bell \u{7} snow ☃", Vec::new()));
        assert_eq!(
            got,
            serde_json::json!({
                "seq": 7, "time": "1970-01-01T00:00:00.000000001Z",
                "received": "1970-01-01T00:00:00.000000002Z", "key": "/a/b", "level": "warn",
                "severity": 13, "text": "quote \" back \\ line \n bell \u{7} snow ☃",
            })
        );
    }

    #[test]
    fn strings_are_escaped_as_the_standard_says() {
        let all: alloc::string::String = ('\0'..'\u{200}').chain("\u{2028}🦀".chars()).collect();
        let mut out = Vec::new();
        string(&mut out, &all);
        assert_eq!(serde_json::from_slice::<serde_json::Value>(&out).unwrap(), all);
    }

    #[test]
    fn every_kind_of_attribute_has_a_rendering() {
        let list = [
            ("t", Value::Text("x\"y")),
            ("i", Value::Int(i64::MIN)),
            ("f", Value::Float(2.0)),
            ("nan", Value::Float(f64::NAN)),
            ("inf", Value::Float(f64::NEG_INFINITY)),
            ("b", Value::Flag(true)),
            ("raw", Value::Bytes(b"\x00\xff")),
            ("i", Value::Int(2)),
        ];
        let list = list.map(|(name, value)| Attribute { name, value }).to_vec();
        assert_eq!(
            render(&event("", list))["attributes"],
            serde_json::json!({
                "t": "x\"y", "i": [i64::MIN, 2], "f": 2.0, "nan": "NaN", "inf": "-Infinity",
                "b": true, "raw": "AP8=",
            })
        );
    }

    #[test]
    fn a_page_gives_its_events_back() {
        let rows = Rows {
            seq: vec![5, 4],
            time: vec![10, 9],
            received: vec![11, 10],
            severity: vec![9, 0],
            key: vec![0, 0],
            keys: vec!["/a/b".into()],
            text: "héllobye".into(),
            text_len: vec![6, 3],
            ..Rows::default()
        };
        let got: Vec<_> = events(&rows).map(|e| (e.seq, e.text, e.severity)).collect();
        assert_eq!(got, [(5, "héllo", Severity::INFO), (4, "bye", Severity::NONE)]);
        // A page whose lengths do not fit its text must not panic.
        let broken = Rows { text_len: vec![2, 99], ..rows };
        assert_eq!(events(&broken).count(), 0);
    }
}
