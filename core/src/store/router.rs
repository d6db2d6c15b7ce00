//! Which ring a key belongs to.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use hashbrown::HashMap;

use super::ring::Place;
use crate::key::{InvalidKey, Key};

/// Keys whose ring is remembered. Enough for any sane service; past it the memory is bounded, and a key costs
/// one look-up a segment.
const REMEMBERED: usize = 4096;

/// Longest-prefix routing by whole segments, with the outcome remembered for each key.
#[derive(Debug, Default)]
pub(super) struct Router {
    /// Prefix without a slash at its end → ring.
    prefixes: HashMap<String, usize>,
    /// Valid key → index into `routes`.
    remembered: HashMap<Box<str>, usize>,
    routes: Vec<Route>,
    fallback: usize,
}

/// Where the events of a key go.
#[derive(Clone, Copy, Debug)]
pub(super) struct Route {
    pub(super) ring: usize,
    /// Where the ring's block has the key, as far as the ring has noted it.
    pub(super) place: Place,
}

impl Router {
    pub(super) fn new<'a>(prefixes: impl Iterator<Item = &'a str>, fallback: usize) -> Self {
        let prefixes = prefixes.enumerate().map(|(ring, p)| (p.into(), ring)).collect();
        Self { prefixes, remembered: HashMap::new(), routes: Vec::new(), fallback }
    }

    /// Checks `key`, and gives the index of its route, which holds until the next key is looked up.
    #[inline]
    pub(super) fn find<'k>(&mut self, key: &'k str) -> Result<(Key<'k>, usize), InvalidKey> {
        match self.remembered.get(key) {
            // Only valid keys are remembered.
            Some(&route) => Ok((Key::checked_before(key), route)),
            None => Key::parse(key).map(|key| (key, self.remember(key))),
        }
    }

    /// The route that [`Self::find`] found.
    #[inline]
    pub(super) fn route(&mut self, found: usize) -> &mut Route {
        &mut self.routes[found]
    }

    #[cold]
    fn remember(&mut self, key: Key<'_>) -> usize {
        if self.routes.len() >= REMEMBERED {
            self.remembered.clear();
            self.routes.clear();
        }
        let route = self.routes.len();
        self.routes
            .push(Route { ring: self.longest_prefix(key.as_str()), place: Place::default() });
        self.remembered.insert(key.as_str().into(), route);
        route
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
            for time in ["first", "again"] {
                let (found, route) = router.find(key).unwrap();
                assert_eq!(
                    (found.as_str(), router.route(route).ring),
                    (key, ring),
                    "{key}, {time}"
                );
            }
        }
    }

    #[test]
    fn what_is_no_key_is_not_remembered() {
        let mut router = Router::new(["/a"].into_iter(), 1);
        for _ in 0..2 {
            assert_eq!(router.find("/a"), Err(InvalidKey::TooFewSegments));
        }
        assert!(router.remembered.is_empty());
    }

    #[test]
    fn the_memory_of_keys_is_bounded() {
        let mut router = Router::new(["/a"].into_iter(), 1);
        for i in 0..3 * REMEMBERED {
            let key = format!("/a/{i}");
            let (_, route) = router.find(&key).unwrap();
            assert_eq!(router.route(route).ring, 0);
            assert!(router.remembered.len() <= REMEMBERED && router.routes.len() <= REMEMBERED);
        }
    }
}
