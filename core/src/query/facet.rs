//! The most frequent values of a field.

use alloc::string::String;
use alloc::vec::Vec;
use core::cmp::Reverse;

use hashbrown::HashMap;
use logd_proto::buffer::BlockHeader;
use logd_proto::query::{Facet, FacetValue};

use crate::bits::Bits;
use crate::block::{View, take_entry};
use crate::severity::Severity;

/// A field whose values can be counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Key,
    Level,
    Attr(String),
}

impl Field {
    pub(super) fn parse(s: &str) -> Option<Self> {
        match s {
            "key" => Some(Self::Key),
            "level" => Some(Self::Level),
            _ => s.strip_prefix("attr.").filter(|n| !n.is_empty()).map(|n| Self::Attr(n.into())),
        }
    }
}

/// Bytes of the distinct values that one facet keeps at most.
pub const MAX_VALUE_BYTES: usize = 1 << 20;

/// Counts the values of one field, a bounded number of distinct ones.
#[derive(Clone, Debug)]
pub(super) struct FacetBuilder {
    field: Field,
    name: String,
    limit: usize,
    max_values: usize,
    counts: HashMap<String, u64>,
    /// Events by severity, if levels are counted: in the end they are put in `counts`.
    by_severity: [u64; Severity::COUNT],
    /// Bytes of the keys of `counts`.
    value_bytes: usize,
    present: u64,
    capped: bool,
}

impl FacetBuilder {
    pub(super) fn new(field: Field, name: String, limit: usize, max_values: usize) -> Self {
        Self {
            field,
            name,
            limit,
            max_values,
            counts: HashMap::new(),
            by_severity: [0; Severity::COUNT],
            value_bytes: 0,
            present: 0,
            capped: false,
        }
    }

    /// Whether the header of a block that matches wholly is enough to count it.
    pub(super) fn header_suffices(&self, h: &BlockHeader) -> bool {
        match &self.field {
            Field::Key | Field::Level => true,
            Field::Attr(name) => !h.attribute_names.contains(name),
        }
    }

    /// Counts a block that matches wholly by its header alone; see [`Self::header_suffices`].
    pub(super) fn add_header(&mut self, h: &BlockHeader) {
        match &self.field {
            Field::Key => {
                for k in &h.keys {
                    self.count(&k.key, u64::from(k.events));
                }
            }
            Field::Level => {
                for (count, &events) in self.by_severity.iter_mut().zip(&h.by_severity) {
                    *count += u64::from(events);
                }
            }
            Field::Attr(_) => {}
        }
    }

    pub(super) fn add(&mut self, view: &View<'_>, selected: &Bits) {
        let h = view.header();
        match self.field.clone() {
            Field::Key => {
                let mut by_key = alloc::vec![0; h.keys.len()];
                let rows = view.key_ids().enumerate().filter(|&(row, _)| selected.contains(row));
                rows.for_each(|(_, id)| by_key[id as usize] += 1);
                for (k, n) in h.keys.iter().zip(by_key) {
                    self.count(&k.key, n);
                }
            }
            Field::Level => {
                let rows = view.severities().iter().enumerate();
                let rows = rows.filter(|&(row, _)| selected.contains(row));
                rows.for_each(|(_, &severity)| self.by_severity[usize::from(severity)] += 1);
            }
            Field::Attr(name) => {
                let Some(id) = h.attribute_names.iter().position(|n| *n == name) else { return };
                for (row, mut entries) in view.entries().enumerate() {
                    if !selected.contains(row) {
                        continue;
                    }
                    // An event counts once, with the first value of the name.
                    let mut values = core::iter::from_fn(|| take_entry(&mut entries));
                    if let Some((_, value)) = values.find(|&(name, _)| name as usize == id) {
                        value.with_text(|text| self.count(text, 1));
                    }
                }
            }
        }
    }

    /// Takes what another builder for the same facet has counted elsewhere.
    pub(super) fn merge(&mut self, other: Self) {
        self.capped |= other.capped;
        let counted: u64 = other.counts.values().sum();
        for (value, events) in other.counts {
            self.count(&value, events);
        }
        // What the other could not keep is present all the same.
        self.present += other.present - counted;
        for (count, events) in self.by_severity.iter_mut().zip(other.by_severity) {
            *count += events;
        }
    }

    /// Whether every value was counted.
    pub(super) fn is_a_sum(&self) -> bool {
        !self.capped
    }

    /// Takes off what another builder for the same facet has counted, of what this one has counted, too.
    pub(super) fn subtract(&mut self, other: Self) {
        self.present -= other.present;
        for (count, events) in self.by_severity.iter_mut().zip(other.by_severity) {
            *count -= events;
        }
        for (value, events) in other.counts {
            let Some(count) = self.counts.get_mut(&value) else { continue };
            *count -= events;
            if *count == 0 {
                self.counts.remove(&value);
                self.value_bytes -= value.len();
            }
        }
    }

    fn count(&mut self, value: &str, events: u64) {
        if events == 0 {
            return;
        }
        self.present += events;
        if let Some(count) = self.counts.get_mut(value) {
            *count += events;
        } else if self.counts.len() < self.max_values
            && self.value_bytes + value.len() <= MAX_VALUE_BYTES
        {
            self.value_bytes += value.len();
            self.counts.insert(value.into(), events);
        } else {
            self.capped = true;
        }
    }

    pub(super) fn finish(mut self) -> Facet {
        for (severity, events) in (0..).zip(self.by_severity) {
            let level = Severity::from_number(severity).unwrap_or_default().level();
            self.count(level.name(), events);
        }
        let mut values: Vec<_> =
            self.counts.into_iter().map(|(value, count)| FacetValue { value, count }).collect();
        let order = |a: &FacetValue, b: &FacetValue| {
            (Reverse(a.count), &a.value).cmp(&(Reverse(b.count), &b.value))
        };
        // Of many values only a few are wanted in order.
        if self.limit < values.len() {
            values.select_nth_unstable_by(self.limit, order);
            values.truncate(self.limit);
        }
        values.sort_unstable_by(order);
        Facet { field: self.name, values, present: self.present, capped: self.capped }
    }
}
