//! Events in the shapes that real services log, made from templates: the same seed, the same events.

use std::time::{SystemTime, UNIX_EPOCH};

use logd_core::severity::Severity;
use logd_proto::wire;

/// One template a line: level, key, text, and attributes as ` @name=value`. `{kind}` is filled anew each time.
const TEMPLATES: &str = include_str!("sample/templates.txt");
/// The same for the longer shapes: structured requests, statements, audit records, stack traces.
const LONG_TEMPLATES: &str = include_str!("sample/long.txt");
/// How many of a hundred events of [`Samples::mixed`] are of a longer shape.
const LONG_SHARE: usize = 25;

const WORDS: &[&str] = &[
    "account", "alpha", "archive", "asset", "audit", "banner", "basket", "beacon", "billing",
    "bravo", "bucket", "campaign", "catalog", "channel", "cluster", "comment", "contract",
    "coupon", "customer", "delta", "digest", "document", "event", "export", "feature", "fixture",
    "gateway", "group", "image", "import", "index", "invite", "invoice", "item", "ledger",
    "lookup", "member", "message", "metric", "notice", "offer", "order", "orders", "parcel",
    "partner", "planner", "policy", "profile", "project", "quota", "report", "review", "schema",
    "segment", "session", "shipment", "signal", "stock", "ticket", "token", "trace", "upload",
    "vendor", "voucher", "wallet", "widget",
];
const USERS: &[&str] = &[
    "alice", "bob", "carla", "dmitri", "elena", "farid", "grace", "henrik", "ines", "jonas",
    "keiko", "liam", "maria", "nadia", "oscar", "priya", "quentin", "rosa", "sven", "tomas", "uma",
    "viktor", "wei", "ximena", "yusuf", "zoe", "deploy", "root", "admin", "backup",
];
const STATUSES: &[&str] =
    &["200", "200", "200", "200", "200", "201", "204", "301", "304", "400", "404"];

const AGENTS: &[&str] = &[
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:125.0) Gecko/20100101 Firefox/125.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "Mozilla/5.0 (compatible; crawler/2.1; +http://bot.example.com/about.html)",
    "okhttp/4.12.0",
    "python-requests/2.31.0",
    "Go-http-client/2.0",
];

/// A small generator of pseudo-random numbers.
///
/// Source: `SplitMix64`; Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014.
#[derive(Debug)]
pub struct Random(u64);

impl Random {
    /// The same seed gives the same numbers.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number, of 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `n`, which is small enough that the remainder's bias does not matter here.
    pub fn below(&mut self, n: usize) -> usize {
        (self.next_u64() % n as u64) as usize
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }
}

#[derive(Debug)]
struct Template {
    severity: Severity,
    key: &'static str,
    text: &'static str,
    attributes: Vec<(&'static str, &'static str)>,
}

/// An endless, repeatable stream of events.
#[derive(Debug)]
pub struct Samples {
    templates: Vec<Template>,
    /// None unless they are [mixed](Self::mixed).
    long: Vec<Template>,
    random: Random,
}

impl Samples {
    /// Lines of about a hundred bytes, most of which fit a datagram. The same seed gives the same events.
    pub fn new(seed: u64) -> Self {
        let templates = TEMPLATES.lines().map(template).collect();
        Self { templates, long: Vec::new(), random: Random::new(seed) }
    }

    /// The same lines among longer ones: about 150 bytes of text on average, as a store of many services has them.
    pub fn mixed(seed: u64) -> Self {
        Self { long: LONG_TEMPLATES.lines().map(template).collect(), ..Self::new(seed) }
    }

    /// For choices beside the events.
    pub fn random(&mut self) -> &mut Random {
        &mut self.random
    }

    /// The next event, as a client would send it, at this time.
    pub fn event(&mut self, unix_nanos: u64) -> wire::Msg {
        // Services differ in how much they log: favour the templates at the front, where access logs are.
        let Self { templates, long, random } = self;
        let mixed = !long.is_empty() && random.below(100) < LONG_SHARE;
        let templates = if mixed { long } else { templates };
        let n = templates.len();
        let template = &templates[random.below(n).min(random.below(n))];
        let mut filled = Vec::new();
        let txt = fill(random, template.text, &mut filled);
        let attributes = template.attributes.iter().map(|(name, value)| {
            // What the text says already, the attribute says again.
            let said = filled.iter().find(|(kind, _)| value.trim_matches(['{', '}']) == *kind);
            match said {
                Some((_, said)) => attribute(name, said.clone()),
                None => attribute(name, fill(random, value, &mut Vec::new())),
            }
        });
        wire::Msg {
            key: template.key.to_owned(),
            severity: u32::from(template.severity.number()),
            attributes: attributes.collect(),
            txt,
            time_unix_nano: unix_nanos,
            ..wire::Msg::default()
        }
    }
}

fn template(line: &'static str) -> Template {
    let mut parts = line.splitn(3, ' ');
    let mut part = || parts.next().expect("a template has a level, a key and a text");
    let (level, key, rest) = (part(), part(), part());
    let mut rest = rest.split(" @");
    Template {
        severity: Severity::from_name(level).expect("a template begins with a level"),
        key,
        text: rest.next().expect("split yields at least one part"),
        attributes: rest.map(|a| a.split_once('=').expect("an attribute has a value")).collect(),
    }
}

