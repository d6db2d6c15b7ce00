//! A signature in the headers of a request, for senders that do not show their secret.
//!
//! ```text
//! Logd-Facility: web
//! Logd-Level: error
//! Logd-Timestamp: 2026-11-21T14:05:00.123456789Z
//! Logd-Signature: hex(HMAC-SHA256(secret, facility ⏎ level ⏎ timestamp ⏎ hex(SHA-256(body))))
//! ```
//!
//! Where ⏎ is one line feed, hexadecimal is lower-case, and the rest is as it stands in the headers. It is fresh for as
//! long as a datagram, and each counts once.

use core::fmt::Write as _;

use axum::http::HeaderMap;
use logd_core::datagram::{MAC_LEN, Mac, Proof, Refused, Right, Verifier};
use logd_core::drop::DropReason;
use logd_core::severity::Severity;
use logd_core::time::UnixNanos;
use sha2::{Digest as _, Sha256};

const FACILITY: &str = "logd-facility";
const LEVEL: &str = "logd-level";
const TIMESTAMP: &str = "logd-timestamp";
const SIGNATURE: &str = "logd-signature";

/// What the headers of a request say of its events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Signed<'a> {
    /// For events without one of their own, as are the next two.
    pub(super) facility: &'a str,
    pub(super) severity: Severity,
    pub(super) time: UnixNanos,
    level: &'a str,
    timestamp: &'a str,
    mac: Mac,
}

/// Why a signed request is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// The headers do not hold; what to write.
    Headers(String),
    /// The signature is not that of a live write secret.
    NotAuthentic,
    /// Its time is too far from the daemon's, which is this, in nanoseconds, behind it.
    Time(i64),
}

impl Problem {
    fn of(refused: &Refused) -> Self {
        match refused.skew {
            Some(skew) if refused.reason != DropReason::BadMac => Self::Time(skew),
            _ => Self::NotAuthentic,
        }
    }
}

impl<'a> Signed<'a> {
    /// None without a signature.
    pub(super) fn of(headers: &'a HeaderMap) -> Option<Result<Self, Problem>> {
        let value = |name| headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
        let signature = headers.get(SIGNATURE)?.to_str().unwrap_or_default();
        let (facility, level, timestamp) = (value(FACILITY), value(LEVEL), value(TIMESTAMP));
        let headers = |text: &str| Some(Err(Problem::Headers(text.to_owned())));
        let Some(mac) = hex(signature) else {
            return headers("Logd-Signature must be 64 hexadecimal digits");
        };
        if facility.is_empty() {
            return headers("a signed request needs Logd-Facility");
        }
        let Some(severity) = super::level::parse(level) else {
            return headers(
                "a signed request needs Logd-Level, one of emerg alert crit error warn notice info debug",
            );
        };
        let Some(time) = UnixNanos::parse_rfc3339(timestamp) else {
            return headers(
                "a signed request needs Logd-Timestamp, as 2026-11-21T14:05:00.123456789Z",
            );
        };
        Some(Ok(Self { facility, severity, time, level, timestamp, mac: Mac(mac) }))
    }

    /// Whether its time is one that can hold now.
    pub(super) fn is_fresh(&self, verifier: &Verifier, now: UnixNanos) -> Result<(), Problem> {
        verifier.check_time(now, self.time).map_err(|refused| Problem::of(&refused))
    }

    /// Whether a live write secret signed this with this body, and lately.
    pub(super) fn verify(
        &self,
        verifier: &Verifier,
        now: UnixNanos,
        body: &[u8],
    ) -> Result<Proof, Problem> {
        let Self { facility, level, timestamp, .. } = self;
        let body = sha256(body);
        let signed = format!("{facility}\n{level}\n{timestamp}\n{body}");
        let proof = verifier.verify_detached(now, self.time, signed.as_bytes(), &self.mac);
        let proof = proof.map_err(|refused| Problem::of(&refused))?;
        if proof.rights().allow(Right::Write) { Ok(proof) } else { Err(Problem::NotAuthentic) }
    }
}

