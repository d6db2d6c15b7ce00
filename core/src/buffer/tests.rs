use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use logd_proto::buffer::{BlockEntry, BlockHeader, ColumnKind, Compression, Origin};
use logd_proto::prost::Message;
use logd_proto::query::{FacetRequest, HistogramRequest, Page, QueryRequest, QueryResponse};
use proptest::prelude::*;

mod following;

use super::region::MAX_REGIONS;
use super::*;
use crate::block::{Block, Damage, OpenBlock, Scratch};
use crate::event::{Attribute, NewEvent, Value, to_wire};
use crate::key::Key;
use crate::query::filter::Filter;
use crate::query::parse::parse;
use crate::query::{Limits, Query, Search};
use crate::severity::Severity;
use crate::store::{MIN_BUDGET, RingConfig, Snapshot, Store, StoreConfig};
use crate::test;
use crate::time::{MonoNanos, Now, UnixNanos};

fn filled(events: u64) -> Store {
    let ring = |prefix: &str, budget| RingConfig {
        prefix: prefix.into(),
        budget,
        max_age: None,
        max_events: None,
        hot: usize::MAX,
    };
    let config =
        StoreConfig { rings: vec![ring("/a", MIN_BUDGET)], fallback: ring("", 2 * MIN_BUDGET) };
    let mut store = Store::new(config).unwrap();
    append(&mut store, 0..events);
    store
}

fn append(store: &mut Store, events: core::ops::Range<u64>) {
    for i in events {
        let key = Key::parse(["/a/b", "/a/c", "/x/y"][i as usize % 3]).unwrap();
        let text = format!("request {i} {}", "lorem ipsum ".repeat(i as usize % 7));
        let attributes = [Attribute { name: "status", value: Value::Int(200 + i as i64 % 300) }];
        let event = NewEvent {
            time: UnixNanos(i as i64 * 1000),
            key,
            severity: Severity::from_number(i as u32 % 25).unwrap(),
            text: &text,
            attributes: &attributes[..i as usize % 2],
        };
        let now = Now { unix: UnixNanos(i as i64 * 1001), mono: MonoNanos(0) };
        store.append(now, &event).unwrap();
    }
}

fn export(snapshot: Snapshot, filter: Option<&str>) -> Vec<u8> {
    let filter = filter.map(|f| Filter::compile(&parse(f).unwrap()).unwrap());
    let origin = Origin { writer: "test".into(), ..Origin::default() };
    let mut export = Export::new(snapshot, filter, origin);
    let mut out = Vec::new();
    let mut last = Progress::default();
    while let Some(progress) = export.step(&mut out) {
        last = progress;
    }
    assert_eq!(last.blocks, last.of);
    out
}

fn ask(snapshot: Snapshot, filter: &str) -> QueryResponse {
    let request = QueryRequest {
        filter: filter.into(),
        page: Some(Page { limit: 1000, ..Page::default() }),
        total: true,
        histogram: Some(HistogramRequest { bucket_nanos: 70_000 }),
        facets: ["key", "level", "attr.status"]
            .map(|f| FacetRequest { field: f.into(), limit: 5 })
            .to_vec(),
        ..QueryRequest::default()
    };
    Search::new(Query::compile(&request, &Limits::default()).unwrap(), snapshot).run()
}

#[test]
fn a_buffer_answers_as_the_store_did() {
    let mut store = filled(3000);
    let bytes = export(store.snapshot(&[]), None);
    let buffer = Buffer::open(&bytes).unwrap();
    assert_eq!(buffer.faults, []);
    for filter in ["", "request", "level>=warn", "attr.status>=400 key:/a", "-lorem", "/1[0-9]+ /"]
    {
        let live = ask(store.snapshot(&[]), filter);
        assert!(live.total.unwrap() > 0, "{filter}");
        assert_eq!(
            ask(buffer.snapshot(), filter).encode_to_vec(),
            live.encode_to_vec(),
            "{filter}"
        );
    }
}

