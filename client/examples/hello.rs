//! Logs an event.
//!
//! Start a daemon with `logd serve --dev`, which prints its secrets, then:
//! `LOGD_WRITE_SECRET=… cargo run -p logd-client --example hello`

use core::time::Duration;
use logd_client::{Client, Severity};
use std::env;

fn main() -> Result<(), Box<dyn core::error::Error>> {
    let addr = env::var("LOGD_ADDR").unwrap_or_else(|_| "127.0.0.1:6102".into());
    let secret = env::var("LOGD_WRITE_SECRET").map_err(|_| "LOGD_WRITE_SECRET is not set")?;
    let client = Client::builder(addr, secret).key("/dev/example/hello").build()?;

    client.info("hello")?;
    client
        .event(Severity::WARN, "request done")
        .attr("status", 503)
        .attr("url", "/login")
        .send()?;

    client.flush(Duration::from_secs(1))?;
    Ok(())
}
