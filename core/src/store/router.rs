//! Which ring a key belongs to.

use alloc::boxed::Box;
use alloc::string::String;

use hashbrown::HashMap;

/// Keys whose ring is remembered. Enough for any sane service; past it the memory is bounded, and a key costs
/// one look-up a segment.
const REMEMBERED: usize = 4096;

/// Longest-prefix routing by whole segments, with the outcome remembered for each key.
#[derive(Debug, Default)]
pub(super) struct Router {
    /// Prefix without a slash at its end → ring.
    prefixes: HashMap<String, usize>,
    remembered: HashMap<Box<str>, usize>,
    fallback: usize,
}

impl Router {
    pub(super) fn new<'a>(prefixes: impl Iterator<Item = &'a str>, fallback: usize) -> Self {
        let prefixes = prefixes.enumerate().map(|(ring, p)| (p.into(), ring)).collect();
        Self { prefixes, remembered: HashMap::new(), fallback }
    }

    pub(super) fn route(&mut self, key: &str) -> usize {
        if let Some(&ring) = self.remembered.get(key) {
            return ring;
        }
        let ring = self.longest_prefix(key);
        if self.remembered.len() >= REMEMBERED {
            self.remembered.clear();
        }
        self.remembered.insert(key.into(), ring);
        ring
    }

    fn longest_prefix(&self, key: &str) -> usize {
        let mut prefix = key;
        while !prefix.is_empty() {
            if let Some(&ring) = self.prefixes.get(prefix) {
                return ring;
            }
            prefix = prefix.rsplit_once('/').map_or("", |(parent, _)| parent);
        }
        self.fallback
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test;
    use alloc::format;

    #[test]
    fn the_longest_prefix_wins_by_whole_segments() {
        let mut router = Router::new(["/prod", "/prod/api", "/dev/me/app"].into_iter(), 3);
        for (key, ring) in [
            ("/prod/web", 0),
            ("/prod/api", 1),
            ("/prod/api/login", 1),
            ("/prod/api2", 0),
            ("/dev/me/app/x", 2),
            ("/dev/me", 3),
            ("/production/api", 3),
        ] {
            assert_eq!(router.route(key), ring, "{key}");
            assert_eq!(router.route(key), ring, "{key} again");
        }
    }

    #[test]
    fn the_memory_of_keys_is_bounded() {
        let mut router = Router::new(["/a"].into_iter(), 1);
        for i in 0..3 * REMEMBERED {
            assert_eq!(router.route(&format!("/a/{i}")), 0);
            assert!(router.remembered.len() <= REMEMBERED);
        }
    }
}
