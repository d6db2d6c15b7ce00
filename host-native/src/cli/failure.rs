//! What went wrong, where, and what to do about it, for a person.

use core::fmt;
use core::time::Duration;

/// Why a command failed.
///
/// Errors of the network are turned into this where they happen; an `io::Error` that reaches the caller of a
/// command as such is one of standard output, so that `| head` can end quietly.
#[derive(Debug)]
pub(crate) struct Failure {
    what: String,
    detail: Option<String>,
    hint: Option<String>,
    is_final: bool,
    retry_after: Option<Duration>,
}

impl Failure {
    /// What went wrong and where, in one sentence without a full stop.
    pub(crate) fn new(what: impl fmt::Display) -> Self {
        Self {
            what: what.to_string(),
            detail: None,
            hint: None,
            is_final: false,
            retry_after: None,
        }
    }

    /// Lines shown as they are, below the sentence.
    pub(crate) fn detail(mut self, detail: impl fmt::Display) -> Self {
        self.detail = Some(detail.to_string());
        self
    }

    /// What to do about it.
    pub(crate) fn hint(mut self, hint: impl fmt::Display) -> Self {
        self.hint = Some(hint.to_string());
        self
    }

    /// Marks a failure that trying again cannot mend.
    pub(crate) fn for_good(mut self) -> Self {
        self.is_final = true;
        self
    }

    /// Marks a failure that passes: the other side said when to try again.
    pub(crate) fn retry_after(mut self, wait: Option<Duration>) -> Self {
        self.retry_after = wait;
        self
    }

    /// How long the other side asks to wait before trying again.
    pub(crate) fn wait(&self) -> Option<Duration> {
        self.retry_after
    }

    /// Whether trying again cannot mend it.
    pub(crate) fn is_final(&self) -> bool {
        self.is_final
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        for line in self.detail.iter().flat_map(|d| d.lines()) {
            write!(f, "\n  {line}")?;
        }
        self.hint.iter().try_for_each(|hint| write!(f, "\nhint: {hint}"))
    }
}

impl core::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_says_what_and_what_to_do() {
        let failure = Failure::new("no colon").detail("a b\n ^").hint("write a:b");
        assert_eq!(failure.to_string(), "no colon\n  a b\n   ^\nhint: write a:b");
    }
}
