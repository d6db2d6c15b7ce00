//! Sends what a program logs with `tracing`.
//!
//! Start a daemon with `logd serve --dev`, which prints its secrets, then:
//! `LOGD_WRITE_SECRET=… cargo run -p logd-client --features tracing --example tracing`

use core::time::Duration;
use logd_client::{Client, Layer};
use std::env;
use tracing::{error, info, info_span};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::prelude::*;

#[expect(clippy::print_stderr, reason = "where else to report that logging fails")]
fn main() -> Result<(), Box<dyn core::error::Error>> {
    let addr = env::var("LOGD_ADDR").unwrap_or_else(|_| "127.0.0.1:6102".into());
    let secret = env::var("LOGD_WRITE_SECRET").map_err(|_| "LOGD_WRITE_SECRET is not set")?;
    let client = Client::builder(addr, secret)
        .key("/dev/example/tracing")
        .on_problem(|problem| eprintln!("logging: {problem}"))
        .build()?;
    // The subscriber lives as long as the process, and with it a clone of the client.
    let _guard = client.flush_on_drop(Duration::from_secs(1));
    tracing_subscriber::registry().with(Layer::new(client).with_filter(LevelFilter::INFO)).init();

    for id in 1..=3 {
        let _request = info_span!("request", id, method = "GET").entered();
        info!(url = "/login", "request received");
        if id == 3 {
            error!(status = 503, "no answer from the database");
        }
    }
    Ok(())
}
