//! Packs events into signed datagrams, as many as fit.

use logd_core::datagram::Signer;
use logd_core::key::Key;
use logd_core::severity::Severity;
use logd_core::time::UnixNanos;
use logd_proto::encode;

use super::attribute::Attribute;
use super::lines::{Line, PART};

/// Payload that fits an Ethernet frame: 1500 less the headers of IPv6 (40) and UDP (8), the signature (32) and the
/// time (8). A single event that is larger goes alone, in fragments.
const MAX_PAYLOAD: usize = 1500 - 40 - 8 - 32 - 8;

/// What every event has in common.
pub(super) struct Template {
    /// Encoded key, severity and attributes.
    fields: Vec<u8>,
}

impl Template {
    pub(super) fn new(key: Key<'_>, severity: Severity, attributes: &[Attribute]) -> Self {
        let mut fields = Vec::new();
        encode::key(&mut fields, key.as_str());
        encode::severity(&mut fields, severity.number());
        for attribute in attributes {
            attribute.encode(&mut fields);
        }
        Self { fields }
    }
}

/// Collects events until a datagram is full.
pub(super) struct Packer {
    template: Template,
    signer: Signer,
    sender: u64,
    /// Events in datagrams that were sealed.
    sealed: u64,
    payload: Vec<u8>,
    events: u64,
    event: Vec<u8>,
    datagram: Vec<u8>,
}

impl Packer {
    /// `sender` identifies this process; the daemon counts gaps in what it numbers.
    pub(super) fn new(template: Template, signer: Signer, sender: u64) -> Self {
        let datagram = Vec::with_capacity(2048);
        let (payload, event) = (Vec::with_capacity(2048), Vec::with_capacity(2048));
        Self { template, signer, sender, sealed: 0, payload, events: 0, event, datagram }
    }

    /// Events that wait for their datagram to be sealed.
    pub(super) fn pending(&self) -> u64 {
        self.events
    }

    /// Whether `line` fits what is pending. Otherwise [`seal`](Self::seal) that first.
    pub(super) fn fits(&mut self, time: UnixNanos, line: &Line) -> bool {
        self.event.clear();
        self.event.extend_from_slice(&self.template.fields);
        encode::time_unix_nano(&mut self.event, time.0.cast_unsigned());
        encode::text(&mut self.event, &line.text);
        if let Some(part) = line.part {
            encode::attribute(&mut self.event, PART, encode::Value::Int(part.cast_signed()));
        }
        self.events == 0 || self.payload.len() + encode::batch_len(self.event.len()) <= MAX_PAYLOAD
    }

    /// Adds the line that was last asked about.
    pub(super) fn add(&mut self) {
        if self.events == 0 {
            self.payload.clear();
            encode::sender(&mut self.payload, self.sender);
            encode::counter(&mut self.payload, self.sealed);
        }
        encode::batch(&mut self.payload, &self.event);
        self.events += 1;
    }

    /// Makes a datagram of what is pending, signed at `now`; nothing is pending then.
    pub(super) fn seal(&mut self, now: UnixNanos) {
        self.datagram.clear();
        self.signer.sign(now, &self.payload, &mut self.datagram);
        self.sealed += self.events;
        self.events = 0;
    }

    /// What was sealed last.
    pub(super) fn datagram(&self) -> &[u8] {
        &self.datagram
    }
}
