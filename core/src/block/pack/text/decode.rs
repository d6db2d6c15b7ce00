//! Reads what [`super::encode`] wrote.

use alloc::vec::Vec;
use core::ops::Range;

use super::super::bitstream::{BitReader, Layout};
use super::{Kind, MAX_ENTRIES, SLACK, hex, number, read_section};
use crate::varint;

/// Appends the column, which must have exactly `len` bytes, to `out`; `None` where `packed` is damaged.
pub(in super::super) fn unpack(mut packed: &[u8], len: usize, out: &mut Vec<u8>) -> Option<()> {
    let records = usize::try_from(varint::read(&mut packed)?).ok()?;
    let ids = Layout::decode(&mut packed)?;
    let mut dictionary = Dictionary::decode(read_section(&mut packed, len)?)?;
    let hex = read_section(&mut packed, len)?;
    let start = out.len();
    out.resize(start + len + SLACK, 0);
    let end = dictionary.fill(&mut out[start..], records, ids, &hex, BitReader::new(packed));
    out.truncate(start + len);
    (end? == len).then_some(())
}

/// The texts of the dictionary of a packed column of `len` bytes, one after the other. Every run of ASCII letters of the
/// column that has one beyond `f` or a capital is in them, for it is part of a word.
pub(in super::super) fn words(mut packed: &[u8], len: usize) -> Option<Vec<u8>> {
    varint::read(&mut packed)?;
    Layout::decode(&mut packed)?;
    Some(Dictionary::decode(read_section(&mut packed, len)?)?.texts)
}

struct Dictionary {
    /// All texts, and [`SLACK`] bytes.
    texts: Vec<u8>,
    words: Vec<Text>,
    /// Ranges of `ops`.
    templates: Vec<Range<usize>>,
    ops: Vec<Op>,
}

/// A piece of the dictionary's texts.
#[derive(Clone, Copy)]
struct Text {
    start: usize,
    len: usize,
}

/// A part of a template: a text, then what varies. Each writes at least one byte.
struct Op {
    text: Text,
    kind: Kind,
}

impl Dictionary {
    fn decode(mut section: Vec<u8>) -> Option<Self> {
        let mut rest = &section[..section.len() - SLACK];
        let mut texts = 0usize;
        let mut text = |rest: &mut &[u8]| {
            let len = usize::try_from(varint::read(rest)?).ok()?;
            let start = texts;
            texts = texts.checked_add(len)?;
            Some(Text { start, len })
        };
        let mut words = Vec::new();
        for _ in 0..count(&mut rest, 0)? {
            words.push(text(&mut rest).filter(|word| word.len > 0)?);
        }
        let (mut templates, mut ops) = (Vec::new(), Vec::new());
        for _ in 0..count(&mut rest, 0)? {
            let start = ops.len();
            for _ in 0..count(&mut rest, start)? {
                let text = text(&mut rest)?;
                let kind = Kind::decode(&mut rest)?;
                if text.len == 0 && kind == Kind::End {
                    return None;
                }
                ops.push(Op { text, kind });
            }
            if ops.len() == start {
                return None;
            }
            templates.push(start..ops.len());
        }
        if rest.len() != texts {
            return None;
        }
        section.drain(..section.len() - SLACK - texts);
        Some(Self { texts: section, words, templates, ops })
    }

    /// Writes the texts and returns where they end, which may be within the slack.
    fn fill(
        &mut self,
        out: &mut [u8],
        records: usize,
        ids: Layout,
        mut hex: &[u8],
        mut bits: BitReader<'_>,
    ) -> Option<usize> {
        let Self { texts, words, templates, ops } = self;
        let mut at = 0;
        for _ in 0..records {
            let template = templates.get(usize::try_from(ids.read(&mut bits)?).ok()?)?;
            for op in &mut ops[template.clone()] {
                at = copy(out, at, texts, op.text)?;
                at = match &mut op.kind {
                    Kind::End => at,
                    Kind::Word(layout) => {
                        let id = usize::try_from(layout.read(&mut bits)?).ok()?;
                        copy(out, at, texts, *words.get(id)?)?
                    }
                    Kind::Number(layout) => number::write(out, at, layout.read(&mut bits)?)?,
                    Kind::Delta(layout, before) => {
                        let delta = varint::unzigzag(layout.read(&mut bits)?);
                        *before = before.wrapping_add(delta as u64);
                        number::write(out, at, *before)?
                    }
                    Kind::Hex(len) => {
                        let len = usize::from(*len);
                        let end = hex::write(out, at, hex, len)?;
                        hex = hex.get(hex::packed_len(len)..)?;
                        end
                    }
                    Kind::Uuid => {
                        let end = hex::write_uuid(out, at, hex)?;
                        hex = hex.get(hex::UUID_PACKED..)?;
                        end
                    }
                };
            }
        }
        (bits.is_done() && hex.len() == SLACK).then_some(at)
    }
}

/// Takes how many entries there are, beside `others` of the same kind.
fn count(rest: &mut &[u8], others: usize) -> Option<usize> {
    let count = usize::try_from(varint::read(rest)?).ok()?;
    (count <= MAX_ENTRIES - others).then_some(count)
}

/// Copies a text to `at` and returns where it ends.
#[inline]
fn copy(out: &mut [u8], at: usize, texts: &[u8], text: Text) -> Option<usize> {
    let (to, from) = (out.get_mut(at..)?, texts.get(text.start..)?);
    // Most are short: a copy of fixed length is one load and one store.
    if text.len <= SLACK {
        *to.first_chunk_mut::<SLACK>()? = *from.first_chunk()?;
    } else {
        to.get_mut(..text.len)?.copy_from_slice(from.get(..text.len)?);
    }
    Some(at + text.len)
}
