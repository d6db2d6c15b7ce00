use alloc::vec::Vec;
use std::collections::{HashMap, HashSet};

use proptest::prelude::*;

use super::*;
use crate::test;

const TTL: Duration = Duration::from_millis(100);
const TTL_NANOS: i64 = TTL.as_nanos() as i64;
const START: i64 = 1_700_000_000_000_000_000;

/// A MAC that differs from those of other `n`, uniform enough.
fn mac(n: u64) -> Mac {
    let mut bytes = [0; MAC_LEN];
    for (i, chunk) in bytes.chunks_mut(8).enumerate() {
        let word = (n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(i as u32 * 16);
        chunk.copy_from_slice(&word.to_be_bytes());
    }
    Mac(bytes)
}

/// A step of the naive model.
#[derive(Clone, Debug)]
enum Step {
    /// The clock moves by this, often forwards.
    Clock(i64),
    /// A new datagram comes whose clock is off by this.
    New(i64),
    /// The datagram that came so many before comes again.
    Again(prop::sample::Index),
}

fn steps(clock: impl Strategy<Value = i64> + 'static) -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        2 => clock.prop_map(Step::Clock),
        4 => (-TTL_NANOS..=TTL_NANOS).prop_map(Step::New),
        3 => any::<prop::sample::Index>().prop_map(Step::Again),
    ];
    proptest::collection::vec(step, 1..400)
}

fn forwards() -> impl Strategy<Value = i64> {
    prop_oneof![8 => 0..TTL_NANOS / 2, 1 => 0..4 * TTL_NANOS, 1 => 0..i64::MAX / 1000]
}

fn jumps() -> impl Strategy<Value = i64> {
    prop_oneof![8 => 0..TTL_NANOS / 2, 2 => -4 * TTL_NANOS..4 * TTL_NANOS, 1 => -1i64 << 50..1 << 50]
}

/// Plays `steps` against a set that never forgets. Only fresh datagrams reach the window, as behind a verifier.
fn play(steps: &[Step], window: &mut ReplayWindow) {
    let (mut now, mut latest) = (UnixNanos(START), UnixNanos(START));
    let mut came: Vec<(Mac, UnixNanos)> = Vec::new();
    let mut accepted: HashSet<[u8; MAC_LEN]> = HashSet::new();
    let mut accepted_in: HashMap<i64, usize> = HashMap::new();
    let memory = window.memory();
    for step in steps {
        let (mac, time) = match step {
            Step::Clock(by) => {
                now.0 = now.0.saturating_add(*by);
                latest = latest.max(now);
                continue;
            }
            Step::New(skew) => {
                // The very first is the MAC that means an empty slot.
                let mac = if came.is_empty() { Mac(EMPTY) } else { mac(came.len() as u64) };
                came.push((mac, UnixNanos(now.0 + skew)));
                came[came.len() - 1]
            }
            Step::Again(_) if came.is_empty() => continue,
            Step::Again(index) => *index.get(&came),
        };
        if (time.0 - now.0).abs() > TTL_NANOS {
            continue;
        }
        let epoch = time.0.div_euclid(window.slice_len);
        let known = accepted.contains(&mac.0);
        match window.insert(now, &mac, time) {
            Ok(()) => {
                assert!(!known, "accepted twice");
                accepted.insert(mac.0);
                *accepted_in.entry(epoch).or_default() += 1;
            }
            Err(DropReason::Replay) => assert!(known, "a false replay"),
            Err(DropReason::ReplayWindowFull) => {
                assert!(!known, "a full slice still knows what it holds");
                assert_eq!(accepted_in[&epoch], window.macs_per_slice, "not full");
            }
            Err(DropReason::Stale | DropReason::Future) => {
                assert!(now < latest, "refused by time although the clock never went back");
            }
            Err(other) => panic!("{other:?}"),
        }
        assert_eq!(window.memory(), memory);
    }
}

proptest! {
    #[test]
    fn agrees_with_a_set_that_never_forgets(steps in steps(forwards())) {
        play(&steps, &mut ReplayWindow::new(TTL, 10_000));
    }

    #[test]
    fn a_clock_that_jumps_admits_nothing_twice(steps in steps(jumps())) {
        play(&steps, &mut ReplayWindow::new(TTL, 10_000));
    }

    #[test]
    fn full_slices_refuse_and_still_know(steps in steps(jumps()), capacity in 0usize..60) {
        play(&steps, &mut ReplayWindow::new(TTL, capacity));
    }

    /// Whatever the ttl, the time and the clock, fresh or not.
    #[test]
    fn is_exact_for_any_input(
        ttl in prop_oneof![Just(0), 0..1000u64, any::<u64>()],
        calls in proptest::collection::vec((any::<i64>(), 0..8u64, any::<i64>()), 1..50),
        near in -2000i64..2000,
    ) {
        let mut window = ReplayWindow::new(Duration::from_nanos(ttl), 100);
        let mut accepted = HashSet::new();
        // Each MAC has one time, as in a datagram.
        let mut times = HashMap::new();
        for (now, n, time) in calls {
            for (now, time) in [(now, time), (near, near.wrapping_mul(n as i64))] {
                let time = *times.entry(n).or_insert(time);
                let result = window.insert(UnixNanos(now), &mac(n), UnixNanos(time));
                match result {
                    Ok(()) => prop_assert!(accepted.insert(n)),
                    Err(DropReason::Replay) => prop_assert!(accepted.contains(&n)),
                    Err(_) => {}
                }
            }
        }
    }
}

#[test]
fn a_steady_load_at_the_documented_rate_fits() {
    // 2.5 · 0.1 s · 4,000/s
    let mut window = ReplayWindow::new(TTL, 1000);
    assert_eq!(window.capacity(), 1000);
    assert_eq!(window.memory(), ReplayWindow::memory_for(1000));
    for n in 0..10_000 {
        let time = UnixNanos(START + n as i64 * 250_000);
        assert_eq!(window.insert(time, &mac(n), time), Ok(()), "{n}");
        assert_eq!(window.insert(time, &mac(n), time), Err(DropReason::Replay), "{n}");
    }
}

#[test]
fn a_step_back_is_stale_until_the_clock_has_caught_up() {
    let mut window = ReplayWindow::new(TTL, 1000);
    let at = |seconds: i64| UnixNanos(START + seconds * 1_000_000_000);
    // Two rounds, so that the slices of the first are forgotten.
    let times: Vec<_> = (0..20).map(|n| UnixNanos(at(10).0 + n * window.slice_len)).collect();
    for (n, &time) in times.iter().enumerate() {
        assert_eq!(window.insert(time, &mac(n as u64), time), Ok(()));
    }
    for (n, &time) in times.iter().enumerate() {
        let expect = if n < SLICES { DropReason::Stale } else { DropReason::Replay };
        assert_eq!(window.insert(time, &mac(n as u64), time), Err(expect), "{n}");
    }
    assert_eq!(window.insert(at(5), &mac(99), at(5)), Err(DropReason::Stale));
    assert_eq!(window.insert(at(12), &mac(99), at(12)), Ok(()));
}

#[test]
fn a_datagram_from_beyond_the_clock_evicts_nothing_fresh() {
    let mut window = ReplayWindow::new(TTL, 1000);
    let now = UnixNanos(START);
    assert_eq!(window.insert(now, &mac(1), now), Ok(()));
    let ahead = UnixNanos(START + SLICES as i64 * window.slice_len);
    assert_eq!(window.insert(now, &mac(2), ahead), Err(DropReason::Future));
    assert_eq!(window.insert(now, &mac(1), now), Err(DropReason::Replay));
}
