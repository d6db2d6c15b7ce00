//! The wire format against `vectors/datagrams.json`, which `vectors/make.py` wrote without any of this code.

#![expect(clippy::unwrap_used, reason = "vectors that cannot be read fail the test")]

use core::time::Duration;

use logd_core::datagram::{Keyring, MAC_LEN, Right, Secret, Signer, Verified, Verifier};
use logd_core::time::UnixNanos;
use logd_proto::Value as Borrowed;
use logd_proto::borrowed::{Cmd, Msg};
use logd_proto::prost::Message;
use logd_proto::wire;
use serde_json::{Map, Value, json};

#[test]
fn accepted_datagrams_verify_and_say_what_they_should() {
    let vectors = Vectors::read();
    let verifier = vectors.verifier();
    for vector in vectors.list("accepted") {
        let name = text(vector, "name");
        let datagram = hex(text(vector, "datagram"));
        let verified =
            verifier.verify(vectors.now(), &datagram).unwrap_or_else(|e| panic!("{name}: {e:?}"));
        assert_eq!(verified.time.0, number(vector, "time"), "{name}");
        assert_eq!(verified.mac.0, datagram[..MAC_LEN], "{name}");
        let (secret, rights) = verifier.keyring().secrets().nth(verified.secret).unwrap();
        assert_eq!(secret, text(vector, "secret"), "{name}");
        assert_eq!(rights, verified.rights, "{name}");
        assert_eq!(cmd_json(verified.payload), vector["cmd"], "{name}");
    }
}

#[test]
fn signing_gives_the_same_bytes() {
    let vectors = Vectors::read();
    let verifier = vectors.verifier();
    let mut compared = 0;
    for vector in vectors.list("accepted").iter().filter(|v| v["scheme"] == "hmac-sha256") {
        let expect = hex(text(vector, "datagram"));
        let Verified { time, payload, .. } = verifier.verify(vectors.now(), &expect).unwrap();
        let secret = vectors.secrets().find(|s| s.name == text(vector, "secret")).unwrap();
        let mut signed = Vec::new();
        Signer::new(&secret.bytes).sign(time, payload, &mut signed);
        assert_eq!(signed, expect, "{}", text(vector, "name"));
        compared += 1;
    }
    assert!(compared > 10);
}

/// The generated encoder writes the payloads byte for byte, so that both agree on every field's number and type.
#[test]
fn encoding_gives_the_same_bytes() {
    let vectors = Vectors::read();
    let verifier = vectors.verifier();
    for vector in vectors.list("accepted").iter().filter(|v| v["canonical"] == true) {
        let name = text(vector, "name");
        let datagram = hex(text(vector, "datagram"));
        let payload = verifier.verify(vectors.now(), &datagram).unwrap().payload;
        let again = if name.contains("bare") {
            wire::Msg::decode(payload).unwrap().encode_to_vec()
        } else {
            wire::Cmd::decode(payload).unwrap().encode_to_vec()
        };
        assert_eq!(again, payload, "{name}");
    }
}

#[test]
fn refused_datagrams_are_refused_for_the_right_reason() {
    let vectors = Vectors::read();
    let verifier = vectors.verifier();
    for vector in vectors.list("refused") {
        let refused = verifier.verify(vectors.now(), &hex(text(vector, "datagram"))).unwrap_err();
        assert_eq!(refused.reason.name(), text(vector, "reason"), "{}", text(vector, "name"));
    }
}

#[test]
fn legacy_datagrams_need_a_secret_that_accepts_them() {
    let vectors = Vectors::read();
    let secrets = vectors.secrets().map(|s| Secret { legacy_sha256: false, ..s });
    let verifier = Verifier::new(Keyring::new(secrets).unwrap(), vectors.ttl(), UnixNanos::MIN);
    for vector in vectors.list("accepted") {
        let verified = verifier.verify(vectors.now(), &hex(text(vector, "datagram"))).is_ok();
        assert_eq!(verified, vector["scheme"] == "hmac-sha256", "{}", text(vector, "name"));
    }
}

