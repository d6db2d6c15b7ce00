//! The daemon's configuration: flag before environment before logd.toml before default.

use core::fmt;
use core::net::SocketAddr;
use core::num::NonZeroUsize;
use core::str::FromStr;
use core::time::Duration;
use std::net::ToSocketAddrs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, bail};
use logd_core::key::MAX_KEY_LEN;

use super::args::Args;
use file::{Entry, File};
use secrets::SecretConfig;
use settings::Setting;
use units::{parse_duration, parse_size};

pub mod file;
pub mod secrets;
pub mod settings;
pub mod units;

/// Where to listen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listen {
    /// All addresses, of both families where the machine has both.
    Any(u16),
    /// This one.
    At(SocketAddr),
}

/// One ring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ring {
    /// Keys at or below this; empty for the fallback.
    pub prefix: String,
    /// Bytes.
    pub size: usize,
    /// Bytes of the newest blocks that stay uncompressed.
    pub hot: usize,
    /// Older events are deleted.
    pub max_age: Option<Duration>,
    /// More events overwrite the oldest.
    pub max_events: Option<u64>,
}

/// The event log over HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventLogSettings {
    /// Of the keys of its events; the facility follows.
    pub prefix: String,
}

/// What bounds the daemon. Units are in `docs/configuration.md`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "docs/configuration.md says what each limits, once")]
pub struct Limits {
    pub replay_datagrams: usize,
    pub text: usize,
    pub udp_tails: usize,
    pub udp_queries: usize,
    pub udp_query_results: u32,
    pub tails: usize,
    pub tail_buffer: usize,
    pub searches: usize,
    pub search_time: Duration,
    pub answers: usize,
    pub exports: usize,
    pub export_time: Duration,
    pub page: u32,
    pub buckets: usize,
    pub facet_values: usize,
    pub connections: usize,
    pub requests_per_second: u32,
    pub burst: u32,
    pub body: usize,
    pub stop_time: Duration,
}

/// A checked configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file that was read, if one was.
    pub file: Option<PathBuf>,
    /// Where datagrams arrive.
    pub udp: Listen,
    /// Where HTTP is served.
    pub http: Listen,
    /// Origins that browsers may read from; `*` for any.
    pub allow_origin: Vec<String>,
    /// Filter of the daemon's own log.
    pub log: String,
    /// How far a datagram's time may be from the daemon's.
    pub ttl: Duration,
    /// Bytes asked of the kernel for each socket.
    pub receive_buffer: usize,
    /// Threads that receive, each on a socket of its own.
    pub ingest_threads: NonZeroUsize,
    /// Bytes.
    pub memory_limit: usize,
    /// At least one.
    pub secrets: Vec<SecretConfig>,
    /// Distinct prefixes.
    pub rings: Vec<Ring>,
    /// For keys that no other ring covers.
    pub fallback: Ring,
    /// The event log, if it is switched on.
    pub eventlog: Option<EventLogSettings>,
    /// See [`Limits`].
    pub limits: Limits,
    /// Asked for with `--dev`.
    pub dev: bool,
}

/// One thread stores what all receive; long before this many it has no time left.
const MAX_INGEST_THREADS: usize = 16;

/// The newest part of a ring that stays uncompressed: what people look at most.
const HOT_SHARE: usize = 4;

/// Reads the environment: a variable's value, if it is set and not empty.
pub type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

impl Config {
    /// Puts the configuration of this process together.
    pub fn load(args: &Args, env: Env<'_>) -> anyhow::Result<Self> {
        let path = config_path(args, env)?;
        let file = match &path {
            Some(path) => {
                let text = std::fs::read_to_string(path)
                    .with_context(|| format!("cannot read {}", path.display()))?;
                file::parse(&text).map_err(|e| anyhow!("{}: {e}", path.display()))?
            }
            None => File::default(),
        };
        let name = path.as_ref().map(|p| p.display().to_string());
        Sources::new(args, env, file, path)?.resolve().map_err(|e| match name {
            // What is wrong in the file is told with its line; which file, only here.
            Some(name) if e.to_string().starts_with("line ") => anyhow!("{name}: {e:#}"),
            _ => e,
        })
    }
}

fn config_path(args: &Args, env: Env<'_>) -> anyhow::Result<Option<PathBuf>> {
    if let Some(path) = args.config.clone().or_else(|| env("LOGD_CONFIG").map(PathBuf::from)) {
        return Ok(Some(path));
    }
    let usual = [Path::new("logd.toml"), Path::new("/etc/logd/logd.toml")];
    Ok(usual.into_iter().find(|p| p.is_file()).map(Path::to_path_buf))
}

/// Everything that was said, before it is understood.
struct Sources<'a> {
    args: &'a Args,
    env: Env<'a>,
    file: File,
    path: Option<PathBuf>,
    set: Vec<(&'static str, String)>,
}

