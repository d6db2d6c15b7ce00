//! Once a thread has logged an event of a size, logging allocates nothing.

use allocation_counter::measure;
use core::time::Duration;
use log::{Level, Log, Record};
use logd_client::{Client, Layer, Logger, Severity};
use std::net::UdpSocket;
use tracing_subscriber::layer::SubscriberExt;

const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn logging_does_not_allocate_after_the_first_event() {
    // Nobody needs to read for datagrams to leave.
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let client = Client::builder(socket.local_addr().unwrap(), "secret")
        .key("/test/client")
        .attr("host", "web-1")
        .build()
        .unwrap();
    let logger = Logger::new(client.clone());
    let subscriber = tracing_subscriber::registry().with(Layer::new(client.clone()));
    let log_all = |i: u64| {
        client
            .event(Severity::INFO, format_args!("request {i} done"))
            .attr("status", 200)
            .attr("url", "/login")
            .attr("took", format_args!("{:?}", Duration::from_millis(i)))
            .send()
            .unwrap();
        logger.log(
            &Record::builder()
                .args(format_args!("request {i} done"))
                .level(Level::Info)
                .key_values(&("status", 200))
                .build(),
        );
        tracing::info!(status = 200, "request {i} done");
    };
    tracing::subscriber::with_default(subscriber, || {
        let _span = tracing::info_span!("request", id = 17).entered();
        log_all(0);
        client.flush(PATIENCE).unwrap();
        let allocations = measure(|| {
            for i in 1..1_000 {
                log_all(i);
            }
        });
        assert_eq!(allocations.count_total, 0, "{allocations:?}");
    });
    client.flush(PATIENCE).unwrap();
    assert_eq!(client.stats().sent_events, 3_000);
}

#[test]
fn the_counter_counts() {
    assert_eq!(measure(|| drop(Box::new(core::hint::black_box(1)))).count_total, 1);
}
