//! Events read back from the daemon's JSON, for people.

use core::fmt;

use logd_core::event::{Attribute, Value};
use logd_core::json::Event;
use logd_core::severity::Severity;
use logd_core::time::UnixNanos;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde_json::Value as Json;

/// An event that owns its parts. Bytes have become their base64 text, as JSON has them.
#[derive(Debug, Deserialize)]
pub(crate) struct Owned {
    seq: u64,
    #[serde(deserialize_with = "time")]
    time: UnixNanos,
    #[serde(deserialize_with = "time")]
    received: UnixNanos,
    key: String,
    #[serde(deserialize_with = "severity")]
    severity: Severity,
    text: String,
    #[serde(default)]
    attributes: Attributes,
}

/// In the order of the document, which a map of serde_json would not keep.
#[derive(Debug, Default)]
struct Attributes(Vec<(String, Json)>);

impl Owned {
    /// Reads one object as [`Event::write`] writes it; members that are not known are skipped.
    pub(crate) fn from_json(document: &str) -> serde_json::Result<Self> {
        serde_json::from_str(document)
    }

    /// The event, for showing.
    pub(crate) fn borrow(&self) -> Event<'_> {
        Event {
            seq: self.seq,
            time: self.time,
            received: self.received,
            key: &self.key,
            severity: self.severity,
            text: &self.text,
            attributes: self.attributes.0.iter().flat_map(flatten).collect(),
        }
    }
}

/// A name that the event repeats has the array of its values.
fn flatten((name, value): &(String, Json)) -> impl Iterator<Item = Attribute<'_>> {
    let values = value.as_array().map_or(core::slice::from_ref(value), Vec::as_slice);
    values.iter().filter_map(move |value| Some(Attribute { name, value: from_json(value)? }))
}

fn from_json(value: &Json) -> Option<Value<'_>> {
    match value {
        Json::String(text) => Some(Value::Text(text)),
        Json::Bool(flag) => Some(Value::Flag(*flag)),
        Json::Number(n) => n.as_i64().map(Value::Int).or_else(|| n.as_f64().map(Value::Float)),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}

fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<UnixNanos, D::Error> {
    let text = String::deserialize(deserializer)?;
    let timestamp: jiff::Timestamp = text.parse().map_err(D::Error::custom)?;
    i64::try_from(timestamp.as_nanosecond()).map(UnixNanos).map_err(D::Error::custom)
}

fn severity<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Severity, D::Error> {
    let number = u32::deserialize(deserializer)?;
    Severity::from_number(number).ok_or_else(|| D::Error::custom("severity above 24"))
}

impl<'de> Deserialize<'de> for Attributes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Attributes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of attributes")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Attributes, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Attributes(members))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_daemon_writes_is_read_back() {
        let list = [
            ("z", Value::Text("last letter first")),
            ("status", Value::Int(i64::MIN)),
            ("took", Value::Float(0.1 + 0.2)),
            ("whole", Value::Float(2.0)),
            ("ok", Value::Flag(true)),
        ];
        let event = Event {
            seq: u64::MAX,
            time: UnixNanos(1_795_270_701_123_456_789),
            received: UnixNanos(-1),
            key: "/a/b",
            severity: Severity::WARN,
            text: "one\n\"two\"\u{1b}",
            attributes: list.map(|(name, value)| Attribute { name, value }).to_vec(),
        };
        let mut document = Vec::new();
        event.write(&mut document);
        let document = String::from_utf8(document).unwrap();
        assert_eq!(Owned::from_json(&document).unwrap().borrow(), event);
    }

    #[test]
    fn repeated_names_are_flattened_and_unknown_members_skipped() {
        let document = r#"{"seq":1,"time":"1970-01-01T00:00:00Z","received":"1970-01-01T00:00:00Z","key":"/a/b",
            "severity":0,"text":"","attributes":{"a":[1,"x"],"b":false},"new":{}}"#;
        let owned = Owned::from_json(document).unwrap();
        let got: Vec<_> = owned.borrow().attributes.iter().map(|a| (a.name, a.value)).collect();
        assert_eq!(got, [("a", Value::Int(1)), ("a", Value::Text("x")), ("b", Value::Flag(false))]);
        assert!(Owned::from_json(&document.replace("\"severity\":0", "\"severity\":25")).is_err());
    }
}
