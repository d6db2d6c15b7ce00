//! QUERY: what is answered, in which order, at which cost.

use super::*;
use crate::test;
use alloc::format;
use logd_proto::wire::Lvl;

const READER: u16 = 7000;

/// The texts that answer a query, without the last word, which must be there.
fn answer(pair: &mut Pair, params: QueryParams) -> Vec<String> {
    pair.ask(addr(READER), Name::Query, params);
    pair.run_for(Duration::from_secs(60));
    let mut received = pair.received(addr(READER));
    assert_eq!(received.pop(), Some(("//logd".into(), "+END".into())));
    assert!(received.iter().all(|(key, _)| key != "//logd"));
    received.into_iter().map(|(_, text)| text).collect()
}

fn numbered(pair: &mut Pair, n: u32) {
    let key = |i| if i % 2 == 0 { "/prod/api" } else { "/dev/web" };
    pair.write_all((0..n).map(|i| msg(key(i), &format!("{i}"))));
}

fn numbers(range: impl Iterator<Item = u32>) -> Vec<String> {
    range.map(|i| format!("{i}")).collect()
}

#[test]
fn newest_first_over_all_rings_then_the_end() {
    let mut pair = Pair::new(config());
    assert_eq!(answer(&mut pair, QueryParams::default()), [""; 0]);
    numbered(&mut pair, 10);
    assert_eq!(answer(&mut pair, QueryParams::default()), numbers((0..10).rev()));
    assert_eq!(pair.engine.stats().udp_queries, 0);
    assert_eq!(pair.engine.poll_timeout(), None);
}

#[test]
fn offset_skips_and_limit_counts_matches() {
    let mut pair = Pair::new(config());
    numbered(&mut pair, 100);
    let params = |offset, limit| QueryParams {
        key_prefix: "/prod".into(),
        offset,
        limit,
        ..QueryParams::default()
    };
    let even = numbers((0..100).rev().filter(|i| i % 2 == 0));
    assert_eq!(answer(&mut pair, params(0, 0)), even);
    assert_eq!(answer(&mut pair, params(0, 3)), even[..3]);
    assert_eq!(answer(&mut pair, params(7, 3)), even[7..10]);
    assert_eq!(answer(&mut pair, params(48, 10)), even[48..]);
    assert_eq!(answer(&mut pair, params(50, 10)), [""; 0]);
    assert_eq!(answer(&mut pair, params(u32::MAX, u32::MAX)), [""; 0]);
}

#[test]
fn more_than_a_page() {
    let mut pair = Pair::new(Config { udp_query_hard_limit: 2_600, ..config() });
    numbered(&mut pair, 3_000);
    let all = numbers((0..3_000).rev());
    assert_eq!(answer(&mut pair, QueryParams::default()), all[..2_600]);
    let params = QueryParams { limit: 9_999, offset: 1_500, ..QueryParams::default() };
    assert_eq!(answer(&mut pair, params), all[1_500..]);
    let params = QueryParams { limit: 1_000, offset: 1_000, ..QueryParams::default() };
    assert_eq!(answer(&mut pair, params), all[1_000..2_000]);
}

#[test]
fn pages_of_long_texts() {
    let mut pair = Pair::new(config());
    for i in 0..40 {
        pair.write(msg("/dev/a", &format!("{i} {}", "long ".repeat(4_000))));
    }
    let texts = answer(&mut pair, QueryParams::default());
    assert_eq!(texts.len(), 40);
    for (text, i) in texts.iter().zip((0..40).rev()) {
        assert!(text.starts_with(&format!("{i} long")) && text.ends_with(CUT_MARK), "{text}");
    }
}

#[test]
fn lvl_is_exact_and_both_ends_of_the_time_are_inclusive() {
    let mut pair = Pair::new(config());
    for (i, lvl) in (0..).zip([Lvl::Info, Lvl::Warn, Lvl::Error, Lvl::Warn]) {
        pair.write(Msg {
            lvl: lvl as i32,
            time_unix_nano: i + 1,
            ..msg("/dev/a", &format!("{i}"))
        });
    }
    // Between two levels: still the lower one.
    pair.write(Msg { severity: 16, time_unix_nano: 5, ..msg("/dev/a", "4") });
    let none = QueryParams::default;
    let warn = QueryParams { lvl: Lvl::Warn as i32, ..none() };
    assert_eq!(answer(&mut pair, warn), ["4", "3", "1"]);
    let at = |nanos| {
        let cmd = Msg::decode(
            &{
                let mut out = Vec::new();
                let reply =
                    reply::Reply { time: Some(UnixNanos(nanos)), ..reply::Reply::control("") };
                reply.encode(reply::MIN_REPLY_LEN, &mut out);
                out
            }[..],
        );
        cmd.unwrap().t
    };
    let range = QueryParams { t_start: at(2), t_end: at(4), ..none() };
    assert_eq!(answer(&mut pair, range), ["3", "2", "1"]);
}

