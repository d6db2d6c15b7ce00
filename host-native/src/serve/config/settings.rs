//! Every scalar setting: its key in logd.toml, its environment variable and its default, in one table.
//!
//! `docs/configuration.md` repeats the table for people; a test compares the two.

/// One scalar setting.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Dotted path in logd.toml, and the key of `--set`.
    pub key: &'static str,
    /// The environment variable.
    pub env: &'static str,
    /// A flag of its own, beside `--set`.
    pub flag: Option<&'static str>,
    /// Parsed like any given value; empty for none.
    pub default: &'static str,
}

const fn setting(key: &'static str, env: &'static str, default: &'static str) -> Setting {
    Setting { key, env, flag: None, default }
}

const fn flagged(mut setting: Setting, flag: &'static str) -> Setting {
    setting.flag = Some(flag);
    setting
}

/// The table. Sections of logd.toml are the parts of a key before its last dot.
pub const SETTINGS: &[Setting] = &[
    flagged(setting("udp", "LOGD_UDP_LADDRPORT", ":6102"), "--udp"),
    flagged(setting("http", "LOGD_APP_PORT", ":6101"), "--http"),
    setting("allow_origin", "LOGD_ACCESS_CONTROL_ALLOW_ORIGIN", ""),
    flagged(setting("log", "LOGD_LOG", "info"), "--log"),
    setting("ttl", "LOGD_TTL", "100ms"),
    setting("receive_buffer", "LOGD_RECEIVE_BUFFER", "16MiB"),
    setting("ingest_threads", "LOGD_INGEST_THREADS", "1"),
    flagged(setting("memory_limit", "LOGD_MEMORY_LIMIT", "1GiB"), "--memory-limit"),
    setting("legacy_sha256", "LOGD_LEGACY_SHA256", "false"),
    setting("fallback.size", "LOGD_FALLBACK_SIZE", "256MiB"),
    setting("fallback.hot", "LOGD_FALLBACK_HOT", ""),
    setting("fallback.max_age", "LOGD_FALLBACK_MAX_AGE", ""),
    setting("fallback.max_events", "LOGD_FALLBACK_MAX_EVENTS", ""),
    setting("eventlog.enabled", "LOGD_EVENTLOG_ENABLED", "false"),
    setting("eventlog.prefix", "LOGD_EVENTLOG_PREFIX", "/eventlog"),
    setting("limits.replay_datagrams", "LOGD_LIMITS_REPLAY_DATAGRAMS", "1_000_000"),
    setting("limits.text", "LOGD_LIMITS_TEXT", "60KiB"),
    setting("limits.udp_tails", "LOGD_LIMITS_UDP_TAILS", "32"),
    setting("limits.udp_queries", "LOGD_LIMITS_UDP_QUERIES", "8"),
    setting("limits.udp_query_results", "LOGD_LIMITS_UDP_QUERY_RESULTS", "1000"),
    setting("limits.tails", "LOGD_LIMITS_TAILS", "16"),
    setting("limits.tail_buffer", "LOGD_LIMITS_TAIL_BUFFER", "16MiB"),
    setting("limits.searches", "LOGD_LIMITS_SEARCHES", "4"),
    setting("limits.search_time", "LOGD_LIMITS_SEARCH_TIME", "10s"),
    setting("limits.answers", "LOGD_LIMITS_ANSWERS", "64MiB"),
    setting("limits.exports", "LOGD_LIMITS_EXPORTS", "2"),
    setting("limits.export_time", "LOGD_LIMITS_EXPORT_TIME", "15m"),
    setting("limits.page", "LOGD_LIMITS_PAGE", "10_000"),
    setting("limits.buckets", "LOGD_LIMITS_BUCKETS", "10_000"),
    setting("limits.facet_values", "LOGD_LIMITS_FACET_VALUES", "1000"),
    setting("limits.connections", "LOGD_LIMITS_CONNECTIONS", "256"),
    setting("limits.requests_per_second", "LOGD_LIMITS_REQUESTS_PER_SECOND", "50"),
    setting("limits.burst", "LOGD_LIMITS_BURST", "200"),
    setting("limits.body", "LOGD_LIMITS_BODY", "64KiB"),
    setting("limits.stop_time", "LOGD_LIMITS_STOP_TIME", "5s"),
];

/// Keys of each `[[rings]]` table.
pub const RING_KEYS: &[&str] = &["prefix", "size", "hot", "max_age", "max_events"];

/// Keys of each `[[secrets]]` table.
pub const SECRET_KEYS: &[&str] = &["name", "right", "secret", "file", "legacy_sha256"];

/// The setting of this key.
pub fn find(key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|s| s.key == key)
}

/// The known path that an unknown one probably means: the same last segment elsewhere, else a few letters off.
pub fn suggest(unknown: &str) -> Option<String> {
    let known = || {
        let tables = [("rings", RING_KEYS), ("secrets", SECRET_KEYS)];
        let nested = tables.into_iter().flat_map(|(table, keys)| {
            core::iter::once(table.to_owned())
                .chain(keys.iter().map(move |k| format!("{table}.{k}")))
        });
        SETTINGS.iter().map(|s| s.key.to_owned()).chain(nested)
    };
    let last = |path: &str| path.rsplit('.').next().unwrap_or_default().to_owned();
    known().find(|k| last(k) == last(unknown)).or_else(|| {
        known()
            .map(|k| (distance(&k, unknown).min(distance(&last(&k), &last(unknown)) + 1), k))
            .filter(|(d, _)| *d <= 3)
            .min_by_key(|(d, _)| *d)
            .map(|(_, k)| k)
    })
}

/// Levenshtein distance in bytes.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggestions_name_the_right_place() {
        assert_eq!(suggest("limits.ttl").as_deref(), Some("ttl"));
        assert_eq!(suggest("tails").as_deref(), Some("limits.tails"));
        assert_eq!(suggest("memory_limt").as_deref(), Some("memory_limit"));
        assert_eq!(suggest("ring").as_deref(), Some("rings"));
        assert_eq!(suggest("rings.prefx").as_deref(), Some("rings.prefix"));
        assert_eq!(suggest("colour_of_the_sky"), None);
    }

    #[test]
    fn the_manual_has_every_setting_with_its_default() {
        let manual = include_str!("../../../../docs/configuration.md");
        for s in SETTINGS {
            let default = if s.default.is_empty() { "none" } else { s.default };
            let flag = s.flag.map(|f| format!("`{f}`")).unwrap_or_default();
            let row = format!("| `{}` | `{}` | {flag} | {default} |", s.key, s.env);
            let row = row.replace("|  |", "| |");
            assert!(manual.contains(&row), "docs/configuration.md lacks: {row}");
        }
        for key in RING_KEYS.iter().chain(SECRET_KEYS) {
            assert!(
                manual.contains(&format!("\n{key} = "))
                    || manual.contains(&format!("# or: {key} = ")),
                "docs/configuration.md lacks {key}"
            );
        }
    }
}
