//! `cargo xtask instructions`: what the hot path costs, in instructions.
//!
//! Times on shared machines are noise; the same program over the same input executes nearly the same instructions
//! everywhere. Callgrind counts those of one function of `hot_path`, in which each part runs.

use core::fmt::Write as _;
use std::fs;

use anyhow::{Context, Result, bail};

use crate::sh::{cargo, output, program, root, step, target_dir};

/// The committed costs: a part of the hot path and its instructions, a line each.
const COSTS: &str = "bench/instructions.txt";
/// How much dearer a part may become unnoticed, in percent. Hash seeds, and the C library's choice of a copying loop
/// for the processor, make up for less.
const SLACK: u64 = 4;
/// The part, how often it runs, and how many events that is.
const PARTS: [(&str, u64, u64); 5] = [
    ("verify", 2_000, 2_000),
    ("replay", 10_000, 10_000),
    ("datagram", 10_000, 10_000),
    ("datagram-of-20", 1_000, 20_000),
    ("append", 10_000, 10_000),
];

#[derive(clap::Args, Default)]
pub(crate) struct Args {
    /// Commit to what is counted now.
    #[arg(long)]
    update: bool,
}

/// Counts each part and compares it with the committed cost.
pub(crate) fn instructions(args: &Args) -> Result<()> {
    if std::env::consts::ARCH != "x86_64" {
        println!("==> instructions: not counted, the committed costs are those of x86_64");
        return Ok(());
    }
    if output(program("valgrind").arg("--version")).is_none() {
        println!("==> instructions: not counted, there is no valgrind");
        return Ok(());
    }
    let build = ["build", "--quiet", "--release", "-p=logd-bench", "--bin=hot_path"];
    step("build the hot path", cargo().args(build))?;

    println!("==> instructions an event");
    let committed = fs::read_to_string(root().join(COSTS)).with_context(|| COSTS)?;
    let mut counted = String::new();
    let mut dearer = Vec::new();
    for (part, times, events) in PARTS {
        let cost = count(part, times)? / events;
        let limit = cost_of(part, &committed).map(|c| c + c * SLACK / 100);
        match limit {
            Some(limit) if cost <= limit => println!("    {part}: {cost}, at most {limit}"),
            Some(limit) => dearer.push(format!("{part}: {cost}, more than {limit}")),
            None => dearer.push(format!("{part}: {cost}, and {COSTS} has no cost for it")),
        }
        writeln!(counted, "{part} {cost}")?;
    }
    if args.update {
        fs::write(root().join(COSTS), counted).with_context(|| COSTS)?;
    } else if !dearer.is_empty() {
        bail!(
            "the hot path became dearer:\n{}\nIf it is worth it: cargo xtask instructions --update",
            dearer.join("\n")
        );
    }
    Ok(())
}

/// Instructions of a part that runs so often, all together.
fn count(part: &str, times: u64) -> Result<u64> {
    let mut callgrind = program("valgrind");
    callgrind
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--log-fd=1"])
        .arg("--toggle-collect=*measured*")
        .arg(target_dir().join("release").join("hot_path"))
        .args([part, &times.to_string()]);
    let log = output(&mut callgrind).with_context(|| format!("{part}: callgrind failed"))?;
    // Nothing counted would pass any limit.
    collected(&log).filter(|&n| n >= times).with_context(|| format!("{part}: no count in\n{log}"))
}

/// The number in callgrind's line `==pid== Collected : number`.
fn collected(log: &str) -> Option<u64> {
    log.lines().find_map(|line| line.split_once("Collected :")?.1.trim().parse().ok())
}

fn cost_of(part: &str, costs: &str) -> Option<u64> {
    costs.lines().find_map(|line| line.strip_prefix(part)?.strip_prefix(' ')?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_has_a_committed_cost() {
        let costs = fs::read_to_string(root().join(COSTS)).unwrap();
        for (part, ..) in PARTS {
            assert!(cost_of(part, &costs).is_some(), "{part}");
        }
        assert_eq!(costs.lines().count(), PARTS.len());
    }

    #[test]
    fn the_count_is_found_in_callgrinds_words() {
        let log = "==7== Events    : Ir\n==7== Collected : 5871774\n==7== \n==7== I   refs: 1\n";
        assert_eq!(collected(log), Some(5_871_774));
        assert_eq!(collected("==7== Events    : Ir\n"), None);
    }

    #[test]
    fn a_part_is_not_taken_for_another_that_begins_alike() {
        assert_eq!(cost_of("datagram", "datagram-of-20 7\ndatagram 9\n"), Some(9));
    }
}
