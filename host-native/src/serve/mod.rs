//! `logd serve`: the daemon.
//!
//! [`config`] says what to do; [`ingest`] is the thread that owns the engine; HTTP asks it through a bounded
//! queue and searches snapshots on threads of its own.

use alloc::sync::Arc;
use std::io::{self, IsTerminal as _, Write as _};

use anyhow::{Context as _, anyhow, bail};
use logd_core::engine::{Engine, Stats};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tracing::{info, warn};
use tracing_subscriber::EnvFilter;

use crate::Outcome;
use clock::Clock;
use config::Config;
use config::secrets::Use;
use dev::Addresses;
use ingest::Ingest;
use ingest::socket::Socket;
use setup::Memory;

mod args;
pub mod clock;
pub mod config;
mod dev;
mod doors;
mod http;
pub mod ingest;
mod process;
mod setup;
mod watch;

pub use args::Args;

/// Bytes that compressing a block of up to 1 MiB takes at most, its copy and the tables of words included: measured, with
/// texts of random words and letters, and rounded up.
const COMPRESSING: usize = 12 << 20;

/// Runs the daemon until a signal stops it.
pub fn run(args: Args) -> anyhow::Result<Outcome> {
    let env = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let config = Config::load(&args, &env)?;
    start_log(&config.log)?;
    let clock = Clock::new();
    let now = clock.now();
    let engine_config = setup::engine(&config, now.unix);
    let memory = Memory::plan(&config, &engine_config);
    if args.check {
        let engine = Engine::new(engine_config, setup::keyring(&config)?, now)?;
        drop(engine);
        writeln!(io::stdout(), "{memory}")?;
        memory.check()?;
        return Ok(Outcome::Found);
    }
    memory.check()?;
    tell(&config);
    // Both ports before anything else: nothing to undo when one is taken.
    let sockets = Socket::bind(config.udp, config.receive_buffer, config.ingest_threads)?;
    let engine = Engine::new(engine_config, setup::keyring(&config)?, now)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("http")
        .max_blocking_threads(config.limits.searches + config.limits.exports + 4)
        .build()
        .context("cannot start the runtime")?;
    let ended = runtime.block_on(async {
        let listener = http::server::bind(config.http)?;
        let udp = sockets[0].local_addr();
        let addresses = Addresses { udp, http: listener.local_addr()? };
        let ingest = ingest::start(engine, sockets, clock, config.limits.tail_buffer)?;
        daemon(&config, ingest, listener, addresses).await
    });
    // A search that nobody waits for any more may still run, or after an error the ingest thread; neither may hold up
    // the exit.
    runtime.shutdown_background();
    let stats = ended?;
    info!(
        stored = stats.events_stored,
        dropped = stats.datagram_drops.total() + stats.event_drops.total(),
        "stopped"
    );
    Ok(Outcome::Found)
}

/// Serves until a signal comes, then stops in order: no new connections, open responses, the socket's rest.
async fn daemon(
    config: &Config,
    ingest: Ingest,
    listener: TcpListener,
    addresses: Addresses,
) -> anyhow::Result<Stats> {
    let Ingest { handle, sockets, thread } = ingest;
    let mut ended = tokio::task::spawn_blocking(move || thread.join());
    let app = Arc::new(http::App::new(handle.clone(), config, doors::open(config)));
    let router = http::router(app.clone(), &config.allow_origin);
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let limits = &config.limits;
    let connections = limits.connections;
    let server = http::server::serve(listener, router, connections, stopped, limits.stop_time);
    let server = tokio::spawn(server);
    let watcher = tokio::spawn(watch::watch(handle.clone(), sockets));
    // Before anybody is told that the daemon is there: who reads that may send a signal at once.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let viewer = format_args!("http://{}{}", dev::reachable(addresses.http), http::view::PATH);
    info!(udp = %addresses.udp, http = %addresses.http, %viewer, version = env!("CARGO_PKG_VERSION"), "listening");
    if config.dev {
        // Who started the daemon may have looked enough, as with `| head`; that is no reason to stop.
        let _ = dev::print(config, addresses);
    }
    let gone = || anyhow!("the ingest thread failed; its message is above");
    tokio::select! {
        _ = terminate.recv() => info!("SIGTERM: stopping"),
        _ = interrupt.recv() => info!("SIGINT: stopping"),
        _ = &mut ended => return Err(gone()),
    }
    app.stopping();
    let _ = stop.send(true);
    tokio::select! {
        _ = server => {}
        _ = terminate.recv() => warn!("a second signal: not waiting for open responses"),
        _ = interrupt.recv() => warn!("a second signal: not waiting for open responses"),
    }
    watcher.abort();
    handle.stop().await;
    ended.await.ok().and_then(Result::ok).ok_or_else(gone)
}

/// Logs to standard error. Nothing that is logged has a secret in it: secrets have no text form.
fn start_log(filter: &str) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(filter)
        .map_err(|e| anyhow!("log: `{filter}` is no filter ({e}); write info or logd=debug"))?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        // It would complain on standard error, that nobody reads any more, and panic.
        .log_internal_errors(false)
        .with_ansi(io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none());
    if log.try_init().is_err() {
        bail!("the log was started twice");
    }
    Ok(())
}

fn tell(config: &Config) {
    if let Some(path) = &config.file {
        info!(file = %path.display(), "configuration");
    }
    for secret in &config.secrets {
        if let Some(weakness) = secret.weakness() {
            warn!("{weakness}");
        }
        if secret.legacy_sha256 {
            warn!(
                "secret `{}` accepts legacy SHA-256, which an eavesdropper can extend",
                secret.name
            );
        }
    }
    for (right, lacking) in
        [(Use::Read, "nobody can read"), (Use::Write, "nobody can store events")]
    {
        if config.secrets.iter().all(|s| s.right != right) {
            warn!("no {} secret is configured: {lacking}", right.name());
        }
    }
}