#[test]
fn a_filtered_export_holds_what_matches() {
    let mut store = filled(3000);
    let bytes = export(store.snapshot(&[]), Some("level>=error lorem"));
    let buffer = Buffer::open(&bytes).unwrap();
    let (part, live) = (ask(buffer.snapshot(), ""), ask(store.snapshot(&[]), "level>=error lorem"));
    assert!(part.total.unwrap() > 0);
    assert_eq!((part.rows, part.total), (live.rows, live.total));
    assert_eq!((part.histogram, part.facets), (live.histogram, live.facets));
}

#[test]
fn the_footer_tells_where_each_block_is() {
    let mut store = filled(1000);
    let bytes = export(store.snapshot(&[]), None);
    let trailer = &bytes[bytes.len() - TRAILER_LEN..];
    let offset = footer_offset(trailer).unwrap() as usize;
    let (Frame::Footer(footer), len) = read_frame(&bytes[offset..]).unwrap() else {
        panic!("a footer was expected")
    };
    assert_eq!(offset + len + TRAILER_LEN, bytes.len());
    assert!(footer.blocks.len() > 2);
    for entry in footer.blocks {
        let frame = &bytes[entry.offset as usize..][..entry.frame_len as usize];
        let (Frame::Block(block), _) = read_frame(frame).unwrap() else {
            panic!("a block was expected")
        };
        assert_eq!(Some(block.header()), entry.header.as_ref());
    }
    let origin = footer.origin.unwrap();
    let prefixes: Vec<_> = origin.rings.iter().map(|r| r.prefix.as_str()).collect();
    assert_eq!((origin.writer.as_str(), &prefixes[..]), ("test", &["/a", "/"][..]));
}

#[test]
fn blocks_may_come_newest_first_and_make_the_same_buffer() {
    let mut store = filled(3000);
    let snapshot = store.snapshot(&[]);
    let mut export = Export::new(snapshot.clone(), None, Origin::default()).newest_first();
    let mut bytes = Vec::new();
    while export.step(&mut bytes).is_some() {}
    let mut stream = FrameStream::default();
    stream.push(&bytes);
    let mut lasts = Vec::new();
    let footer = loop {
        match stream.next_frame().unwrap().unwrap() {
            Frame::Block(block) => lasts.push(block.header().last_seq),
            Frame::Footer(footer) => break footer,
        }
    };
    assert!(lasts.len() > 4 && lasts.is_sorted_by(|a, b| a > b), "{lasts:?}");
    // The index is in the order of the file.
    let index: Vec<u64> =
        footer.blocks.iter().map(|b| b.header.as_ref().unwrap().last_seq).collect();
    assert_eq!(index, lasts);
    let (newest, plain) =
        (Buffer::open(&bytes).unwrap(), Buffer::open(&self::export(snapshot, None)).unwrap());
    let contents = |buffer: &Buffer| -> Vec<_> {
        buffer.blocks.iter().map(|b| (b.header().clone(), b.body().to_vec())).collect()
    };
    assert_eq!(contents(&newest), contents(&plain));
}

#[test]
fn an_empty_store_gives_a_buffer_without_blocks() {
    let bytes = export(filled(0).snapshot(&[]), None);
    let buffer = Buffer::open(&bytes).unwrap();
    assert!(buffer.blocks.is_empty() && buffer.faults.is_empty());
}

#[test]
fn what_is_no_buffer_is_refused() {
    for bytes in [&b""[..], b"LOGDBUF", b"LOGDBUF\x02........", b"PK\x03\x04........"] {
        assert_eq!(Buffer::open(bytes).unwrap_err(), Damage::Magic);
    }
}

/// The ring of a block, and its seqs.
type Id = (String, u64, u64);

fn id(h: &BlockHeader) -> Id {
    (h.ring.clone(), h.first_seq, h.last_seq)
}

fn ids(buffer: &Buffer) -> Vec<Id> {
    buffer.blocks.iter().map(|b| id(b.header())).collect()
}

