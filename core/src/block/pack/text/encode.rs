//! Writes texts as references to templates, and what fills these.

use alloc::vec;
use alloc::vec::Vec;
use core::cmp::Reverse;

use super::super::bitstream::{BitWriter, Layout, Survey};
use super::miner::{HEX, Mined, NUMBER, Template, UUID, VARIABLE, WORD, delta, mine};
use super::{Kind, MAX_ENTRIES, max_section, number, write_section};
use crate::varint;

/// The packed column; `None` if it cannot be packed this way.
pub(in super::super) fn pack(column: &[u8]) -> Option<Vec<u8>> {
    let mined = mine(column)?;
    let template_order = by_frequency(mined.templates.iter().map(|t| t.records).collect());
    let words = Words::new(&mined);

    let mut dictionary = Dictionary::default();
    varint::write(&mut dictionary.entries, words.order.len() as u64);
    for &id in &words.order {
        let word = mined.words[id as usize];
        varint::write(&mut dictionary.entries, word.len() as u64);
        dictionary.texts.extend_from_slice(word);
    }
    varint::write(&mut dictionary.entries, template_order.len() as u64);
    let mut plans = vec![Plan::default(); mined.templates.len()];
    for &id in &template_order {
        plans[id as usize] = dictionary.add(&mined, &words, &mined.templates[id as usize])?;
    }

    let Dictionary { mut entries, mut texts, ops } = dictionary;
    entries.append(&mut texts);
    let counts = [words.order.len(), template_order.len(), ops];
    if counts.into_iter().any(|n| n > MAX_ENTRIES) || entries.len() > max_section(column.len()) {
        return None;
    }

    let rank = ranks(&template_order, mined.templates.len());
    let mut ids = Survey::default();
    mined.records.iter().for_each(|&t| ids.add(u64::from(rank[t as usize])));
    let (ids, _) = ids.layout()?;
    let bits = write_records(&mined, &words, &rank, ids, &plans);

    let mut out = Vec::with_capacity(bits.len() + mined.hex.len() + entries.len());
    varint::write(&mut out, mined.records.len() as u64);
    ids.encode(&mut out);
    write_section(&mut out, &entries);
    write_section(&mut out, &mined.hex);
    out.extend_from_slice(&bits);
    Some(out)
}

/// The words that are variable somewhere: the frequent ones first, so that they have the small ids.
struct Words {
    order: Vec<u32>,
    rank: Vec<u32>,
    /// What each variable word of the templates is like, by its place in [`Mined::slot_words`].
    surveys: Vec<Survey>,
}

impl Words {
    fn new(mined: &Mined<'_>) -> Self {
        let mut uses = vec![0u32; mined.words.len()];
        for_each_variable(mined, |_, word| uses[word as usize] += 1);
        let order = by_frequency(uses);
        let rank = ranks(&order, mined.words.len());
        let mut surveys = vec![Survey::default(); mined.slot_words.len()];
        for_each_variable(mined, |slot, word| surveys[slot].add(u64::from(rank[word as usize])));
        Self { order, rank, surveys }
    }
}

/// Calls `each` with the slot and the word of every variable word of every text.
fn for_each_variable(mined: &Mined<'_>, mut each: impl FnMut(usize, u32)) {
    let mut rest = &mined.record_words[..];
    for &t in &mined.records {
        let slots = mined.templates[t as usize].words.clone();
        let (words, after) = rest.split_at(slots.len());
        rest = after;
        for (slot, &word) in slots.zip(words) {
            if mined.slot_words[slot] == VARIABLE {
                each(slot, word);
            }
        }
    }
}

/// The indexes of what is used at all, the most used first.
fn by_frequency(uses: Vec<u32>) -> Vec<u32> {
    let mut order: Vec<u32> = (0..uses.len() as u32).filter(|&i| uses[i as usize] > 0).collect();
    order.sort_by_key(|&i| Reverse(uses[i as usize]));
    order
}

fn ranks(order: &[u32], len: usize) -> Vec<u32> {
    let mut ranks = vec![0; len];
    order.iter().zip(0..).for_each(|(&i, rank)| ranks[i as usize] = rank);
    ranks
}