impl<'a> Sources<'a> {
    fn new(
        args: &'a Args,
        env: Env<'a>,
        file: File,
        path: Option<PathBuf>,
    ) -> anyhow::Result<Self> {
        let mut set = Vec::new();
        for pair in &args.set {
            let (key, value) = pair
                .split_once('=')
                .ok_or_else(|| anyhow!("--set {pair}: write KEY=VALUE, as in --set ttl=1s"))?;
            let setting = settings::find(key.trim()).ok_or_else(|| {
                let hint = settings::suggest(key).map(|k| format!("; did you mean `{k}`?"));
                anyhow!("--set {pair}: unknown key `{key}`{}", hint.unwrap_or_default())
            })?;
            set.push((setting.key, value.trim().to_owned()));
        }
        let own = [
            ("udp", &args.udp),
            ("http", &args.http),
            ("log", &args.log),
            ("memory_limit", &args.memory_limit),
        ];
        for (key, value) in own {
            set.extend(value.clone().map(|v| (key, v)));
        }
        Ok(Self { args, env, file, path, set })
    }

    fn resolve(self) -> anyhow::Result<Config> {
        let limits = Limits {
            replay_datagrams: self.number("limits.replay_datagrams")?,
            text: self.get("limits.text", parse_size)?,
            udp_tails: self.number("limits.udp_tails")?,
            udp_queries: self.number("limits.udp_queries")?,
            udp_query_results: self.number("limits.udp_query_results")?,
            tails: self.number("limits.tails")?,
            tail_buffer: self.get("limits.tail_buffer", parse_size)?,
            searches: self.number("limits.searches")?,
            search_time: self.get("limits.search_time", parse_duration)?,
            answers: self.get("limits.answers", parse_size)?,
            exports: self.number("limits.exports")?,
            export_time: self.get("limits.export_time", parse_duration)?,
            page: self.number("limits.page")?,
            buckets: self.number("limits.buckets")?,
            facet_values: self.number("limits.facet_values")?,
            connections: self.number("limits.connections")?,
            requests_per_second: self.number("limits.requests_per_second")?,
            burst: self.number("limits.burst")?,
            body: self.get("limits.body", parse_size)?,
            stop_time: self.get("limits.stop_time", parse_duration)?,
        };
        let legacy = self.switch("legacy_sha256")?;
        let secrets = secrets::collect(self.args, self.env, &self.file.secrets, legacy)?;
        let size = self.get("fallback.size", parse_size)?;
        let fallback = Ring {
            prefix: String::new(),
            size,
            hot: self.optional("fallback.hot", parse_size)?.unwrap_or(size / HOT_SHARE),
            max_age: self.optional("fallback.max_age", parse_duration)?,
            max_events: self.optional("fallback.max_events", parse_number)?,
        };
        Ok(Config {
            udp: self.listen("udp")?,
            http: self.listen("http")?,
            allow_origin: self.get("allow_origin", |s| Ok(list(s)))?,
            log: self.log()?,
            ttl: self.get("ttl", |s| match parse_duration(s)? {
                Duration::ZERO => Err("the ttl must be above zero".into()),
                ttl => Ok(ttl),
            })?,
            receive_buffer: self.get("receive_buffer", parse_size)?,
            ingest_threads: self.get("ingest_threads", ingest_threads)?,
            memory_limit: self.get("memory_limit", parse_size)?,
            rings: rings(&self.file.rings)?,
            eventlog: self.eventlog()?,
            dev: self.args.dev,
            file: self.path,
            secrets,
            fallback,
            limits,
        })
    }

    /// The winning text for a setting, and what to call its source in an error.
    fn text(&self, setting: &'static Setting) -> (String, String) {
        if let Some((_, value)) = self.set.iter().rev().find(|(k, _)| *k == setting.key) {
            let name = setting.flag.map_or_else(|| format!("--set {}", setting.key), str::to_owned);
            return (value.clone(), name);
        }
        if let Some(value) = (self.env)(setting.env) {
            return (value, setting.env.to_owned());
        }
        if let Some((_, text)) = self.file.scalars.iter().find(|(k, _)| *k == setting.key) {
            return (text.value.clone(), format!("line {}: {}", text.line, setting.key));
        }
        (setting.default.to_owned(), format!("default of {}", setting.key))
    }

    fn is_default(&self, setting: &Setting) -> bool {
        self.set.iter().all(|(k, _)| *k != setting.key)
            && (self.env)(setting.env).is_none()
            && self.file.scalars.iter().all(|(k, _)| *k != setting.key)
    }

