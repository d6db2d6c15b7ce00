//! Checks what can be checked without state: length, time, MAC.

use core::time::Duration;

use super::keyring::{Keyring, Rights};
use super::mac::Mac;
use super::{HEADER_LEN, TIME_LEN};
use crate::drop::DropReason;
use crate::time::UnixNanos;

/// Decides whether datagrams are authentic and fresh. Stateless; share it between threads.
#[derive(Debug)]
pub struct Verifier {
    keyring: Keyring,
    ttl: Duration,
    not_before: UnixNanos,
}

/// An authentic, fresh datagram; whether it is a copy is for the [`ReplayWindow`](super::ReplayWindow) to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified<'a> {
    /// The MAC.
    pub mac: Mac,
    /// The sender's clock.
    pub time: UnixNanos,
    /// At least one byte; not decoded.
    pub payload: &'a [u8],
    /// Which secret signed it: index into [`Keyring::secrets`].
    pub secret: usize,
    /// What that secret may be used for.
    pub rights: Rights,
}

/// A [`Verified`] datagram without its bytes, for a host that verifies on one thread and handles on another; or what
/// [`Verifier::verify_detached`] found authentic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof {
    mac: Mac,
    time: UnixNanos,
    payload_len: usize,
    secret: usize,
    rights: Rights,
}

impl Verified<'_> {
    /// What [`Proof::of`] needs beside the datagram.
    pub fn proof(&self) -> Proof {
        let Self { mac, time, payload, secret, rights } = *self;
        Proof { mac, time, payload_len: payload.len(), secret, rights }
    }
}

impl Proof {
    /// What the secret that signed may be used for.
    pub fn rights(&self) -> Rights {
        self.rights
    }

    /// The signature and the time that it is of: for the [`ReplayWindow`](super::ReplayWindow).
    pub(crate) fn stamp(&self) -> (&Mac, UnixNanos) {
        (&self.mac, self.time)
    }

    /// The verified datagram again. `None` when it is not the one that was verified: its MAC is another.
    #[inline]
    pub fn of<'a>(&self, datagram: &'a [u8]) -> Option<Verified<'a>> {
        let Self { mac, time, payload_len, secret, rights } = *self;
        if datagram.first_chunk() != Some(&mac.0) {
            return None;
        }
        let payload = datagram.get(datagram.len().checked_sub(payload_len)?..)?;
        Some(Verified { mac, time, payload, secret, rights })
    }
}

/// A datagram that is not to be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Why: too short, stale, future or bad MAC.
    pub reason: DropReason,
    /// How far the datagram's clock is ahead of the daemon's, in nanoseconds, for those refused by time. A hint
    /// for people, and unauthenticated: the time is checked before the MAC.
    pub skew: Option<i64>,
}

impl Verifier {
    /// A verifier that takes datagrams at most `ttl` old or ahead, and none from before `not_before`.
    ///
    /// `not_before` is the daemon's start: what it accepted before then, it has forgotten.
    pub fn new(keyring: Keyring, ttl: Duration, not_before: UnixNanos) -> Self {
        Self { keyring, ttl, not_before }
    }

    /// The live secrets.
    pub fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// How far a datagram's clock may be off, either way.
    pub fn ttl(&self) -> Duration {
        self.ttl
    }

    /// See [`Self::new`].
    pub fn not_before(&self) -> UnixNanos {
        self.not_before
    }

