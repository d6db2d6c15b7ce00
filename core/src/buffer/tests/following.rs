//! A copy of a daemon's events that follows it, over connections that break.

use super::*;
use crate::test;

#[test]
fn a_copy_that_follows_answers_as_the_store_does() {
    let mut store = filled(2000);
    let history = export(store.snapshot(&[]), None);
    let mut live = Live::new(usize::MAX);
    for piece in history.chunks(777) {
        assert!(live.handle_history(piece).unwrap());
    }
    assert_eq!((live.last_seq(), live.missed()), (2000, 0));
    append(&mut store, 2000..2300);
    let news = tail(&mut store, 1990, 7);
    // The connection breaks within a frame, and the next one begins with what has been seen.
    live.handle_tail(&news[..news.len() / 2]).unwrap();
    live.begin_tail();
    for piece in news.chunks(333) {
        live.handle_tail(piece).unwrap();
    }
    assert_eq!((live.last_seq(), live.missed(), live.evicted()), (2300, 0, 0));
    // The copy has room for what the store has evicted since.
    let whole = store.rings().filter_map(|r| r.oldest).map(|o| o.0).max().unwrap();
    for filter in ["", "request", "level>=warn", "attr.status>=400 key:/a"] {
        let filter = &format!("{filter} seq>={whole}");
        let (copy, own) = (ask(live.snapshot(), filter), ask(store.snapshot(&[]), filter));
        assert!(own.total.unwrap() > 0, "{filter}");
        assert!(copy.rows == own.rows && copy.total == own.total, "{filter}");
        assert!(copy.histogram == own.histogram && copy.facets == own.facets, "{filter}");
    }
}

#[test]
fn a_copy_whose_history_broke_off_takes_the_rest_of_another_one() {
    let mut store = filled(2000);
    let newest_first = |store: &mut Store| {
        let mut out = Vec::new();
        let mut export = Export::new(store.snapshot(&[]), None, Origin::default()).newest_first();
        while export.step(&mut out).is_some() {}
        out
    };
    let first = newest_first(&mut store);
    for broken in [0, 5, first.len() / 3, first.len() / 2, first.len() - 1] {
        let mut store = filled(2000);
        let mut live = Live::new(usize::MAX);
        assert!(live.handle_history(&first[..broken]).unwrap());
        // The tail brings what is new, and the next export brings it again, in other blocks.
        append(&mut store, 2000..2300);
        if live.last_seq() > 0 {
            live.handle_tail(&tail(&mut store, live.last_seq(), 7)).unwrap();
        }
        append(&mut store, 2300..2400);
        live.begin_history();
        for piece in newest_first(&mut store).chunks(777) {
            assert!(live.handle_history(piece).unwrap());
        }
        assert_eq!(live.missed(), 0, "{broken}");
        // The copy has room for what the store has evicted since.
        let whole = store.rings().filter_map(|r| r.oldest).map(|o| o.0).max().unwrap();
        for filter in ["", "request", "level>=warn", "attr.status>=400 key:/a"] {
            let filter = &format!("{filter} seq>={whole}");
            let (copy, own) = (ask(live.snapshot(), filter), ask(store.snapshot(&[]), filter));
            assert!(own.total.unwrap() > 0, "{filter}");
            assert!(copy.rows == own.rows && copy.total == own.total, "{broken} {filter}");
        }
    }
}

#[test]
fn a_copy_tells_what_it_missed_and_keeps_to_its_memory() {
    let mut store = filled(100);
    let mut live = Live::new(200_000);
    live.handle_tail(&tail(&mut store, 90, 3)).unwrap();
    assert_eq!((live.events(), live.missed()), (10, 0));
    assert_eq!(live.times().all, Some((90_000, 99_000)));
    append(&mut store, 100..30_000);
    live.begin_tail();
    live.handle_tail(&tail(&mut store, 150, 500)).unwrap();
    let oldest = store.rings().filter_map(|r| r.oldest).map(|o| o.0).min().unwrap();
    assert_eq!(live.last_seq(), 30_000);
    assert!(live.missed() >= oldest.max(151) - 101, "{} {oldest}", live.missed());
    assert!(live.buffer().blocks.iter().map(|b| b.memory()).sum::<usize>() <= 200_000);
    assert_eq!(live.handle_tail(b"not a buffer"), Err(Damage::Magic));
}
