//! The engine: datagrams in, replies and snapshots out, driven by its host.

mod config;
mod filter;
mod ingest;
mod pacing;
mod peers;
mod queue;
mod refused;
mod reply;
mod stats;
mod tails;
#[cfg(test)]
mod tests;
mod udp_query;

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::SocketAddr;
use core::time::Duration;

use logd_proto::borrowed::{Cmd, DecodeError};
use logd_proto::wire::{Name, QueryParams};

pub use config::{Config, ConfigError, MAX_DATAGRAM_LEN};
pub use ingest::MAX_ATTRIBUTES;
pub use pacing::{DATAGRAM_OVERHEAD, Rate};
pub use refused::RefusedSender;
pub use reply::CUT_MARK;
pub use stats::Stats;

use crate::block::{Block, EventRef};
use crate::datagram::{
    Keyring, Proof, Refused, ReplayWindow, Right, SenderTable, Verified, Verifier,
};
use crate::drop::DropReason;
use crate::event::NewEvent;
use crate::fresh::Fresh;
use crate::query::filter::Filter;
use crate::store::{Effort, Found, RingStatus, Select, Snapshot, Store, UpkeepDone, UpkeepJob};
use crate::time::{MonoNanos, Now, UnixNanos};
use ingest::Attributes;
use peers::Peers;
use refused::RefusedSenders;
use udp_query::UdpQuery;

