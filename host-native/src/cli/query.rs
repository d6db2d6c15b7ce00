//! `logd query`.

use std::path::PathBuf;

use jiff::Zoned;
use logd_core::json;
use logd_core::time::UnixNanos;
use logd_proto::query::{FacetRequest, HistogramRequest, Order, Page, QueryRequest, QueryResponse};

use super::daemon::Connection;
use super::expression::Expression;
use super::failure::Failure;
use super::moment::{self, Moment};
use super::output::{Display, Output, note};
use super::source::Source;
use super::summary;
use crate::Outcome;

/// Flags of `logd query`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes: 0 found, 1 nothing found, 2 usage or failure.\n\
    Quote the expression: `logd query 'level>=warn key:/prod/api timeout'`.")]
pub struct Args {
    /// What to look for; empty finds every event. See docs/query-language.md
    #[arg(value_name = "EXPR")]
    expression: Vec<String>,
    #[command(flatten)]
    range: Range,
    /// Only rings with this prefix; may be repeated
    #[arg(long = "ring", value_name = "PREFIX")]
    rings: Vec<String>,
    /// How many events to print
    #[arg(long, short = 'n', value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
    limit: u64,
    /// Print every event that matches, page by page
    #[arg(long, conflicts_with = "limit")]
    all: bool,
    /// Which end to begin at
    #[arg(long, value_name = "END", default_value = "newest")]
    order: From,
    /// Print how many events match, instead of the events
    #[arg(long)]
    count: bool,
    /// Print how many events match in each WIDTH of time (10s, 5m, 1h), instead of the events
    #[arg(long, value_name = "WIDTH", num_args = 0..=1, require_equals = true, value_parser = moment::parse_width)]
    #[expect(clippy::option_option, reason = "absent, present without a width, present with one")]
    histogram: Option<Option<u64>>,
    /// Print the most frequent values of `key`, `level` or `attr.NAME`, instead of the events; may be repeated
    #[arg(long, value_name = "FIELD")]
    facet: Vec<String>,
    /// How many values of each facet to print
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    facet_limit: u32,
    /// Search this exported buffer instead of a daemon
    #[arg(long, value_name = "PATH")]
    file: Option<PathBuf>,
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    display: Display,
}

/// Which end of the events to begin at.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum From {
    Newest,
    Oldest,
}

/// A range of the senders' time.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Range {
    /// Only events at or after this time: 15m or 2h ago, today, 14:05, 2026-11-21, RFC 3339
    #[arg(long, visible_alias = "since", value_name = "TIME")]
    from: Option<Moment>,
    /// Only events before this time
    #[arg(long, value_name = "TIME")]
    until: Option<Moment>,
}

impl Range {
    /// The bounds by the clock `now`: from ≤ time < until.
    pub(crate) fn resolve(
        &self,
        now: &Zoned,
    ) -> Result<(Option<UnixNanos>, Option<UnixNanos>), Failure> {
        let resolve = |moment: &Option<Moment>| {
            moment.as_ref().map(|m| m.resolve(now)).transpose().map_err(Failure::new)
        };
        let (from, until) = (resolve(&self.from)?, resolve(&self.until)?);
        match (from, until) {
            (Some(f), Some(u)) if f >= u => {
                Err(Failure::new(format_args!("--from ({f}) is not before --until ({u})")))
            }
            range => Ok(range),
        }
    }
}

/// Runs the command.
pub fn run(args: Args) -> anyhow::Result<Outcome> {
    let expression = Expression::parse(&args.expression)?;
    let now = jiff::Timestamp::now().to_zoned(args.display.zone());
    let (from, until) = args.range.resolve(&now)?;
    let question = QueryRequest {
        filter: expression.into_text(),
        from: from.map(|t| t.0),
        until: until.map(|t| t.0),
        rings: args.rings.clone(),
        ..QueryRequest::default()
    };
    let source = match &args.file {
        Some(path) => Source::open_file(path)?,
        None => Source::Daemon(args.connection.open()?),
    };
    let mut out = args.display.open();
    if args.count || args.histogram.is_some() || !args.facet.is_empty() {
        summarise(&args, question, &source, &mut out)
    } else {
        let limit = if args.all { u64::MAX } else { args.limit };
        let order = match args.order {
            From::Newest => Order::NewestFirst,
            From::Oldest => Order::OldestFirst,
        };
        print_events(question, order, limit, &source, &mut out)
    }
}

