//! What is done once a block: sealing, and upkeep afterwards.

use divan::Bencher;
use divan::counter::BytesCount;
use logd_bench::{Samples, with_event};
use logd_core::block::{Block, OpenBlock};
use logd_core::time::UnixNanos;

const BLOCK: usize = 1 << 20;

/// A block of about a mebibyte, not yet sealed.
pub(crate) fn filled() -> OpenBlock {
    let (mut samples, mut block) = (Samples::new(1), OpenBlock::new());
    for seq in 1.. {
        let time = 1_795_000_000_000_000_000 + seq * 10_000;
        with_event(&samples.event(time), |event| {
            block.push(seq, UnixNanos(time.cast_signed() + 80_000), event);
        });
        if block.len_bytes() > BLOCK {
            break;
        }
    }
    block
}

/// The copy for a snapshot, which is also what sealing costs.
#[divan::bench]
fn freeze(bencher: Bencher<'_, '_>) {
    let block = filled();
    bencher.counter(BytesCount::new(block.len_bytes())).bench_local(|| block.freeze());
}

/// The filter over a block's text.
#[divan::bench]
fn index(bencher: Bencher<'_, '_>) {
    let block = filled().freeze();
    bencher.counter(BytesCount::new(block.memory())).bench_local(|| block.indexed());
}

/// Filter and compression; what a block costs when it becomes cold at once.
#[divan::bench]
fn compress(bencher: Bencher<'_, '_>) {
    let block = filled().freeze();
    bencher.counter(BytesCount::new(block.memory())).bench_local(|| block.compressed());
}

/// From a file.
#[divan::bench]
fn decode(bencher: Bencher<'_, '_>) {
    use logd_proto::prost::Message as _;
    let block = filled().freeze().indexed();
    let header = block.header().encode_to_vec();
    bencher
        .counter(BytesCount::new(block.memory()))
        .bench_local(|| Block::decode(&header, block.body()).expect("it was not damaged"));
}
