//! Makes a buffer of events that a test describes, so that the same lines always give the same bytes.
//!
//! Standard input has one JSON object a line. The first describes the store: `{"host", "exported", "rings": {PREFIX:
//! BYTES}}`, with `""` for the keys that no prefix fits; all may be missing. Every other line is an event: `{"time", "received",
//! "level", "key", "text", "attributes"}`, times in milliseconds of Unix time, `received` as `time` if it is missing. The
//! buffer goes to standard output.

extern crate alloc;

use alloc::collections::BTreeMap;
use std::io::{self, BufRead as _, Write as _};

use logd_core::buffer::Export;
use logd_core::event::{Attribute, NewEvent, Value};
use logd_core::key::Key;
use logd_core::severity::Severity;
use logd_core::store::{Effort, RingConfig, Store, StoreConfig};
use logd_core::time::{MonoNanos, Now, UnixNanos};
use logd_proto::buffer::Origin;
use serde_json::Value as Json;

/// Of a ring that the first line does not limit: nothing is overwritten.
const ENOUGH: usize = 1 << 30;

type Result<T> = core::result::Result<T, Box<dyn core::error::Error>>;

fn main() -> Result<()> {
    let mut lines = io::stdin().lock().lines();
    let head: Json = serde_json::from_str(&lines.next().ok_or("no first line")??)?;
    let mut store = store(&head)?;
    for line in lines {
        append(&mut store, &serde_json::from_str(&line?)?)?;
        while let Some(job) = store.poll_upkeep(Effort::All) {
            store.finish_upkeep(job.run().ok_or("upkeep was given up")?);
        }
    }
    let origin = Origin {
        writer: "logd".into(),
        host: head["host"].as_str().unwrap_or("sample").into(),
        exported: nanos(&head["exported"]).unwrap_or_default(),
        ..Origin::default()
    };
    let mut export = Export::new(store.snapshot(&[]), None, origin);
    let mut out = io::stdout().lock();
    let mut bytes = Vec::new();
    while export.step(&mut bytes).is_some() {
        out.write_all(&bytes)?;
        bytes.clear();
    }
    out.write_all(&bytes)?;
    Ok(out.flush()?)
}

fn store(head: &Json) -> Result<Store> {
    let budgets: Option<BTreeMap<String, usize>> = serde_json::from_value(head["rings"].clone())?;
    let mut budgets = budgets.unwrap_or_default();
    let ring = |prefix: String, budget| RingConfig {
        prefix,
        budget,
        max_age: None,
        max_events: None,
        // The newest quarter stays uncompressed, as it would in a daemon.
        hot: budget / 4,
    };
    let fallback = ring(String::new(), budgets.remove("").unwrap_or(ENOUGH));
    let rings = budgets.into_iter().map(|(prefix, budget)| ring(prefix, budget)).collect();
    Ok(Store::new(StoreConfig { rings, fallback })?)
}

fn append(store: &mut Store, event: &Json) -> Result<()> {
    let text = |name: &str| event[name].as_str().ok_or_else(|| format!("no {name}: {event}"));
    let time = nanos(&event["time"]).ok_or_else(|| format!("no time: {event}"))?;
    let received = nanos(&event["received"]).unwrap_or(time);
    let none = serde_json::Map::new();
    let attributes: Vec<_> = event["attributes"]
        .as_object()
        .unwrap_or(&none)
        .iter()
        .filter_map(|(name, value)| Some(Attribute { name, value: attribute(value)? }))
        .collect();
    let new = NewEvent {
        time: UnixNanos(time),
        key: Key::parse(text("key")?)?,
        severity: Severity::from_name(text("level")?).ok_or("no such level")?,
        text: text("text")?,
        attributes: &attributes,
    };
    let now = Now { unix: UnixNanos(received), mono: MonoNanos(0) };
    store.append(now, &new).map_err(|e| format!("{e:?}: {}", new.text.len()))?;
    Ok(())
}

fn attribute(value: &Json) -> Option<Value<'_>> {
    Some(match value {
        Json::String(text) => Value::Text(text),
        Json::Bool(flag) => Value::Flag(*flag),
        Json::Number(n) => {
            n.as_i64().map_or_else(|| n.as_f64().map(Value::Float), |n| Some(Value::Int(n)))?
        }
        Json::Null | Json::Array(_) | Json::Object(_) => return None,
    })
}

fn nanos(ms: &Json) -> Option<i64> {
    ms.as_i64()?.checked_mul(1_000_000)
}
