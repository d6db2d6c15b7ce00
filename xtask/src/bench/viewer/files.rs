//! The buffers that the viewer is measured with. Made once, and kept beside what cargo builds.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use logd_bench::with_event;
use logd_core::block::OpenBlock;
use logd_core::buffer::Writer;
use logd_core::time::UnixNanos;
use logd_proto::buffer::{Origin, RingOrigin};
use logd_proto::wire;
use serde_json::{Value, json};

use super::super::corpus::each_event;
use crate::sh::target_dir;

/// Blocks have about this many bytes before they are compressed, as a daemon's.
const BLOCK: usize = 1 << 20;
/// Distinct keys of [`hard`].
const KEYS: usize = 100_000;
/// Length of the long line of [`hard`], in bytes.
const LINE: usize = 1_000_000;
/// Changes with what the files hold, so that old ones are not taken for new ones.
const VERSION: u32 = 1;

/// A buffer on disk.
pub(super) struct Buffer {
    pub(super) path: PathBuf,
    pub(super) events: u64,
    /// Bytes of text.
    pub(super) text: u64,
    /// A number that one event has.
    pub(super) rare: String,
}

/// Events as in the bench of search.
pub(super) fn plain(events: usize) -> Result<Buffer> {
    made(&format!("plain-{events}"), |file| file.push_all(events, |msg| Some(msg.clone())))
}

/// The same, but every third event has the text of the next one below its own: 200 bytes of text an event.
pub(super) fn large(events: usize) -> Result<Buffer> {
    made(&format!("large-{events}"), |file| {
        let mut first: Option<wire::Msg> = None;
        let mut seen = 0_usize;
        file.push_all(events + events / 3, |msg| {
            seen += 1;
            if seen % 4 == 3 {
                first = Some(msg.clone());
                return None;
            }
            Some(match first.take() {
                Some(first) => wire::Msg { txt: format!("{}\n  {}", first.txt, msg.txt), ..first },
                None => msg.clone(),
            })
        })
    })
}

/// What is hard to show: every event has one of many keys, and one near the end has a very long line.
pub(super) fn hard(events: usize) -> Result<Buffer> {
    made(&format!("hard-{events}"), |file| {
        let mut seen = 0;
        file.push_all(events, |msg| {
            seen += 1;
            let key = format!("/fleet/pod-{:06}", (seen * 7919) % KEYS);
            let mut msg = wire::Msg { key, ..msg.clone() };
            if seen == events - 10 {
                msg.txt = msg.txt.repeat(LINE / msg.txt.len().max(1) + 1);
                msg.txt.truncate(LINE);
            }
            Some(msg)
        })
    })
}

/// Makes the file, unless it is there.
fn made(name: &str, fill: impl FnOnce(&mut Filling) -> Result<String>) -> Result<Buffer> {
    let dir = target_dir().join("bench-viewer");
    fs::create_dir_all(&dir)?;
    let path = dir.join(format!("{name}-v{VERSION}.logd"));
    let about = path.with_extension("json");
    if let Ok(about) = fs::read(&about) {
        let about: Value = serde_json::from_slice(&about)?;
        return buffer(path, &about).context("an old file of the bench is damaged; remove it");
    }
    eprintln!("==> make {}", path.display());
    let mut filling = Filling::new(&path)?;
    let rare = fill(&mut filling)?;
    let made = filling.finish(rare)?;
    fs::write(about, json!({ "events": made.0, "text": made.1, "rare": made.2 }).to_string())?;
    Ok(Buffer { path, events: made.0, text: made.1, rare: made.2 })
}

fn buffer(path: PathBuf, about: &Value) -> Option<Buffer> {
    let number = |name: &str| about[name].as_u64();
    let rare = about["rare"].as_str()?.to_owned();
    Some(Buffer { path, events: number("events")?, text: number("text")?, rare })
}

/// A file being written: one block in memory.
struct Filling {
    file: BufWriter<File>,
    writer: Writer,
    open: OpenBlock,
    bytes: Vec<u8>,
    events: u64,
    text: u64,
}

impl Filling {
    fn new(path: &Path) -> Result<Self> {
        let mut bytes = Vec::new();
        let writer = Writer::new(&mut bytes);
        let file = BufWriter::new(File::create(path)?);
        Ok(Self { file, writer, open: OpenBlock::new(), bytes, events: 0, text: 0 })
    }

    /// So many events of the bench of search, each as `change` has it; none for those that it leaves out. Returns the number
    /// that one event has.
    fn push_all(
        &mut self,
        events: usize,
        mut change: impl FnMut(&wire::Msg) -> Option<wire::Msg>,
    ) -> Result<String> {
        let mut failed = Ok(());
        let rare = each_event(events, 1, |msg, received| {
            if failed.is_ok()
                && let Some(msg) = change(msg)
            {
                failed = self.push(&msg, received);
            }
        });
        failed.map(|()| rare)
    }

    fn push(&mut self, msg: &wire::Msg, received: i64) -> Result<()> {
        self.events += 1;
        self.text += msg.txt.len() as u64;
        with_event(msg, |event| {
            if !self.open.is_empty() && self.open.len_bytes() + OpenBlock::max_cost(event) > BLOCK {
                self.seal()?;
            }
            self.open.push(self.events, UnixNanos(received), event);
            Ok(())
        })
    }

    fn seal(&mut self) -> Result<()> {
        self.writer.block("/", &self.open.seal().compressed(), &mut self.bytes);
        self.file.write_all(&self.bytes)?;
        self.bytes.clear();
        Ok(())
    }

    fn finish(mut self, rare: String) -> Result<(u64, u64, String)> {
        self.seal()?;
        let rings = vec![RingOrigin { prefix: "/".into(), ..RingOrigin::default() }];
        let origin = Origin { writer: "logd bench".into(), rings, ..Origin::default() };
        self.writer.finish(origin, &mut self.bytes);
        self.file.write_all(&self.bytes)?;
        self.file.flush()?;
        Ok((self.events, self.text, rare))
    }
}