/// Prints up to `limit` events, page by page.
fn print_events(
    mut question: QueryRequest,
    order: Order,
    limit: u64,
    source: &Source,
    out: &mut Output,
) -> anyhow::Result<Outcome> {
    let mut left = limit;
    let mut evicted = 0;
    let mut cursor = Vec::new();
    loop {
        // 32 bits of page are more than any host gives at once; what is cut comes with the next page.
        let page = u32::try_from(left).unwrap_or(u32::MAX);
        question.page = Some(Page { order: order.into(), limit: page, cursor });
        let answer = source.ask(&question)?;
        let rows = answer.rows.unwrap_or_default();
        for event in json::events(&rows) {
            out.event(&event)?;
        }
        // A page may be long in coming; what is there can be read meanwhile.
        out.flush()?;
        left = left.saturating_sub(rows.seq.len() as u64);
        let coverage = answer.coverage.unwrap_or_default();
        evicted += coverage.evicted_during;
        if !rows.next_cursor.is_empty() && left > 0 {
            cursor = rows.next_cursor;
            continue;
        }
        if evicted > 0 {
            note(format_args!("{evicted} events were overwritten while they were searched"));
        }
        if !rows.next_cursor.is_empty() && out.is_terminal() {
            note(format_args!("there may be more: --all, or --limit above {limit}"));
        } else if coverage.overwritten > 0 && out.is_terminal() {
            note(format_args!("{} older events had been overwritten before", coverage.overwritten));
        }
        return Ok(found(left < limit));
    }
}

/// Prints counts instead of events.
fn summarise(
    args: &Args,
    mut question: QueryRequest,
    source: &Source,
    out: &mut Output,
) -> anyhow::Result<Outcome> {
    if let Some(width) = args.histogram {
        let bucket_nanos = match width {
            Some(width) => width,
            None => suitable_width(&question, source)?,
        };
        question.histogram = Some(HistogramRequest { bucket_nanos });
    }
    question.facets = (args.facet.iter())
        .map(|field| FacetRequest { field: field.clone(), limit: args.facet_limit })
        .collect();
    // Always counted: it decides the exit code.
    question.total = true;
    let answer = source.ask(&question)?;
    let total = answer.total.unwrap_or_default();
    let show = summary::Summary::new(args.display);
    if args.count {
        show.total(total, out)?;
    }
    if let Some(histogram) = &answer.histogram {
        show.histogram(histogram, out)?;
    }
    for facet in &answer.facets {
        show.facet(facet, out)?;
    }
    out.flush()?;
    tell_what_was_cut(&answer);
    Ok(found(total > 0))
}

fn tell_what_was_cut(answer: &QueryResponse) {
    if answer.histogram.as_ref().is_some_and(|h| h.capped) {
        note("the histogram had too many buckets; they were widened until they fit");
    }
    if answer.facets.iter().any(|f| f.capped) {
        note("a facet has more distinct values than were counted; its list is incomplete");
    }
}

/// A round width that gives a few dozen buckets between the oldest and the newest event that match.
fn suitable_width(question: &QueryRequest, source: &Source) -> Result<u64, Failure> {
    let mut ends = Vec::new();
    for order in [Order::NewestFirst, Order::OldestFirst] {
        let page = Some(Page { order: order.into(), limit: 1, cursor: Vec::new() });
        let answer = source.ask(&QueryRequest { page, ..question.clone() })?;
        ends.extend(answer.rows.unwrap_or_default().time);
    }
    let (first, last) = (ends.iter().min(), ends.iter().max());
    let span = first.zip(last).map_or(0, |(first, last)| last.abs_diff(*first));
    Ok(summary::round_width(span))
}

fn found(any: bool) -> Outcome {
    if any { Outcome::Found } else { Outcome::NothingFound }
}
