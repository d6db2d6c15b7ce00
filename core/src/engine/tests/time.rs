//! Timeouts: what they do, and that more of them do no harm.

use super::*;
use crate::test;
use alloc::format;
use proptest::prelude::*;

/// A host hands the engine to its thread, and the verifier to many.
#[test]
fn the_engine_can_move_to_a_thread() {
    fn moves<T: Send>() {}
    fn is_shared<T: Send + Sync>() {}
    moves::<Engine>();
    is_shared::<Verifier>();
    is_shared::<Snapshot>();
}

#[test]
fn old_events_go_without_new_ones_coming() {
    let mut config = config();
    config.store.rings[0].max_age = Some(Duration::from_secs(60));
    let mut pair = Pair::new(config);
    pair.write(msg("/prod/api", "ages"));
    pair.write(msg("/dev/web", "stays"));
    let held = |pair: &Pair| pair.engine.rings().map(|ring| ring.events).collect::<Vec<_>>();
    pair.run_for(Duration::from_secs(50));
    assert_eq!(held(&pair), [1, 1]);
    pair.run_for(Duration::from_secs(20));
    assert_eq!(held(&pair), [0, 1]);
    assert_eq!(pair.engine.poll_timeout(), None);
}

#[test]
fn a_wall_clock_that_steps_does_not_move_the_timers_of_tails() {
    for hours in [-1_i64, 1] {
        let mut pair = Pair::new(config());
        pair.ask(addr(1), Name::Tail, QueryParams::default());
        pair.run_for(Duration::from_secs(3));
        pair.now.unix.0 += hours * 3_600_000_000_000;
        pair.run_for(Duration::from_millis(2_900));
        assert_eq!(pair.texts(addr(1)).len(), 1);
        pair.run_for(Duration::from_millis(200));
        assert_eq!(pair.texts(addr(1)), ["kick"]);
    }
}

#[test]
fn a_clock_that_steps_back_makes_datagrams_stale_and_no_replay_good() {
    let mut pair = Pair::new(config());
    let writer = pair.writer.clone();
    let cmd = |n| Cmd { msg: Some(msg("/dev/a", &format!("{n}"))), ..Cmd::default() };
    let first = pair.sign(&writer, &cmd(0));
    let then = pair.now;
    pair.deliver(addr(1), &first);
    // Long enough that the window forgets the first.
    for n in 1..100 {
        pair.pass(Duration::from_millis(20));
        let datagram = pair.sign(&writer, &cmd(n));
        pair.deliver(addr(1), &datagram);
    }
    assert_eq!(pair.engine.stats().events_stored, 100);
    pair.now.unix = then.unix;
    pair.deliver(addr(1), &first);
    let stats = pair.engine.stats();
    assert_eq!((stats.events_stored, stats.drops(DropReason::Stale)), (100, 1));
}

proptest! {
    /// Timeouts that nobody asked for change nothing of what clients see.
    #[test]
    fn spurious_timeouts_are_safe(spurious in prop::collection::vec(0..4_usize, 30)) {
        let run = |spurious: &[usize]| {
            let mut pair = Pair::new(config());
            pair.ask(addr(1), Name::Tail, QueryParams::default());
            for (i, &n) in spurious.iter().enumerate() {
                pair.write(msg("/dev/a", &format!("{i}")));
                if i % 7 == 0 {
                    let params = QueryParams { limit: 3, ..QueryParams::default() };
                    pair.ask(addr(100 + i as u16), Name::Query, params);
                }
                for _ in 0..n {
                    pair.engine.handle_timeout(pair.now);
                    let _ = pair.engine.poll_timeout();
                }
                pair.run_for(Duration::from_millis(300));
            }
            pair.run_for(Duration::from_secs(10));
            let mut seen: Vec<_> = pair.sent.into_iter().map(|(_, to, bytes)| (to, bytes)).collect();
            // Steps of a query that come earlier may let it overtake the tail.
            seen.sort();
            seen
        };
        let quiet = run(&[0; 30]);
        // The tail's answer, the events of its first 6 s, its kick; five queries of which the first found one
        // event and the others three, and an end each.
        prop_assert_eq!(quiet.len(), 1 + 20 + 1 + (1 + 4 * 3) + 5);
        prop_assert!(run(&spurious) == quiet);
    }
}
