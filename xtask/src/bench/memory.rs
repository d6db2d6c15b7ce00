//! Bytes an event, uncompressed and compressed.

use anyhow::Result;

use super::corpus::{Corpus, Temperature};
use super::machine;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// How many events.
    #[arg(long, default_value_t = 2_000_000)]
    events: usize,
    /// Decides the events.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Fills a store and prints the table.
pub(crate) fn run(args: &Args) -> Result<()> {
    println!("{}.\n", machine::describe());
    println!(
        "| blocks | events | text | attributes | in all | beyond text and attributes | text ÷ in all |"
    );
    println!("|---|--:|--:|--:|--:|--:|--:|");
    for temperature in [Temperature::Hot, Temperature::Cold] {
        let corpus = Corpus::new(args.events, args.seed, temperature);
        let each = |bytes: usize| bytes as f64 / corpus.events as f64;
        let (text, attributes) = (each(corpus.text), each(corpus.attributes));
        let all = each(corpus.memory());
        println!(
            "| {} | {} | {text:.1} B | {attributes:.1} B | {all:.1} B | {:.1} B | {:.2} |",
            temperature.name(),
            corpus.events,
            all - text - attributes,
            text / all,
        );
    }
    Ok(())
}
