//! A facility: the last segment of a key.

use core::fmt;

use logd_core::key::{InvalidKey, Key};
use logd_core::query::ast::{Expr, StrTest, Term};

use crate::serve::http::error::Error;

/// Why a text is no facility.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct InvalidFacility {
    name: String,
    why: Why,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    Slash,
    Key(InvalidKey),
}

impl fmt::Display for InvalidFacility {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is no facility: ", self.name.escape_debug())?;
        match self.why {
            Why::Slash => f.write_str("it has a slash"),
            Why::Key(InvalidKey::EmptySegment) => f.write_str("it is empty"),
            Why::Key(InvalidKey::TooLong) => f.write_str("it is too long"),
            Why::Key(e) => write!(f, "{e}"),
        }
    }
}

/// Writes the key of a facility.
pub(super) fn key_of(
    prefix: &str,
    facility: &str,
    key: &mut String,
) -> Result<(), InvalidFacility> {
    key.clear();
    key.push_str(prefix);
    key.push('/');
    key.push_str(facility);
    let why = match Key::parse(key) {
        Ok(_) if !facility.contains('/') => return Ok(()),
        Ok(_) => Why::Slash,
        Err(_) if facility.contains('/') => Why::Slash,
        Err(e) => Why::Key(e),
    };
    let name = facility.chars().take(100).collect();
    Err(InvalidFacility { name, why })
}

/// What selects the events of a facility.
pub(super) fn events_of(prefix: &str, facility: &str) -> Result<Expr, Error> {
    let mut key = String::new();
    key_of(prefix, facility, &mut key).map_err(|e| Error::bad_request(e.to_string()))?;
    Ok(Expr::Term(Term::Key(StrTest::Equals(key))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_facility_is_one_segment() {
        let key = |facility: &str| {
            let mut key = String::from("left over");
            key_of("/eventlog", facility, &mut key).map(|()| key).map_err(|e| e.to_string())
        };
        assert_eq!(key("web").unwrap(), "/eventlog/web");
        assert_eq!(key("app.db-1").unwrap(), "/eventlog/app.db-1");
        for (facility, why) in [
            ("", "it is empty"),
            ("a/b", "it has a slash"),
            ("/", "it has a slash"),
            ("a b", "a key has no white space and no control characters"),
            (&"x".repeat(300), "it is too long"),
        ] {
            let error = key(facility).unwrap_err();
            assert!(error.ends_with(why), "{error}");
        }
    }
}
