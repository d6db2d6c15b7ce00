//! Finds the templates of a column of texts.
//!
//! The skeleton of a text is the text with each word, number and identifier replaced by a mark for its kind. Texts with
//! the same skeleton share a template if at least half of their words agree; a word in which they do not becomes
//! variable.
//!
//! Source of the idea: He et al., "Drain: an online log parsing approach with fixed depth tree", 2017.

use alloc::vec::Vec;
use core::hash::BuildHasher;
use core::ops::Range;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::super::bitstream::Survey;
use super::tokens::{Token, tokens};
use super::{hex, number};
use crate::block::TERMINATOR;
use crate::varint;

/// Marks of a skeleton. They are below [`super::tokens::RESERVED`]; the length of a run follows `HEX`.
pub(super) const WORD: u8 = 0;
pub(super) const NUMBER: u8 = 1;
pub(super) const HEX: u8 = 2;
pub(super) const UUID: u8 = 3;

/// In place of a word that is variable.
pub(super) const VARIABLE: u32 = u32::MAX;
/// A text with more words and numbers is one word.
const MAX_PARTS: usize = 512;
/// Words, numbers and templates for a column of no length, and bytes of the column for one more. Texts that have less in
/// common are better off with another compression, and should not take memory for this one.
const MIN_SLOTS: usize = 4096;
const BYTES_PER_SLOT: usize = 16;
/// Templates of the same skeleton; a text beyond them joins the one that is most like it.
const MAX_ALIKE: usize = 16;

/// The texts of a column, parted, and their templates.
#[derive(Debug, Default)]
pub(super) struct Mined<'a> {
    /// Every word once.
    pub(super) words: Vec<&'a [u8]>,
    pub(super) templates: Vec<Template>,
    /// The template of each text; then what each text has of each kind, in the order of the texts.
    pub(super) records: Vec<u32>,
    pub(super) record_words: Vec<u32>,
    pub(super) record_numbers: Vec<u64>,
    /// Packed identifiers.
    pub(super) hex: Vec<u8>,
    /// Of the templates.
    pub(super) skeletons: Vec<u8>,
    pub(super) slot_words: Vec<u32>,
    pub(super) slot_numbers: Vec<Numbers>,
}

/// What texts have in common.
#[derive(Clone, Debug)]
pub(super) struct Template {
    /// Where its parts are in [`Mined`].
    pub(super) skeleton: Range<usize>,
    pub(super) words: Range<usize>,
    pub(super) numbers: Range<usize>,
    /// How many texts it has.
    pub(super) records: u32,
    /// Another one of the same skeleton.
    next: Option<u32>,
}

/// What is known of a number of a template.
#[derive(Clone, Debug, Default)]
pub(super) struct Numbers {
    pub(super) plain: Survey,
    /// Of the differences from one text to the next; the first one is taken to be like the second.
    pub(super) deltas: Survey,
    /// The value before the first, as that makes it.
    pub(super) before: u64,
    last: u64,
}

impl Numbers {
    #[inline]
    fn add(&mut self, number: u64, nth: u32) {
        self.plain.add(number);
        if nth == 0 {
            self.before = number;
        } else {
            if nth == 1 {
                self.before = self.last.wrapping_sub(number.wrapping_sub(self.last));
            }
            self.deltas.add(delta(number, self.last));
        }
        self.last = number;
    }
}

/// The difference as a small integer.
#[inline]
pub(super) fn delta(number: u64, before: u64) -> u64 {
    varint::zigzag(number.wrapping_sub(before) as i64)
}

/// Parts each of the texts of a column, and finds their templates. `None` where they have too little in common.
pub(super) fn mine(column: &[u8]) -> Option<Mined<'_>> {
    let mut miner = Miner::default();
    let limit = MIN_SLOTS + column.len() / BYTES_PER_SLOT;
    for text in column.split_inclusive(|&b| b == TERMINATOR) {
        miner.add(text);
        let Mined { templates, slot_words, slot_numbers, .. } = &miner.mined;
        if templates.len() + slot_words.len() + slot_numbers.len() > limit {
            return None;
        }
    }
    Some(miner.mined)
}

#[derive(Default)]
struct Miner<'a> {
    mined: Mined<'a>,
    hasher: DefaultHashBuilder,
    word_ids: HashTable<u32>,
    /// The first template of each skeleton.
    groups: HashTable<u32>,
    /// Of the text at hand.
    skeleton: Vec<u8>,
}

