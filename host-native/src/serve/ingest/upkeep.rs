//! The thread that indexes and compresses sealed blocks, one at a time, so that ingest need not.

use alloc::sync::Arc;
use std::io;
use std::sync::mpsc as sync;

use logd_core::store::UpkeepJob;
use tokio::sync::mpsc;

use super::Request;
use super::wake::Waker;

/// Starts the thread. It ends when the jobs or the requests do.
pub(super) fn start(
    done: mpsc::Sender<Request>,
    waker: Arc<Waker>,
) -> io::Result<sync::SyncSender<UpkeepJob>> {
    let (tx, jobs) = sync::sync_channel::<UpkeepJob>(1);
    std::thread::Builder::new().name("upkeep".into()).spawn(move || {
        while let Ok(job) = jobs.recv() {
            if done.blocking_send(Request::Upkept(job.run())).is_err() {
                return;
            }
            waker.wake();
        }
    })?;
    Ok(tx)
}
