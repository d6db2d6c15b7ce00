//! From places in a text column to the rows that they lie in.

use memchr::{memchr, memchr_iter, memrchr};

use crate::bits::Bits;
use crate::block::{TERMINATOR, View};

/// The rows in whose text `find` finds something, if `accepts` the first place of it; `find` is given what is left of the column.
pub(super) fn rows_with(
    column: &[u8],
    n: usize,
    find: impl Fn(&[u8]) -> Option<usize>,
    accepts: impl Fn(usize) -> bool,
) -> Bits {
    let mut rows = Bits::none(n);
    // The row that is next, and where its text begins.
    let (mut row, mut start) = (0, 0);
    while let Some(rest) = column.get(start..) {
        let Some(hit) = find(rest) else { break };
        row += memchr_iter(TERMINATOR, &rest[..hit]).count();
        if accepts(start + hit) {
            rows.insert(row);
        }
        let Some(len) = memchr(TERMINATOR, &rest[hit..]) else { break };
        (row, start) = (row + 1, start + hit + len + 1);
    }
    rows
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
pub(super) fn rows_among(view: &View<'_>, among: &Bits, test: impl Fn(&[u8]) -> bool) -> Bits {
    let column = view.text();
    let mut rows = Bits::none(among.len());
    // The row that is next, and where its text begins.
    let mut next = (0, 0);
    for row in among.iter() {
        let (before, start) = next.max(view.text_near(row));
        let mut texts = texts_from(column, start);
        let Some((start, text)) = texts.nth(row - before) else { break };
        if test(text) {
            rows.insert(row);
        }
        next = (row + 1, start + text.len() + 1);
    }
    rows
}

/// Each text of a text column.
pub(super) fn texts(column: &[u8]) -> impl Iterator<Item = &[u8]> {
    texts_from(column, 0).map(|(_, text)| text)
}

/// Each text from the one on that begins here, and where it begins.
fn texts_from(column: &[u8], first: usize) -> impl Iterator<Item = (usize, &[u8])> {
    let mut start = first;
    memchr_iter(TERMINATOR, column.get(first..).unwrap_or_default()).map(move |end| {
        let text = &column[start..first + end];
        let at = start;
        start = first + end + 1;
        (at, text)
    })
}

/// The text that this place is in.
pub(super) fn text_at(column: &[u8], at: usize) -> &[u8] {
    let start = memrchr(TERMINATOR, &column[..at]).map_or(0, |before| before + 1);
    let end = memchr(TERMINATOR, &column[at..]).map_or(column.len(), |len| at + len);
    &column[start..end]
}
