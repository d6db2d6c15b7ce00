//! Checks a block that comes from a file or the wire, so that reading it cannot fail later.

use core::fmt;

use logd_proto::buffer::{BlockHeader, ColumnKind, Compression};

use super::{Block, Scratch, TERMINATOR, attributes, pack};
use crate::severity::Severity;
use crate::varint;

/// The largest column, after decompression. A block is a few MiB at most; this only stops a small file that
/// claims a huge block.
const MAX_COLUMN: u32 = 256 << 20;

/// What is wrong with a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// The frame's mark is missing: these bytes are no block.
    Magic,
    /// The bytes end within the block.
    Truncated,
    /// The checksum does not fit the bytes.
    Checksum,
    /// The header is no valid message, or misses a column.
    Header,
    /// A column's length does not fit the body, or is beyond the limit.
    ColumnLength(ColumnKind),
    /// A column does not hold as many valid values as the block has events.
    Column(ColumnKind),
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Magic => f.write_str("no block begins here"),
            Self::Truncated => f.write_str("the data ends within a block"),
            Self::Checksum => f.write_str("a block's checksum does not fit its bytes"),
            Self::Header => f.write_str("a block's header cannot be read"),
            Self::ColumnLength(kind) => {
                write!(f, "the length of a block's {kind:?} column is wrong")
            }
            Self::Column(kind) => write!(f, "a block's {kind:?} column is damaged"),
        }
    }
}

impl core::error::Error for Damage {}

/// Every column is there once, within the body, in the order of their kinds.
pub(super) fn columns(header: &BlockHeader, body: usize) -> Result<(), Damage> {
    let mut previous = ColumnKind::Unknown;
    let mut total = 0;
    for column in &header.columns {
        let kind = ColumnKind::try_from(column.kind).map_err(|_| Damage::Header)?;
        let compression = Compression::try_from(column.compression).map_err(|_| Damage::Header)?;
        let fits = match compression {
            Compression::None => column.len == column.stored_len,
            Compression::Lz4 | Compression::Integers | Compression::Templates => {
                // A filter is read without unpacking.
                kind != ColumnKind::Grams
                    && column.len <= column.stored_len.saturating_mul(pack::MAX_RATIO)
            }
        };
        if kind as i32 <= previous as i32 {
            return Err(Damage::Header);
        }
        let sound = kind != ColumnKind::Grams || column.len.is_power_of_two();
        if !fits || !sound || column.len > MAX_COLUMN {
            return Err(Damage::ColumnLength(kind));
        }
        total += column.stored_len as usize;
        previous = kind;
    }
    let present = header.columns.iter().filter(|c| c.kind() != ColumnKind::Grams).count();
    let complete = present == ColumnKind::Attributes as usize && total == body;
    let severities = header.by_severity.len() == Severity::COUNT;
    if complete && severities { Ok(()) } else { Err(Damage::Header) }
}

/// Every column holds a valid value for each event, and the header tells the truth about them.
pub(super) fn contents(block: &Block) -> Result<(), Damage> {
    let mut scratch = Scratch::default();
    let view = block.view(&mut scratch);
    let h = block.header();
    let n = block.events();
    let ok = |good: bool, kind| if good { Ok(()) } else { Err(Damage::Column(kind)) };

    for column in &h.columns {
        let unpacked = view.column(column.kind());
        ok(unpacked.len() == column.len as usize, column.kind())?;
    }
    if n == 0 {
        return Err(Damage::Header);
    }

    let mut last = None;
    ok(view.seqs().count() == n, ColumnKind::Seq)?;
    for seq in view.seqs() {
        ok(last.is_none_or(|l| l < seq), ColumnKind::Seq)?;
        last = Some(seq);
    }
    ok(view.seqs().next() == Some(h.first_seq) && last == Some(h.last_seq), ColumnKind::Seq)?;
    ok(consumed(view.column(ColumnKind::Seq), n), ColumnKind::Seq)?;

    let range = |values: &mut dyn Iterator<Item = i64>| {
        values.fold((i64::MAX, i64::MIN), |(lo, hi), t| (lo.min(t), hi.max(t)))
    };
    ok(range(&mut view.times()) == (h.min_time, h.max_time), ColumnKind::Time)?;
    ok(consumed(view.column(ColumnKind::Time), n), ColumnKind::Time)?;
    ok(range(&mut view.receipts()) == (h.min_received, h.max_received), ColumnKind::Received)?;
    ok(consumed(view.column(ColumnKind::Received), n), ColumnKind::Received)?;

    let mut by_severity = [0u32; Severity::COUNT];
    for &s in view.severities() {
        *by_severity.get_mut(usize::from(s)).ok_or(Damage::Column(ColumnKind::Severity))? += 1;
    }
    ok(view.severities().len() == n && by_severity[..] == h.by_severity, ColumnKind::Severity)?;

    let mut by_key = alloc::vec![0u32; h.keys.len()];
    for id in view.key_ids() {
        *by_key.get_mut(id as usize).ok_or(Damage::Column(ColumnKind::Key))? += 1;
    }
    ok(by_key.iter().zip(&h.keys).all(|(&n, k)| n == k.events), ColumnKind::Key)?;
    ok(consumed(view.column(ColumnKind::Key), n), ColumnKind::Key)?;

    text(view.text(), n)?;
    let mut events = 0;
    for mut entries in view.entries() {
        events += 1;
        while !entries.is_empty() {
            let entry = super::take_entry(&mut entries);
            ok(
                entry.is_some_and(|(name, _)| (name as usize) < h.attribute_names.len()),
                ColumnKind::Attributes,
            )?;
        }
    }
    let mut rest = view.column(ColumnKind::Attributes);
    while attributes::take_event(&mut rest).is_some() {}
    ok(events == n && rest.is_empty(), ColumnKind::Attributes)
}

/// Whether `column` is exactly `n` varints.
fn consumed(mut column: &[u8], n: usize) -> bool {
    (0..n).all(|_| varint::read(&mut column).is_some()) && column.is_empty()
}

fn text(column: &[u8], n: usize) -> Result<(), Damage> {
    let bad = Damage::Column(ColumnKind::Text);
    let mut rows = 0;
    let mut start = 0;
    for end in memchr::memchr_iter(TERMINATOR, column) {
        core::str::from_utf8(&column[start..end]).map_err(|_| bad)?;
        start = end + 1;
        rows += 1;
    }
    if rows == n && start == column.len() { Ok(()) } else { Err(bad) }
}