/// What the borrowed decoder reads from a payload, in the words of the vectors.
fn cmd_json(payload: &[u8]) -> Value {
    let cmd = Cmd::parse(payload).unwrap();
    let events: Vec<_> = cmd.msgs().map(msg_json).collect();
    json!({
        "name": cmd.name.as_str_name(),
        "sender": cmd.sender.to_string(),
        "counter": cmd.counter.to_string(),
        "events": events,
        "query_params": cmd.query_params().map(|q| query_json(&q.unwrap())),
    })
}

fn msg_json(bytes: &[u8]) -> Value {
    let mut attributes = Vec::new();
    let msg = Msg::parse(bytes, |attribute| attributes.push(attribute)).unwrap();
    let attributes: Vec<_> = attributes
        .iter()
        .map(|attribute| {
            let (kind, value) = match attribute.value.unwrap() {
                Borrowed::Text(v) => ("text", json!(v)),
                Borrowed::Int(v) => ("int", json!(v.to_string())),
                Borrowed::Float(v) => ("float", json!(format!("{:016x}", v.to_bits()))),
                Borrowed::Flag(v) => ("flag", json!(v)),
                Borrowed::Bytes(v) => ("bytes", json!(to_hex(v))),
            };
            json!({"name": attribute.name, "type": kind, "value": value})
        })
        .collect();
    sent(json!({
        "time": msg.time.map(|t| t.to_string()),
        "env": msg.env,
        "svc": msg.svc,
        "fn": msg.function,
        "lvl": msg.lvl,
        "txt": msg.txt,
        "stack_trace": msg.stack_trace,
        "http_method": msg.http_method,
        "url": msg.url,
        "response_status": msg.response_status,
        "key": msg.key,
        "severity": msg.severity,
        "attributes": attributes,
    }))
}

fn query_json(query: &wire::QueryParams) -> Value {
    let nanos = |t: i64, n: i32| UnixNanos::from_parts(t, n).0.to_string();
    sent(json!({
        "offset": query.offset,
        "limit": query.limit,
        "t_start": query.t_start.as_ref().map(|t| nanos(t.seconds, t.nanos)),
        "t_end": query.t_end.as_ref().map(|t| nanos(t.seconds, t.nanos)),
        "env": query.env,
        "svc": query.svc,
        "fn": query.r#fn,
        "lvl": query.lvl,
        "txt": query.txt,
        "http_method": query.http_method,
        "url": query.url,
        "response_status": query.response_status,
        "key_prefix": query.key_prefix,
    }))
}

/// Without the fields that were not sent.
fn sent(fields: Value) -> Value {
    let Value::Object(fields) = fields else { panic!("an object") };
    let unset = [Value::Null, json!(""), json!(0), json!([])];
    let sent: Map<_, _> = fields.into_iter().filter(|(_, value)| !unset.contains(value)).collect();
    Value::Object(sent)
}

struct Vectors(Value);

impl Vectors {
    fn read() -> Self {
        Self(serde_json::from_str(include_str!("../vectors/datagrams.json")).unwrap())
    }

    fn now(&self) -> UnixNanos {
        UnixNanos(number(&self.0, "now"))
    }

    fn ttl(&self) -> Duration {
        Duration::from_nanos(number(&self.0, "ttl_nanos") as u64)
    }

    fn list(&self, name: &str) -> &[Value] {
        let list = self.0[name].as_array().unwrap();
        assert!(!list.is_empty());
        list
    }

    fn secrets(&self) -> impl Iterator<Item = Secret> {
        self.list("secrets").iter().map(|secret| {
            let right = match text(secret, "right") {
                "read" => Right::Read,
                "write" => Right::Write,
                other => panic!("{other}"),
            };
            Secret {
                legacy_sha256: secret["legacy_sha256"] == true,
                ..Secret::new(text(secret, "name"), right, hex(text(secret, "bytes")))
            }
        })
    }

    fn verifier(&self) -> Verifier {
        Verifier::new(Keyring::new(self.secrets()).unwrap(), self.ttl(), UnixNanos::MIN)
    }
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_else(|| panic!("{field} in {value}"))
}

fn number(value: &Value, field: &str) -> i64 {
    text(value, field).parse().unwrap()
}

fn hex(digits: &str) -> Vec<u8> {
    let digit = |d: u8| (d as char).to_digit(16).unwrap() as u8;
    digits.as_bytes().chunks_exact(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
