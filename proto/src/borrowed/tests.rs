use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use proptest::collection::vec as many;
use proptest::prelude::*;
use prost::Message;

use super::*;
use crate::Value;
use crate::wire::attribute::Value as WireValue;

/// What prost makes of an attribute, in the words of this module.
fn attribute(a: &wire::Attribute) -> Attribute<'_> {
    Attribute { name: &a.name, value: a.value.as_ref().map(Value::from) }
}

/// Equal, and NaN equals a NaN of the same bits.
fn same(a: &Attribute<'_>, b: &Attribute<'_>) -> bool {
    match (a.value, b.value) {
        (Some(Value::Float(x)), Some(Value::Float(y))) => {
            a.name == b.name && x.to_bits() == y.to_bits()
        }
        _ => a == b,
    }
}

fn time(msg: &wire::Msg) -> Option<i64> {
    match msg.time_unix_nano {
        0 => msg.t.map(|t| {
            let nanos = i128::from(t.seconds) * 1_000_000_000;
            // Saturates twice, so that seconds beyond the range are not pulled back into it by the nanoseconds.
            let clamp = |n: i128| n.clamp(i64::MIN.into(), i64::MAX.into());
            clamp(clamp(nanos) + i128::from(t.nanos)) as i64
        }),
        n => Some(n.min(i64::MAX as u64) as i64),
    }
}

