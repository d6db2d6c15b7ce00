//! ripgrep over the texts that `bench search` searches, in a file that lies in the page cache.

use core::time::Duration;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use logd_core::query::{Limits, Query, Search};
use logd_proto::query::QueryRequest;

use super::process::{installed, version};
use crate::bench::corpus::{Corpus, Temperature, each_event};

/// Runs of each query; the median counts.
const RUNS: usize = 5;

/// A name, the daemon's expression, and the pattern for ripgrep. The daemon's words ignore case.
const QUERIES: [(&str, &str, &[&str]); 4] = [
    ("absent word", "unobtainium", &["-iF", "unobtainium"]),
    ("absent regex with a literal", "/unobtainium [0-9]+/", &["unobtainium [0-9]+"]),
    ("absent regex without literals", "/[a-f]{5}[0-9]{7}[g-z]/", &["[a-f]{5}[0-9]{7}[g-z]"]),
    ("common word", "timeout", &["-iF", "timeout"]),
];

/// Measures and prints the table; without ripgrep there is none.
pub(super) fn run(events: usize, seed: u64) -> Result<()> {
    let Some(program) = installed(&["rg"]) else {
        eprintln!("rg is not installed: skipped");
        return Ok(());
    };
    let dir = tempfile::tempdir()?;
    let file = dir.path().join("texts");
    let bytes = write_texts(&file, events, seed)?;
    println!(
        "{events} events, {} MB of text; one core; {}.\n",
        bytes / 1_000_000,
        version(program, "-V")?
    );
    println!(
        "| count | logd, uncompressed | logd, compressed | ripgrep | found by logd | by ripgrep |"
    );
    println!("|---|--:|--:|--:|--:|--:|");
    let mut hot = Corpus::new(events, seed, Temperature::Hot);
    let mut cold = Corpus::new(events, seed, Temperature::Cold);
    for (name, filter, pattern) in QUERIES {
        let (hot, found) = median(|| search(&mut hot, filter))?;
        let (cold, _) = median(|| search(&mut cold, filter))?;
        let (rg, found_by_rg) = median(|| ripgrep(program, pattern, &file))?;
        let ms = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1e3);
        println!("| {name} | {} | {} | {} | {found} | {found_by_rg} |", ms(hot), ms(cold), ms(rg));
    }
    Ok(())
}

/// The texts of the corpus, one a line; the bytes written.
fn write_texts(file: &Path, events: usize, seed: u64) -> Result<u64> {
    let mut out = BufWriter::new(File::create(file)?);
    let (mut bytes, mut written) = (0, Ok(()));
    each_event(events, seed, |msg, _| {
        // A text of several lines would be several matches.
        let line = msg.txt.replace('\n', " ") + "\n";
        bytes += line.len() as u64;
        if written.is_ok() {
            written = out.write_all(line.as_bytes());
        }
    });
    written?;
    out.flush()?;
    Ok(bytes)
}

fn search(corpus: &mut Corpus, filter: &str) -> Result<u64> {
    let request = QueryRequest { filter: filter.into(), total: true, ..QueryRequest::default() };
    let query = Query::compile(&request, &Limits::default())?;
    let answer = Search::new(query, corpus.store.snapshot(&[])).run();
    answer.total.context("a count was asked for")
}

/// With the start of the process, which takes a millisecond or two.
fn ripgrep(program: &str, pattern: &[&str], file: &Path) -> Result<u64> {
    let mut command = Command::new(program);
    command.args(["--no-config", "--count", "--threads=1"]).args(pattern).arg(file);
    let out = command.stdin(Stdio::null()).output()?;
    // 1 is for nothing found.
    ensure!(matches!(out.status.code(), Some(0 | 1)), "{command:?}: {}", out.status);
    let count = String::from_utf8_lossy(&out.stdout);
    if count.is_empty() { Ok(0) } else { Ok(count.trim().parse()?) }
}

/// The median time of some runs, and what the last one found.
fn median(mut run: impl FnMut() -> Result<u64>) -> Result<(Duration, u64)> {
    let mut times = Vec::new();
    let mut found = 0;
    for _ in 0..RUNS {
        let start = Instant::now();
        found = run()?;
        times.push(start.elapsed());
    }
    times.sort_unstable();
    Ok((times[RUNS / 2], found))
}
