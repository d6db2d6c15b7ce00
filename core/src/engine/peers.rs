//! The addresses that get replies: who is owed what, and whose turn it is.

use alloc::collections::BTreeMap;
use alloc::collections::btree_map::Entry;
use alloc::vec::Vec;
use core::net::SocketAddr;
use core::ops::Bound::{Excluded, Unbounded};

use super::config::Config;
use super::pacing::Pacer;
use super::reply::Reply;
use super::tails::{KICK, TAILING, Tail};
use super::udp_query::UdpQuery;
use crate::block::EventRef;
use crate::drop::DropReason;
use crate::event::NewEvent;
use crate::query::filter::Filter;
use crate::store::Store;
use crate::time::MonoNanos;

/// Addresses that are owed nothing but must not start afresh at once. An entry stays for a burst's time, 8 ms by default.
const MAX_DEBTORS: usize = 1024;
/// A row of a map with its share of the tree, rounded up.
const DEBTOR: usize = 96;

/// Where replies go. Ordered maps, so that the same inputs give the same replies in the same order.
#[derive(Debug, Default)]
pub(super) struct Peers {
    peers: BTreeMap<SocketAddr, Peer>,
    /// Paces those that left `peers` before all that was sent to them was paid for.
    debtors: BTreeMap<SocketAddr, Pacer>,
    total: Pacer,
    /// Who got the last reply, and whose query had the last step.
    last_reply: Option<SocketAddr>,
    last_step: Option<SocketAddr>,
    /// Peers with a tail, or with a kick that has not left: what `max_tails` bounds.
    tails: usize,
    queries: usize,
}

/// One address with a tail, a query, or both.
#[derive(Debug, Default)]
struct Peer {
    pacer: Pacer,
    tail: Option<Tail>,
    /// Its TAIL is to be answered.
    answer: bool,
    /// Its tail is gone, and it has not been told.
    kick: bool,
    query: Option<UdpQuery>,
}

impl Peer {
    fn has_reply(&self) -> bool {
        self.kick
            || self.answer
            || self.query.as_ref().is_some_and(UdpQuery::has_reply)
            || self.tail.as_ref().is_some_and(Tail::has_reply)
    }

    fn counts_as_tail(&self) -> bool {
        self.tail.is_some() || self.kick
    }

    fn is_done(&self) -> bool {
        !self.counts_as_tail() && self.query.is_none()
    }
}

impl Peers {
    /// Bytes of the maps; queues and pages are counted where they are.
    pub(super) fn memory_for(max_tails: usize, max_queries: usize) -> usize {
        let peer = size_of::<(SocketAddr, Peer)>() * 2;
        let peers = max_tails.saturating_add(max_queries).saturating_mul(peer);
        peers.saturating_add(MAX_DEBTORS * DEBTOR)
    }

    pub(super) fn tails(&self) -> usize {
        self.tails
    }

    pub(super) fn queries(&self) -> usize {
        self.queries
    }

    /// Opens a tail, or gives the one that is there another filter.
    pub(super) fn tail(
        &mut self,
        now: MonoNanos,
        from: SocketAddr,
        filter: Filter,
        config: &Config,
    ) -> Result<(), DropReason> {
        let is_tail = self.peers.get(&from).is_some_and(Peer::counts_as_tail);
        if !is_tail && self.tails >= config.max_tails {
            return Err(DropReason::TooManyTails);
        }
        let peer = self.enter(now, from).ok_or(DropReason::TooManyTails)?;
        match &mut peer.tail {
            Some(tail) => tail.replace(filter),
            None => peer.tail = Some(Tail::new(filter, config.tail_queue_bytes)),
        }
        if let Some(tail) = &mut peer.tail {
            tail.refresh(now, config.tail_timeout);
        }
        peer.answer = true;
        peer.kick = false;
        self.tails += usize::from(!is_tail);
        Ok(())
    }

    /// Keeps a tail open; an address without one gets nothing by it.
    pub(super) fn ping(&mut self, now: MonoNanos, from: SocketAddr, config: &Config) {
        if let Some(tail) = self.peers.get_mut(&from).and_then(|p| p.tail.as_mut()) {
            tail.refresh(now, config.tail_timeout);
        }
    }

    /// Begins a query. One that is under way for the same address ends without a word: its client asks again,
    /// and could not tell the two answers apart.
    pub(super) fn query(
        &mut self,
        now: MonoNanos,
        from: SocketAddr,
        query: UdpQuery,
        max_queries: usize,
    ) -> Result<(), DropReason> {
        let is_query = self.peers.get(&from).is_some_and(|p| p.query.is_some());
        if !is_query && self.queries >= max_queries {
            return Err(DropReason::TooManyQueries);
        }
        self.enter(now, from).ok_or(DropReason::TooManyQueries)?.query = Some(query);
        self.queries += usize::from(!is_query);
        Ok(())
    }

