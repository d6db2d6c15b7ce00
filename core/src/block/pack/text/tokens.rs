//! Parts a text into what varies from one event of a kind to the next, and what does not.

use super::hex;
use super::number::MAX_DIGITS;

/// Shortest and longest run that is taken for a hexadecimal number. Shorter ones are words, or numbers with a unit.
const HEX_RUN: core::ops::RangeInclusive<usize> = 6..=255;
/// A run of letters and digits that changes more often between the two is one word, not several parts.
const MAX_CHANGES: usize = 2;

/// A piece of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// Punctuation or white space.
    Mark(u8),
    /// Letters, or a mixture of letters and digits.
    Word(&'a [u8]),
    /// Decimal digits, at most [`MAX_DIGITS`].
    Number(&'a [u8]),
    /// Lower-case hexadecimal digits.
    Hex(&'a [u8]),
    /// A lower-case UUID.
    Uuid(&'a [u8]),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Mark,
    Digit,
    /// A letter that is a hexadecimal digit.
    Hex,
    Letter,
}

/// Bytes below this are letters, so that no mark is one of them.
pub(super) const RESERVED: u8 = 4;

const CLASSES: [Class; 256] = {
    let mut classes = [Class::Letter; 256];
    let mut byte = RESERVED;
    while byte < 0x80 {
        classes[byte as usize] = match byte {
            b'0'..=b'9' => Class::Digit,
            b'a'..=b'f' => Class::Hex,
            b'g'..=b'z' | b'A'..=b'Z' => Class::Letter,
            _ => Class::Mark,
        };
        byte += 1;
    }
    classes[crate::block::TERMINATOR as usize] = Class::Mark;
    classes
};

/// Calls `each` with the tokens; together they are the text.
#[inline]
pub(super) fn tokens<'a>(text: &'a [u8], mut each: impl FnMut(Token<'a>)) {
    let mut at = 0;
    while let Some(&first) = text.get(at) {
        if CLASSES[usize::from(first)] == Class::Mark {
            each(Token::Mark(first));
            at += 1;
            continue;
        }
        let mut counts = [0; 4];
        let mut changes = 0;
        let mut previous = CLASSES[usize::from(first)] == Class::Digit;
        let mut end = at;
        while let Some(&byte) = text.get(end) {
            let class = CLASSES[usize::from(byte)];
            if class == Class::Mark {
                break;
            }
            counts[class as usize] += 1;
            let digit = class == Class::Digit;
            changes += usize::from(digit != previous);
            previous = digit;
            end += 1;
        }
        let run = &text[at..end];
        let [_, digits, letters_of_hex, letters] = counts;
        if letters + letters_of_hex == 0 && run.len() != 8 {
            run.chunks(MAX_DIGITS).for_each(|digits| each(Token::Number(digits)));
        } else if letters == 0 && run.len() == 8 && begins_with_uuid(&text[at..]) {
            each(Token::Uuid(&text[at..at + hex::UUID]));
            end = at + hex::UUID;
        } else if letters + letters_of_hex == 0 {
            each(Token::Number(run));
        } else if letters == 0 && digits > 0 && HEX_RUN.contains(&run.len()) {
            each(Token::Hex(run));
        } else if digits == 0 || changes > MAX_CHANGES {
            each(Token::Word(run));
        } else {
            parts(run, &mut each);
        }
        at = end;
    }
}

/// Whether a UUID is there that no letter or digit follows. So a run with other letters than those of hexadecimal digits
/// is made of words and numbers only.
fn begins_with_uuid(text: &[u8]) -> bool {
    let mark = |&byte: &u8| CLASSES[usize::from(byte)] == Class::Mark;
    hex::is_uuid(text) && text.get(hex::UUID).is_none_or(mark)
}

/// A run of letters and digits, parted where they change.
fn parts<'a>(run: &'a [u8], each: &mut impl FnMut(Token<'a>)) {
    for part in run.chunk_by(|a, b| a.is_ascii_digit() == b.is_ascii_digit()) {
        if part[0].is_ascii_digit() {
            part.chunks(MAX_DIGITS).for_each(|digits| each(Token::Number(digits)));
        } else {
            each(Token::Word(part));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test;
    use alloc::string::String;
    use alloc::vec;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    fn all(text: &[u8]) -> Vec<Token<'_>> {
        let mut all = vec![];
        tokens(text, |token| all.push(token));
        all
    }

    proptest! {
        #[test]
        fn tokens_are_the_text(text in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..200),
            "[a-f0-9x -]{0,80}".prop_map(String::into_bytes),
        ]) {
            let mut out = vec![];
            for token in all(&text[..]) {
                match token {
                    Token::Mark(b) => {
                        prop_assert!(b >= RESERVED);
                        out.push(b);
                    }
                    Token::Word(s) | Token::Number(s) | Token::Hex(s) | Token::Uuid(s) => {
                        prop_assert!(!s.is_empty());
                        out.extend_from_slice(s);
                    }
                }
            }
            prop_assert_eq!(&out, &text);
        }
    }

    #[test]
    fn pieces_are_told_apart() {
        use Token::{Hex, Mark, Number, Uuid, Word};
        assert_eq!(
            all(b"took=12ms id=00c0ffee"),
            [
                Word(b"took"),
                Mark(b'='),
                Number(b"12"),
                Word(b"ms"),
                Mark(b' '),
                Word(b"id"),
                Mark(b'='),
                Hex(b"00c0ffee")
            ]
        );
        assert_eq!(all(b"05T03"), [Number(b"05"), Word(b"T"), Number(b"03")]);
        assert_eq!(all(b"a1B2c3"), [Word(b"a1B2c3")]);
        assert_eq!(all(b"decade"), [Word(b"decade")]);
        assert_eq!(all("naïve".as_bytes()), [Word("naïve".as_bytes())]);
        let uuid = b"12345678-1234-1234-1234-123456789012";
        assert_eq!(all(uuid), [Uuid(uuid)]);
        let more = b"12345678-1234-1234-1234-123456789abcxyz";
        assert_eq!(all(more).last(), Some(&Word(b"abcxyz")));
        assert_eq!(all(b"12345678-9"), [Number(b"12345678"), Mark(b'-'), Number(b"9")]);
        assert_eq!(all(b"12345678901234567"), [Number(b"1234567890123456"), Number(b"7")]);
    }
}
