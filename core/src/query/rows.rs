//! Events column by column, as an answer carries them.

use alloc::string::String;
use alloc::vec::Vec;

use hashbrown::HashMap;
use logd_proto::query::{Attributes, Rows};

/// One event of an answer.
pub(super) struct Parts<'a> {
    pub(super) seq: u64,
    pub(super) time: i64,
    pub(super) received: i64,
    pub(super) severity: u8,
    pub(super) key: &'a str,
    pub(super) text: &'a str,
    pub(super) attributes: Attributes,
    /// See [`Handle::source`](crate::store::Handle::source).
    pub(super) source: u32,
}

/// Puts events into columns.
#[derive(Debug, Default)]
pub(super) struct RowsBuilder {
    rows: Rows,
    key_ids: HashMap<String, u32>,
    attributes: Vec<Attributes>,
    sources: Vec<u32>,
}

impl RowsBuilder {
    pub(super) fn push(&mut self, event: Parts<'_>) {
        let Self { rows, key_ids, attributes, sources } = self;
        rows.seq.push(event.seq);
        rows.time.push(event.time);
        rows.received.push(event.received);
        rows.severity.push(event.severity);
        let id = match key_ids.get(event.key) {
            Some(&id) => id,
            None => {
                rows.keys.push(event.key.into());
                let id = rows.keys.len() as u32 - 1;
                key_ids.insert(event.key.into(), id);
                id
            }
        };
        rows.key.push(id);
        rows.text.push_str(event.text);
        rows.text_len.push(event.text.len() as u32);
        attributes.push(event.attributes);
        sources.push(event.source);
    }

    /// Columns that say nothing are left out.
    pub(super) fn finish(self) -> Rows {
        let Self { mut rows, attributes, sources, .. } = self;
        if attributes.iter().any(|a| !a.attributes.is_empty()) {
            rows.attributes = attributes;
        }
        if sources.iter().any(|&source| source != 0) {
            rows.source = sources;
        }
        rows
    }
}
