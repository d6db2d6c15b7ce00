//! Events in JSON: one object, an array of them, or one a line.

use alloc::borrow::Cow;
use core::fmt;

use logd_core::engine::MAX_ATTRIBUTES;
use logd_core::event::{Attribute, Value};
use logd_core::severity::Severity;
use logd_core::time::UnixNanos;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::facility::key_of;
use super::level;
use super::signature::Signed;
use crate::serve::doors::batch::{Batch, Draft};
use crate::serve::http::params::unix_seconds;

/// Events of a request at most.
pub(super) const MAX_EVENTS: usize = 10_000;
/// Events of a request that are told what is wrong with them, at most.
pub(super) const MAX_ERRORS: usize = 100;

/// Characters of what is wrong with an event; the rest would be what the event has itself.
pub(super) const MAX_ERROR_LEN: usize = 200;

/// The body as events, each in its place, and those that hold as a batch.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    pub(super) batch: Batch,
    events: Vec<Result<String, String>>,
    errors: usize,
}

impl Parsed {
    /// The batch; and of each event its facility, or what is wrong with it: empty where that of many is known.
    pub(super) fn into_parts(self) -> (Batch, Vec<Result<String, String>>) {
        (self.batch, self.events)
    }

    /// Adds what became of an event.
    pub(super) fn push(&mut self, event: Result<String, String>) {
        self.errors += usize::from(event.is_err());
        let many = self.errors > MAX_ERRORS;
        let text =
            |e: String| if many { String::new() } else { e.chars().take(MAX_ERROR_LEN).collect() };
        self.events.push(event.map_err(text));
    }
}

/// Fields of one event.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Incoming<'a> {
    facility: Option<Cow<'a, str>>,
    #[serde(borrow)]
    timestamp: Option<&'a RawValue>,
    level: Option<Cow<'a, str>>,
    #[serde(borrow)]
    event: Cow<'a, str>,
    #[serde(borrow, default)]
    additional: Additional<'a>,
}

/// Names and values in their order; a value that is neither text, number nor flag is its JSON text.
#[derive(Default)]
struct Additional<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

/// Reads the events of a body. Fails only where it cannot be told what the events are.
pub(super) fn parse(
    body: &[u8],
    prefix: &str,
    signed: Option<&Signed<'_>>,
) -> Result<Parsed, String> {
    let text = core::str::from_utf8(body).map_err(|e| format!("the body is not UTF-8: {e}"))?;
    let mut reader = Reader { prefix, signed, key: String::new(), parsed: Parsed::default() };
    match serde_json::from_str::<&RawValue>(text) {
        Ok(array) if array.get().starts_with('[') => {
            let all: Vec<&RawValue> =
                serde_json::from_str(array.get()).map_err(|e| e.to_string())?;
            // One too many tells that there are too many.
            all.into_iter().take(MAX_EVENTS + 1).for_each(|event| reader.take(event.get()));
        }
        Ok(object) => reader.take(object.get()),
        Err(e) => {
            let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty()).peekable();
            let first = lines.peek().copied().unwrap_or_default();
            if serde_json::from_str::<&RawValue>(first).is_err() && lines.clone().count() < 2 {
                return Err(format!("the body is no JSON: {e}"));
            }
            lines.take(MAX_EVENTS + 1).for_each(|line| reader.take(line));
        }
    }
    match reader.parsed.events.len() {
        0 => Err("there is no event in the body".into()),
        1..=MAX_EVENTS => Ok(reader.parsed),
        _ => Err(format!("a request has at most {MAX_EVENTS} events; divide it")),
    }
}

struct Reader<'a> {
    prefix: &'a str,
    signed: Option<&'a Signed<'a>>,
    key: String,
    parsed: Parsed,
}

impl Reader<'_> {
    fn take(&mut self, json: &str) {
        let event = self.event(json);
        self.parsed.push(event);
    }

    fn event(&mut self, json: &str) -> Result<String, String> {
        let event: Incoming<'_> = serde_json::from_str(json).map_err(|e| e.to_string())?;
        let facility = event.facility.or(self.signed.map(|s| s.facility.into()));
        let facility = facility.ok_or("missing field `facility`")?;
        key_of(self.prefix, &facility, &mut self.key).map_err(|e| e.to_string())?;
        if event.event.is_empty() {
            return Err("`event` is empty".into());
        }
        let severity = match event.level {
            Some(level) => level_of(&level)?,
            None => self.signed.map(|s| s.severity).ok_or("missing field `level`")?,
        };
        let time = match event.timestamp {
            Some(timestamp) => Some(time_of(timestamp)?),
            None => self.signed.map(|s| s.time),
        };
        let draft = Draft { time, key: &self.key, severity, text: &event.event };
        let texts = event.additional.texts()?;
        let values = event.additional.0.iter().zip(&texts);
        let attributes =
            values.map(|((name, raw), text)| Attribute { name, value: value(raw.get(), text) });
        self.parsed.batch.push(&draft, attributes);
        Ok(facility.into_owned())
    }
}

fn level_of(name: &str) -> Result<Severity, String> {
    level::parse(name).ok_or_else(|| {
        let name: String = name.chars().take(50).collect();
        let name = name.escape_debug();
        format!(
            "`{name}` is no level; write emerg, alert, crit, error, warn, notice, info or debug"
        )
    })
}

fn time_of(raw: &RawValue) -> Result<UnixNanos, String> {
    let text = raw.get().trim_matches('"');
    let time = UnixNanos::parse_range(text).map(|(first, _)| first).or_else(|| unix_seconds(text));
    time.filter(|time| time.0 > 0).ok_or_else(|| {
        let text: String = text.chars().take(50).collect();
        format!("`{text}` is no timestamp; write 2026-11-21T14:05:00.123Z or Unix seconds")
    })
}

impl Additional<'_> {
    /// What strings mean, unescaped; of other values their JSON.
    fn texts(&self) -> Result<Vec<Cow<'_, str>>, String> {
        let text = |(_, raw): &(_, &RawValue)| match raw.get() {
            quoted if quoted.starts_with('"') => {
                serde_json::from_str::<String>(quoted).map(Cow::Owned).map_err(|e| e.to_string())
            }
            other => Ok(Cow::Owned(other.to_owned())),
        };
        self.0.iter().map(text).collect()
    }
}

fn value<'t>(json: &str, text: &'t str) -> Value<'t> {
    match json {
        "true" => Value::Flag(true),
        "false" => Value::Flag(false),
        _ if json.starts_with(|c: char| c == '-' || c.is_ascii_digit()) => {
            let int = json.parse().map(Value::Int).ok();
            let float = || json.parse().ok().filter(|x: &f64| x.is_finite()).map(Value::Float);
            // A whole number beyond 64 bits stays exact as text.
            let is_whole = json.bytes().all(|b| b == b'-' || b.is_ascii_digit());
            int.or_else(|| if is_whole { None } else { float() }).unwrap_or(Value::Text(text))
        }
        _ => Value::Text(text),
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Additional<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Additional<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of names and values")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut pairs = Vec::new();
                while let Some((name, value)) = map.next_entry::<Cow<'de, str>, &RawValue>()? {
                    if name.is_empty() {
                        return Err(serde::de::Error::custom("a name in `additional` is empty"));
                    }
                    if pairs.len() == MAX_ATTRIBUTES {
                        let message = format!("`additional` has more than {MAX_ATTRIBUTES} names");
                        return Err(serde::de::Error::custom(message));
                    }
                    pairs.push((name, value));
                }
                Ok(Additional(pairs))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}

#[cfg(test)]
mod tests;