/// The engine of the daemon.
///
/// It has one owner, does no I/O and never waits. The owner tells it what happened and asks it what to do:
///
/// - **getters** look and change nothing: [`stats`](Self::stats), [`rings`](Self::rings),
///   [`refused_senders`](Self::refused_senders), [`last_seq`](Self::last_seq), [`verifier`](Self::verifier);
/// - **`handle_*`** take what happened: a datagram came ([`handle_datagram`](Self::handle_datagram), or
///   [`handle_verified`](Self::handle_verified) when another thread verified it), time passed
///   ([`handle_timeout`](Self::handle_timeout)). They never fail: what a hostile datagram can do is to add one
///   to a counter;
/// - **commands** are what the host itself wants: [`handle_write`](Self::handle_write), [`snapshot`](Self::snapshot),
///   [`set_tailing`](Self::set_tailing), [`take_fresh`](Self::take_fresh), [`count_drop`](Self::count_drop);
/// - **`poll_*`** say what to do next: send a datagram ([`poll_transmit`](Self::poll_transmit)), wake up at a
///   time ([`poll_timeout`](Self::poll_timeout)).
///
/// # The order of a turn
///
/// Any number of `handle_*` and commands may come first. Then, in this order:
///
/// 1. [`poll_transmit`](Self::poll_transmit) until it returns `None`;
/// 2. [`take_fresh`](Self::take_fresh), if tailing is on;
/// 3. [`poll_timeout`](Self::poll_timeout), which depends on all of the above: sleep until then or until a
///    datagram comes, and call [`handle_timeout`](Self::handle_timeout) if the time has come.
///
/// Work that may take long is done in [`handle_timeout`](Self::handle_timeout), one step a call. While there is
/// more, [`poll_timeout`](Self::poll_timeout) gives a time that has passed; the host receives what has come
/// meanwhile before the next step, so that a query over UDP does not hold up ingest.
///
/// # Replies
///
/// Nothing is ever sent to an address whose datagram was not accepted: not authentic, or a replay, and there are
/// no bytes out for any number of bytes in. Replies to TAIL and QUERY leave as fast as [`Config::reply_rate`]
/// and [`Config::reply_rate_total`] let them, in turns by address. A reply that is longer than
/// [`Config::max_reply_len`] has its longest strings cut, which then end in [`CUT_MARK`].
///
/// # Timeouts
///
/// Calling [`handle_timeout`](Self::handle_timeout) too early or too often is safe. Each call gets the clocks
/// as they are then; the monotonic one must not go back.
///
/// ```
/// use core::net::SocketAddr;
/// use core::time::Duration;
/// use logd_core::datagram::{Keyring, Right, Secret, Signer};
/// use logd_core::engine::{Config, Engine};
/// use logd_core::store::{RingConfig, StoreConfig};
/// use logd_core::time::{MonoNanos, Now, UnixNanos};
/// use logd_proto::prost::Message;
/// use logd_proto::wire::{Cmd, Msg};
///
/// /// A host's socket and clocks. Here they are a list and a number.
/// struct Host {
///     now: Now,
///     inbox: Vec<(SocketAddr, Vec<u8>)>,
///     outbox: Vec<(SocketAddr, Vec<u8>)>,
/// }
///
/// fn run(host: &mut Host, engine: &mut Engine) {
///     let mut out = Vec::new();
///     loop {
///         // What has come, a batch at most.
///         for (from, datagram) in host.inbox.drain(..) {
///             engine.handle_datagram(host.now, from, &datagram);
///         }
///         // What is to leave.
///         while let Some(transmit) = engine.poll_transmit(host.now, &mut out) {
///             host.outbox.push((transmit.to, out[..transmit.len].to_vec()));
///             out.clear();
///         }
///         // Sleep until a datagram comes or it is time. This host gets none, so it stops when all is done.
///         match engine.poll_timeout() {
///             Some(wake) => host.now.mono = host.now.mono.max(wake),
///             None => return,
///         }
///         engine.handle_timeout(host.now);
///     }
/// }
///
/// let start = UnixNanos(1_700_000_000_000_000_000);
/// let ring = RingConfig { prefix: "/".into(), budget: 1 << 20, max_age: None, max_events: None, hot: 1 << 20 };
/// let config = Config::new(StoreConfig { rings: vec![], fallback: ring }, start);
/// let keyring = Keyring::new([Secret::new("app", Right::Write, b"a long random secret")])?;
/// let now = Now { unix: start.saturating_add(Duration::from_millis(5)), mono: MonoNanos(0) };
/// let mut engine = Engine::new(config, keyring, now)?;
///
/// let event = Msg { key: "/dev/me/app".into(), txt: "hello".into(), ..Default::default() };
/// let payload = Cmd { msg: Some(event), ..Default::default() }.encode_to_vec();
/// let mut datagram = Vec::new();
/// Signer::new(b"a long random secret").sign(now.unix, &payload, &mut datagram);
///
/// let from = SocketAddr::from(([192, 0, 2, 1], 5000));
/// // The second copy is a replay.
/// let inbox = vec![(from, datagram.clone()), (from, datagram)];
/// run(&mut Host { now, inbox, outbox: vec![] }, &mut engine);
/// let stats = engine.stats();
/// assert_eq!((stats.events_stored, stats.datagram_drops.total()), (1, 1));
/// assert!(stats.is_balanced());
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Engine {
    config: Config,
    verifier: Arc<Verifier>,
    replay: ReplayWindow,
    senders: SenderTable,
    store: Store,
    fresh: Fresh,
    peers: Peers,
    refused: RefusedSenders,
    /// Counters; the gauges are filled in when they are asked for.
    stats: Stats,
    /// The clocks of the latest call.
    now: Now,
    /// Reused from event to event: a key put together from its segments, an encoded reply.
    key: String,
    reply: Vec<u8>,
}

/// A datagram to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transmit {
    /// Where to.
    pub to: SocketAddr,
    /// How many bytes were appended to the caller's buffer.
    pub len: usize,
}

impl Engine {
    /// An engine with empty rings.
    pub fn new(config: Config, keyring: Keyring, now: Now) -> Result<Self, ConfigError> {
        config.check()?;
        Ok(Self {
            verifier: Arc::new(Verifier::new(keyring, config.ttl, config.start)),
            replay: ReplayWindow::new(config.ttl, config.replay_capacity),
            senders: SenderTable::new(config.senders),
            store: Store::new(config.store.clone())?,
            fresh: Fresh::new(config.fresh_bytes),
            peers: Peers::default(),
            refused: RefusedSenders::new(config.refused_senders),
            stats: Stats::default(),
            now,
            key: String::new(),
            reply: Vec::new(),
            config,
        })
    }

