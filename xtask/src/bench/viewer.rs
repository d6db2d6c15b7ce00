//! The viewer in Chromium: what a person waits for, and the engine's searches in WebAssembly beside native ones.
//!
//! The browser is driven by web/bench; here are made the files that it opens, and the native times.

mod files;

use core::hint::black_box;
use core::time::Duration;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result};
use logd_core::buffer::{Buffer, Loader};
use logd_core::query::{Limits, Query, StandingSearch, Step};
use logd_proto::prost::Message as _;
use logd_proto::query::QueryRequest;
use serde_json::{Value, json};

use super::machine;
use super::search::queries;
use crate::sh::{program, step, target_dir};
use crate::wasm;

/// What the viewer's blocks may take in the searches that are compared: all of them unpacked is less than half.
const MEMORY: usize = 1536 << 20;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only these parts.
    #[arg(value_enum)]
    parts: Vec<Part>,
    /// Events of the large buffer, 200 bytes of text each.
    #[arg(long, default_value_t = 10_000_000)]
    events: usize,
    /// Runs of each measurement; the median counts.
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// The browser.
    #[arg(long, default_value = "/usr/bin/chromium")]
    chromium: PathBuf,
    /// Takes web/dist as it is.
    #[arg(long)]
    no_build: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// What is downloaded, and how long until the page can be used.
    Page,
    /// First rows of the large buffer, and scrolling through it.
    Large,
    /// Typing, with a million events loaded.
    Typing,
    /// A long line and many keys.
    Hard,
    /// Searches in WebAssembly, beside native ones.
    Search,
}

impl Part {
    fn name(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Large => "large",
            Self::Typing => "typing",
            Self::Hard => "hard",
            Self::Search => "search",
        }
    }
}

/// Builds the viewer, makes what is missing, measures, and prints the tables.
pub(crate) fn run(args: &Args) -> Result<()> {
    if !args.no_build {
        wasm::web()?;
    }
    let wants = |part| args.parts.is_empty() || args.parts.contains(&part);
    let mut plan = json!({ "chromium": args.chromium, "runs": args.runs });
    if wants(Part::Page) {
        plan[Part::Page.name()] = json!({});
    }
    if wants(Part::Large) {
        plan[Part::Large.name()] = described(&files::large(args.events)?)?;
    }
    if wants(Part::Typing) {
        plan[Part::Typing.name()] = described(&files::plain(1_000_000)?)?;
    }
    if wants(Part::Hard) {
        plan[Part::Hard.name()] = described(&files::hard(300_000)?)?;
    }
    if wants(Part::Search) {
        let file = files::plain(2_000_000)?;
        let mut about = described(&file)?;
        about["native"] = native(&file, args.runs)?;
        plan[Part::Search.name()] = about;
    }
    println!("{}.\n", machine::describe());
    let path = target_dir().join("bench-viewer/plan.json");
    fs::write(&path, plan.to_string())?;
    let mut browser: Command = program("node");
    step("measure", browser.arg("web/bench/main.js").arg(&path))
}

fn described(file: &files::Buffer) -> Result<Value> {
    Ok(json!({
        "path": file.path,
        "bytes": fs::metadata(&file.path)?.len(),
        "events": file.events,
        "text": file.text,
    }))
}

/// Every query of the bench of search over this file, on one core: its bytes, and the median times with blocks as the file
/// has them and with those of the viewer.
fn native(file: &files::Buffer, runs: usize) -> Result<Value> {
    let bytes = fs::read(&file.path)?;
    let damaged = |damage| anyhow::anyhow!("{}: {damage}", file.path.display());
    let compressed = Buffer::open(&bytes).map_err(damaged)?;
    let mut viewer = Loader::new(bytes.len() as u64, MEMORY);
    while let Some(wanted) = viewer.poll_read() {
        let wanted = wanted.start as usize..wanted.end as usize;
        viewer.handle_read(bytes.get(wanted).context("a range of the file")?).map_err(damaged)?;
    }
    let mut out = Vec::new();
    for (name, request) in queries(&file.rare) {
        out.push(json!({
            "name": name,
            "request": request.encode_to_vec(),
            "native": median(&compressed, &request, runs)?,
            "unpacked": median(viewer.buffer(), &request, runs)?,
        }));
    }
    Ok(json!({ "memory": MEMORY, "queries": out }))
}

/// Milliseconds. As in web/bench/engine.js: three times unmeasured, then each run asks until 10 ms are over. To ask is what
/// it is for the viewer: without a page the search makes a listing, and the answer is in bytes.
fn median(buffer: &Buffer, request: &QueryRequest, runs: usize) -> Result<f64> {
    let request = request.encode_to_vec();
    let ask = || -> Result<()> {
        let query = Query::compile(&QueryRequest::decode(&*request)?, &Limits::default())?;
        let query = if query.has_page() { query } else { query.with_listing() };
        let mut search = StandingSearch::new(query, buffer.snapshot());
        while search.step(1 << 31) == Step::Pending {}
        black_box(search.answer().encode_to_vec());
        Ok(())
    };
    for _ in 0..3 {
        ask()?;
    }
    let mut times = Vec::new();
    for _ in 0..runs {
        let start = Instant::now();
        let mut asked = 0;
        while asked == 0 || start.elapsed() < Duration::from_millis(10) {
            ask()?;
            asked += 1;
        }
        times.push(start.elapsed().as_secs_f64() * 1e3 / f64::from(asked));
    }
    times.sort_unstable_by(f64::total_cmp);
    times.get(times.len() / 2).copied().context("there is at least one run")
}
