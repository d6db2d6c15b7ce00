use super::*;
use crate::block::TERMINATOR;
use crate::test;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use proptest::prelude::*;

fn column(texts: &[String]) -> Vec<u8> {
    let mut column = vec![];
    for text in texts {
        column.extend_from_slice(text.as_bytes());
        column.push(TERMINATOR);
    }
    column
}

fn check(column: &[u8]) -> Vec<u8> {
    let packed = pack(column).unwrap();
    let mut out = vec![];
    assert_eq!(unpack(&packed, column.len(), &mut out), Some(()));
    assert_eq!(out, column);
    packed
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "GET /[ab]{1,3}/[0-9]{1,4} [0-9]{1,20}ms",
        "session=[0-9a-f]{12} user [a-z]{1,12} (joined|left)",
        "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}[a-z ]0[0-9]:[0-9]{2}",
        ".{0,40}",
    ]
}

proptest! {
    #[test]
    fn texts_come_back(texts in prop::collection::vec(text(), 0..60)) {
        check(&column(&texts));
    }

    #[test]
    fn words_are_found_in_the_dictionary(texts in prop::collection::vec(text(), 1..60)) {
        let column = column(&texts);
        let dictionary = words(&pack(&column).unwrap(), column.len()).unwrap();
        for run in column.split(|b| !b.is_ascii_alphabetic()) {
            if run.iter().any(|b| matches!(b, b'g'..=b'z' | b'A'..=b'Z')) {
                prop_assert!(dictionary.windows(run.len()).any(|w| w == run), "{:?}", String::from_utf8_lossy(run));
            }
        }
    }

    #[test]
    fn any_bytes_come_back(column in prop::collection::vec(any::<u8>(), 0..400)) {
        check(&column);
    }

    #[test]
    fn a_changed_byte_gives_an_error_or_as_many_bytes(
        texts in prop::collection::vec(text(), 1..30), at in any::<prop::sample::Index>(), to in any::<u8>(),
    ) {
        let column = column(&texts);
        let mut packed = pack(&column).unwrap();
        *at.get_mut(&mut packed[..]) = to;
        let mut out = vec![];
        if unpack(&packed, column.len(), &mut out).is_some() {
            prop_assert_eq!(out.len(), column.len());
        }
    }

    #[test]
    fn arbitrary_bytes_give_no_more_than_was_asked_for(
        packed in prop::collection::vec(any::<u8>(), 0..200), len in 0usize..1000,
    ) {
        let mut out = vec![];
        let done = unpack(&packed, len, &mut out);
        prop_assert!(out.len() <= len);
        prop_assert!(done.is_none() || out.len() == len);
    }

    #[test]
    fn a_cut_column_is_refused(texts in prop::collection::vec(text(), 1..30), at in any::<prop::sample::Index>()) {
        let column = column(&texts);
        let packed = pack(&column).unwrap();
        let cut = &packed[..at.index(packed.len())];
        let mut out = vec![];
        prop_assert_eq!(unpack(cut, column.len(), &mut out), None);
    }
}

#[test]
fn texts_with_nothing_in_common_are_left_alone() {
    let texts: Vec<String> =
        (1..400usize).map(|i| format!("{}{}", "-".repeat(i), "1 2 a b ".repeat(9))).collect();
    assert_eq!(pack(&column(&texts)), None);
}

#[test]
fn long_and_odd_texts_come_back() {
    let words: String = (0..2000).map(|i| format!("w{i} ")).collect();
    check(&column(&[words, "x".repeat(100_000), "0".repeat(100), "f0".repeat(300), String::new()]));
    check(b"");
    check(&[0, 1, 2, 3, 4, 5]);
    check(&[TERMINATOR; 1000]);
}

#[test]
fn what_varies_little_takes_few_bits() {
    let texts: Vec<String> = (0..1000)
        .map(|i| format!("{} request done in {:02} ms", 5_000_000 + i, i * 37 % 64))
        .collect();
    let packed = check(&column(&texts));
    // Six bits for the time, none for the counter.
    assert!(packed.len() < 800 + 50, "{}", packed.len());
}
