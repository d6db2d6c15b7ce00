//! Remembers the MACs of the datagrams that are still fresh, so that each is accepted once.
//!
//! # How it can be exact and bounded
//!
//! A copy of a datagram has the same bytes, hence the same time. The time picks a slice of the window, and the
//! MAC is looked up in that slice only. A slice is a hash table of fixed size for the times of one epoch;
//! when these have all expired it is emptied and used for a later epoch, in the manner of a ring.
//!
//! The epoch of a slice never goes back. So if a datagram was accepted, its slice either is still of its
//! epoch and holds its MAC, or is of a later epoch and refuses it as stale, whatever the clock says. A clock
//! that steps back thus makes datagrams stale until it has caught up; it does not reopen a slice. A slice
//! that is full refuses; it does not forget either.
//!
//! The MACs were verified before they got here, so that they are uniform to anyone without a secret, and
//! their own bytes serve as the hash.

use alloc::boxed::Box;
use alloc::vec;
use core::time::Duration;

use super::{MAC_LEN, Mac};
use crate::drop::DropReason;
use crate::time::UnixNanos;

/// Slices in the window. Fresh times span 2·ttl, so that more slices keep expired MACs for less time, and
/// fewer leave more room for an uneven load.
const SLICES: usize = 10;
/// Slices that 2·ttl is divided into. The window has two more: the span can begin and end within a slice.
const SLICES_FRESH: i64 = SLICES as i64 - 2;

/// An exact, bounded set of the MACs of fresh datagrams.
#[derive(Debug)]
pub struct ReplayWindow {
    ttl: Duration,
    /// Nanoseconds of a slice.
    slice_len: i64,
    slices: [Slice; SLICES],
    /// The tables of all slices, one after the other.
    slots: Box<[[u8; MAC_LEN]]>,
    slots_per_slice: usize,
    macs_per_slice: usize,
}

/// What a slice holds.
#[derive(Clone, Copy, Debug, Default)]
struct Slice {
    /// Its times are from this multiple of the slices' length up to the next; `None` if it was never used.
    epoch: Option<i64>,
    macs: usize,
    /// It holds the MAC of all zeroes, which in the table means an empty slot.
    zero: bool,
}

const EMPTY: [u8; MAC_LEN] = [0; MAC_LEN];

impl ReplayWindow {
    /// A window for datagrams at most `ttl` off, which holds `capacity` MACs, rounded up to some for each slice.
    ///
    /// A slice is a quarter of the ttl, and takes a tenth of the capacity. To take `rate` datagrams a second
    /// evenly, the capacity must be at least 2.5 · ttl · rate.
    pub fn new(ttl: Duration, capacity: usize) -> Self {
        let ttl_nanos = i64::try_from(ttl.as_nanos()).unwrap_or(i64::MAX);
        // Rounded up, and so that no ttl overflows.
        let slice_len = (ttl_nanos / (SLICES_FRESH / 2)).saturating_add(1);
        let (macs_per_slice, slots_per_slice) = Self::layout(capacity);
        Self {
            ttl,
            slice_len,
            slices: [Slice::default(); SLICES],
            slots: vec![EMPTY; SLICES * slots_per_slice].into_boxed_slice(),
            slots_per_slice,
            macs_per_slice,
        }
    }

    /// Accepts the datagram with this MAC and time, unless it was accepted before or that cannot be told.
    ///
    /// - [`Replay`](DropReason::Replay): it was accepted before. Never said of another datagram.
    /// - [`ReplayWindowFull`](DropReason::ReplayWindowFull): as many of about its time were accepted as fit.
    /// - [`Stale`](DropReason::Stale): what was accepted around its time has been forgotten.
    /// - [`Future`](DropReason::Future): it is so far ahead of `now` that something fresh would have to be
    ///   forgotten for it; only when the clock stepped back after the datagram was verified.
    pub fn insert(&mut self, now: UnixNanos, mac: &Mac, time: UnixNanos) -> Result<(), DropReason> {
        let epoch = time.0.div_euclid(self.slice_len);
        let index = epoch.rem_euclid(SLICES as i64) as usize;
        match self.slices[index].epoch {
            Some(held) if held == epoch => {}
            Some(held) if held > epoch => return Err(DropReason::Stale),
            Some(held) => self.forget(now, index, held, epoch)?,
            None => self.slices[index].epoch = Some(epoch),
        }
        self.insert_into(index, mac)
    }

    /// MACs it holds at most.
    pub fn capacity(&self) -> usize {
        self.macs_per_slice * SLICES
    }

    /// Bytes it uses, from the start and for ever.
    pub fn memory(&self) -> usize {
        size_of::<Self>() + size_of_val::<[_]>(&self.slots)
    }

    /// What [`Self::memory`] of a window of this capacity would be, without making one.
    pub fn memory_for(capacity: usize) -> usize {
        let (_, slots_per_slice) = Self::layout(capacity);
        slots_per_slice.saturating_mul(SLICES * MAC_LEN).saturating_add(size_of::<Self>())
    }

    /// How many MACs a slice takes, and how many slots its table has.
    fn layout(capacity: usize) -> (usize, usize) {
        let macs = capacity.div_ceil(SLICES).max(1);
        // At most three quarters full: probes stay short, and one slot is always empty and ends them.
        (macs, macs.saturating_add(macs / 3 + 1))
    }

    /// Empties a slice for a later epoch, if all times of the one it holds have expired.
    #[cold]
    fn forget(
        &mut self,
        now: UnixNanos,
        index: usize,
        held: i64,
        epoch: i64,
    ) -> Result<(), DropReason> {
        let end = UnixNanos((held + 1).saturating_mul(self.slice_len));
        if end > now.saturating_sub(self.ttl) {
            return Err(DropReason::Future);
        }
        let start = index * self.slots_per_slice;
        self.slots[start..start + self.slots_per_slice].fill(EMPTY);
        self.slices[index] = Slice { epoch: Some(epoch), macs: 0, zero: false };
        Ok(())
    }

    #[inline]
    fn insert_into(&mut self, index: usize, mac: &Mac) -> Result<(), DropReason> {
        let slice = &mut self.slices[index];
        let start = index * self.slots_per_slice;
        let table = &mut self.slots[start..start + self.slots_per_slice];
        let full = slice.macs == self.macs_per_slice;
        if mac.0 == EMPTY {
            return match (slice.zero, full) {
                (true, _) => Err(DropReason::Replay),
                (false, true) => Err(DropReason::ReplayWindowFull),
                (false, false) => {
                    slice.zero = true;
                    slice.macs += 1;
                    Ok(())
                }
            };
        }
        let mut slot = home(mac, table.len());
        while table[slot] != EMPTY {
            if table[slot] == mac.0 {
                return Err(DropReason::Replay);
            }
            slot = if slot + 1 == table.len() { 0 } else { slot + 1 };
        }
        if full {
            return Err(DropReason::ReplayWindowFull);
        }
        table[slot] = mac.0;
        slice.macs += 1;
        Ok(())
    }
}

/// Where to look for `mac` first: its first eight bytes as a fraction of `slots`.
#[inline]
fn home(mac: &Mac, slots: usize) -> usize {
    let (first, _) = mac.0.split_first_chunk().expect("a MAC has 32 bytes");
    // The product's upper half is below `slots`.
    ((u128::from(u64::from_be_bytes(*first)) * slots as u128) >> 64) as usize
}

#[cfg(test)]
mod tests;
