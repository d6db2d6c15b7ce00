//! An event, or a word of the daemon's own, as one unsigned `Msg` in one datagram.
//!
//! Written by hand in the order of the field numbers, which gives the bytes that prost would give without
//! building its strings first; a test compares the two.

use alloc::vec::Vec;

use logd_proto::prost::encoding::{WireType, encode_key, encode_varint, encoded_len_varint};
use logd_proto::wire::HttpMethod;

use crate::event::{Attribute, Value, names};
use crate::key::CONTROL_KEY;
use crate::severity::Severity;
use crate::time::UnixNanos;

/// Ends every string that was cut to make the reply fit.
pub const CUT_MARK: &str = "… [cut]";

/// The shortest limit that every reply can be cut to: a key, the marks and the numbers fit.
pub(super) const MIN_REPLY_LEN: usize = 512;

/// What a reply says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reply<'a> {
    /// None: the reply has none, as the daemon's own words.
    pub(super) time: Option<UnixNanos>,
    pub(super) key: &'a str,
    pub(super) severity: Severity,
    pub(super) text: &'a str,
    pub(super) attributes: &'a [Attribute<'a>],
}

impl<'a> Reply<'a> {
    /// A word of the daemon's own.
    pub(super) fn control(text: &'a str) -> Self {
        Self { time: None, key: CONTROL_KEY, severity: Severity::NONE, text, attributes: &[] }
    }

    /// Appends the reply to `out`, in at most `max` bytes: if it is longer, its longest strings are cut, all
    /// to one length, and end in [`CUT_MARK`]. `max` is at least [`MIN_REPLY_LEN`].
    pub(super) fn encode(&self, max: usize, out: &mut Vec<u8>) {
        let fields = Fields::of(self);
        if fields.len(usize::MAX) <= max {
            return fields.write(usize::MAX, out);
        }
        match fields.largest_cap(max) {
            Some(cap) => fields.write(cap, out),
            None => {
                // The attributes' names alone are too long.
                let bare = Fields { attributes: &[], text_is_cut: true, ..fields };
                // Cut to nothing the rest is shorter than MIN_REPLY_LEN, so there is a cap.
                bare.write(bare.largest_cap(max).unwrap_or(0), out);
            }
        }
    }
}

/// The fields of a `Msg`; the attributes that the original protocol knows are taken out of the list.
#[derive(Clone, Copy, Default)]
struct Fields<'a> {
    time: Option<(i64, i32)>,
    lvl: u64,
    text: &'a str,
    /// The text ends in the mark even when nothing of it is missing.
    text_is_cut: bool,
    stack_trace: &'a str,
    method: u64,
    url: &'a str,
    status: i32,
    key: &'a str,
    severity: u64,
    attributes: &'a [Attribute<'a>],
    /// Bit n: attribute n has a field of its own.
    own_field: u64,
}

// The mask above has a bit for each attribute of an event.
const _: () = assert!(super::MAX_ATTRIBUTES <= 64);

impl<'a> Fields<'a> {
    fn of(reply: &Reply<'a>) -> Self {
        let lvl = reply.severity.to_lvl();
        let exact = Severity::from_lvl(lvl) == reply.severity;
        let mut fields = Self {
            time: reply.time.map(UnixNanos::to_parts),
            lvl: lvl as u64,
            text: reply.text,
            key: reply.key,
            severity: if exact { 0 } else { u64::from(reply.severity.number()) },
            attributes: reply.attributes,
            ..Self::default()
        };
        for (n, attribute) in reply.attributes.iter().enumerate().take(64) {
            if fields.take(attribute) {
                fields.own_field |= 1 << n;
            }
        }
        fields
    }

    /// Moves an attribute into its own field; false if it has none, or it is taken, or its value does not fit.
    fn take(&mut self, attribute: &Attribute<'a>) -> bool {
        match (attribute.name, attribute.value) {
            (names::STACK_TRACE, Value::Text(s)) if self.stack_trace.is_empty() => {
                self.stack_trace = s;
                !s.is_empty()
            }
            (names::URL, Value::Text(s)) if self.url.is_empty() => {
                self.url = s;
                !s.is_empty()
            }
            (names::HTTP_METHOD, Value::Text(s)) if self.method == 0 => {
                self.method = HttpMethod::from_str_name(s).map_or(0, |method| method as u64);
                self.method != 0
            }
            (names::STATUS, Value::Int(n)) if self.status == 0 => {
                self.status = i32::try_from(n).unwrap_or(0);
                self.status != 0
            }
            _ => false,
        }
    }