/// The index of a buffer.
fn entries(bytes: &[u8]) -> Vec<BlockEntry> {
    let offset = footer_offset(&bytes[bytes.len() - TRAILER_LEN..]).unwrap() as usize;
    let Ok((Frame::Footer(footer), _)) = read_frame(&bytes[offset..]) else {
        panic!("a footer was expected")
    };
    footer.blocks
}

/// Loads a buffer piece by piece; what was read, in order.
fn load(loader: &mut Loader, bytes: &[u8]) -> Vec<core::ops::Range<u64>> {
    let mut reads = Vec::new();
    while let Some(range) = loader.poll_read() {
        let end = (range.end as usize).min(bytes.len());
        loader.handle_read(&bytes[(range.start as usize).min(end)..end]).unwrap();
        reads.push(range);
    }
    reads
}

#[test]
fn a_loader_reads_the_index_and_then_the_newest_blocks() {
    let mut store = filled(30_000);
    let bytes = export(store.snapshot(&[]), None);
    let mut loader = Loader::new(bytes.len() as u64, usize::MAX);
    let mut newest = u64::MAX;
    while let Some(range) = loader.poll_read() {
        let before = loader.loaded().events;
        loader.handle_read(&bytes[range.start as usize..range.end as usize]).unwrap();
        if loader.loaded().events > before {
            let first = loader.buffer().blocks.iter().map(|b| b.header().last_seq).max().unwrap();
            assert!(newest == u64::MAX || first == newest, "the newest block came first");
            newest = first;
        }
    }
    let all = Buffer::open(&bytes).unwrap();
    assert_eq!((ids(loader.buffer()), &loader.buffer().faults), (ids(&all), &Vec::new()));
    assert_eq!(loader.buffer().origin, all.origin);
    let loaded = loader.loaded();
    assert!(loaded.events > 0 && loaded.events == loaded.of_events && loaded.left_out == 0);
    assert_eq!(ask(loader.snapshot(), "request"), ask(all.snapshot(), "request"));
}

#[test]
fn a_loader_unpacks_the_newest_blocks_as_long_as_all_fit() {
    let mut store = filled(30_000);
    let bytes = export(store.snapshot(&[]), None);
    let is_unpacked = |blocks: &[Arc<Block>]| -> Vec<bool> {
        let text =
            |b: &Block| b.header().columns.iter().find(|c| c.kind() == ColumnKind::Text).cloned();
        blocks.iter().map(|b| text(b).unwrap().compression() == Compression::None).collect()
    };
    let load = |budget| {
        let mut loader = Loader::new(bytes.len() as u64, budget);
        load(&mut loader, &bytes);
        assert_eq!(loader.loaded().left_out, 0);
        assert!(loader.held() <= budget);
        is_unpacked(&loader.buffer().blocks)
    };
    assert!(load(usize::MAX).iter().all(|&unpacked| unpacked));
    let some = load(4 * bytes.len());
    assert_eq!((some.first(), some.last()), (Some(&false), Some(&true)), "{some:?}");
}

#[test]
fn a_loader_keeps_to_its_memory_and_says_what_it_left_out() {
    let mut store = filled(30_000);
    let bytes = export(store.snapshot(&[]), None);
    let all = Buffer::open(&bytes).unwrap();
    let one = all.blocks.iter().map(|b| b.memory()).max().unwrap();
    for from_start in [false, true] {
        let bytes = if from_start { &bytes[..bytes.len() - 1] } else { &bytes[..] };
        let mut loader = Loader::new(bytes.len() as u64, 3 * one);
        load(&mut loader, bytes);
        let loaded = loader.loaded();
        assert!(loaded.left_out > 0 && loaded.events > 0);
        assert_eq!(
            loaded.events + loaded.left_out,
            all.blocks.iter().map(|b| b.events() as u64).sum::<u64>()
        );
        if !from_start {
            let newest = all.blocks.iter().map(|b| b.header().last_seq).max();
            assert!(loader.buffer().blocks.iter().any(|b| Some(b.header().last_seq) == newest));
        }
    }
}