impl<'a> Miner<'a> {
    fn add(&mut self, text: &'a [u8]) {
        let Mined { record_words, record_numbers, hex, .. } = &self.mined;
        let (words, numbers, packed) = (record_words.len(), record_numbers.len(), hex.len());
        self.part(text);
        let m = &mut self.mined;
        if m.record_words.len() + m.record_numbers.len() - words - numbers > MAX_PARTS {
            m.record_words.truncate(words);
            m.record_numbers.truncate(numbers);
            m.hex.truncate(packed);
            self.skeleton.clear();
            self.word(text);
        }
        let template = self.template(words, numbers);
        let Mined { templates, record_words, record_numbers, slot_words, slot_numbers, .. } =
            &mut self.mined;
        let t = &mut templates[template as usize];
        for (slot, word) in slot_words[t.words.clone()].iter_mut().zip(&record_words[words..]) {
            if slot != word {
                *slot = VARIABLE;
            }
        }
        let slots = slot_numbers[t.numbers.clone()].iter_mut();
        for (slot, &number) in slots.zip(&record_numbers[numbers..]) {
            slot.add(number, t.records);
        }
        t.records += 1;
        self.mined.records.push(template);
    }

    fn part(&mut self, text: &'a [u8]) {
        self.skeleton.clear();
        tokens(text, |token| match token {
            Token::Mark(byte) => self.skeleton.push(byte),
            Token::Word(word) => self.word(word),
            Token::Number(digits) => {
                self.skeleton.push(NUMBER);
                self.mined.record_numbers.push(number::number(digits));
            }
            Token::Hex(digits) => {
                self.skeleton.extend([HEX, digits.len() as u8]);
                hex::pack(digits.iter().copied(), &mut self.mined.hex);
            }
            Token::Uuid(uuid) => {
                self.skeleton.push(UUID);
                hex::pack_uuid(uuid, &mut self.mined.hex);
            }
        });
    }

    #[inline]
    fn word(&mut self, word: &'a [u8]) {
        self.skeleton.push(WORD);
        let words = &mut self.mined.words;
        let hash = self.hasher.hash_one(word);
        let found = self.word_ids.find(hash, |&id| words[id as usize] == word);
        let id = found.copied().unwrap_or_else(|| {
            let id = words.len() as u32;
            words.push(word);
            let rehash = |&id: &u32| self.hasher.hash_one(words[id as usize]);
            self.word_ids.insert_unique(hash, id, rehash);
            id
        });
        self.mined.record_words.push(id);
    }

    /// The template for the text at hand, whose words and numbers begin there.
    fn template(&mut self, words: usize, numbers: usize) -> u32 {
        let Self { mined, hasher, groups, skeleton, .. } = self;
        let Mined { templates, record_words, record_numbers, skeletons, .. } = mined;
        let skeleton_of = |id: u32| &skeletons[templates[id as usize].skeleton.clone()];
        let hash = hasher.hash_one(&skeleton[..]);
        let group = groups.find(hash, |&id| skeleton_of(id) == &skeleton[..]).copied();
        let of_text = &record_words[words..];
        let mut next = group;
        let mut best = None;
        let mut alike = 0;
        while let Some(id) = next {
            let t = &templates[id as usize];
            let slots = &mined.slot_words[t.words.clone()];
            let same = slots.iter().zip(of_text).filter(|(a, b)| a == b).count();
            if best.is_none_or(|(most, _)| same > most) {
                best = Some((same, id));
            }
            if same == of_text.len() {
                break;
            }
            alike += 1;
            next = t.next;
        }
        if let Some((same, id)) = best
            && (2 * same >= of_text.len() || alike >= MAX_ALIKE)
        {
            return id;
        }
        let id = templates.len() as u32;
        let (slot_words, slot_numbers) = (mined.slot_words.len(), mined.slot_numbers.len());
        mined.slot_words.extend_from_slice(of_text);
        mined
            .slot_numbers
            .resize(slot_numbers + record_numbers.len() - numbers, Numbers::default());
        let (words, numbers) =
            (slot_words..mined.slot_words.len(), slot_numbers..mined.slot_numbers.len());
        match group {
            Some(first) => {
                let first = &mut templates[first as usize];
                let (skeleton, next) = (first.skeleton.clone(), first.next.replace(id));
                templates.push(Template { skeleton, words, numbers, records: 0, next });
            }
            None => {
                let from = skeletons.len();
                skeletons.extend_from_slice(skeleton);
                let skeleton = from..skeletons.len();
                templates.push(Template { skeleton, words, numbers, records: 0, next: None });
                let skeleton_of = |id: u32| &skeletons[templates[id as usize].skeleton.clone()];
                groups.insert_unique(hash, id, |&id| hasher.hash_one(skeleton_of(id)));
            }
        }
        id
    }
}