    /// The largest length to cut strings to so that the whole has at most `max` bytes.
    fn largest_cap(&self, max: usize) -> Option<usize> {
        if self.len(0) > max {
            return None;
        }
        // len() does not fall as the cap grows: len(low) ≤ max < len(high).
        let (mut low, mut high) = (0, max + 1);
        while high - low > 1 {
            let middle = low.midpoint(high);
            if self.len(middle) <= max { low = middle } else { high = middle }
        }
        Some(low)
    }

    /// Encoded length with strings cut to `cap` bytes.
    fn len(&self, cap: usize) -> usize {
        let mut counter = Counter(0);
        self.emit(cap, &mut counter);
        counter.0
    }

    fn write(&self, cap: usize, out: &mut Vec<u8>) {
        self.emit(cap, out);
    }

    fn emit(&self, cap: usize, sink: &mut impl Sink) {
        if let Some((seconds, nanos)) = self.time {
            let mut inner = Counter(0);
            emit_time(seconds, nanos, &mut inner);
            sink.header(1, inner.0);
            emit_time(seconds, nanos, sink);
        }
        sink.number(6, self.lvl);
        let text = if self.text_is_cut {
            Piece::cut(self.text.as_bytes(), floor(self.text, cap))
        } else {
            Piece::text(self.text, cap)
        };
        sink.piece(7, text);
        sink.piece(8, Piece::text(self.stack_trace, cap));
        sink.number(9, self.method);
        sink.piece(10, Piece::text(self.url, cap));
        // Protobuf widens a negative int32 to 64 bits.
        sink.number(11, i64::from(self.status) as u64);
        sink.piece(12, Piece::whole(self.key.as_bytes()));
        sink.number(13, self.severity);
        for (n, attribute) in self.attributes.iter().enumerate() {
            if n < 64 && self.own_field & (1 << n) != 0 {
                continue;
            }
            let mut inner = Counter(0);
            emit_attribute(attribute, cap, &mut inner);
            sink.header(14, inner.0);
            emit_attribute(attribute, cap, sink);
        }
    }
}

fn emit_time(seconds: i64, nanos: i32, sink: &mut impl Sink) {
    sink.number(1, seconds as u64);
    sink.number(2, i64::from(nanos) as u64);
}

/// The value is written also when it is zero or empty: in a oneof that says which kind it is.
fn emit_attribute(attribute: &Attribute<'_>, cap: usize, sink: &mut impl Sink) {
    sink.piece(1, Piece::whole(attribute.name.as_bytes()));
    match attribute.value {
        Value::Text(s) => sink.piece_always(2, Piece::text(s, cap)),
        // Zigzag, as protobuf's sint64.
        Value::Int(n) => sink.number_always(3, ((n << 1) ^ (n >> 63)) as u64),
        Value::Float(x) => sink.fixed64(4, x.to_bits()),
        Value::Flag(b) => sink.number_always(5, u64::from(b)),
        Value::Bytes(b) => sink.piece_always(6, Piece::bytes(b, cap)),
    }
}

/// A string or bytes, perhaps cut and marked.
#[derive(Clone, Copy)]
struct Piece<'a> {
    head: &'a [u8],
    mark: &'static [u8],
}

impl<'a> Piece<'a> {
    fn whole(bytes: &'a [u8]) -> Self {
        Self { head: bytes, mark: &[] }
    }

    fn cut(bytes: &'a [u8], at: usize) -> Self {
        Self { head: &bytes[..at], mark: CUT_MARK.as_bytes() }
    }

    fn text(s: &'a str, cap: usize) -> Self {
        if fits(s.len(), cap) {
            Self::whole(s.as_bytes())
        } else {
            Self::cut(s.as_bytes(), floor(s, cap))
        }
    }

    fn bytes(b: &'a [u8], cap: usize) -> Self {
        if fits(b.len(), cap) { Self::whole(b) } else { Self::cut(b, cap) }
    }

    fn len(self) -> usize {
        self.head.len() + self.mark.len()
    }
}

/// Cutting to `cap` would gain nothing where the mark is as long as what it replaces.
fn fits(len: usize, cap: usize) -> bool {
    len <= cap.saturating_add(CUT_MARK.len())
}

fn floor(s: &str, cap: usize) -> usize {
    s.floor_char_boundary(cap)
}

/// Where the encoding goes: into a buffer, or only counted.
trait Sink {
    fn key(&mut self, tag: u32, wire: WireType);
    fn varint(&mut self, value: u64);
    fn raw(&mut self, bytes: &[u8]);

    fn number(&mut self, tag: u32, value: u64) {
        if value != 0 {
            self.number_always(tag, value);
        }
    }

    fn number_always(&mut self, tag: u32, value: u64) {
        self.key(tag, WireType::Varint);
        self.varint(value);
    }