    /// Queues an accepted event for each tail that wants it. Returns how many tails missed it.
    pub(super) fn publish(
        &mut self,
        stored: &EventRef<'_>,
        event: &NewEvent<'_>,
        max: usize,
        scratch: &mut Vec<u8>,
    ) -> u64 {
        let mut missed = 0;
        scratch.clear();
        for tail in self.peers.values_mut().filter_map(|p| p.tail.as_mut()) {
            if !tail.filter().matches(stored) {
                continue;
            }
            // An encoded event is never empty: it has a key.
            if scratch.is_empty() {
                let reply = Reply {
                    time: Some(event.time),
                    key: event.key.as_str(),
                    severity: event.severity,
                    text: event.text,
                    attributes: event.attributes,
                };
                reply.encode(max, scratch);
            }
            missed += u64::from(!tail.push(scratch));
        }
        missed
    }

    /// Drops the tails that were silent for too long. Returns how many.
    pub(super) fn kick_silent(&mut self, now: MonoNanos) -> u64 {
        let mut kicked = 0;
        for peer in self.peers.values_mut() {
            if peer.tail.as_ref().is_some_and(|tail| tail.deadline() <= now) {
                (peer.tail, peer.answer, peer.kick) = (None, false, true);
                kicked += 1;
            }
        }
        kicked
    }

    /// Lets the next query search a step.
    pub(super) fn step(&mut self, store: &mut Store, budget: usize) {
        let wants = |p: &Peer| p.query.as_ref().is_some_and(UdpQuery::needs_step);
        let Some(next) = self.next_after(self.last_step, wants) else { return };
        self.last_step = Some(next);
        if let Some(query) = self.peers.get_mut(&next).and_then(|p| p.query.as_mut()) {
            query.step(store, budget);
        }
    }

    /// Appends the next reply that may leave now to `out`, and says for whom.
    pub(super) fn poll(
        &mut self,
        now: MonoNanos,
        config: &Config,
        out: &mut Vec<u8>,
    ) -> Option<SocketAddr> {
        if self.peers.is_empty() || self.total.ready_at(config.reply_rate_total) > now {
            return None;
        }
        let ready = |p: &Peer| p.has_reply() && p.pacer.ready_at(config.reply_rate) <= now;
        let to = self.next_after(self.last_reply, ready)?;
        self.last_reply = Some(to);
        let peer = self.peers.get_mut(&to)?;
        let start = out.len();
        let max = config.max_reply_len;
        if peer.kick {
            Reply::control(KICK).encode(max, out);
            peer.kick = false;
            self.tails -= 1;
        } else if peer.answer {
            Reply::control(TAILING).encode(max, out);
            peer.answer = false;
        } else if let Some(query) = peer.query.as_mut().filter(|q| q.has_reply()) {
            if query.pop(max, out) {
                peer.query = None;
                self.queries -= 1;
            }
        } else if let Some(tail) = &mut peer.tail {
            tail.pop(max, out);
        }
        let len = out.len() - start;
        peer.pacer.spend(now, config.reply_rate, len);
        self.total.spend(now, config.reply_rate_total, len);
        if peer.is_done() {
            self.leave(now, to);
        }
        Some(to)
    }

    /// When something is to be done next: a reply may leave, a tail ends, a query goes on.
    pub(super) fn poll_timeout(&self, now: MonoNanos, config: &Config) -> Option<MonoNanos> {
        let total = self.total.ready_at(config.reply_rate_total);
        let wake = |peer: &Peer| {
            let step = peer.query.as_ref().is_some_and(UdpQuery::needs_step).then_some(now);
            let reply = peer.has_reply().then(|| peer.pacer.ready_at(config.reply_rate).max(total));
            let deadline = peer.tail.as_ref().map(Tail::deadline);
            [step, reply, deadline].into_iter().flatten().min()
        };
        self.peers.values().filter_map(wake).min()
    }

    /// The entry of `addr`; none when there is no room to remember what its predecessors were sent.
    fn enter(&mut self, now: MonoNanos, addr: SocketAddr) -> Option<&mut Peer> {
        let entry = match self.peers.entry(addr) {
            Entry::Occupied(entry) => return Some(entry.into_mut()),
            Entry::Vacant(entry) => entry,
        };
        if self.debtors.len() >= MAX_DEBTORS {
            self.debtors.retain(|_, pacer| !pacer.is_idle(now));
        }
        let pacer = match self.debtors.remove(&addr) {
            Some(pacer) => pacer,
            None if self.debtors.len() >= MAX_DEBTORS => return None,
            None => Pacer::default(),
        };
        Some(entry.insert(Peer { pacer, ..Peer::default() }))
    }

    fn leave(&mut self, now: MonoNanos, addr: SocketAddr) {
        if let Some(peer) = self.peers.remove(&addr)
            && !peer.pacer.is_idle(now)
        {
            self.debtors.insert(addr, peer.pacer);
        }
    }

    /// The first address after `last`, in a circle, whose peer passes `test`.
    fn next_after(
        &self,
        last: Option<SocketAddr>,
        test: impl Fn(&Peer) -> bool,
    ) -> Option<SocketAddr> {
        let after = (last.map_or(Unbounded, Excluded), Unbounded);
        let rest = self.peers.range(after).chain(&self.peers);
        rest.filter(|(_, peer)| test(peer)).map(|(&addr, _)| addr).next()
    }
}