    /// Checks length, then time, then MAC: the cheap ones first, and nothing of the payload is looked at.
    #[inline]
    pub fn verify<'a>(&self, now: UnixNanos, datagram: &'a [u8]) -> Result<Verified<'a>, Refused> {
        let too_short = Refused { reason: DropReason::TooShort, skew: None };
        if datagram.len() <= HEADER_LEN {
            return Err(too_short);
        }
        let (mac, signed) = datagram.split_first_chunk().ok_or(too_short)?;
        let mac = Mac(*mac);
        let go_time = self.keyring.any_legacy() && signed.first() == Some(&GO_TIME_VERSION);
        let (time, payload) =
            if go_time { split_go_time(signed) } else { split_time(signed) }.ok_or(too_short)?;
        self.check_time(now, time)?;
        let authentic = if go_time {
            self.keyring.authenticate_legacy(signed, &mac)
        } else {
            self.keyring.authenticate(signed, &mac)
        };
        let (secret, rights) =
            authentic.ok_or(Refused { reason: DropReason::BadMac, skew: None })?;
        Ok(Verified { mac, time, payload, secret, rights })
    }

    /// Checks a MAC that came beside what it signs, as in other protocols' headers: time first, then HMAC-SHA256(secret,
    /// `signed`), never a legacy sum. `signed` must have the time in it, and must not be readable as a datagram's time
    /// and payload: text that begins with a printable character is not, for another seventy years.
    pub fn verify_detached(
        &self,
        now: UnixNanos,
        time: UnixNanos,
        signed: &[u8],
        mac: &Mac,
    ) -> Result<Proof, Refused> {
        self.check_time(now, time)?;
        let bad_mac = Refused { reason: DropReason::BadMac, skew: None };
        let (secret, rights) = self.keyring.authenticate_hmac(signed, mac).ok_or(bad_mac)?;
        Ok(Proof { mac: *mac, time, payload_len: 0, secret, rights })
    }

    /// Whether something of this time may be fresh: the first thing to ask of a signature.
    #[inline]
    pub fn check_time(&self, now: UnixNanos, time: UnixNanos) -> Result<(), Refused> {
        let reason = if time < now.saturating_sub(self.ttl) || time < self.not_before {
            DropReason::Stale
        } else if time > now.saturating_add(self.ttl) {
            DropReason::Future
        } else {
            return Ok(());
        };
        Err(Refused { reason, skew: Some(time.0.saturating_sub(now.0)) })
    }
}

/// First byte of a time in Go's form. In the usual form such a time would be of 1972 to 1974.
const GO_TIME_VERSION: u8 = 1;
/// Seconds from the year 1, where Go's time begins, to 1970.
const GO_EPOCH: i64 = 62_135_596_800;

/// Big-endian Unix nanoseconds, and what follows them.
#[inline]
fn split_time(signed: &[u8]) -> Option<(UnixNanos, &[u8])> {
    let (time, payload) = signed.split_first_chunk::<TIME_LEN>()?;
    Some((UnixNanos(i64::from_be_bytes(*time)), payload))
}

/// A time as Go's `time.Time.MarshalBinary` writes it, and at least one byte that follows it: version,
/// seconds since the year 1 (i64), nanoseconds (i32), the zone's offset in minutes (i16); all big-endian.
fn split_go_time(signed: &[u8]) -> Option<(UnixNanos, &[u8])> {
    let (_version, rest) = signed.split_first()?;
    let (seconds, rest) = rest.split_first_chunk()?;
    let (nanos, rest) = rest.split_first_chunk()?;
    // The seconds count in UTC; the zone is only how they were shown.
    let (_zone, payload) = rest.split_first_chunk::<2>()?;
    let seconds = i64::from_be_bytes(*seconds).saturating_sub(GO_EPOCH);
    let time = UnixNanos::from_parts(seconds, i32::from_be_bytes(*nanos));
    (!payload.is_empty()).then_some((time, payload))
}

#[cfg(test)]
mod tests {
    use super::super::{MAC_LEN, Right, Secret, Signer};
    use super::*;
    use crate::test;
    use alloc::vec::Vec;
    use proptest::prelude::*;
    use sha2::{Digest as _, Sha256};

    const TTL: Duration = Duration::from_millis(100);
    const NOW: UnixNanos = UnixNanos(1_700_000_000_000_000_000);

    fn verifier(secrets: impl IntoIterator<Item = Secret>) -> Verifier {
        Verifier::new(Keyring::new(secrets).unwrap(), TTL, UnixNanos::MIN)
    }

    fn write_secret() -> Secret {
        Secret::new("w", Right::Write, "secret")
    }