    fn fixed64(&mut self, tag: u32, value: u64) {
        self.key(tag, WireType::SixtyFourBit);
        self.raw(&value.to_le_bytes());
    }

    fn header(&mut self, tag: u32, len: usize) {
        self.key(tag, WireType::LengthDelimited);
        self.varint(len as u64);
    }

    fn piece(&mut self, tag: u32, piece: Piece<'_>) {
        if piece.len() > 0 {
            self.piece_always(tag, piece);
        }
    }

    fn piece_always(&mut self, tag: u32, piece: Piece<'_>) {
        self.header(tag, piece.len());
        self.raw(piece.head);
        self.raw(piece.mark);
    }
}

impl Sink for Vec<u8> {
    fn key(&mut self, tag: u32, wire: WireType) {
        encode_key(tag, wire, self);
    }

    fn varint(&mut self, value: u64) {
        encode_varint(value, self);
    }

    fn raw(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

struct Counter(usize);

impl Sink for Counter {
    fn key(&mut self, tag: u32, _: WireType) {
        self.0 += encoded_len_varint(u64::from(tag << 3));
    }

    fn varint(&mut self, value: u64) {
        self.0 += encoded_len_varint(value);
    }

    fn raw(&mut self, bytes: &[u8]) {
        self.0 += bytes.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test;
    use alloc::string::{String, ToString};
    use alloc::vec;
    use logd_proto::prost::Message;
    use logd_proto::wire;
    use proptest::prelude::*;

    const UNLIMITED: usize = 1 << 20;

    fn encoded(reply: &Reply<'_>, max: usize) -> Vec<u8> {
        let mut out = Vec::new();
        reply.encode(max, &mut out);
        assert!(out.len() <= max, "{} > {max}", out.len());
        out
    }

    fn decoded(reply: &Reply<'_>, max: usize) -> wire::Msg {
        wire::Msg::decode(&encoded(reply, max)[..]).unwrap()
    }

    fn event<'a>(text: &'a str, attributes: &'a [Attribute<'a>]) -> Reply<'a> {
        Reply {
            time: Some(UnixNanos(1_700_000_000_000_000_001)),
            key: "/prod/api",
            severity: Severity::INFO,
            text,
            attributes,
        }
    }

    #[test]
    fn known_attributes_go_back_to_their_fields() {
        let attributes = [
            Attribute { name: names::HTTP_METHOD, value: Value::Text("POST") },
            Attribute { name: names::URL, value: Value::Text("/login") },
            Attribute { name: names::STATUS, value: Value::Int(503) },
            Attribute { name: names::STACK_TRACE, value: Value::Text("main.go:7") },
            Attribute { name: "host", value: Value::Text("a1") },
        ];
        let msg = decoded(&event("hello", &attributes), UNLIMITED);
        let t = msg.t.unwrap();
        assert_eq!((t.seconds, t.nanos), (1_700_000_000, 1));
        assert_eq!((msg.key.as_str(), msg.txt.as_str()), ("/prod/api", "hello"));
        assert_eq!((msg.lvl(), msg.severity), (wire::Lvl::Info, 0));
        assert_eq!((msg.http_method(), msg.url.as_str()), (HttpMethod::Post, "/login"));
        assert_eq!((msg.response_status, msg.stack_trace.as_str()), (503, "main.go:7"));
        assert_eq!(msg.attributes.len(), 1);
        assert_eq!(msg.attributes[0].name, "host");
    }

    #[test]
    fn what_does_not_fit_a_field_stays_an_attribute() {
        let attributes = [
            Attribute { name: names::HTTP_METHOD, value: Value::Text("BREW") },
            Attribute { name: names::STATUS, value: Value::Int(i64::MAX) },
            Attribute { name: names::STATUS, value: Value::Int(0) },
            Attribute { name: names::URL, value: Value::Text("/a") },
            Attribute { name: names::URL, value: Value::Text("/b") },
        ];
        let msg = decoded(&event("", &attributes), UNLIMITED);
        let kept: Vec<_> = msg.attributes.iter().map(|a| a.name.as_str()).collect();
        assert_eq!(kept, ["http.method", "status", "status", "url"]);
        assert_eq!((msg.http_method, msg.response_status, msg.url.as_str()), (0, 0, "/a"));
    }

    #[test]
    fn a_severity_between_levels_travels_beside_the_level() {
        let notice = Severity::from_name("notice").unwrap();
        let msg = decoded(&Reply { severity: notice, ..event("x", &[]) }, UNLIMITED);
        assert_eq!((msg.lvl(), msg.severity), (wire::Lvl::Info, 10));
    }

