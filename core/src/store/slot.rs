//! A sealed block in its ring, and how readers find it after upkeep has put another in its place.

use alloc::boxed::Box;
use alloc::sync::{Arc, Weak};
use core::ops::Deref;
use core::sync::atomic::{Ordering, fence};

use once_cell::race::OnceBox;

use crate::block::Block;

/// How often upkeep replaces a block: by one with a filter, and by a compressed one.
const REPLACEMENTS: usize = 2;

/// A sealed block in its ring, which owns it.
#[derive(Debug)]
pub(super) struct Slot {
    block: Arc<Block>,
    forms: Arc<Forms>,
}

/// The forms that a block has had so far. They hold the same events; none is kept alive here.
#[derive(Debug)]
pub(super) struct Forms {
    first: Weak<Block>,
    later: [OnceBox<Weak<Block>>; REPLACEMENTS],
}

impl Slot {
    pub(super) fn new(block: Block) -> Self {
        let block = Arc::new(block);
        let first = Arc::downgrade(&block);
        let later = core::array::from_fn(|_| OnceBox::new());
        Self { block, forms: Arc::new(Forms { first, later }) }
    }

    /// Puts another form of the block in its place. Who holds the forms finds one of them at any time.
    pub(super) fn replace(&mut self, block: Arc<Block>) {
        let mut new = Box::new(Arc::downgrade(&block));
        for later in &self.forms.later {
            match later.set(new) {
                Ok(()) => break,
                Err(taken) => new = taken,
            }
        }
        // Only now may the old form go.
        self.block = block;
    }

    pub(super) fn forms(&self) -> &Arc<Forms> {
        &self.forms
    }
}

impl Deref for Slot {
    type Target = Arc<Block>;

    fn deref(&self) -> &Arc<Block> {
        &self.block
    }
}

impl Forms {
    /// The block in a form that is still there; `None` when it was evicted.
    pub(super) fn get(&self) -> Option<Arc<Block>> {
        let mut form = self.first.upgrade();
        for later in &self.later {
            if form.is_some() {
                break;
            }
            // A form goes after the next one was stored: who sees that it is gone must see the next.
            fence(Ordering::Acquire);
            form = later.get()?.upgrade();
        }
        form
    }
}
