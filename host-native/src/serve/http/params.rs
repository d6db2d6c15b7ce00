//! The parameters of a request's URL. One that is unknown is an error: a typo must not widen a query.

use core::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use logd_core::time::UnixNanos;
use logd_proto::query::{Order, Page, QueryRequest};

use super::error::Error;
use crate::serve::config::units::parse_duration;

/// Names and values in the order of the URL.
#[derive(Clone, Debug)]
pub(in crate::serve) struct Params(Vec<(String, String)>);

impl Params {
    /// Decodes `query`, whose names must be among `known`.
    pub(in crate::serve) fn parse(query: Option<&str>, known: &[&str]) -> Result<Self, Error> {
        let params = Self::lenient(query);
        for (name, _) in &params.0 {
            if !known.contains(&name.as_str()) {
                let known = known.join(", ");
                let message = format!("there is no parameter `{name}` here; there is {known}");
                return Err(Error::bad_request(message));
            }
        }
        Ok(params)
    }

    /// The same with any names.
    pub(in crate::serve) fn lenient(query: Option<&str>) -> Self {
        let pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        Self(pairs.into_owned().collect())
    }

    /// The last value of this name, for a later one replaces an earlier one; `None` when empty.
    pub(in crate::serve) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().rev().find(|(n, _)| n == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// Every value of this name.
    pub(in crate::serve) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(n, v)| n == name && !v.is_empty()).map(|(_, v)| v.as_str())
    }

    /// A whole number.
    pub(in crate::serve) fn number<T: FromStr>(&self, name: &str) -> Result<Option<T>, Error> {
        let parse = |v: &str| {
            v.parse().map_err(|_| Error::bad_request(format!("{name} must be an integer")))
        };
        self.get(name).map(parse).transpose()
    }

    /// `true`, `false`, `1` or `0`; false when it is not there.
    pub(in crate::serve) fn flag(&self, name: &str) -> Result<bool, Error> {
        match self.get(name) {
            None | Some("false" | "0") => Ok(false),
            Some("true" | "1") => Ok(true),
            Some(_) => Err(Error::bad_request(format!("{name} must be true or false"))),
        }
    }

    /// A point in time; see [`parse_time`].
    pub(in crate::serve) fn time(&self, name: &str, now: UnixNanos) -> Result<Option<i64>, Error> {
        let parse = |v: &str| {
            parse_time(v, now).map(|t| t.0).map_err(|e| Error::bad_request(format!("{name}: {e}")))
        };
        self.get(name).map(parse).transpose()
    }

    /// What all questions have in common: `q`, `from`, `until`, `ring`.
    pub(in crate::serve) fn question(&self, now: UnixNanos) -> Result<QueryRequest, Error> {
        Ok(QueryRequest {
            filter: self.get("q").unwrap_or_default().to_owned(),
            from: self.time("from", now)?,
            until: self.time("until", now)?,
            rings: self.all("ring").map(str::to_owned).collect(),
            ..QueryRequest::default()
        })
    }

    /// `order`, `limit`, `cursor`.
    pub(in crate::serve) fn page(&self) -> Result<Page, Error> {
        let order = match self.get("order") {
            None | Some("newest") => Order::NewestFirst,
            Some("oldest") => Order::OldestFirst,
            Some(_) => return Err(Error::bad_request("order must be newest or oldest")),
        };
        let bad_cursor = || Error::bad_request("cursor must be the Logd-Next-Cursor of a page");
        let cursor =
            self.get("cursor").map(|c| URL_SAFE_NO_PAD.decode(c).map_err(|_| bad_cursor()));
        let limit = self.number("limit")?;
        if limit == Some(0) {
            return Err(Error::bad_request("limit must be at least 1"));
        }
        Ok(Page {
            order: order.into(),
            limit: limit.unwrap_or(0),
            cursor: cursor.transpose()?.unwrap_or_default(),
        })
    }
}

/// RFC 3339 or the beginning of it, Unix seconds with up to nine decimals, or a duration before now such as `15m`.
fn parse_time(s: &str, now: UnixNanos) -> Result<UnixNanos, String> {
    if let Ok(ago) = parse_duration(s) {
        return Ok(now.saturating_sub(ago));
    }
    if let Some(time) = unix_seconds(s) {
        return Ok(time);
    }
    // A day, or a time of day without an offset, in UTC.
    if let Some(time) = UnixNanos::parse_rfc3339(s) {
        return Ok(time);
    }
    // An unescaped `+` of an offset arrives as a space.
    let timestamp: jiff::Timestamp = s.replace(' ', "+").parse().map_err(|_| {
        format!("`{s}` is no time; write 2026-11-21T14:05:00Z, Unix seconds, or 15m for a quarter of an hour ago")
    })?;
    let nanos = timestamp.as_nanosecond();
    let end = if nanos < 0 { UnixNanos::MIN } else { UnixNanos::MAX };
    Ok(i64::try_from(nanos).map_or(end, UnixNanos))
}

/// Unix seconds with up to nine decimals.
pub(in crate::serve) fn unix_seconds(s: &str) -> Option<UnixNanos> {
    let (whole, fraction) = s.split_once('.').unwrap_or((s, "0"));
    let digits = fraction.bytes().all(|b| b.is_ascii_digit()) && (1..=9).contains(&fraction.len());
    let nanos: i64 = format!("{fraction:0<9}").parse().ok().filter(|_| digits)?;
    let seconds: i64 = whole.parse().ok()?;
    let signed = if whole.starts_with('-') { -nanos } else { nanos };
    seconds.checked_mul(1_000_000_000)?.checked_add(signed).map(UnixNanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        let now = UnixNanos(100_000_000_000);
        let at = |s| parse_time(s, now).map(|t| t.0);
        assert_eq!(at("15s"), Ok(85_000_000_000));
        assert_eq!(at("5"), Ok(5_000_000_000));
        assert_eq!(at("1.5"), Ok(1_500_000_000));
        assert_eq!(at("-1.5"), Ok(-1_500_000_000));
        assert_eq!(at("1970-01-01T00:00:02Z"), Ok(2_000_000_000));
        assert_eq!(at("1970-01-01T01:00:02 01:00"), Ok(2_000_000_000));
        assert_eq!(at("1970-01-02"), Ok(86_400_000_000_000));
        assert_eq!(at("1970-01-01T00:01"), Ok(60_000_000_000));
        assert_eq!(at("9999-01-01T00:00:00Z"), Ok(i64::MAX));
        for bad in ["soon", "1.", ".5", "1.0000000001", "2026-13-01T00:00:00Z"] {
            assert!(at(bad).unwrap_err().contains(bad), "{bad}");
        }
    }

    #[test]
    fn an_unknown_parameter_is_an_error_that_lists_the_known() {
        let error = Params::parse(Some("q=a&fo=json"), &["q", "format"]).unwrap_err();
        assert!(format!("{error:?}").contains("`fo` here; there is q, format"), "{error:?}");
    }

    #[test]
    fn pages() {
        let page = |query| Params::lenient(Some(query)).page();
        let got = page("order=oldest&limit=7&cursor=AQI").unwrap();
        assert_eq!((got.order(), got.limit, got.cursor), (Order::OldestFirst, 7, vec![1, 2]));
        for bad in ["limit=x", "limit=0", "limit=-1", "order=up", "cursor=*"] {
            assert!(page(bad).is_err(), "{bad}");
        }
    }
}
