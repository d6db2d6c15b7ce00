//! `logd tail`.

use core::time::Duration;
use std::io::{self, Read};
use std::thread;

use logd_core::json;
use logd_proto::query::{Order, Page, QueryRequest};

use super::daemon::{Connection, Daemon};
use super::event;
use super::expression::Expression;
use super::failure::Failure;
use super::output::{Display, Output, note};
use super::sse::Messages;
use crate::Outcome;

/// The first and the longest pause before trying to connect again.
const BACK_OFF: [Duration; 2] = [Duration::from_millis(250), Duration::from_secs(10)];

/// Flags of `logd tail`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Quote the expression: `logd tail 'level>=warn key:/prod/api'`.")]
pub struct Args {
    /// Which events to show; empty shows every one. See docs/query-language.md
    #[arg(value_name = "EXPR")]
    expression: Vec<String>,
    /// Begin with the last N stored events
    #[arg(long, short = 'n', value_name = "N", default_value_t = 10)]
    lines: u32,
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    display: Display,
}

/// Runs the command.
pub fn run(args: Args) -> anyhow::Result<Outcome> {
    let filter = Expression::parse(&args.expression)?.into_text();
    let daemon = args.connection.open()?;
    let mut out = args.display.open();
    let last =
        if args.lines > 0 { show_last(&daemon, &filter, args.lines, &mut out)? } else { None };
    let mut tail = Tail { daemon, filter, last, out };
    // What fails at first is a mistake to be corrected; what fails later is worth another try.
    let mut stream = tail.connect()?;
    let [first, longest] = BACK_OFF;
    loop {
        let why = tail.follow(stream)?;
        note(format_args!("{}: {why}; trying again", tail.daemon.url()));
        let mut pause = first;
        stream = loop {
            thread::sleep(pause);
            match tail.connect() {
                Ok(stream) => break stream,
                Err(failure) if failure.is_final() => return Err(failure.into()),
                Err(_) => pause = (pause * 2).min(longest),
            }
        };
        note(format_args!("{}: connected again", tail.daemon.url()));
    }
}

/// Shows the newest `lines` events, oldest of them first; the sequence number from which to follow.
fn show_last(
    daemon: &Daemon,
    filter: &str,
    lines: u32,
    out: &mut Output,
) -> anyhow::Result<Option<String>> {
    let page = Page { order: Order::NewestFirst.into(), limit: lines, cursor: Vec::new() };
    let question =
        QueryRequest { filter: filter.to_owned(), page: Some(page), ..QueryRequest::default() };
    let answer = daemon.ask(&question)?;
    let rows = answer.rows.unwrap_or_default();
    let events: Vec<_> = json::events(&rows).collect();
    for event in events.iter().rev() {
        out.event(event)?;
    }
    out.flush()?;
    // Everything up to here was searched, whether it matched or not. A daemon that holds nothing has either never
    // held anything, or has nothing left to resume from.
    let coverage = answer.coverage.unwrap_or_default();
    let fresh = coverage.overwritten == 0;
    Ok((coverage.newest_seq > 0 || fresh).then(|| coverage.newest_seq.to_string()))
}

struct Tail {
    daemon: Daemon,
    filter: String,
    /// The id of the last message, where to resume.
    last: Option<String>,
    out: Output,
}

impl Tail {
    fn connect(&self) -> Result<Messages<impl Read + use<>>, Failure> {
        let mut headers = vec![("accept", "text/event-stream")];
        headers.extend(self.last.as_deref().map(|id| ("last-event-id", id)));
        let parameters = [("q", self.filter.clone())];
        self.daemon
            .stream("/api/v1/tail", &parameters, &headers)
            .map(|(reader, _)| Messages::new(reader))
    }

    /// Shows what arrives until the connection ends, and says why it did. An error is one of standard output.
    fn follow(&mut self, mut stream: Messages<impl Read>) -> io::Result<String> {
        loop {
            let next = stream.next();
            if let Some(id) = stream.last_id() {
                if self.last.as_deref().is_some_and(|last| is_other_life(last, id)) {
                    self.out.flush()?;
                    note("the daemon was started again; what it held before is gone");
                }
                self.last = Some(id.to_owned());
            }
            let message = match next {
                Ok(Some(message)) => message,
                Ok(None) => return Ok("the daemon closed the connection".to_owned()),
                Err(e) => return Ok(format!("the connection was lost: {e}")),
            };
            match message.event.as_str() {
                // JSON goes through as it came.
                "" | "event" if self.out.is_json() => self.out.document(&message.data)?,
                "" | "event" => match event::Owned::from_json(&message.data) {
                    Ok(event) => self.out.event(&event.borrow())?,
                    Err(e) => note(format_args!("cannot read an event of the daemon: {e}")),
                },
                "missed" => {
                    self.out.flush()?;
                    let missed: Option<serde_json::Value> =
                        serde_json::from_str(&message.data).ok();
                    let count = missed.and_then(|m| m.get("missed")?.as_u64());
                    note(match count {
                        Some(n) => format!(
                            "{n} events were missed here: they came faster than they were read, or were overwritten"
                        ),
                        None => "events were missed here".to_owned(),
                    });
                }
                // Something newer than this program.
                _ => {}
            }
            if !stream.has_more() {
                self.out.flush()?;
            }
        }
    }
}

/// Whether two ids, `SEQ-LIFE`, are of two lives of the daemon. A sequence number alone is of any.
fn is_other_life(before: &str, after: &str) -> bool {
    let life = |id: &str| id.split_once('-').map(|(_, life)| life.to_owned());
    life(before).zip(life(after)).is_some_and(|(before, after)| before != after)
}
