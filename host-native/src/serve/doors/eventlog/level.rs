//! The eight levels of the event log, which are those of syslog.

use logd_core::severity::Severity;

/// Their names, the most important first.
pub(super) const NAMES: [&str; 8] =
    ["emerg", "alert", "crit", "error", "warn", "notice", "info", "debug"];

/// By its name or another that means one of them.
pub(super) fn parse(name: &str) -> Option<Severity> {
    Severity::from_name(name).filter(|severity| severity.syslog().is_some())
}
