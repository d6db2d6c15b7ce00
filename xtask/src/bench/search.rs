//! Searches over events in memory, as the daemon runs them: divided among the cores.
//!
//! Next to them, in the same run, a search for an absent word with `memmem` over the raw text: what reading it costs.

use core::hint::black_box;
use core::time::Duration;
use std::time::Instant;

use anyhow::{Context as _, Result};
use logd_core::query::{Limits, Query, Search, Step};
use logd_core::store::Store;
use logd_proto::query::{FacetRequest, HistogramRequest, Page, QueryRequest, QueryResponse};

use super::corpus::{Corpus, Temperature};
use super::machine;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// How many events.
    #[arg(long, default_value_t = 2_000_000)]
    events: usize,
    /// Runs of each query; the median counts.
    #[arg(long, default_value_t = 9)]
    runs: usize,
    /// Decides the events.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Measures every query and prints the tables.
pub(crate) fn run(args: &Args) -> Result<()> {
    println!("{}.", machine::describe());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    for temperature in [Temperature::Hot, Temperature::Cold] {
        let mut corpus = Corpus::new(args.events, args.seed, temperature);
        println!(
            "\n{} events, {} MB of text, {}; {} MB in memory.\n",
            corpus.events,
            corpus.text / 1_000_000,
            temperature.name(),
            corpus.memory() / 1_000_000,
        );
        let raw = median(args.runs, || memmem(corpus.text));
        println!("`memmem` over as much raw text, one core: {}.\n", ms(raw));
        println!("| query | found | one core | {cores} cores | text a second and core |");
        println!("|---|--:|--:|--:|--:|");
        for (name, request) in queries(&corpus.rare) {
            let mut found = 0;
            let mut time = |parts| {
                let mut times = Vec::new();
                for _ in 0..args.runs {
                    let (time, answer) = search(&mut corpus.store, &request, parts)?;
                    found = count(&answer);
                    times.push(time);
                }
                times.sort_unstable();
                anyhow::Ok(times[times.len() / 2])
            };
            let (one, all) = (time(1)?, time(cores)?);
            let rate = corpus.text as f64 / one.as_secs_f64() / 1e9;
            println!("| {name} | {found} | {} | {} | {rate:.1} GB |", ms(one), ms(all));
        }
    }
    Ok(())
}

/// The questions of the table; `rare` is a word that few events have.
pub(super) fn queries(rare: &str) -> Vec<(&'static str, QueryRequest)> {
    let page = |filter: &str| QueryRequest {
        filter: filter.into(),
        page: Some(Page { limit: 100, ..Page::default() }),
        ..QueryRequest::default()
    };
    let total = |filter: &str| QueryRequest {
        filter: filter.into(),
        total: true,
        ..QueryRequest::default()
    };
    let histogram = |width| QueryRequest {
        histogram: Some(HistogramRequest { bucket_nanos: width }),
        ..QueryRequest::default()
    };
    let by_level = QueryRequest {
        facets: vec![FacetRequest { field: "level".into(), limit: 10 }],
        ..QueryRequest::default()
    };
    vec![
        ("absent word, count", total("unobtainium")),
        ("absent short word, count", total("qzx")),
        ("absent phrase of common letters, count", total("\"connection is not here\"")),
        ("absent short word of common letters, count", total("sinter")),
        ("absent short number, count", total("\"66:77:8\"")),
        ("absent regex with a literal, count", total("/unobtainium [0-9]+/")),
        ("absent regex with a short literal, count", total("/[0-9]+ qzx/")),
        ("absent regex without literals, count", total("/[a-f]{5}[0-9]{7}[g-z]/")),
        ("regex with word boundaries, count", total(r"/\b[A-Z]{9,}\d\b/")),
        ("rare id, newest 100", page(rare)),
        ("rare id, count", total(rare)),
        ("common word, newest 100", page("timeout")),
        ("common word, count", total("timeout")),
        ("service and level, newest 100", page("key:/prod/api level>=error")),
        ("service and level, count", total("key:/prod/api level>=error")),
        ("attribute, count", total("attr.status>=500")),
        ("count by level, all", by_level),
        ("histogram, 1 s, all", histogram(1_000_000_000)),
        ("histogram, 10 ms, all", histogram(10_000_000)),
    ]
}

fn search(
    store: &mut Store,
    request: &QueryRequest,
    parts: usize,
) -> Result<(Duration, QueryResponse)> {
    let snapshot = store.snapshot(&[]);
    let start = Instant::now();
    let query = Query::compile(request, &Limits::default())?;
    let mut parts = Search::new(query, snapshot).split(parts);
    let (first, others) = parts.split_first_mut().context("there is at least one part")?;
    std::thread::scope(|scope| {
        for part in others {
            scope.spawn(|| finish(part));
        }
        finish(first);
    });
    let mut parts = parts.into_iter();
    let mut all = parts.next().context("there is at least one part")?;
    parts.for_each(|part| all.merge(part));
    Ok((start.elapsed(), all.finish()))
}

fn finish(search: &mut Search) {
    while search.step(1 << 20) == Step::Pending {}
}

/// What an answer found.
pub(super) fn count(answer: &QueryResponse) -> u64 {
    let rows = answer.rows.as_ref().map(|r| r.seq.len() as u64);
    let histogram = answer.histogram.as_ref();
    let histogram = histogram.map(|h| h.buckets.iter().flat_map(|b| &b.by_level).sum());
    let facet = answer.facets.first().map(|f| f.present);
    rows.or(answer.total).or(histogram).or(facet).unwrap_or(0)
}

/// Reads `len` bytes that are not in the cache, looking for what is not there.
fn memmem(len: usize) -> Duration {
    let text = b"GET /index.html 200 in 12 ms; ".repeat(len / 30);
    let start = Instant::now();
    black_box(memchr::memmem::find(black_box(&text), b"unobtainium"));
    start.elapsed()
}

fn median(runs: usize, mut run: impl FnMut() -> Duration) -> Duration {
    let mut times: Vec<_> = (0..runs).map(|_| run()).collect();
    times.sort_unstable();
    times[times.len() / 2]
}

fn ms(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}
