//! Tables of results.

use alloc::collections::BTreeMap;
use core::time::Duration;

use serde_json::{Value, json};

use super::ingest::{Place, heading};
use super::send::{Sent, Traffic};

/// What a receiver did with a load.
pub(crate) struct Receiver {
    pub(crate) sent: Sent,
    /// Events.
    pub(crate) stored: u64,
    /// Datagrams or events by reason, as the receiver counts them.
    pub(crate) drops: BTreeMap<String, u64>,
    pub(crate) cpu: Duration,
}

impl Receiver {
    /// Nanoseconds of CPU an event that arrived.
    pub(crate) fn cost(&self) -> f64 {
        self.cpu.as_nanos() as f64 / self.stored.max(1) as f64
    }

    /// Events that were sent and did not arrive, or were refused.
    pub(crate) fn lost(&self) -> u64 {
        self.sent.events.saturating_sub(self.stored)
    }

    /// Events a second that one core would take.
    fn per_core(&self) -> f64 {
        1e9 / self.cost()
    }
}

/// One load.
pub(crate) struct Row {
    pub(crate) traffic: Traffic,
    pub(crate) place: Place,
    /// A datagram.
    pub(crate) events: usize,
    /// Bytes a datagram.
    pub(crate) mean_len: usize,
    /// Nanoseconds to sign or verify a datagram.
    pub(crate) hmac: f64,
    pub(crate) daemon: Receiver,
    pub(crate) sink: Receiver,
}

impl Row {
    /// Nanoseconds an event that no daemon can do without.
    fn floor(&self) -> f64 {
        self.sink.cost() + self.hmac / self.events as f64
    }
}

/// The name of a rate.
pub(crate) fn rate(rate: Option<u64>) -> String {
    rate.map_or_else(|| String::from("full speed"), |r| format!("{}/s", thousands(r)))
}

fn sender(traffic: Traffic) -> String {
    match traffic.flows {
        1 => traffic.how.name().to_owned(),
        flows => format!("{}, {flows} sockets", traffic.how.name()),
    }
}

fn threads(place: Place) -> String {
    format!("{}{}", place.threads, if place.shared { ", on the sender's cores, too" } else { "" })
}

/// Prints the rows as a Markdown table.
pub(crate) fn markdown(rows: &[Row]) {
    println!("{}.\n", heading());
    println!(
        "| sender | ingest threads | events a datagram | bytes a datagram | rate | offered, events/s | stored | lost | why \
         | daemon, ns CPU an event | bare sink, ns | HMAC, ns a datagram | daemon ÷ (sink + HMAC) \
         | events/s a core |"
    );
    println!("|---|---|--:|--:|---|--:|--:|--:|---|--:|--:|--:|--:|--:|");
    for row in rows {
        let daemon = &row.daemon;
        let why: Vec<_> =
            daemon.drops.iter().map(|(r, n)| format!("{r} {}", thousands(*n))).collect();
        println!(
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {:.0} | {:.0} | {:.0} | {:.2} | {} |",
            sender(row.traffic),
            threads(row.place),
            row.events,
            row.mean_len,
            rate(row.traffic.rate),
            thousands(daemon.sent.rate() as u64),
            thousands(daemon.stored),
            thousands(daemon.lost()),
            why.join(", "),
            daemon.cost(),
            row.sink.cost(),
            row.hmac,
            daemon.cost() / row.floor(),
            thousands(daemon.per_core() as u64),
        );
    }
}

/// Prints the rows as one JSON object.
pub(crate) fn json(rows: &[Row]) {
    let rows: Vec<Value> = rows
        .iter()
        .map(|row| {
            json!({
                "sender": row.traffic.how.name(),
                "flows": row.traffic.flows,
                "ingest_threads": row.place.threads,
                "cores_shared": row.place.shared,
                "events_per_datagram": row.events,
                "bytes_per_datagram": row.mean_len,
                "rate": row.traffic.rate,
                "hmac_ns": row.hmac,
                "daemon": receiver(&row.daemon),
                "sink": receiver(&row.sink),
                "ratio": row.daemon.cost() / row.floor(),
            })
        })
        .collect();
    println!("{:#}", json!({ "machine": heading(), "ingest": rows }));
}

fn receiver(r: &Receiver) -> Value {
    json!({
        "offered_per_second": r.sent.rate(),
        "sent_datagrams": r.sent.datagrams,
        "sent": r.sent.events,
        "stored": r.stored,
        "lost": r.lost(),
        "drops": r.drops,
        "cpu_ns_per_event": r.cost(),
    })
}

/// With commas: 1,234,567.
pub(crate) fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_grouped_from_the_right() {
        for (n, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(thousands(n), text);
        }
    }
}