    #[test]
    fn a_control_reply_is_a_key_and_a_text() {
        let msg = decoded(&Reply::control("+END"), MIN_REPLY_LEN);
        let expect = wire::Msg { key: "//logd".into(), txt: "+END".into(), ..wire::Msg::default() };
        assert_eq!(msg, expect);
    }

    #[test]
    fn the_longest_strings_are_cut_and_marked() {
        let long = "ü".repeat(5_000);
        let trace = "frame\n".repeat(2_000);
        let attributes = [
            Attribute { name: names::STACK_TRACE, value: Value::Text(&trace) },
            Attribute { name: "short", value: Value::Text("kept") },
            Attribute { name: "blob", value: Value::Bytes(long.as_bytes()) },
        ];
        let reply = event(&long, &attributes);
        let out = encoded(&reply, 1920);
        // Nothing is given away: a character, or a byte, more would not have fitted.
        assert!(out.len() > 1920 - 12, "{}", out.len());
        let msg = wire::Msg::decode(&out[..]).unwrap();
        assert!(msg.txt.starts_with("üü") && msg.txt.ends_with(CUT_MARK));
        assert!(msg.stack_trace.starts_with("frame") && msg.stack_trace.ends_with(CUT_MARK));
        assert_eq!(msg.attributes[0].value, Some(wire::attribute::Value::Text("kept".to_string())));
        assert_eq!(msg.key, "/prod/api");
    }

    #[test]
    fn attributes_that_cannot_be_cut_are_left_out_with_a_mark() {
        let name = "n".repeat(3_000);
        let attributes = [Attribute { name: &name, value: Value::Flag(true) }];
        let msg = decoded(&event("hello", &attributes), MIN_REPLY_LEN);
        assert_eq!(msg.txt, String::from("hello") + CUT_MARK);
        assert!(msg.attributes.is_empty());
    }

    #[test]
    fn the_worst_event_can_be_cut_to_the_shortest_limit() {
        let key = String::from("/") + &"k".repeat(crate::key::MAX_KEY_LEN - 1);
        let long = "\u{10ffff}".repeat(20_000);
        let name = "n".repeat(3_000);
        let mut attributes = vec![
            Attribute { name: names::STACK_TRACE, value: Value::Text(&long) },
            Attribute { name: names::URL, value: Value::Text(&long) },
            Attribute { name: names::HTTP_METHOD, value: Value::Text("GET") },
            Attribute { name: names::STATUS, value: Value::Int(i64::from(i32::MIN)) },
        ];
        attributes
            .resize(super::super::MAX_ATTRIBUTES, Attribute { name: &name, value: Value::Int(1) });
        let reply = Reply {
            time: Some(UnixNanos(i64::MIN)),
            key: &key,
            severity: Severity::from_number(24).unwrap(),
            text: &long,
            attributes: &attributes,
        };
        let msg = decoded(&reply, MIN_REPLY_LEN);
        assert_eq!(msg.key, key);
        assert!(msg.txt.ends_with(CUT_MARK));
    }

    fn any_value() -> impl Strategy<Value = wire::attribute::Value> {
        use wire::attribute::Value as Wire;
        prop_oneof![
            ".{0,40}".prop_map(Wire::Text),
            any::<i64>().prop_map(Wire::Int),
            any::<f64>().prop_filter("NaN equals nothing", |x| !x.is_nan()).prop_map(Wire::Float),
            any::<bool>().prop_map(Wire::Flag),
            prop::collection::vec(any::<u8>(), 0..40).prop_map(Wire::Bytes),
        ]
    }

    proptest! {
        /// Decoding what was written and encoding it with prost gives the same bytes.
        #[test]
        fn writes_what_prost_would(
            time in any::<i64>(),
            severity in 0..25_u32,
            text in ".{0,200}",
            status in any::<i32>(),
            method in "(GET|PUT|BREW)",
            url in ".{0,20}",
            others in prop::collection::vec(("[a-z.]{1,12}", any_value()), 0..6),
            max in MIN_REPLY_LEN..2_000,
        ) {
            let mut attributes = vec![
                Attribute { name: names::STATUS, value: Value::Int(i64::from(status)) },
                Attribute { name: names::HTTP_METHOD, value: Value::Text(&method) },
                Attribute { name: names::URL, value: Value::Text(&url) },
            ];
            attributes.extend(
                others.iter().map(|(name, value)| Attribute { name, value: value.into() }),
            );
            let reply = Reply {
                time: Some(UnixNanos(time)),
                key: "/prod/api",
                severity: Severity::from_number(severity).unwrap(),
                text: &text,
                attributes: &attributes,
            };
            for max in [max, UNLIMITED] {
                let out = encoded(&reply, max);
                prop_assert_eq!(wire::Msg::decode(&out[..]).unwrap().encode_to_vec(), out);
            }
        }
    }
}