    /// What checks signatures; stateless, for any thread.
    pub fn verifier(&self) -> &Arc<Verifier> {
        &self.verifier
    }

    /// What it was made with.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The counters as they are now. Looks at each sender, so it is for a status page, not for each datagram.
    pub fn stats(&self) -> Stats {
        let senders = self.senders.totals();
        Stats {
            gaps: senders.missing.saturating_sub(senders.recovered),
            fresh_missed: self.fresh.missed(),
            tails: self.peers.tails(),
            udp_queries: self.peers.queries(),
            ..self.stats
        }
    }

    /// Machines whose datagrams were refused for their time: a hint about wrong clocks, see [`RefusedSender`].
    pub fn refused_senders(&self) -> impl Iterator<Item = RefusedSender> + '_ {
        self.refused.iter()
    }

    /// How each ring stands; the fallback ring last.
    pub fn rings(&self) -> impl Iterator<Item = RingStatus> + '_ {
        self.store.rings()
    }

    /// The sequence number given last; 0 before the first.
    pub fn last_seq(&self) -> u64 {
        self.store.last_seq()
    }

    /// A datagram came: length, time, signature, replay and content are checked, in this order, and what it
    /// asks for is done.
    pub fn handle_datagram(&mut self, now: Now, from: SocketAddr, datagram: &[u8]) {
        let verified = if datagram.len() > self.config.max_datagram_len {
            Err(Refused { reason: DropReason::TooLong, skew: None })
        } else {
            self.verifier.verify(now.unix, datagram)
        };
        self.handle_verified(now, from, datagram.len(), verified);
    }

    /// The same for a datagram of `len` bytes that was put through [`Self::verifier`] elsewhere.
    ///
    /// All of them must come through the one engine, in any order: replays are found here. `now` is the time
    /// of this call, not that of the verification.
    pub fn handle_verified(
        &mut self,
        now: Now,
        from: SocketAddr,
        len: usize,
        verified: Result<Verified<'_>, Refused>,
    ) {
        self.now = now;
        self.stats.received_datagrams += 1;
        self.stats.bytes_in += len as u64;
        let done = match verified {
            Ok(_) if len > self.config.max_datagram_len => Err(DropReason::TooLong),
            Ok(verified) => self.accept(from, &verified),
            Err(Refused { reason, skew }) => {
                if let Some(skew) = skew {
                    self.refused.note(now, from.ip(), reason, skew);
                }
                Err(reason)
            }
        };
        match done {
            Ok(command) => self.stats.accepted[command as usize] += 1,
            Err(reason) => self.stats.datagram_drops.add(reason, 1),
        }
    }

    /// Time passed. Does what [`Self::poll_timeout`] waited for: drops old events and silent tails, and lets
    /// one query over UDP search one step.
    pub fn handle_timeout(&mut self, now: Now) {
        self.now = now;
        if self.store.next_expiry().is_some_and(|due| due <= now.unix) {
            self.store.expire(now);
        }
        self.stats.tails_kicked += self.peers.kick_silent(now.mono);
        self.peers.step(&mut self.store, self.config.udp_query_step_bytes);
    }

    /// Events that came through another door, encoded as a WRITE: a `wire.Cmd` whose rights the door has checked. Each is
    /// stored or dropped, and counted, like one of a datagram; an event without a time takes `now`.
    ///
    /// `proof` is that of their signature, where they came with one: a copy is refused here, like that of a datagram.
    /// `outcomes` gets the sequence number of each event, or why it was dropped. An error means that all were.
    pub fn handle_write(
        &mut self,
        now: Now,
        proof: Option<&Proof>,
        write: &[u8],
        outcomes: &mut Vec<Result<u64, DropReason>>,
    ) -> Result<(), DropReason> {
        self.now = now;
        let Ok(cmd) = Cmd::parse(write) else {
            self.count_event_drop(DropReason::Undecodable, 1);
            return Err(DropReason::Undecodable);
        };
        if let Some((mac, time)) = proof.map(Proof::stamp) {
            let fresh = self.replay.insert(now.unix, mac, time);
            fresh.inspect_err(|reason| self.count_event_drop(*reason, cmd.msgs().len() as u64))?;
        }
        self.write(&cmd, now.unix, |outcome| outcomes.push(outcome))
    }

    /// The host knows of `n` datagrams that did not reach the engine, for instance because the kernel or a
    /// queue of the host had no room. They count as received and dropped.
    pub fn count_drop(&mut self, reason: DropReason, n: u64) {
        self.stats.received_datagrams += n;
        self.stats.datagram_drops.add(reason, n);
    }

    /// The rings with these prefixes as they are now, or all when none is named, to be searched elsewhere.
    pub fn snapshot(&mut self, rings: &[String]) -> Snapshot {
        self.store.snapshot(rings)
    }

    /// Work on a stored block that is due; see [`Store::poll_upkeep`]. It may be done on another thread.
    #[must_use]
    pub fn poll_upkeep(&mut self, effort: Effort) -> Option<UpkeepJob> {
        self.store.poll_upkeep(effort)
    }

    /// Takes the outcome of a job.
    pub fn finish_upkeep(&mut self, done: UpkeepDone) {
        self.store.finish_upkeep(done);
    }

    /// Begins to delete what the filter selects of what the rings hold now; [`Self::poll_upkeep`] gives the work. False, and
    /// nothing done, while another deletion is under way.
    #[must_use]
    pub fn delete(&mut self, filter: Filter) -> bool {
        let select: Arc<dyn Select> = Arc::new(filter);
        self.store.delete(&select)
    }

    /// Whether a deletion is under way.
    pub fn is_deleting(&self) -> bool {
        self.store.is_deleting()
    }

    /// How many events a deletion has deleted, once it is over.
    #[must_use]
    pub fn poll_deleted(&mut self) -> Option<u64> {
        self.store.poll_deleted()
    }

    /// Whether [`Self::take_fresh`] is to give the events that are accepted from now on. Off at first.
    pub fn set_tailing(&mut self, on: bool) {
        self.fresh.set(on);
    }

    /// The events accepted since the last call while tailing was on, for tails that the host serves.
    ///
    /// Events that did not fit [`Config::fresh_bytes`] are left out; a reader sees a jump in the numbers.
    #[must_use]
    pub fn take_fresh(&mut self) -> Option<Arc<Block>> {
        self.fresh.take()
    }

    /// Appends the next reply that may leave now to `out`. To be called until it returns `None`.
    #[must_use]
    pub fn poll_transmit(&mut self, now: Now, out: &mut Vec<u8>) -> Option<Transmit> {
        self.now = now;
        let start = out.len();
        let to = self.peers.poll(now.mono, &self.config, out)?;
        let len = out.len() - start;
        self.stats.replies += 1;
        self.stats.bytes_out += len as u64;
        Some(Transmit { to, len })
    }

    /// When to call [`Self::handle_timeout`] and [`Self::poll_transmit`] next, if nothing happens before. A time
    /// that has passed means now.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<MonoNanos> {
        let expiry = self.store.next_expiry().map(|due| {
            // Ages are of the wall clock; until the next call both clocks are taken to run alike.
            let wait = due.0.saturating_sub(self.now.unix.0);
            self.now.mono.saturating_add(Duration::from_nanos(u64::try_from(wait).unwrap_or(0)))
        });
        let peers = self.peers.poll_timeout(self.now.mono, &self.config);
        [expiry, peers].into_iter().flatten().min()
    }

    /// An authentic datagram: replay, decode, rights, then what it asks for.
    fn accept(&mut self, from: SocketAddr, verified: &Verified<'_>) -> Result<Name, DropReason> {
        self.replay.insert(self.now.unix, &verified.mac, verified.time)?;
        let cmd = Cmd::parse(verified.payload).map_err(|e| {
            let unknown = e == DecodeError::UnknownCommand;
            if unknown { DropReason::UnknownCommand } else { DropReason::Undecodable }
        })?;
        let right = match cmd.name {
            Name::Write => Right::Write,
            Name::Tail | Name::Ping | Name::Query => Right::Read,
        };
        if !verified.rights.allow(right) {
            return Err(DropReason::NotPermitted);
        }
        match cmd.name {
            Name::Write => self.write(&cmd, verified.time, |_| {})?,
            Name::Tail => {
                let filter = filter::of_tail(&params(&cmd)?)?;
                let filter = Filter::compile(&filter).map_err(|_| DropReason::InvalidFilter)?;
                self.peers.tail(self.now.mono, from, filter, &self.config)?;
            }
            Name::Ping => self.peers.ping(self.now.mono, from, &self.config),
            Name::Query => {
                let query = UdpQuery::new(&params(&cmd)?, self.config.udp_query_hard_limit)?;
                let max = self.config.max_udp_queries;
                self.peers.query(self.now.mono, from, query, max)?;
            }
        }
        Ok(cmd.name)
    }

    /// `time` is taken by events without one of their own; `outcome` is told what became of each.
    #[inline]
    fn write(
        &mut self,
        cmd: &Cmd<'_>,
        time: UnixNanos,
        mut outcome: impl FnMut(Result<u64, DropReason>),
    ) -> Result<(), DropReason> {
        let msgs = cmd.msgs();
        if msgs.len() == 0 {
            return Err(DropReason::NoMessage);
        }
        self.senders.observe(cmd.sender, cmd.counter, msgs.len() as u64);
        let mut key = core::mem::take(&mut self.key);
        let mut attributes = Attributes::new();
        for raw in msgs {
            let stored = ingest::event(raw, time, &mut key, &mut attributes, &mut self.store)
                .and_then(|(found, event)| {
                    // Never in a datagram.
                    if raw.len() > MAX_DATAGRAM_LEN {
                        ingest::check_size(event.attributes)?;
                    }
                    self.store(found, &event)
                });
            self.count_event(stored);
            outcome(stored);
        }
        self.key = key;
        Ok(())
    }

    /// Stores an event whose attributes have been checked, and hands it to the tails.
    #[inline]
    fn store(&mut self, found: Found, event: &NewEvent<'_>) -> Result<u64, DropReason> {
        if event.text.len() > self.config.max_text_len {
            return Err(DropReason::TextTooLong);
        }
        let seq = self.store.append_to(found, self.now, event)?;
        self.fresh.push(seq, self.now.unix, event);
        if self.peers.tails() > 0 {
            let stored = EventRef::accepted(seq, self.now.unix, event);
            let max = self.config.max_reply_len;
            self.stats.tail_missed += self.peers.publish(&stored, event, max, &mut self.reply);
        }
        Ok(seq)
    }

    fn count_event_drop(&mut self, reason: DropReason, n: u64) {
        self.stats.events_offered += n;
        self.stats.event_drops.add(reason, n);
    }

    fn count_event(&mut self, stored: Result<u64, DropReason>) {
        self.stats.events_offered += 1;
        match stored {
            Ok(_) => self.stats.events_stored += 1,
            Err(reason) => self.stats.event_drops.add(reason, 1),
        }
    }
}

/// The filter of a TAIL or QUERY; one that is missing does not filter.
fn params(cmd: &Cmd<'_>) -> Result<QueryParams, DropReason> {
    cmd.query_params()
        .transpose()
        .map_err(|_| DropReason::Undecodable)
        .map(Option::unwrap_or_default)
}