#[test]
fn an_index_that_lies_is_not_believed() {
    let mut store = filled(600);
    let bytes = export(store.snapshot(&[]), None);
    let whole = ids(&Buffer::open(&bytes).unwrap());
    let (trailer, at) = (bytes.len() - TRAILER_LEN, bytes.len() - TRAILER_LEN);
    for offset in [0, 8, 9, trailer as u64 - 1, trailer as u64, u64::MAX] {
        let mut bytes = bytes.clone();
        bytes[at..at + 8].copy_from_slice(&offset.to_le_bytes());
        let mut loader = Loader::new(bytes.len() as u64, usize::MAX);
        load(&mut loader, &bytes);
        assert_eq!(ids(loader.buffer()), whole, "{offset}");
    }
    // A file that has become shorter since its length was asked for.
    let mut loader = Loader::new(bytes.len() as u64 + 1000, usize::MAX);
    load(&mut loader, &bytes);
    assert!(!loader.buffer().blocks.is_empty() || !loader.buffer().faults.is_empty());
}

#[test]
fn damage_to_the_trailer_is_a_fault_and_costs_nothing() {
    let mut bytes = export(filled(600).snapshot(&[]), None);
    let whole = ids(&Buffer::open(&bytes).unwrap());
    let len = bytes.len();
    for at in len - TRAILER_LEN..len {
        bytes[at] ^= 1;
        let buffer = Buffer::open(&bytes).unwrap();
        assert_eq!((ids(&buffer), buffer.faults.len()), (whole.clone(), 1), "{at}");
        bytes[at] ^= 1;
    }
}

proptest! {
    #[test]
    fn a_cut_buffer_opens_as_far_as_it_goes(cut in any::<prop::sample::Index>()) {
        let bytes = export(filled(600).snapshot(&[]), None);
        let whole = entries(&bytes);
        let at = HEAD_LEN + cut.index(bytes.len() - HEAD_LEN);
        let buffer = Buffer::open(&bytes[..at]).unwrap();
        let part = ids(&buffer);
        let before = whole.iter().filter(|e| e.offset + u64::from(e.frame_len) <= at as u64);
        let mut before: Vec<_> = before.map(|e| id(e.header.as_ref().unwrap())).collect();
        before.sort_by_key(|id| id.1);
        prop_assert_eq!(part, before);
        prop_assert_eq!(buffer.faults.len(), 1);
        let mut loader = Loader::new(at as u64, usize::MAX);
        load(&mut loader, &bytes[..at]);
        prop_assert_eq!(ids(loader.buffer()), ids(&buffer));
        prop_assert_eq!(&loader.buffer().faults, &buffer.faults);
    }

    #[test]
    fn damage_costs_only_the_block_it_is_in(at in any::<prop::sample::Index>(), xor in 1u8..) {
        let mut bytes = export(filled(600).snapshot(&[]), None);
        let whole = ids(&Buffer::open(&bytes).unwrap());
        let at = HEAD_LEN + at.index(bytes.len() - HEAD_LEN);
        bytes[at] ^= xor;
        let buffer = Buffer::open(&bytes).unwrap();
        let part = ids(&buffer);
        prop_assert!(part.len() + 1 >= whole.len());
        prop_assert!(part.iter().all(|p| whole.contains(p)));
        prop_assert!(!buffer.faults.is_empty());
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let bytes = [&b"LOGDBUF\x01"[..], &bytes].concat();
        let buffer = Buffer::open(&bytes).unwrap();
        prop_assert!(buffer.blocks.is_empty() && !buffer.faults.is_empty());
        load(&mut Loader::new(bytes.len() as u64, usize::MAX), &bytes);
    }
}

