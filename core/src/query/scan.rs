//! Goes through matching events in the order of their numbers, for answers of any length.

use alloc::vec::Vec;

use super::filter::{Filter, Verdict};
use crate::bits::Bits;
use crate::block::{EventRef, Scratch};
use crate::store::Handle;

/// The matching events of some blocks of a ring, which are given oldest first.
#[derive(Debug)]
pub struct Scan {
    filter: Filter,
    /// What is left to do, the next block last.
    blocks: Vec<Handle>,
    scratch: Scratch,
}

/// What [`Scan::step`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scanned {
    /// Went through a block.
    Block,
    /// The next block has been evicted: its events, of which some may have matched, are missing.
    Evicted,
    /// There are no more.
    Done,
}

impl Scan {
    /// Nothing is read yet.
    pub fn new(filter: Filter, blocks: impl DoubleEndedIterator<Item = Handle>) -> Self {
        let blocks = blocks.rev().collect();
        Self { filter, blocks, scratch: Scratch::default() }
    }

    /// Gives the matching events of the next block to `each`.
    pub fn step(&mut self, mut each: impl FnMut(&EventRef<'_>)) -> Scanned {
        let Some(next) = self.blocks.pop() else { return Scanned::Done };
        let Some(block) = next.get() else { return Scanned::Evicted };
        let verdict = self.filter.prune(block.header());
        if verdict == Verdict::None {
            return Scanned::Block;
        }
        let view = block.view(&mut self.scratch);
        let selected = match verdict {
            Verdict::All => Bits::all(block.events()),
            Verdict::None | Verdict::Some => self.filter.select(&view),
        };
        let mut rows = view.rows();
        selected.iter().map_while(|row| rows.at(row)).for_each(|event| each(&event));
        Scanned::Block
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::NewEvent;
    use crate::key::Key;
    use crate::query::parse;
    use crate::severity::Severity;
    use crate::store::{MIN_BUDGET, RingConfig, Store, StoreConfig};
    use crate::test;
    use crate::time::{Now, UnixNanos};
    use alloc::format;
    use alloc::string::String;
    use alloc::vec;

    fn append(store: &mut Store, numbers: core::ops::Range<i64>) {
        for n in numbers {
            let key = Key::parse(if n % 3 == 0 { "/a/fizz" } else { "/a/other" }).unwrap();
            let (time, text) = (UnixNanos(n), format!("event {n}"));
            let severity = Severity::INFO;
            let event = NewEvent { time, key, severity, text: &text, attributes: &[] };
            store.append(Now::default(), &event).unwrap();
        }
    }

    #[test]
    fn matches_come_in_order_and_evictions_are_told() {
        let fallback = RingConfig {
            prefix: String::new(),
            budget: MIN_BUDGET,
            max_age: None,
            max_events: None,
            hot: 0,
        };
        let mut store = Store::new(StoreConfig { rings: vec![], fallback }).unwrap();
        append(&mut store, 0..1000);
        let filter = || Filter::compile(&parse::parse("key:/a/fizz").unwrap()).unwrap();
        let snapshot = store.snapshot(&[]);
        assert!(snapshot.rings[0].blocks.len() > 3);

        let mut seen = Vec::new();
        let mut scan = Scan::new(filter(), snapshot.rings[0].blocks.iter().cloned());
        while scan.step(|event| seen.push(event.time.0)) == Scanned::Block {}
        assert_eq!(seen, (0..1000).step_by(3).collect::<Vec<_>>());

        let mut scan = Scan::new(filter(), snapshot.rings[0].blocks.iter().cloned());
        append(&mut store, 1000..6000);
        assert_eq!(scan.step(|_| panic!("evicted")), Scanned::Evicted);
        let mut last = scan.step(|_| {});
        while last != Scanned::Done {
            last = scan.step(|_| {});
        }
    }
}
