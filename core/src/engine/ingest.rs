//! From the events of an authentic WRITE to events that the store takes. Nothing is allocated here.

use alloc::string::String;

use arrayvec::ArrayVec;
use logd_proto::borrowed::{self, Msg};
use logd_proto::wire::{HttpMethod, Lvl};

use super::config::MAX_DATAGRAM_LEN;
use crate::drop::DropReason;
use crate::event::{Attribute, NewEvent, Value, names};
use crate::severity::Severity;
use crate::store::{Found, Store};
use crate::time::UnixNanos;

/// Most attributes of one event, those with a field of their own in the original protocol included.
pub const MAX_ATTRIBUTES: usize = 64;

/// The attributes of one event.
pub(super) type Attributes<'a> = ArrayVec<Attribute<'a>, MAX_ATTRIBUTES>;

/// One event of a WRITE.
///
/// `datagram_time` is taken by an event without one of its own. `key` is a buffer for the key of an event that
/// comes with env, svc and fn, `attributes` one for its attributes. `store` knows valid keys.
#[inline]
pub(super) fn event<'e, 'a: 'e>(
    raw: &'a [u8],
    datagram_time: UnixNanos,
    key: &'e mut String,
    attributes: &'e mut Attributes<'a>,
    store: &mut Store,
) -> Result<(Found, NewEvent<'e>), DropReason> {
    attributes.clear();
    let mut listed = Ok(());
    let msg = Msg::parse(raw, |a| listed = listed.and_then(|()| push(attributes, a)))
        .map_err(|_| DropReason::Undecodable)?;
    listed?;
    original_fields(&msg, attributes)?;
    let severity = severity(&msg)?;
    let (key, found) = store.find(self::key(&msg, key)?).map_err(|_| DropReason::InvalidKey)?;
    let time = msg.time.map_or(datagram_time, UnixNanos);
    Ok((found, NewEvent { time, key, severity, text: msg.txt, attributes }))
}

/// As it was sent, or `/env/svc/fn`, without the last when there is none.
#[inline]
fn key<'e, 'a: 'e>(msg: &Msg<'a>, buffer: &'e mut String) -> Result<&'e str, DropReason> {
    if !msg.key.is_empty() {
        return Ok(msg.key);
    }
    buffer.clear();
    // A segment longer than any key must not grow the buffer for good.
    let len = msg.env.len() + msg.svc.len() + msg.function.len();
    if len > crate::key::MAX_KEY_LEN {
        return Err(DropReason::InvalidKey);
    }
    for segment in [msg.env, msg.svc] {
        buffer.push('/');
        buffer.push_str(segment);
    }
    if !msg.function.is_empty() {
        buffer.push('/');
        buffer.push_str(msg.function);
    }
    Ok(buffer)
}

fn severity(msg: &Msg<'_>) -> Result<Severity, DropReason> {
    if msg.severity != 0 {
        return Severity::from_number(msg.severity).ok_or(DropReason::InvalidSeverity);
    }
    Lvl::try_from(msg.lvl).map(Severity::from_lvl).map_err(|_| DropReason::InvalidSeverity)
}

/// One more of the event's list.
#[inline]
fn push<'a>(
    attributes: &mut Attributes<'a>,
    listed: borrowed::Attribute<'a>,
) -> Result<(), DropReason> {
    let borrowed::Attribute { name, value: Some(value) } = listed else {
        return Err(DropReason::BadAttribute);
    };
    if name.is_empty() {
        return Err(DropReason::BadAttribute);
    }
    attributes.try_push(Attribute { name, value }).map_err(|_| DropReason::TooManyAttributes)
}

/// The fields of the original protocol become attributes, before those of the list.
#[inline]
fn original_fields<'a>(msg: &Msg<'a>, attributes: &mut Attributes<'a>) -> Result<(), DropReason> {
    if msg.http_method == 0
        && msg.response_status == 0
        && msg.url.is_empty()
        && msg.stack_trace.is_empty()
    {
        return Ok(());
    }
    let method = match HttpMethod::try_from(msg.http_method) {
        Ok(HttpMethod::MethodUnknown) => None,
        Ok(method) => Some(Value::Text(method.as_str_name())),
        // A later version's method: better its number than no event.
        Err(_) => Some(Value::Int(i64::from(msg.http_method))),
    };
    let text = |s: &'a str| (!s.is_empty()).then_some(Value::Text(s));
    let status = (msg.response_status != 0).then(|| Value::Int(i64::from(msg.response_status)));
    let fields = [
        (names::HTTP_METHOD, method),
        (names::URL, text(msg.url)),
        (names::STATUS, status),
        (names::STACK_TRACE, text(msg.stack_trace)),
    ];
    let mut at = 0;
    for (name, value) in fields {
        let Some(value) = value else { continue };
        attributes
            .try_insert(at, Attribute { name, value })
            .map_err(|_| DropReason::TooManyAttributes)?;
        at += 1;
    }
    Ok(())
}