    fn sign(secret: &str, time: UnixNanos, payload: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        Signer::new(secret.as_bytes()).sign(time, payload, &mut out);
        out
    }

    fn legacy(secret: &str, time: &[u8], payload: &[u8]) -> Vec<u8> {
        let sum = Sha256::digest([secret.as_bytes(), time, payload].concat());
        [&sum[..], time, payload].concat()
    }

    fn go_time(t: UnixNanos) -> Vec<u8> {
        let (seconds, nanos) = t.to_parts();
        [&[1][..], &(seconds + GO_EPOCH).to_be_bytes(), &nanos.to_be_bytes(), &[0xff; 2]].concat()
    }

    fn reason(result: Result<Verified<'_>, Refused>) -> DropReason {
        result.unwrap_err().reason
    }

    #[test]
    fn a_verifier_is_shared_between_threads() {
        fn shared<T: Send + Sync>() {}
        shared::<Verifier>();
    }

    #[test]
    fn the_shortest_datagram_has_one_byte_of_payload() {
        let v = verifier([write_secret()]);
        let datagram = sign("secret", NOW, b"x");
        assert_eq!(v.verify(NOW, &datagram).unwrap().payload, b"x");
        for len in 0..datagram.len() {
            assert_eq!(reason(v.verify(NOW, &datagram[..len])), DropReason::TooShort, "{len}");
        }
        // Authentic, and still too short.
        assert_eq!(reason(v.verify(NOW, &sign("secret", NOW, b""))), DropReason::TooShort);
    }

    #[test]
    fn a_proof_is_one_of_its_datagram_only() {
        let v = verifier([write_secret()]);
        let (one, other) = (sign("secret", NOW, b"one"), sign("secret", NOW, b"other"));
        let verified = v.verify(NOW, &one).unwrap();
        let proof = verified.proof();
        assert_eq!(proof.of(&one), Some(verified));
        assert_eq!(proof.of(&other), None);
        assert_eq!(proof.of(b""), None);
    }

    #[test]
    fn the_window_of_time_is_closed_at_both_ends() {
        let v = verifier([write_secret()]);
        let ttl = TTL.as_nanos() as i64;
        for (skew, expect) in [
            (0, None),
            (ttl, None),
            (-ttl, None),
            (ttl + 1, Some(DropReason::Future)),
            (-ttl - 1, Some(DropReason::Stale)),
            (i64::MAX - NOW.0, Some(DropReason::Future)),
            (i64::MIN, Some(DropReason::Stale)),
        ] {
            let result = v
                .verify(NOW, &sign("secret", UnixNanos(NOW.0.saturating_add(skew)), b"x"))
                .map(drop);
            let refused = expect.map(|reason| Refused { reason, skew: Some(skew) });
            match (result, refused) {
                (Err(got), Some(expect)) => {
                    assert_eq!(got.reason, expect.reason, "{skew}");
                    assert!(skew == i64::MIN || got.skew == expect.skew, "{skew}");
                }
                (got, expect) => assert_eq!(got.err(), expect, "{skew}"),
            }
        }
    }

    #[test]
    fn nothing_from_before_the_start_is_accepted() {
        let keyring = Keyring::new([write_secret()]).unwrap();
        let v = Verifier::new(keyring, TTL, NOW);
        assert!(v.verify(NOW, &sign("secret", NOW, b"x")).is_ok());
        let before = UnixNanos(NOW.0 - 1);
        let refused = Refused { reason: DropReason::Stale, skew: Some(-1) };
        assert_eq!(v.verify(NOW, &sign("secret", before, b"x")), Err(refused));
    }

    #[test]
    fn time_is_checked_before_the_mac() {
        let v = verifier([write_secret()]);
        assert_eq!(reason(v.verify(NOW, &sign("wrong", NOW, b"x"))), DropReason::BadMac);
        assert_eq!(reason(v.verify(NOW, &sign("wrong", UnixNanos(0), b"x"))), DropReason::Stale);
    }