fn attribute(name: &str, value: String) -> wire::Attribute {
    use wire::attribute::Value;
    let value = value.parse().map_or(Value::Text(value), Value::Int);
    wire::Attribute { name: name.to_owned(), value: Some(value) }
}

/// Replaces each `{kind}` and notes with what; braces around anything else stay.
fn fill<'a>(random: &mut Random, template: &'a str, filled: &mut Vec<(&'a str, String)>) -> String {
    let mut out = String::with_capacity(template.len() + 32);
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        out.push_str(&rest[..open]);
        rest = &rest[open..];
        let value = rest.find('}').and_then(|close| Some((close, value(random, &rest[1..close])?)));
        if let Some((close, value)) = value {
            out.push_str(&value);
            filled.push((&rest[1..close], value));
            rest = &rest[close + 1..];
        } else {
            out.push('{');
            rest = &rest[1..];
        }
    }
    out.push_str(rest);
    out
}

fn value(random: &mut Random, kind: &str) -> Option<String> {
    let mut below = |n: usize| random.below(n);
    Some(match kind {
        "small" => (below(99) + 1).to_string(),
        "ms" => (below(30) * below(30) + 1).to_string(),
        "int" => below(1_000_000).to_string(),
        "id" => (10_000_000 + below(80_000_000)).to_string(),
        "pid" => (300 + below(32_000)).to_string(),
        "port" => (1024 + below(64_000)).to_string(),
        "pin" => format!("{:04}", below(10_000)),
        "money" => format!("{}.{:02}", below(2_000), below(100)),
        "ip" => format!("10.{}.{}.{}", below(16), below(256), 1 + below(254)),
        "host" => format!("{}-{:02}", ["web", "api", "db", "node", "edge"][below(5)], below(40)),
        "hex" => format!("{:012x}", random.next_u64() >> 16),
        "trace" => format!("{:016x}{:016x}", random.next_u64(), random.next_u64()),
        "uuid" => {
            let (a, b) = (random.next_u64(), random.next_u64());
            let (low, mid, high) = (a >> 32, a >> 16 & 0xffff, a & 0xfff);
            format!(
                "{low:08x}-{mid:04x}-4{high:03x}-8{:03x}-{:012x}",
                b >> 52,
                b & 0xffff_ffff_ffff
            )
        }
        "iso" => format!(
            "2026-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
            1 + below(12),
            1 + below(28),
            below(24),
            below(60),
            below(60),
            below(1000)
        ),
        "word" => random.pick(WORDS).to_owned(),
        "user" => random.pick(USERS).to_owned(),
        "status" => random.pick(STATUSES).to_owned(),
        "agent" => random.pick(AGENTS).to_owned(),
        "path" => {
            format!("/{}/{}/{}", random.pick(WORDS), random.pick(WORDS), 1000 + random.below(9_000))
        }
        _ => return None,
    })
}

/// The clock that events and signatures carry: Unix nanoseconds.
///
/// # Panics
///
/// Before the year 1970.
pub fn unix_nanos() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is after 1970");
    u64::try_from(now.as_nanos()).expect("this century's time fits")
}

#[cfg(test)]
mod tests {
    use super::*;
    use logd_core::key::Key;

    #[test]
    fn every_template_makes_a_valid_event() {
        let mut samples = Samples::mixed(1);
        assert!(samples.templates.len() >= 200 && samples.long.len() >= 50);
        for template in samples.templates.iter().chain(&samples.long) {
            assert!(Key::parse(template.key).is_ok(), "{}", template.key);
            let text = fill(&mut samples.random, template.text, &mut Vec::new());
            assert!(!text.is_empty());
        }
    }

    #[test]
    fn the_seed_decides() {
        let events = |seed| {
            let mut samples = Samples::new(seed);
            (0..100).map(|t| samples.event(t)).collect::<Vec<_>>()
        };
        assert_eq!(events(7), events(7));
        assert_ne!(events(7), events(8));
    }

    #[test]
    fn texts_have_the_lengths_they_are_said_to_have() {
        let mean = |mut samples: Samples| {
            (0..20_000).map(|t| samples.event(t).txt.len()).sum::<usize>() / 20_000
        };
        assert!((90..100).contains(&mean(Samples::new(1))));
        assert!((145..155).contains(&mean(Samples::mixed(1))), "{}", mean(Samples::mixed(1)));
    }

    #[test]
    fn text_and_attributes_agree() {
        let mut samples = Samples::new(3);
        let access = (0..1000).map(|_| samples.event(0)).find(|e| {
            e.key == "/prod/api/http" && e.txt.contains("method=GET") && e.txt.contains("bytes")
        });
        let access = access.unwrap();
        let Some(wire::attribute::Value::Int(status)) = access.attributes[0].value else {
            panic!("the status is a number");
        };
        assert!(access.txt.contains(&format!("status={status} ")), "{}", access.txt);
    }

    #[test]
    fn braces_of_the_text_itself_stay() {
        let mut random = Random::new(0);
        let mut fill = |template| fill(&mut random, template, &mut Vec::new());
        assert_eq!(fill(r#"{"a":{"b":{"#), r#"{"a":{"b":{"#);
        assert!(fill(r#"{"n":{small}}"#).starts_with(r#"{"n":"#));
        assert!(!fill(r#"{"n":{small}}"#).contains("small"));
    }
}