/// Attributes have room for as many bytes as a datagram, through whatever door they come.
pub(super) fn check_size(attributes: &[Attribute<'_>]) -> Result<(), DropReason> {
    let value_len = |value| match value {
        Value::Text(s) => s.len(),
        Value::Bytes(b) => b.len(),
        Value::Int(_) | Value::Float(_) | Value::Flag(_) => 8,
    };
    let bytes: usize = attributes.iter().map(|a| a.name.len() + value_len(a.value)).sum();
    if bytes > MAX_DATAGRAM_LEN { Err(DropReason::TooManyAttributes) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{MIN_BUDGET, RingConfig, StoreConfig};
    use crate::test;
    use alloc::string::ToString;
    use alloc::vec;
    use alloc::vec::Vec;
    use logd_proto::prost::Message;
    use logd_proto::wire;

    const DATAGRAM_TIME: UnixNanos = UnixNanos(77);

    /// Key, severity number, time, text and attributes of what `msg` becomes.
    fn stored(msg: &wire::Msg) -> Result<(String, u8, i64, String, Vec<String>), DropReason> {
        let raw = msg.encode_to_vec();
        let mut store = store();
        let (mut key, mut attributes) = (String::from("left over"), Attributes::new());
        let (_, event) = event(&raw, DATAGRAM_TIME, &mut key, &mut attributes, &mut store)?;
        let attributes = event.attributes.iter().map(|a| alloc::format!("{a:?}")).collect();
        let key = event.key.as_str().to_string();
        Ok((key, event.severity.number(), event.time.0, event.text.to_string(), attributes))
    }

    fn store() -> Store {
        let fallback = RingConfig {
            prefix: String::new(),
            budget: MIN_BUDGET,
            max_age: None,
            max_events: None,
            hot: 0,
        };
        Store::new(StoreConfig { rings: vec![], fallback }).unwrap()
    }

    fn msg() -> wire::Msg {
        wire::Msg { key: "/prod/api".into(), txt: "hello".into(), ..wire::Msg::default() }
    }

    fn attribute(name: &str, value: wire::attribute::Value) -> wire::Attribute {
        wire::Attribute { name: name.into(), value: Some(value) }
    }

    #[test]
    fn env_svc_and_fn_make_the_key() {
        let parts = |env: &str, svc: &str, function: &str| wire::Msg {
            env: env.into(),
            svc: svc.into(),
            r#fn: function.into(),
            ..wire::Msg::default()
        };
        assert_eq!(stored(&parts("prod", "api", "login")).unwrap().0, "/prod/api/login");
        assert_eq!(stored(&parts("prod", "api", "")).unwrap().0, "/prod/api");
        let long = "x".repeat(300);
        for bad in [
            parts("", "", ""),
            parts("prod", "", ""),
            parts("", "api", "f"),
            parts("prod", "", "f"),
            parts("prod", "a b", ""),
            parts("prod", &long, ""),
        ] {
            assert_eq!(stored(&bad), Err(DropReason::InvalidKey), "{bad:?}");
        }
        // A key wins over the parts.
        let both = wire::Msg { key: "/a/b".into(), ..parts("prod", "api", "") };
        assert_eq!(stored(&both).unwrap().0, "/a/b");
    }

    #[test]
    fn severity_wins_over_lvl() {
        let of = |lvl, severity| stored(&wire::Msg { lvl, severity, ..msg() }).map(|e| e.1);
        assert_eq!(of(0, 0), Ok(0));
        assert_eq!(of(4, 0), Ok(13));
        assert_eq!(of(4, 24), Ok(24));
        assert_eq!(of(4, 25), Err(DropReason::InvalidSeverity));
        assert_eq!(of(7, 0), Err(DropReason::InvalidSeverity));
    }

    #[test]
    fn an_event_without_time_takes_its_datagrams() {
        assert_eq!(stored(&msg()).unwrap().2, DATAGRAM_TIME.0);
        assert_eq!(stored(&wire::Msg { time_unix_nano: 5, ..msg() }).unwrap().2, 5);
    }

    #[test]
    fn fields_of_the_original_become_attributes() {
        let whole = wire::Msg {
            http_method: HttpMethod::Post as i32,
            url: "/login".into(),
            response_status: -1,
            stack_trace: "main.go:7".into(),
            attributes: vec![attribute("host", wire::attribute::Value::Text("a1".into()))],
            ..msg()
        };
        let expect = [
            (names::HTTP_METHOD, Value::Text("POST")),
            (names::URL, Value::Text("/login")),
            (names::STATUS, Value::Int(-1)),
            (names::STACK_TRACE, Value::Text("main.go:7")),
            ("host", Value::Text("a1")),
        ];
        let expect = expect.map(|(name, value)| alloc::format!("{:?}", Attribute { name, value }));
        assert_eq!(stored(&whole).unwrap().4, expect);
        let unknown = stored(&wire::Msg { http_method: 99, ..msg() }).unwrap().4;
        assert!(unknown[0].contains("Int(99)"), "{unknown:?}");
    }

    #[test]
    fn attributes_need_a_name_and_a_value_and_have_a_bound() {
        use wire::attribute::Value::Flag;
        let with = |attributes| stored(&wire::Msg { attributes, ..msg() }).map(|e| e.4.len());
        assert_eq!(with(vec![attribute("", Flag(true))]), Err(DropReason::BadAttribute));
        let nothing = wire::Attribute { name: "a".into(), value: None };
        assert_eq!(with(vec![nothing]), Err(DropReason::BadAttribute));
        let many = vec![attribute("a", Flag(true)); MAX_ATTRIBUTES];
        assert_eq!(with(many.clone()), Ok(MAX_ATTRIBUTES));
        let more = vec![attribute("a", Flag(true)); MAX_ATTRIBUTES + 1];
        assert_eq!(with(more), Err(DropReason::TooManyAttributes));
        let beside = wire::Msg { url: "/".into(), attributes: many, ..msg() };
        assert_eq!(stored(&beside), Err(DropReason::TooManyAttributes));
    }

    #[test]
    fn attributes_of_other_doors_have_the_room_of_a_datagram() {
        let long = "x".repeat(MAX_DATAGRAM_LEN);
        let text = |name, text| Attribute { name, value: Value::Text(text) };
        assert_eq!(check_size(&[text("a", &long[1..])]), Ok(()));
        assert_eq!(check_size(&[text("a", &long)]), Err(DropReason::TooManyAttributes));
    }
}
