//! A store full of realistic events, for the benches of search and memory.

use logd_core::event::{Attribute, Value};
use logd_core::store::{Effort, RingConfig, Store, StoreConfig};
use logd_core::time::{MonoNanos, Now, UnixNanos};
use logd_proto::wire;

use logd_bench::{Samples, with_event};

/// Nanoseconds from event to event, twice the average: 100,000 a second, as irregular as many senders make them.
const MAX_INTERVAL: usize = 20_000;
/// Nanoseconds that a datagram takes to arrive.
const MIN_DELAY: usize = 60_000;
const MAX_DELAY: usize = 120_000;
const START: i64 = 1_795_000_000_000_000_000;

/// Whether blocks are compressed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Temperature {
    Hot,
    Cold,
}

impl Temperature {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Hot => "uncompressed",
            Self::Cold => "compressed",
        }
    }
}

/// The store, and what went into it.
pub(super) struct Corpus {
    pub(super) store: Store,
    pub(super) events: usize,
    /// Bytes of text.
    pub(super) text: usize,
    /// Bytes of attributes: names, and values as they are (numbers as eight bytes).
    pub(super) attributes: usize,
    /// A number that one event has, somewhere in the middle.
    pub(super) rare: String,
}

impl Corpus {
    pub(super) fn new(events: usize, seed: u64, temperature: Temperature) -> Self {
        let hot = match temperature {
            Temperature::Hot => usize::MAX,
            Temperature::Cold => 0,
        };
        let fallback = RingConfig {
            prefix: "/".into(),
            budget: 4 << 30,
            max_age: None,
            max_events: None,
            hot,
        };
        let store = Store::new(StoreConfig { rings: Vec::new(), fallback });
        let mut corpus = Self {
            store: store.expect("the configuration is sound"),
            events: 0,
            text: 0,
            attributes: 0,
            rare: String::new(),
        };
        corpus.rare = each_event(events, seed, |msg, received| corpus.append(msg, received));
        while let Some(job) = corpus.store.poll_upkeep(Effort::All) {
            job.run().into_iter().for_each(|done| corpus.store.finish_upkeep(done));
        }
        corpus
    }

    fn append(&mut self, msg: &wire::Msg, received: i64) {
        let now = Now { unix: UnixNanos(received), mono: MonoNanos(0) };
        with_event(msg, |event| {
            self.store.append(now, event).expect("the ring has room");
            self.attributes += event.attributes.iter().map(attribute_len).sum::<usize>();
        });
        self.events += 1;
        self.text += msg.txt.len();
    }

    /// Bytes that the store uses.
    pub(super) fn memory(&self) -> usize {
        self.store.rings().map(|r| r.used).sum()
    }
}

/// Goes through the events of a corpus, each with its time of receipt. Returns a number that one event has.
pub(super) fn each_event(
    events: usize,
    seed: u64,
    mut each: impl FnMut(&wire::Msg, i64),
) -> String {
    let mut rare = String::new();
    let mut samples = Samples::mixed(seed);
    let mut received = START;
    for i in 0..events {
        let random = samples.random();
        received += random.below(MAX_INTERVAL) as i64;
        let delay = MIN_DELAY + random.below(MAX_DELAY - MIN_DELAY);
        let time = received as u64 - delay as u64;
        each(&samples.event(time), received);
        if i >= events / 2
            && rare.is_empty()
            && let Some(id) = request_id(&samples.event(0).txt)
        {
            id.clone_into(&mut rare);
            let txt = format!("request completed request_id={id}");
            each(&wire::Msg { txt, ..samples.event(time) }, received);
        }
    }
    rare
}

fn request_id(text: &str) -> Option<&str> {
    text.split("request_id=").nth(1)?.split(' ').next()
}

fn attribute_len(a: &Attribute<'_>) -> usize {
    let value = match a.value {
        Value::Text(s) => s.len(),
        Value::Bytes(b) => b.len(),
        Value::Int(_) | Value::Float(_) => 8,
        Value::Flag(_) => 1,
    };
    a.name.len() + value
}
