//! The newest events, for tails: blocks that the ingest thread adds and any number of readers follow.
//!
//! Bounded in bytes, unlike a channel that counts messages. A reader that is too slow finds that blocks are
//! gone, and sees it in the sequence numbers; the ingest thread never waits for one.

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use logd_core::block::Block;
use tokio::sync::watch;

/// What the ingest thread and the readers share.
#[derive(Debug)]
pub struct Feed {
    window: Mutex<Window>,
    /// Changes with each push; closed at the end.
    pushed: watch::Sender<bool>,
    readers: AtomicUsize,
    budget: usize,
}

#[derive(Debug, Default)]
struct Window {
    blocks: VecDeque<Arc<Block>>,
    /// Number of the front block, counted from the first push.
    first: u64,
    bytes: usize,
}

/// Follows a feed. While there is one, the ingest thread feeds.
#[derive(Debug)]
pub struct Reader {
    feed: Arc<Feed>,
    next: u64,
    pushed: watch::Receiver<bool>,
}

impl Feed {
    /// Keeps at most `budget` bytes, and at least the newest block.
    pub fn new(budget: usize) -> Self {
        let window = Mutex::new(Window::default());
        Self { window, pushed: watch::Sender::new(false), readers: AtomicUsize::new(0), budget }
    }

    /// Whether anybody reads.
    pub fn has_readers(&self) -> bool {
        self.readers.load(Ordering::Acquire) > 0
    }

    /// Adds a block, and forgets the oldest beyond the budget.
    pub fn push(&self, block: Arc<Block>) {
        let mut window = self.window();
        window.bytes += block.memory();
        window.blocks.push_back(block);
        while window.bytes > self.budget && window.blocks.len() > 1 {
            window.pop();
        }
        drop(window);
        self.pushed.send_replace(false);
    }

    /// Forgets everything: nobody reads.
    pub fn clear(&self) {
        let mut window = self.window();
        while !window.blocks.is_empty() {
            window.pop();
        }
    }

    /// The number that the next block will get.
    pub fn end(&self) -> u64 {
        let window = self.window();
        window.first + window.blocks.len() as u64
    }

    /// Tells readers that no more will come.
    pub fn close(&self) {
        self.pushed.send_replace(true);
    }

    /// A reader of what comes from now on; [`Reader::start_at`] says from where exactly.
    pub fn subscribe(self: &Arc<Self>) -> Reader {
        self.readers.fetch_add(1, Ordering::AcqRel);
        Reader { feed: self.clone(), next: self.end(), pushed: self.pushed.subscribe() }
    }

    fn window(&self) -> MutexGuard<'_, Window> {
        // No code between lock and unlock can panic half-way.
        self.window.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Window {
    fn pop(&mut self) {
        if let Some(block) = self.blocks.pop_front() {
            self.bytes -= block.memory();
            self.first += 1;
        }
    }
}

impl Reader {
    /// Continues with the block of this number.
    pub fn start_at(&mut self, number: u64) {
        self.next = number;
    }

    /// The next block that is still there; `None` when the feed is closed.
    pub async fn next(&mut self) -> Option<Arc<Block>> {
        loop {
            // Before the look, so that a push in between is not missed.
            let closed = *self.pushed.borrow_and_update();
            if let Some(block) = self.take() {
                return Some(block);
            }
            if closed {
                return None;
            }
            self.pushed.changed().await.ok()?;
        }
    }

    fn take(&mut self) -> Option<Arc<Block>> {
        let window = self.feed.window();
        let at = self.next.max(window.first);
        let block = window.blocks.get(usize::try_from(at - window.first).ok()?)?.clone();
        self.next = at + 1;
        Some(block)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.feed.readers.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use logd_core::block::OpenBlock;
    use logd_core::event::NewEvent;
    use logd_core::key::Key;
    use logd_core::severity::Severity;
    use logd_core::time::UnixNanos;

    fn block(seq: u64) -> Arc<Block> {
        let mut open = OpenBlock::new();
        let key = Key::parse("/a/b").unwrap();
        let (time, severity) = (UnixNanos(0), Severity::INFO);
        let event = NewEvent { time, key, severity, text: "x", attributes: &[] };
        open.push(seq, time, &event);
        Arc::new(open.seal())
    }

    fn seqs(reader: &mut Reader) -> Vec<u64> {
        core::iter::from_fn(|| reader.take()).map(|b| b.header().first_seq).collect()
    }

    #[test]
    fn a_reader_gets_every_block_from_where_it_starts() {
        let feed = Arc::new(Feed::new(1 << 20));
        assert!(!feed.has_readers());
        feed.push(block(1));
        let mut reader = feed.subscribe();
        assert!(feed.has_readers());
        feed.push(block(2));
        feed.push(block(3));
        assert_eq!(seqs(&mut reader), [2, 3]);
        reader.start_at(0);
        assert_eq!(seqs(&mut reader), [1, 2, 3]);
        drop(reader);
        assert!(!feed.has_readers());
    }

    #[test]
    fn the_budget_holds_and_a_slow_reader_continues_with_what_is_left() {
        let budget = block(1).memory() * 3;
        let feed = Arc::new(Feed::new(budget));
        let mut reader = feed.subscribe();
        for seq in 1..=10 {
            feed.push(block(seq));
            assert!(feed.window().bytes <= budget);
        }
        assert_eq!(seqs(&mut reader), [8, 9, 10]);
        feed.clear();
        assert_eq!(feed.window().bytes, 0);
        assert_eq!(feed.end(), 10);
        feed.push(block(11));
        assert_eq!(seqs(&mut reader), [11]);
    }

    #[tokio::test]
    async fn a_waiting_reader_wakes_and_a_closed_feed_ends_after_its_last_block() {
        let feed = Arc::new(Feed::new(1 << 20));
        let mut reader = feed.subscribe();
        let task = tokio::spawn(async move {
            let mut got = Vec::new();
            while let Some(block) = reader.next().await {
                got.push(block.header().first_seq);
            }
            got
        });
        for seq in 1..=3 {
            feed.push(block(seq));
            tokio::task::yield_now().await;
        }
        feed.close();
        assert_eq!(task.await.unwrap(), [1, 2, 3]);
    }
}
