//! Micro-benchmarks of the engine: `cargo bench -p logd-bench`, with a part of a name to run only some.
//!
//! Times are those of an item as the names say: a datagram, an event, or a block of about a mebibyte. On a busy machine
//! `chrt -r 50` before it gives steadier numbers. Instructions, which no other load disturbs, are counted by
//! `cargo xtask instructions`.

extern crate alloc;

mod block;
mod ingest;
mod search;

fn main() {
    divan::main();
}