/// The events above `after` as a daemon's tail sends them: small blocks, in pieces of any size.
fn tail(store: &mut Store, after: u64, step: usize) -> Vec<u8> {
    let mut events: Vec<_> = Vec::new();
    for ring in store.snapshot(&[]).rings {
        for handle in ring.blocks {
            let block = handle.get().unwrap();
            let mut scratch = Scratch::default();
            for e in block.view(&mut scratch).rows().filter(|e| e.seq > after) {
                let attributes: Vec<_> = e.attributes.map(|a| to_wire(&a)).collect();
                events.push((
                    e.seq,
                    e.received,
                    e.time,
                    e.key.to_string(),
                    e.severity,
                    e.text.to_string(),
                    attributes,
                ));
            }
        }
    }
    events.sort_by_key(|e| e.0);
    let mut out = Vec::new();
    let mut writer = Writer::new(&mut out);
    for few in events.chunks(step) {
        let mut open = OpenBlock::new();
        for (seq, received, time, key, severity, text, attributes) in few {
            let attributes: Vec<_> = attributes
                .iter()
                .map(|a| Attribute { name: &a.name, value: a.value.as_ref().unwrap().into() })
                .collect();
            let key = Key::parse(key).unwrap();
            let (time, severity) = (*time, *severity);
            let event = NewEvent { time, key, severity, text, attributes: &attributes };
            open.push(*seq, *received, &event);
        }
        writer.block("", &open.freeze(), &mut out);
    }
    out
}

#[test]
fn what_is_missing_has_its_times() {
    let mut store = filled(30_000);
    let bytes = export(store.snapshot(&[]), None);
    let all = Buffer::open(&bytes).unwrap();
    let mut loader = Loader::new(bytes.len() as u64, usize::MAX);
    load(&mut loader, &bytes);
    let whole = loader.regions();
    let rings: Vec<_> = whole.iter().map(|r| (r.lack, r.ring.as_deref())).collect();
    let overwritten = |ring| (Lack::Overwritten, Some(ring));
    assert_eq!(rings, [overwritten("/a"), overwritten("/")]);
    for (region, ring) in whole.iter().zip(&all.origin.as_ref().unwrap().rings) {
        assert_eq!(region.until, Some(ring.overwritten_until));
        assert_eq!((region.from, region.events), (None, Some(ring.overwritten)));
    }

    // Two blocks have room, and one of them is damaged: the index knows the times of the others.
    let mut entries = entries(&bytes);
    entries.sort_by_key(|e| core::cmp::Reverse(e.header.as_ref().unwrap().last_seq));
    let mut damaged = bytes.clone();
    damaged[entries[0].offset as usize + 40] ^= 1;
    let mut loader = Loader::new(bytes.len() as u64, 2);
    load(&mut loader, &damaged);
    let h = entries[0].header.as_ref().unwrap();
    let lost = Region::between(Lack::Damaged, h.min_time, h.max_time, Some(h.events.into()));
    let regions = loader.regions();
    assert_eq!(regions.last(), Some(&lost));
    let left_out = regions.iter().find(|r| r.lack == Lack::LeftOut).unwrap();
    assert_eq!(left_out.events, Some(loader.loaded().left_out));
    let oldest = entries.iter().map(|e| e.header.as_ref().unwrap().min_time).min();
    assert_eq!(left_out.from, oldest);
}

#[test]
fn without_an_index_damage_lies_between_its_neighbours() {
    let bytes = export(filled(3000).snapshot(&[]), None);
    let entries = entries(&bytes);
    let header = |at: usize| entries[at].header.as_ref().unwrap();
    assert!(entries.len() > 3 && header(0).ring == header(2).ring);
    let mut cut = bytes[..entries[3].offset as usize + 50].to_vec();
    cut[entries[1].offset as usize + 40] ^= 1;
    let mut loader = Loader::new(cut.len() as u64, usize::MAX);
    load(&mut loader, &cut);
    let end = header(2).max_time;
    assert_eq!(
        loader.regions(),
        [
            Region::between(Lack::Damaged, header(0).max_time, header(2).min_time, None),
            Region { lack: Lack::Damaged, from: Some(end), until: None, events: None, ring: None },
        ]
    );
}