/// What to write for each text of a template, in this order.
#[derive(Clone, Debug, Default)]
struct Plan(Vec<Step>);

#[derive(Clone, Copy, Debug)]
enum Step {
    /// The n-th word of the text.
    Word(usize, Layout),
    /// The n-th number.
    Number(usize, Layout),
    /// The difference of the n-th number to that of the text before, which is this.
    Delta(usize, Layout, u64),
}

/// Words and templates, as they are written.
#[derive(Default)]
struct Dictionary {
    entries: Vec<u8>,
    texts: Vec<u8>,
    /// Parts of all templates.
    ops: usize,
}

impl Dictionary {
    fn add(&mut self, mined: &Mined<'_>, words: &Words, template: &Template) -> Option<Plan> {
        let mut plan = Vec::new();
        let mut text_start = self.texts.len();
        let (mut word, mut number) = (0, 0);
        let mut ops = 0;
        let mut entries = Vec::new();
        let mut skeleton = mined.skeletons[template.skeleton.clone()].iter();
        while let Some(&mark) = skeleton.next() {
            let kind = match mark {
                WORD => {
                    let slot = template.words.start + word;
                    word += 1;
                    let fixed = mined.slot_words[slot];
                    if fixed != VARIABLE {
                        self.texts.extend_from_slice(mined.words[fixed as usize]);
                        continue;
                    }
                    let (layout, _) = words.surveys[slot].layout()?;
                    plan.push(Step::Word(word - 1, layout));
                    Kind::Word(layout)
                }
                NUMBER => {
                    let slot = &mined.slot_numbers[template.numbers.start + number];
                    number += 1;
                    if let Some(fixed) = slot.plain.only() {
                        number::append(&mut self.texts, fixed);
                        continue;
                    }
                    let (plain, plain_cost) = slot.plain.layout()?;
                    match slot.deltas.layout() {
                        Some((deltas, cost)) if cost + DELTA_BITS < plain_cost => {
                            plan.push(Step::Delta(number - 1, deltas, slot.before));
                            Kind::Delta(deltas, slot.before)
                        }
                        _ => {
                            plan.push(Step::Number(number - 1, plain));
                            Kind::Number(plain)
                        }
                    }
                }
                HEX => Kind::Hex(skeleton.next().copied()?),
                UUID => Kind::Uuid,
                byte => {
                    self.texts.push(byte);
                    continue;
                }
            };
            varint::write(&mut entries, (self.texts.len() - text_start) as u64);
            text_start = self.texts.len();
            kind.encode(&mut entries);
            ops += 1;
        }
        if self.texts.len() > text_start {
            varint::write(&mut entries, (self.texts.len() - text_start) as u64);
            Kind::End.encode(&mut entries);
            ops += 1;
        }
        varint::write(&mut self.entries, ops as u64);
        self.ops += ops;
        self.entries.append(&mut entries);
        Some(Plan(plan))
    }
}

/// About what [`Kind::Delta`] takes more than [`Kind::Number`].
const DELTA_BITS: u64 = 32;

fn write_records(
    mined: &Mined<'_>,
    words: &Words,
    rank: &[u32],
    ids: Layout,
    plans: &[Plan],
) -> Vec<u8> {
    let mut plans = plans.to_vec();
    let mut bits = BitWriter::default();
    let (mut rest_words, mut rest_numbers) = (&mined.record_words[..], &mined.record_numbers[..]);
    for &t in &mined.records {
        let template = &mined.templates[t as usize];
        let (of_words, after) = rest_words.split_at(template.words.len());
        rest_words = after;
        let (of_numbers, after) = rest_numbers.split_at(template.numbers.len());
        rest_numbers = after;
        ids.write(&mut bits, u64::from(rank[t as usize]));
        for step in &mut plans[t as usize].0 {
            match step {
                Step::Word(n, layout) => {
                    layout.write(&mut bits, u64::from(words.rank[of_words[*n] as usize]));
                }
                Step::Number(n, layout) => layout.write(&mut bits, of_numbers[*n]),
                Step::Delta(n, layout, before) => {
                    layout.write(&mut bits, delta(of_numbers[*n], *before));
                    *before = of_numbers[*n];
                }
            }
        }
    }
    bits.finish()
}