    fn get<T>(
        &self,
        key: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> anyhow::Result<T> {
        let setting = settings::find(key).expect("every key that is read is in the table");
        let (text, source) = self.text(setting);
        parse(text.trim()).map_err(|e| anyhow!("{source}: {e}"))
    }

    fn optional<T>(
        &self,
        key: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> anyhow::Result<Option<T>> {
        self.get(key, |s| if s.is_empty() { Ok(None) } else { parse(s).map(Some) })
    }

    /// A count; zero is refused, for a daemon without it is switched off by not using it.
    fn number<T: FromStr + PartialEq + Default>(&self, key: &str) -> anyhow::Result<T> {
        self.get(key, |s| match parse_number(s)? {
            n if n == T::default() => Err("must be above zero".into()),
            n => Ok(n),
        })
    }

    fn switch(&self, key: &str) -> anyhow::Result<bool> {
        self.get(key, |s| s.parse().map_err(|_| format!("`{s}` is neither true nor false")))
    }

    /// None when it is switched off.
    fn eventlog(&self) -> anyhow::Result<Option<EventLogSettings>> {
        let settings = EventLogSettings { prefix: self.get("eventlog.prefix", prefix)? };
        let enabled = settings::find("eventlog.enabled").expect("in the table");
        // Who tries the daemon tries all of it.
        let on = self.switch(enabled.key)? || (self.args.dev && self.is_default(enabled));
        Ok(on.then_some(settings))
    }

    fn listen(&self, key: &str) -> anyhow::Result<Listen> {
        let listen = self.get(key, str::parse::<Listen>)?;
        let setting = settings::find(key).expect("every key that is read is in the table");
        Ok(match listen {
            // Random secrets are for this machine only, until somebody asks for more.
            Listen::Any(port) if self.args.dev && self.is_default(setting) => {
                Listen::At(SocketAddr::from(([127, 0, 0, 1], port)))
            }
            Listen::Any(_) | Listen::At(_) => listen,
        })
    }

    fn log(&self) -> anyhow::Result<String> {
        let setting = settings::find("log").expect("in the table");
        match (self.env)("RUST_LOG") {
            Some(filter) if self.is_default(setting) => Ok(filter),
            _ => self.get("log", |s| Ok(s.to_owned())),
        }
    }
}

impl FromStr for Listen {
    type Err = String;

    /// `6101`, `:6101`, `127.0.0.1:6101`, `[::1]:6101` or `localhost:6101`.
    fn from_str(s: &str) -> Result<Self, String> {
        let port = s.strip_prefix(':').unwrap_or(s);
        if let Ok(port) = port.parse() {
            return Ok(Self::Any(port));
        }
        let help = || format!("`{s}` is no address; write 6101, :6101 or 127.0.0.1:6101");
        s.to_socket_addrs().ok().and_then(|mut all| all.next()).map(Self::At).ok_or_else(help)
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any(port) => write!(f, ":{port}"),
            Self::At(addr) => addr.fmt(f),
        }
    }
}

fn parse_number<T: FromStr>(s: &str) -> Result<T, String> {
    s.replace('_', "").parse().map_err(|_| format!("`{s}` is no whole number in range"))
}

fn ingest_threads(s: &str) -> Result<NonZeroUsize, String> {
    let threads: usize = parse_number(s)?;
    if !(1..=MAX_INGEST_THREADS).contains(&threads) {
        return Err(format!("must be 1 to {MAX_INGEST_THREADS}"));
    }
    if threads > 1 && !cfg!(target_os = "linux") {
        return Err("more than one thread needs Linux, which divides senders among sockets".into());
    }
    NonZeroUsize::new(threads).ok_or_else(|| "must be above zero".into())
}

fn list(s: &str) -> Vec<String> {
    s.split(',').map(str::trim).filter(|s| !s.is_empty()).map(str::to_owned).collect()
}

/// The beginning of keys, without a slash at its end.
fn prefix(text: &str) -> Result<String, String> {
    let value = text.trim_end_matches('/');
    let segments = value.strip_prefix('/').map(|rest| rest.split('/'));
    let good = segments.is_some_and(|mut all| all.all(|s| !s.is_empty()));
    if !good || value.len() > MAX_KEY_LEN || value.chars().any(|c| c.is_whitespace()) {
        return Err(format!("`{text}` is no prefix; write for example /prod/api"));
    }
    Ok(value.to_owned())
}

fn rings(entries: &[Entry]) -> anyhow::Result<Vec<Ring>> {
    let mut rings: Vec<Ring> = Vec::with_capacity(entries.len());
    for entry in entries {
        let ring = ring(entry)?;
        if rings.iter().any(|r| r.prefix == ring.prefix) {
            bail!("line {}: a second ring with prefix {}", entry.line, ring.prefix);
        }
        rings.push(ring);
    }
    Ok(rings)
}

fn ring(entry: &Entry) -> anyhow::Result<Ring> {
    let required =
        |key| entry.get(key).ok_or_else(|| anyhow!("line {}: a ring needs `{key}`", entry.line));
    let text = required("prefix")?;
    let prefix = prefix(&text.value).map_err(|e| anyhow!("line {}: {e}", text.line))?;
    let size = at_line(entry, "size", parse_size)?
        .ok_or_else(|| anyhow!("line {}: a ring needs `size`", entry.line))?;
    Ok(Ring {
        prefix,
        size,
        hot: at_line(entry, "hot", parse_size)?.unwrap_or(size / HOT_SHARE),
        max_age: at_line(entry, "max_age", parse_duration)?,
        max_events: at_line(entry, "max_events", parse_number)?,
    })
}

fn at_line<T>(
    entry: &Entry,
    key: &str,
    parse: impl Fn(&str) -> Result<T, String>,
) -> anyhow::Result<Option<T>> {
    let text = entry.get(key);
    text.map(|t| parse(&t.value).map_err(|e| anyhow!("line {}: {key}: {e}", t.line))).transpose()
}

#[cfg(test)]
mod tests;