#[test]
fn a_replayed_query_costs_nothing() {
    let mut pair = Pair::new(config());
    numbered(&mut pair, 10);
    let datagram = pair.ask(addr(READER), Name::Query, QueryParams::default());
    pair.run_for(Duration::from_millis(10));
    assert_eq!(pair.texts(addr(READER)).len(), 11);
    let before = pair.engine.stats();
    for from in [addr(READER), addr(1)] {
        pair.deliver(from, &datagram);
        assert_eq!(pair.engine.poll_timeout(), None, "nothing to search");
        pair.run_for(Duration::from_millis(10));
    }
    let after = pair.engine.stats();
    assert_eq!(after.drops(DropReason::Replay), 2);
    assert_eq!((after.bytes_out, after.udp_queries), (before.bytes_out, 0));
}

#[test]
fn queries_are_bounded_and_a_repeated_one_starts_again() {
    let mut pair = Pair::new(Config { max_udp_queries: 2, ..config() });
    numbered(&mut pair, 5);
    for port in [1, 2, 3, 1] {
        pair.ask(addr(port), Name::Query, QueryParams::default());
    }
    let stats = pair.engine.stats();
    assert_eq!((stats.udp_queries, stats.drops(DropReason::TooManyQueries)), (2, 1));
    pair.run_for(Duration::from_secs(1));
    assert_eq!(pair.texts(addr(1)).len(), 6);
    assert_eq!(pair.texts(addr(2)).len(), 6);
    assert_eq!(pair.texts(addr(3)).len(), 0);
    assert_eq!(pair.engine.stats().udp_queries, 0);
}

#[test]
fn a_step_is_bounded_and_ingest_goes_on_between_steps() {
    let mut pair = Pair::new(Config { udp_query_step_bytes: 1, ..config() });
    let params = || QueryParams { txt: "absent".into(), ..QueryParams::default() };
    pair.write_all((0..20_000).map(|i| msg("/dev/a", &format!("request {i} took some time"))));
    pair.ask(addr(READER), Name::Query, params());
    let mut steps = 0;
    while pair.engine.stats().udp_queries > 0 {
        assert!(pair.engine.poll_timeout().is_some_and(|wake| wake <= pair.now.mono));
        pair.engine.handle_timeout(pair.now);
        let stored = pair.engine.stats().events_stored;
        pair.write(msg("/dev/a", "meanwhile"));
        assert_eq!(pair.engine.stats().events_stored, stored + 1);
        pair.drain();
        steps += 1;
        assert!(steps < 1_000);
    }
    assert!(steps > 2, "{steps}");
    assert_eq!(pair.texts(addr(READER)), ["+END"]);
}

#[test]
fn a_tail_and_a_query_of_one_address_do_not_disturb_each_other() {
    let mut pair = Pair::new(config());
    numbered(&mut pair, 3);
    pair.ask(addr(READER), Name::Tail, QueryParams::default());
    pair.ask(addr(READER), Name::Query, QueryParams::default());
    pair.write(msg("/dev/a", "new"));
    pair.run_for(Duration::from_millis(10));
    let texts = pair.texts(addr(READER));
    let found: Vec<_> = texts.iter().filter(|t| t.parse::<u32>().is_ok()).cloned().collect();
    assert_eq!(found, ["2", "1", "0"]);
    assert!(texts.contains(&"+END".into()));
    assert_eq!(pair.engine.stats().tails, 1);
}

#[test]
fn the_same_inputs_give_the_same_bytes() {
    let run = || {
        let mut pair = Pair::new(config());
        for port in [9, 3, 7] {
            pair.ask(addr(port), Name::Tail, QueryParams::default());
        }
        numbered(&mut pair, 500);
        for port in [4, 9, 2] {
            pair.ask(addr(port), Name::Query, QueryParams::default());
        }
        pair.run_for(Duration::from_secs(10));
        pair.sent
    };
    let (a, b) = (run(), run());
    assert!(a.len() > 3_000);
    assert!(a == b);
}
