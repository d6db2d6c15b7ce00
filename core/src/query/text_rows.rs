//! From places in a text column to the rows that they lie in.

use memchr::{memchr, memchr_iter, memrchr};

use crate::bits::Bits;
use crate::block::TERMINATOR;

/// The first place in each text in which `find` finds something; it is given what is left of the column.
pub(super) fn hits(
    column: &[u8],
    find: impl Fn(&[u8]) -> Option<usize>,
) -> impl Iterator<Item = usize> {
    let mut from = 0;
    core::iter::from_fn(move || {
        let rest = column.get(from..)?;
        let hit = from + find(rest)?;
        from = hit + memchr(TERMINATOR, &column[hit..])? + 1;
        Some(hit)
    })
}

/// The rows in which these places, ascending, lie.
pub(super) fn rows_at(column: &[u8], n: usize, hits: impl Iterator<Item = usize>) -> Bits {
    let mut rows = Bits::none(n);
    let (mut row, mut from) = (0, 0);
    for hit in hits {
        row += memchr_iter(TERMINATOR, &column[from..hit]).count();
        rows.insert(row);
        from = hit;
    }
    rows
}

/// Those of some rows whose text passes.
pub(super) fn rows_among(column: &[u8], among: &Bits, test: impl Fn(&[u8]) -> bool) -> Bits {
    let mut rows = Bits::none(among.len());
    let mut texts = texts(column);
    let mut next = 0;
    for row in among.iter() {
        let Some(text) = texts.nth(row - next) else { break };
        if test(text) {
            rows.insert(row);
        }
        next = row + 1;
    }
    rows
}

/// Each text of a text column.
pub(super) fn texts(column: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut start = 0;
    memchr_iter(TERMINATOR, column).map(move |end| {
        let text = &column[start..end];
        start = end + 1;
        text
    })
}

/// The text that this place is in.
pub(super) fn text_at(column: &[u8], at: usize) -> &[u8] {
    let start = memrchr(TERMINATOR, &column[..at]).map_or(0, |before| before + 1);
    let end = memchr(TERMINATOR, &column[at..]).map_or(column.len(), |len| at + len);
    &column[start..end]
}
