//! From places in a text column to the rows that they lie in.

use memchr::{memchr, memchr_iter, memrchr};

use crate::bits::Bits;
use crate::block::{TERMINATOR, View};

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
