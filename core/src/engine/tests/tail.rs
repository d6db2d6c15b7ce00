//! TAIL, PING and the kick.

use super::*;
use crate::test;
use logd_proto::wire::{HttpMethod, Lvl};

const READER: u16 = 7000;
const TAILING: &str = "\rtailing logs\x1b[0K";

fn tail(pair: &mut Pair, params: QueryParams) {
    pair.ask(addr(READER), Name::Tail, params);
    pair.drain();
    assert_eq!(pair.received(addr(READER)), [("//logd".into(), TAILING.into())]);
}

fn ping(pair: &mut Pair) {
    pair.ask(addr(READER), Name::Ping, QueryParams::default());
}

#[test]
fn a_tail_sees_what_comes_after_it() {
    let mut pair = Pair::new(config());
    pair.write(msg("/prod/api", "before"));
    tail(&mut pair, QueryParams::default());
    pair.write(msg("/prod/api", "one"));
    pair.write(msg("/dev/web", "two"));
    pair.drain();
    let expect = [("/prod/api".into(), "one".into()), ("/dev/web".into(), "two".into())];
    assert_eq!(pair.received(addr(READER)), expect);
    assert_eq!(pair.engine.stats().tails, 1);
}

#[test]
fn events_of_other_doors_reach_tails() {
    let mut pair = Pair::new(config());
    tail(&mut pair, QueryParams { url: "/log".into(), ..QueryParams::default() });
    let event = Msg { url: "/login".into(), severity: 13, ..msg("/dev/door", "from a door") };
    let write = Cmd { batch: vec![event], ..Cmd::default() }.encode_to_vec();
    assert_eq!(pair.engine.handle_write(pair.now, None, &write, &mut Vec::new()), Ok(()));
    pair.drain();
    let (_, msg) = pair.inbox.pop().unwrap();
    assert_eq!(
        (msg.txt.as_str(), msg.url.as_str(), msg.lvl()),
        ("from a door", "/login", Lvl::Warn)
    );
}

#[test]
fn a_silent_tail_is_kicked_and_pings_keep_it() {
    let mut pair = Pair::new(config());
    tail(&mut pair, QueryParams::default());
    for _ in 0..3 {
        pair.run_for(Duration::from_millis(5_900));
        ping(&mut pair);
    }
    pair.write(msg("/dev/a", "still here"));
    pair.drain();
    assert_eq!(pair.texts(addr(READER)), ["still here"]);

    pair.run_for(Duration::from_millis(5_999));
    assert_eq!(pair.texts(addr(READER)), [""; 0]);
    pair.run_for(Duration::from_millis(2));
    assert_eq!(pair.received(addr(READER)), [("//logd".into(), "kick".into())]);
    let stats = pair.engine.stats();
    assert_eq!((stats.tails, stats.tails_kicked), (0, 1));

    // A PING does not bring it back.
    ping(&mut pair);
    pair.write(msg("/dev/a", "not for it"));
    pair.run_for(Duration::from_secs(60));
    assert_eq!(pair.texts(addr(READER)), [""; 0]);
    assert_eq!(pair.engine.poll_timeout(), None);
}

#[test]
fn a_ping_from_another_port_does_not_count() {
    let mut pair = Pair::new(config());
    tail(&mut pair, QueryParams::default());
    pair.run_for(Duration::from_secs(5));
    pair.ask(addr(READER + 1), Name::Ping, QueryParams::default());
    pair.run_for(Duration::from_secs(2));
    assert_eq!(pair.texts(addr(READER)), ["kick"]);
    assert_eq!(pair.texts(addr(READER + 1)), [""; 0]);
}

#[test]
fn a_repeated_tail_replaces_the_filter() {
    let mut pair = Pair::new(config());
    tail(&mut pair, QueryParams { key_prefix: "/prod".into(), ..QueryParams::default() });
    tail(&mut pair, QueryParams { key_prefix: "/dev".into(), ..QueryParams::default() });
    pair.write(msg("/prod/api", "old filter"));
    pair.write(msg("/dev/web", "new filter"));
    pair.drain();
    assert_eq!(pair.texts(addr(READER)), ["new filter"]);
    assert_eq!(pair.engine.stats().tails, 1);
}