    #[test]
    fn legacy_sums_need_a_secret_that_accepts_them() {
        let accepting = || Secret { legacy_sha256: true, ..write_secret() };
        let times = [NOW.0.to_be_bytes().to_vec(), go_time(NOW)];
        for time in &times {
            let datagram = legacy("secret", time, b"x");
            let v = verifier([Secret::new("r", Right::Read, "other"), accepting()]);
            let verified = v.verify(NOW, &datagram).unwrap();
            assert_eq!((verified.time, verified.payload), (NOW, &b"x"[..]));
            assert!(
                verified.rights.allow(Right::Write) && !verified.rights.allow(Right::Read),
                "{time:?}"
            );
            assert!(verifier([write_secret()]).verify(NOW, &datagram).is_err());
            let other = Secret { legacy_sha256: true, ..Secret::new("o", Right::Write, "other") };
            assert_eq!(
                reason(verifier([other, write_secret()]).verify(NOW, &datagram)),
                DropReason::BadMac
            );
        }
        // Without any legacy secret, the same bytes are a time of 1972.
        let datagram = legacy("secret", &times[1], b"x");
        assert_eq!(reason(verifier([write_secret()]).verify(NOW, &datagram)), DropReason::Stale);
        // Go's time is not a way around the HMAC, nor the HMAC around the sum.
        let mut signed = Vec::from([0; MAC_LEN]);
        signed.extend(go_time(NOW));
        signed.push(b'x');
        let mac = super::super::mac::HmacKey::new(b"secret").mac(&signed[MAC_LEN..]);
        signed[..MAC_LEN].copy_from_slice(&mac.0);
        assert_eq!(reason(verifier([accepting()]).verify(NOW, &signed)), DropReason::BadMac);
        // Long enough for the usual time, too short for Go's.
        for len in HEADER_LEN + 1..datagram.len() {
            let v = verifier([accepting()]);
            assert_eq!(reason(v.verify(NOW, &datagram[..len])), DropReason::TooShort, "{len}");
        }
        let stale = legacy("secret", &go_time(UnixNanos(NOW.0 - 1_000_000_000)), b"x");
        let refused = Refused { reason: DropReason::Stale, skew: Some(-1_000_000_000) };
        assert_eq!(verifier([accepting()]).verify(NOW, &stale), Err(refused));
    }

    proptest! {
        #[test]
        fn what_is_signed_verifies_and_nothing_else(
            payload in proptest::collection::vec(any::<u8>(), 1..300),
            skew in -100_000_000i64..=100_000_000,
            prefix in any::<Vec<u8>>(),
            at in any::<prop::sample::Index>(),
            bit in 0..8u32,
        ) {
            let v = verifier([
                write_secret(),
                Secret::new("r", Right::Read, "other"),
                Secret { legacy_sha256: true, ..Secret::new("l", Right::Write, "legacy") },
            ]);
            let time = UnixNanos(NOW.0 + skew);
            let mut out = prefix.clone();
            Signer::new(b"other").sign(time, &payload, &mut out);
            prop_assert_eq!(&out[..prefix.len()], &prefix[..]);
            let mut datagram = out.split_off(prefix.len());

            let verified = v.verify(NOW, &datagram).unwrap();
            prop_assert_eq!(verified.payload, &payload[..]);
            prop_assert_eq!(verified.time, time);
            prop_assert_eq!(&verified.mac.0, &datagram[..MAC_LEN]);
            let (name, rights) = v.keyring().secrets().nth(verified.secret).unwrap();
            prop_assert_eq!((name, rights), ("r", verified.rights));

            let at = at.index(datagram.len());
            datagram[at] ^= 1u8 << bit;
            prop_assert!(v.verify(NOW, &datagram).is_err());
        }

        #[test]
        fn random_bytes_never_verify(datagram in any::<Vec<u8>>(), now: i64) {
            let v = verifier([Secret { legacy_sha256: true, ..write_secret() }]);
            prop_assert!(v.verify(UnixNanos(now), &datagram).is_err());
        }
    }
}
