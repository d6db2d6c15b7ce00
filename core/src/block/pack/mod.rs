//! How columns are compressed: each the way that makes it smallest.

mod bitstream;
mod integers;
mod text;

use alloc::vec::Vec;

use logd_proto::buffer::{ColumnKind, Compression};

/// No column is compressed by more than this, so that a small block cannot claim a huge one. It is what LZ4 can do at
/// the best.
pub(super) const MAX_RATIO: u32 = 255;

/// The column compressed, or `None` where that does not make it smaller.
pub(super) fn pack(kind: ColumnKind, column: &[u8]) -> Option<Packed> {
    let general = || (Compression::Lz4, lz4(column));
    let packed = match kind {
        // A filter is read without unpacking.
        ColumnKind::Grams | ColumnKind::Unknown => return None,
        ColumnKind::Attributes => general(),
        // LZ4 need not be tried where templates do better than it ever does.
        ColumnKind::Text => match text::pack(column).filter(|packed| fits(column, packed)) {
            Some(packed) if packed.len() < column.len() / 4 => (Compression::Templates, packed),
            special => smaller(special.map(|packed| (Compression::Templates, packed)), general()),
        },
        ColumnKind::Seq
        | ColumnKind::Time
        | ColumnKind::Received
        | ColumnKind::Severity
        | ColumnKind::Key => smaller(pack_integers(kind, column), general()),
    };
    (packed.1.len() < column.len()).then_some(packed)
}

/// The same for a column of integers only, by what unpacks fastest; `None` for the others, which are to stay as they are.
pub(super) fn pack_integers(kind: ColumnKind, column: &[u8]) -> Option<Packed> {
    let packed = match kind {
        ColumnKind::Seq
        | ColumnKind::Time
        | ColumnKind::Received
        | ColumnKind::Severity
        | ColumnKind::Key => integers::pack(column)?,
        ColumnKind::Unknown | ColumnKind::Text | ColumnKind::Attributes | ColumnKind::Grams => {
            return None;
        }
    };
    let helps = packed.len() < column.len() && fits(column, &packed);
    helps.then_some((Compression::Integers, packed))
}

type Packed = (Compression, Vec<u8>);

/// Whether a reader will take it.
fn fits(column: &[u8], packed: &[u8]) -> bool {
    column.len() <= packed.len().saturating_mul(MAX_RATIO as usize)
}

fn smaller(special: Option<Packed>, general: Packed) -> Packed {
    special.filter(|(_, packed)| packed.len() <= general.1.len()).unwrap_or(general)
}

/// Puts the column, which has `len` bytes, in `out`, which is empty; `None` where `packed` is damaged.
pub(super) fn unpack(
    compression: Compression,
    packed: &[u8],
    len: usize,
    out: &mut Vec<u8>,
) -> Option<()> {
    match compression {
        Compression::None => out.extend_from_slice(packed),
        Compression::Lz4 => unlz4(packed, len, out)?,
        Compression::Integers => integers::unpack(packed, len, out)?,
        Compression::Templates => text::unpack(packed, len, out)?,
    }
    (out.len() == len).then_some(())
}

/// Bytes in which every run of letters of a packed text column is, unless it could be part of a hexadecimal number: those
/// that have a letter beyond `f`. `None` where the compression keeps no such thing.
pub(super) fn words(compression: Compression, packed: &[u8], len: usize) -> Option<Vec<u8>> {
    match compression {
        Compression::Templates => text::words(packed, len),
        Compression::None | Compression::Lz4 | Compression::Integers => None,
    }
}

fn lz4(bytes: &[u8]) -> Vec<u8> {
    lz4_flex::block::compress(bytes)
}

fn unlz4(packed: &[u8], len: usize, out: &mut Vec<u8>) -> Option<()> {
    if len > packed.len().saturating_mul(MAX_RATIO as usize) {
        return None;
    }
    let start = out.len();
    out.resize(start + len, 0);
    let end = lz4_flex::block::decompress_into(packed, &mut out[start..]).ok()?;
    (end == len).then_some(())
}