#[test]
fn a_copy_knows_when_it_missed_events() {
    let mut store = filled(100);
    let mut live = Live::new(usize::MAX);
    live.handle_tail(&tail(&mut store, 90, 3)).unwrap();
    append(&mut store, 100..200);
    live.begin_tail();
    live.handle_tail(&tail(&mut store, 150, 500)).unwrap();
    assert_eq!(live.missed(), 50);
    assert_eq!(live.regions(), [Region::between(Lack::Missed, 99_000, 150_000, Some(50))]);
    for gap in 0..2 * MAX_REGIONS as u64 {
        append(&mut store, 200 + 2 * gap..202 + 2 * gap);
        live.begin_tail();
        live.handle_tail(&tail(&mut store, 201 + 2 * gap, 500)).unwrap();
    }
    assert_eq!(live.regions().len(), MAX_REGIONS);
    assert_eq!(live.missed(), 50 + 2 * MAX_REGIONS as u64);
}

#[test]
fn a_content_hash_stands_for_every_byte() {
    let hash = |bytes: &[u8]| {
        let mut loader = Loader::new(bytes.len() as u64, usize::MAX);
        load(&mut loader, bytes);
        (loader.content().unwrap().to_string(), loader.buffer().faults.len())
    };
    let bytes = export(filled(600).snapshot(&[]), None);
    let (whole, _) = hash(&bytes);
    assert_eq!(whole, hash(&bytes).0);
    assert_ne!(whole, hash(&export(filled(601).snapshot(&[]), None)).0);

    // One byte of a text, and the checksums made right again: the block opens clean, and the content is another.
    let buffer = Buffer::open(&bytes).unwrap();
    let mut other = bytes.clone();
    let entry = &entries(&bytes)[0];
    let frame = entry.offset as usize..(entry.offset + u64::from(entry.frame_len)) as usize;
    other[frame.end - 1] ^= 1;
    let crc = crc::Crc::<u32>::new(&crc::CRC_32_ISCSI);
    let mut digest = crc.digest();
    digest.update(&other[frame.start..frame.start + 12]);
    digest.update(&other[frame.start + FRAME_HEADER_LEN..frame.end]);
    other[frame.start + 12..frame.start + 16].copy_from_slice(&digest.finalize().to_le_bytes());
    assert!(read_frame(&other[frame.start..]).is_ok(), "the frame alone is sound");
    // The index still has the old checksum, so the block is known to be another.
    assert_eq!(hash(&other), (whole.clone(), 1));
    // Without the index, or with a new one, the hash is another.
    let index = footer_offset(&bytes[bytes.len() - TRAILER_LEN..]).unwrap() as usize;
    assert_ne!(hash(&other[..index]).0, hash(&bytes[..index]).0);
    let mut rewritten = Vec::new();
    let mut writer = Writer::new(&mut rewritten);
    for block in &Buffer::open(&other[..index]).unwrap().blocks {
        writer.block(&block.header().ring, block, &mut rewritten);
    }
    writer.finish(buffer.origin.unwrap(), &mut rewritten);
    let (again, faults) = hash(&rewritten);
    assert!(again != whole && faults == 0);
}

#[test]
fn the_ring_of_a_key_is_that_of_the_daemon() {
    let mut store = filled(60);
    let buffer = Buffer::open(&export(store.snapshot(&[]), None)).unwrap();
    for (key, prefix, filter) in
        [("/a/b", "/a", "key:/a"), ("/x/y", "/", "-key:/a"), ("/ab/c", "/", "-key:/a")]
    {
        let ring = buffer.ring_of(key).unwrap();
        assert_eq!((&ring.prefix[..], &ring.filter.to_string()[..]), (prefix, filter));
    }
    for handle in store.snapshot(&[]).rings {
        for block in handle.blocks {
            let block = block.get().unwrap();
            let mut scratch = Scratch::default();
            for e in block.view(&mut scratch).rows() {
                assert_eq!(buffer.ring_of(e.key).unwrap().prefix, handle.prefix, "{}", e.key);
            }
        }
    }
    assert_eq!(Buffer::default().ring_of("/a/b"), None);
}
