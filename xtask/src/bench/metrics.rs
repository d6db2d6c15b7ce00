//! The daemon's counters, from its Prometheus page.

use alloc::collections::BTreeMap;

use anyhow::{Context, Result};

/// What a bench wants to know of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counters {
    pub(crate) stored: u64,
    /// By reason; only those that are not zero.
    pub(crate) drops: BTreeMap<String, u64>,
}

impl Counters {
    /// Reads the text format, <https://prometheus.io/docs/instrumenting/exposition_formats/>.
    pub(crate) fn parse(page: &str) -> Result<Self> {
        let mut stored = None;
        let mut drops = BTreeMap::new();
        for line in page.lines().filter(|l| !l.starts_with('#')) {
            let Some((name, value)) = line.rsplit_once(' ') else { continue };
            if name == "logd_stored_events_total" {
                stored = Some(value.parse().context("not a count")?);
            }
            let reason = name
                .strip_prefix("logd_dropped_total{reason=\"")
                .and_then(|rest| rest.split('"').next());
            if let Some(reason) = reason {
                let n: u64 = value.parse().context("not a count")?;
                if n > 0 {
                    *drops.entry(reason.to_owned()).or_default() += n;
                }
            }
        }
        Ok(Self {
            stored: stored.context("the daemon does not say how many events it stored")?,
            drops,
        })
    }

    /// What was counted since `earlier`.
    pub(crate) fn since(&self, earlier: &Self) -> Self {
        let before = |reason: &String| earlier.drops.get(reason).copied().unwrap_or(0);
        let drops = self.drops.iter().map(|(reason, n)| (reason.clone(), n - before(reason)));
        Self {
            stored: self.stored - earlier.stored,
            drops: drops.filter(|(_, n)| *n > 0).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_keep_only_what_changed() {
        let page = "# HELP x y\nlogd_stored_events_total 10\nlogd_dropped_total{reason=\"replay\"} 2\n\
                    logd_dropped_total{reason=\"stale\"} 0\nother 1.5\n";
        let first = Counters::parse(page).unwrap();
        let second = Counters::parse(&page.replace(" 10", " 15").replace("} 0", "} 7")).unwrap();
        let since = second.since(&first);
        assert_eq!(since.stored, 5);
        assert_eq!(since.drops, BTreeMap::from([(String::from("stale"), 7)]));
        assert!(Counters::parse("other 1\n").is_err());
    }
}