/// In lower-case hexadecimal.
pub(super) fn sha256(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn hex(text: &str) -> Option<[u8; MAC_LEN]> {
    let digits: &[u8; 2 * MAC_LEN] = text.as_bytes().try_into().ok()?;
    let digit = |b: u8| char::from(b).to_digit(16).map(|d| d as u8);
    let mut bytes = [0; MAC_LEN];
    for (byte, pair) in bytes.iter_mut().zip(digits.as_chunks::<2>().0) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::time::Duration;
    use logd_core::datagram::{Keyring, Secret, Signer};

    const NOW: &str = "2026-11-21T14:05:00.123456789Z";
    const BODY: &[u8] = b"{\"event\":\"disk full\"}";

    fn headers(facility: &str, level: &str, timestamp: &str, signature: &str) -> HeaderMap {
        let pairs =
            [(FACILITY, facility), (LEVEL, level), (TIMESTAMP, timestamp), (SIGNATURE, signature)];
        pairs
            .into_iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect()
    }

    fn signed_by(secret: &[u8]) -> String {
        let text = format!("web\nerror\n{NOW}\n{}", sha256(BODY));
        format!("{:?}", Signer::new(secret).detached(text.as_bytes()))
    }

    fn verify(headers: &HeaderMap, body: &[u8]) -> Result<Proof, Problem> {
        let secrets = [
            Secret::new("w", Right::Write, b"write secret".to_vec()),
            Secret::new("r", Right::Read, b"read secret".to_vec()),
        ];
        let keyring = Keyring::new(secrets).unwrap();
        let verifier = Verifier::new(keyring, Duration::from_millis(100), UnixNanos::MIN);
        let now = UnixNanos::parse_rfc3339(NOW).unwrap();
        Signed::of(headers).unwrap()?.verify(&verifier, now, body)
    }

    #[test]
    fn it_covers_facility_level_time_and_body() {
        let good = signed_by(b"write secret");
        assert!(verify(&headers("web", "error", NOW, &good), BODY).is_ok());
        assert!(verify(&headers("web", "error", NOW, &good.to_uppercase()), BODY).is_ok());
        let near = "2026-11-21T14:05:00.123456788Z";
        for (facility, level, time, body) in [
            ("db", "error", NOW, BODY),
            ("web", "warn", NOW, BODY),
            ("web", "error", near, BODY),
            ("web", "error", NOW, b"{}"),
        ] {
            let refused = verify(&headers(facility, level, time, &good), body);
            assert_eq!(refused, Err(Problem::NotAuthentic), "{facility} {level} {time}");
        }
        for secret in [&b"read secret"[..], b"another"] {
            let refused = verify(&headers("web", "error", NOW, &signed_by(secret)), BODY);
            assert_eq!(refused, Err(Problem::NotAuthentic));
        }
    }

    #[test]
    fn the_time_comes_first() {
        let late = headers("web", "error", "2026-11-21T14:05:00.500Z", &"0".repeat(64));
        assert_eq!(verify(&late, BODY), Err(Problem::Time(376_543_211)));
    }

    #[test]
    fn headers_that_do_not_hold_say_what_to_write() {
        let good = signed_by(b"write secret");
        assert_eq!(Signed::of(&HeaderMap::new()), None);
        for (facility, level, time, signature, part) in [
            ("web", "error", NOW, "00", "64 hexadecimal"),
            ("web", "error", NOW, "xx", "64 hexadecimal"),
            ("", "error", NOW, good.as_str(), "Logd-Facility"),
            ("web", "loud", NOW, &good, "Logd-Level"),
            ("web", "error", "now", &good, "Logd-Timestamp"),
        ] {
            let refused = verify(&headers(facility, level, time, signature), BODY);
            assert!(
                matches!(&refused, Err(Problem::Headers(text)) if text.contains(part)),
                "{refused:?}"
            );
        }
    }
}