#[track_caller]
fn assert_same_msg(bytes: &[u8], msg: &wire::Msg) {
    let mut attributes = Vec::new();
    let borrowed = Msg::parse(bytes, |a| attributes.push(a)).unwrap();
    assert_eq!(borrowed.time, time(msg));
    let texts = [&msg.env, &msg.svc, &msg.r#fn, &msg.txt, &msg.stack_trace, &msg.url, &msg.key];
    let Msg { env, svc, function, txt, stack_trace, url, key, .. } = borrowed;
    assert_eq!([env, svc, function, txt, stack_trace, url, key], texts.map(String::as_str));
    assert_eq!(
        (borrowed.lvl, borrowed.http_method, borrowed.response_status, borrowed.severity),
        (msg.lvl, msg.http_method, msg.response_status, msg.severity)
    );
    assert_eq!(attributes.len(), msg.attributes.len());
    for (b, w) in attributes.iter().zip(&msg.attributes) {
        assert!(same(b, &attribute(w)), "{b:?} {w:?}");
    }
}

fn text(msg: &[u8]) -> Result<&str, DecodeError> {
    Msg::parse(msg, |_| {}).map(|msg| msg.txt)
}

/// Everything this module reads from a payload, or the first error.
fn read_all(payload: &[u8]) -> Result<(), DecodeError> {
    let cmd = Cmd::parse(payload)?;
    for bytes in cmd.msgs() {
        Msg::parse(bytes, |_| {})?;
    }
    Ok(())
}

/// What prost reads from a payload, bare messages included.
fn prost_cmd(payload: &[u8]) -> Result<wire::Cmd, prost::DecodeError> {
    if payload.first() == Some(&0x0a) {
        let msg = Some(wire::Msg::decode(payload)?);
        return Ok(wire::Cmd { msg, ..Default::default() });
    }
    wire::Cmd::decode(payload)
}

#[track_caller]
fn assert_same_cmd(payload: &[u8], expect: &wire::Cmd) {
    let cmd = Cmd::parse(payload).unwrap();
    assert_eq!(
        (cmd.name as i32, cmd.sender, cmd.counter),
        (expect.name, expect.sender, expect.counter)
    );
    let msgs: Vec<_> = expect.msg.iter().chain(&expect.batch).collect();
    assert_eq!(cmd.msgs().len(), msgs.len());
    assert_eq!(cmd.msgs().count(), msgs.len());
    for (bytes, msg) in cmd.msgs().zip(msgs) {
        assert_same_msg(bytes, msg);
    }
    assert_eq!(cmd.query_params().map(|q| q.unwrap()), expect.query_params);
}

fn timestamp() -> impl Strategy<Value = prost_types::Timestamp> {
    (prop_oneof![-1_000i64..3_000_000_000, any::<i64>()], any::<i32>())
        .prop_map(|(seconds, nanos)| prost_types::Timestamp { seconds, nanos })
}

fn wire_attribute() -> impl Strategy<Value = wire::Attribute> {
    let value = prop_oneof![
        any::<String>().prop_map(WireValue::Text),
        any::<i64>().prop_map(WireValue::Int),
        any::<u64>().prop_map(|bits| WireValue::Float(f64::from_bits(bits))),
        any::<bool>().prop_map(WireValue::Flag),
        any::<Vec<u8>>().prop_map(WireValue::Bytes),
    ];
    (any::<String>(), proptest::option::of(value))
        .prop_map(|(name, value)| wire::Attribute { name, value })
}

fn wire_msg() -> impl Strategy<Value = wire::Msg> {
    let texts = proptest::array::uniform7(any::<String>());
    let numbers = (any::<i32>(), any::<i32>(), any::<i32>(), any::<u32>(), any::<u64>());
    let attributes = many(wire_attribute(), 0..4);
    (proptest::option::of(timestamp()), texts, numbers, attributes).prop_map(
        |(t, [env, svc, r#fn, txt, stack_trace, url, key], n, attributes)| wire::Msg {
            t,
            env,
            svc,
            r#fn,
            lvl: n.0,
            txt,
            stack_trace,
            http_method: n.1,
            url,
            response_status: n.2,
            key,
            severity: n.3,
            attributes,
            time_unix_nano: n.4,
        },
    )
}

fn wire_cmd() -> impl Strategy<Value = wire::Cmd> {
    let query = (any::<u32>(), any::<String>(), proptest::option::of(timestamp())).prop_map(
        |(limit, txt, t_start)| wire::QueryParams { limit, txt, t_start, ..Default::default() },
    );
    (
        0..4i32,
        proptest::option::of(wire_msg()),
        proptest::option::of(query),
        many(wire_msg(), 0..4),
        any::<u64>(),
        any::<u64>(),
    )
        .prop_map(|(name, msg, query_params, batch, sender, counter)| wire::Cmd {
            name,
            msg,
            query_params,
            batch,
            sender,
            counter,
        })
}

/// Bytes that are often nearly a message: fields with keys of the schema, nested, and some damage.
fn nearly_a_message() -> impl Strategy<Value = Vec<u8>> {
    let scalar = prop_oneof![
        (1..=17u8, any::<u8>()).prop_map(|(n, v)| vec![n << 3, v]),
        (1..=15u8, any::<[u8; 8]>()).prop_map(|(n, v)| [&[n << 3 | 1][..], &v].concat()),
        (1..=17u8, any::<[u8; 4]>()).prop_map(|(n, v)| [&[n << 3 | 5][..], &v].concat()),
        (1..=17u8, any::<u8>()).prop_map(|(n, inner)| vec![
            n << 3 | 3,
            inner & 0xf8,
            1,
            n << 3 | 4
        ]),
        any::<Vec<u8>>(),
    ];
    scalar.prop_recursive(4, 64, 6, |field| {
        (1..=15u8, many(field, 0..4)).prop_map(|(n, fields)| {
            let body = fields.concat();
            let mut out = vec![n << 3 | 2];
            prost::encoding::encode_varint(body.len() as u64, &mut out);
            out.extend(body);
            out
        })
    })
}

/// If this module reads it, prost reads it, and both read the same.
#[track_caller]
fn assert_no_more_lenient(payload: &[u8]) {
    if read_all(payload).is_ok() {
        // The filter is prost's own business.
        let Some(Err(_)) = Cmd::parse(payload).unwrap().query_params() else {
            assert_same_cmd(payload, &prost_cmd(payload).unwrap());
            return;
        };
    }
}

proptest! {
    #[test]
    fn reads_what_prost_writes(cmd in wire_cmd()) {
        assert_same_cmd(&cmd.encode_to_vec(), &cmd);
    }

    #[test]
    fn reads_a_bare_message(mut msg in wire_msg(), t in timestamp()) {
        msg.t = Some(t);
        let expect = wire::Cmd { msg: Some(msg.clone()), ..Default::default() };
        assert_same_cmd(&msg.encode_to_vec(), &expect);
    }

    #[test]
    fn is_no_more_lenient_than_prost(bytes in any::<Vec<u8>>(), near in many(nearly_a_message(), 0..4)) {
        assert_no_more_lenient(&bytes);
        assert_no_more_lenient(&near.concat());
    }

    #[test]
    fn survives_damage(cmd in wire_cmd(), at in any::<prop::sample::Index>(), with: u8, cut: bool) {
        let mut bytes = cmd.encode_to_vec();
        if !bytes.is_empty() {
            let at = at.index(bytes.len());
            bytes[at] = with;
            if cut {
                bytes.truncate(at);
            }
        }
        assert_no_more_lenient(&bytes);
    }

    #[test]
    fn unknown_fields_are_skipped(cmd in wire_cmd(), number in 16..1u32 << 29, value: u64) {
        let mut bytes = vec![];
        prost::encoding::uint64::encode(number, &value, &mut bytes);
        prost::encoding::bytes::encode(number, &value.to_le_bytes().to_vec(), &mut bytes);
        prost::encoding::fixed32::encode(number, &(value as u32), &mut bytes);
        cmd.encode(&mut bytes).unwrap();
        assert_same_cmd(&bytes, &cmd);
    }

    #[test]
    fn varints_are_prosts(value: u64) {
        let mut bytes = vec![];
        prost::encoding::encode_varint(value, &mut bytes);
        prop_assert_eq!(Reader::new(&bytes).varint(), Ok(value));
    }
}

#[test]
fn a_batch_may_stand_before_the_message_and_between_unknown_fields() {
    let msg = |txt: &str| wire::Msg { txt: txt.into(), ..Default::default() };
    let batch = |txt| wire::Cmd { batch: vec![msg(txt)], ..Default::default() }.encode_to_vec();
    let first = wire::Cmd { msg: Some(msg("a")), ..Default::default() }.encode_to_vec();
    let unknown = [0x80, 0x01, 0x05];
    let payload =
        [&unknown[..], &batch("b"), &unknown, &first, &unknown, &batch("c"), &unknown].concat();
    let cmd = Cmd::parse(&payload).unwrap();
    let texts: Vec<_> = cmd.msgs().map(|m| text(m).unwrap()).collect();
    assert_eq!(texts, ["a", "b", "c"]);
}

#[test]
fn a_time_in_two_parts_is_merged() {
    let part = |seconds, nanos| {
        let t = Some(prost_types::Timestamp { seconds, nanos });
        wire::Msg { t, ..Default::default() }.encode_to_vec()
    };
    let bytes = [part(7, 0), part(0, 8), part(9, 0)].concat();
    assert_eq!(Msg::parse(&bytes, |_| {}).unwrap().time, Some(9_000_000_008));
    assert_same_msg(&bytes, &wire::Msg::decode(&bytes[..]).unwrap());
}

#[test]
fn the_reserved_field_of_an_event_is_skipped_whatever_its_type() {
    for field in [&[0x10, 0x01][..], &[0x12, 0x01, 0x00], &[0x15, 1, 2, 3, 4], &[0x13, 0x14]] {
        let bytes = [field, &[0x3a, 0x01, b'x']].concat();
        assert_eq!(text(&bytes), Ok("x"));
        assert_same_msg(&bytes, &wire::Msg::decode(&bytes[..]).unwrap());
    }
}

#[test]
fn one_damaged_event_does_not_hide_the_next() {
    // Two events; the text of the first is not UTF-8.
    let payload = [0x22, 0x03, 0x3a, 0x01, 0xff, 0x22, 0x03, 0x3a, 0x01, b'x'];
    let read: Vec<_> = Cmd::parse(&payload).unwrap().msgs().map(text).collect();
    assert_eq!(read, [Err(DecodeError::Utf8), Ok("x")]);
}

#[test]
fn damage_is_named() {
    let group = |depth| [0x83, 0x01].repeat(depth);
    let end = |depth| [0x84, 0x01].repeat(depth);
    let nested = |depth| [group(depth), end(depth)].concat();
    for (payload, why) in [
        (&[0x08][..], DecodeError::Truncated),
        (&[0x12, 0x05, 0x00], DecodeError::Truncated),
        (&[0x29, 0, 0, 0], DecodeError::Truncated),
        (&[0x30, 0xff], DecodeError::Truncated),
        (&[0x30, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02], DecodeError::Varint),
        (&[0x00, 0x00], DecodeError::FieldNumber),
        (&[0xff, 0xff, 0xff, 0xff, 0x1f], DecodeError::FieldNumber),
        (&[0x10, 0x00], DecodeError::WireType),
        (&[0x86, 0x01], DecodeError::WireType),
        (&[0x12, 0x00, 0x12, 0x00], DecodeError::Repeated),
        (&[0x1a, 0x00, 0x1a, 0x00], DecodeError::Repeated),
        (&[0x08, 0x04], DecodeError::UnknownCommand),
        (&[0x84, 0x01], DecodeError::Group),
        (&[0x83, 0x01, 0x8c, 0x01], DecodeError::Group),
        (&nested(9), DecodeError::Group),
    ] {
        assert_eq!(Cmd::parse(payload).map(drop), Err(why), "{payload:02x?}");
    }
    assert!(Cmd::parse(&nested(8)).is_ok());
    assert!(Cmd::parse(&[]).unwrap().msgs().next().is_none());
}