#[test]
fn filters_of_a_tail() {
    let event = Msg {
        lvl: Lvl::Warn as i32,
        http_method: HttpMethod::Get as i32,
        url: "/login?a=b".into(),
        response_status: 503,
        ..msg("/prod/api/login", "Upstream TIMEOUT")
    };
    let none = QueryParams::default;
    let matching = [
        none(),
        QueryParams { lvl: Lvl::Info as i32, ..none() },
        QueryParams { lvl: Lvl::Warn as i32, ..none() },
        QueryParams { env: "prod".into(), ..none() },
        QueryParams { svc: "api".into(), ..none() },
        QueryParams { r#fn: "login".into(), ..none() },
        QueryParams { env: "prod".into(), svc: "api".into(), r#fn: "login".into(), ..none() },
        QueryParams { env: "prod".into(), r#fn: "login".into(), ..none() },
        QueryParams { key_prefix: "/pro".into(), ..none() },
        QueryParams { http_method: HttpMethod::Get as i32, ..none() },
        QueryParams { url: "/log".into(), ..none() },
        QueryParams { response_status: 503, ..none() },
        QueryParams { txt: "timeout".into(), ..none() },
        // A tail has no time range, no offset and no limit.
        QueryParams { t_end: Some(Default::default()), offset: 9, limit: 1, ..none() },
    ];
    let others = [
        QueryParams { lvl: Lvl::Error as i32, ..none() },
        QueryParams { env: "pro".into(), ..none() },
        QueryParams { svc: "ap".into(), ..none() },
        QueryParams { svc: "login".into(), ..none() },
        QueryParams { svc: "a.i".into(), ..none() },
        QueryParams { r#fn: "log".into(), ..none() },
        QueryParams { key_prefix: "prod".into(), ..none() },
        QueryParams { http_method: HttpMethod::Post as i32, ..none() },
        QueryParams { url: "login".into(), ..none() },
        QueryParams { response_status: 50, ..none() },
        QueryParams { txt: "time out".into(), ..none() },
    ];
    for (params, matches) in
        matching.into_iter().map(|p| (p, true)).chain(others.into_iter().map(|p| (p, false)))
    {
        let mut pair = Pair::new(config());
        tail(&mut pair, params.clone());
        pair.write(event.clone());
        pair.drain();
        assert_eq!(pair.texts(addr(READER)).len(), usize::from(matches), "{params:?}");
    }
}

#[test]
fn tails_are_bounded() {
    let mut pair = Pair::new(Config { max_tails: 2, ..config() });
    for port in 1..=3 {
        pair.ask(addr(port), Name::Tail, QueryParams::default());
    }
    pair.run_for(Duration::from_millis(10));
    let stats = pair.engine.stats();
    assert_eq!((stats.tails, stats.drops(DropReason::TooManyTails)), (2, 1));
    assert_eq!(pair.texts(addr(3)), [""; 0]);
    // A tail that is there may still change its filter.
    pair.ask(addr(1), Name::Tail, QueryParams::default());
    assert_eq!(pair.engine.stats().accepted(Name::Tail), 3);
    // Tails that are owed a kick still count, or a host that does not send would collect them.
    pair.pass(Duration::from_secs(10));
    pair.engine.handle_timeout(pair.now);
    pair.ask(addr(4), Name::Tail, QueryParams::default());
    assert_eq!(pair.engine.stats().drops(DropReason::TooManyTails), 2);
    pair.drain();
    pair.ask(addr(4), Name::Tail, QueryParams::default());
    assert_eq!(pair.engine.stats().tails, 1);
}

#[test]
fn a_tail_that_is_too_slow_is_told_what_it_missed() {
    let mut pair = Pair::new(Config { tail_queue_bytes: 8 << 10, ..config() });
    tail(&mut pair, QueryParams::default());
    let written = 1000;
    pair.write_all((0..written).map(|n| msg("/dev/a", &alloc::format!("event {n}"))));
    pair.run_for(Duration::from_secs(1));
    let texts = pair.texts(addr(READER));
    let (word, seen) = texts.split_last().unwrap();
    let expect: Vec<_> = (0..seen.len()).map(|n| alloc::format!("event {n}")).collect();
    assert_eq!(seen, expect);
    assert!(seen.len() > 100 && seen.len() < written);
    let missed = written - seen.len();
    assert_eq!(*word, alloc::format!("missed {missed} events"));
    assert_eq!(pair.engine.stats().tail_missed, missed as u64);
    // Told once, it goes on without a gap.
    pair.write(msg("/dev/a", "and on"));
    pair.drain();
    assert_eq!(pair.texts(addr(READER)), ["and on"]);
}

#[test]
fn replies_are_paced_for_each_address() {
    let rate = Rate { bytes_per_second: 100_000, burst: 10_000 };
    let mut pair = Pair::new(Config { reply_rate: rate, ..config() });
    for port in [1, 2] {
        pair.ask(addr(port), Name::Tail, QueryParams::default());
    }
    let start = pair.now.mono;
    for n in 0..100 {
        pair.write(msg("/dev/a", &alloc::format!("{n}")));
    }
    pair.drain();
    let cost = |sent: &[(MonoNanos, SocketAddr, Vec<u8>)], to| -> u64 {
        let mine = sent.iter().filter(|s| s.1 == to);
        mine.map(|s| s.2.len() as u64 + DATAGRAM_OVERHEAD).sum()
    };
    for port in [1, 2] {
        let at_once = cost(&pair.sent, addr(port));
        // A burst, and the datagram that crosses the line.
        assert!((10_000..=11_000).contains(&at_once), "{at_once}");
    }
    pair.run_for(Duration::from_secs(5));
    for port in [1, 2] {
        assert_eq!(pair.texts(addr(port)).len(), 101);
        let mut sent = pair.sent.iter().filter(|s| s.1 == addr(port));
        let last = sent.next_back().unwrap().0.since(start).as_millis();
        // About 55,000 bytes of which 10,000 were free: 450 ms at 100,000 a second.
        assert!((400..=500).contains(&last), "{last} ms");
    }
}

#[test]
fn replies_are_paced_in_total_and_take_turns() {
    let total = Rate { bytes_per_second: 100_000, burst: 1_000 };
    let mut pair = Pair::new(Config { reply_rate_total: total, ..config() });
    for port in 1..=4 {
        pair.ask(addr(port), Name::Tail, QueryParams::default());
    }
    for n in 0..10 {
        pair.write(msg("/dev/a", &alloc::format!("{n}")));
    }
    pair.run_for(Duration::from_millis(100));
    let sent: Vec<_> = pair.sent.iter().map(|s| s.1.port()).collect();
    assert!((18..=23).contains(&sent.len()), "{}", sent.len());
    for turn in sent.chunks_exact(4) {
        assert_eq!(turn, [1, 2, 3, 4]);
    }
}

#[test]
fn leaving_and_coming_back_does_not_refill_the_burst() {
    let rate = Rate { bytes_per_second: 100_000, burst: 1_500 };
    let mut pair = Pair::new(Config { reply_rate: rate, ..config() });
    // Each query over nothing is answered by one datagram of some 520 bytes.
    for _ in 0..20 {
        pair.ask(addr(READER), Name::Query, QueryParams::default());
        pair.engine.handle_timeout(pair.now);
        pair.drain();
    }
    assert_eq!(pair.sent.len(), 3);
}

#[test]
fn fresh_events_for_the_hosts_tails() {
    let mut pair = Pair::new(config());
    pair.write(msg("/dev/a", "before"));
    assert!(pair.engine.take_fresh().is_none());
    pair.engine.set_tailing(true);
    pair.write(msg("/dev/a", "one"));
    pair.write(msg("x", "refused"));
    pair.write(msg("/dev/a", "two"));
    let block = pair.engine.take_fresh().unwrap();
    let mut scratch = crate::block::Scratch::default();
    let seen: Vec<_> =
        block.view(&mut scratch).rows().map(|e| (e.seq, String::from(e.text))).collect();
    assert_eq!(seen, [(2, "one".into()), (3, "two".into())]);
    assert!(pair.engine.take_fresh().is_none());
}
