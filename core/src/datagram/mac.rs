//! The MAC, and keys that have absorbed their secret.

use core::fmt;

use hmac::digest::CtOutput;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

use super::MAC_LEN;

/// The first bytes of a datagram: what proves that its sender knows the secret.
///
/// `==` is not constant-time. Whether a MAC is authentic is for a [`Verifier`](super::Verifier) to say; two
/// authentic ones are no secret and may be compared.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Mac(pub [u8; MAC_LEN]);

impl fmt::Debug for Mac {
    /// Hexadecimal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// HMAC-SHA256 (RFC 2104) after the secret: both of its padded blocks are hashed once, not once a message.
///
/// The state is as good as the secret; hmac's `zeroize` feature wipes it, here and in each clone.
#[derive(Clone)]
pub(super) struct HmacKey(Hmac<Sha256>);

impl HmacKey {
    pub(super) fn new(secret: &[u8]) -> Self {
        Self(Hmac::new_from_slice(secret).expect("HMAC takes keys of any length"))
    }

    /// MAC of `signed`.
    #[inline]
    pub(super) fn mac(&self, signed: &[u8]) -> Mac {
        Mac(self.0.clone().chain_update(signed).finalize().into_bytes().into())
    }

    /// Whether `mac` is that of `signed`, in a time that does not tell how much of it is right.
    #[inline]
    pub(super) fn verify(&self, signed: &[u8], mac: &Mac) -> bool {
        self.0.clone().chain_update(signed).verify_slice(&mac.0).is_ok()
    }

    /// MAC of `message` in a form whose `==` is constant-time, and which is wiped when dropped.
    pub(super) fn fingerprint(&self, message: &[u8]) -> Fingerprint {
        self.0.clone().chain_update(message).finalize()
    }
}

/// See [`HmacKey::fingerprint`].
pub(super) type Fingerprint = CtOutput<Hmac<Sha256>>;

/// SHA-256 after a prefix that is the secret; see [`Secret::legacy_sha256`](super::Secret::legacy_sha256).
#[derive(Clone)]
pub(super) struct LegacyKey(Sha256);

impl LegacyKey {
    pub(super) fn new(secret: &[u8]) -> Self {
        Self(Sha256::new_with_prefix(secret))
    }

    /// As [`HmacKey::verify`].
    #[inline]
    pub(super) fn verify(&self, signed: &[u8], mac: &Mac) -> bool {
        let sum = CtOutput::<Sha256>::new(self.0.clone().chain_update(signed).finalize());
        sum == CtOutput::new(mac.0.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test;
    use alloc::format;
    use alloc::vec;

    /// RFC 4231, test cases 1, 2 and 6 (the last key is longer than a block).
    #[test]
    fn hmac_sha256_is_that_of_the_rfc() {
        let long_key = vec![0xaa; 131];
        let cases: [(&[u8], &[u8], &str); 3] = [
            (
                &[0x0b; 20],
                b"Hi There",
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
            ),
            (
                b"Jefe",
                b"what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (
                &long_key,
                b"Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
        ];
        for (secret, message, expect) in cases {
            let key = HmacKey::new(secret);
            let mac = key.mac(message);
            assert_eq!(format!("{mac:?}"), expect);
            assert!(key.verify(message, &mac));
            assert!(!key.verify(&message[1..], &mac));
        }
    }

    #[test]
    fn legacy_is_a_plain_hash_of_secret_and_message() {
        let mac = Mac(Sha256::digest(b"secretmessage").into());
        assert!(LegacyKey::new(b"secret").verify(b"message", &mac));
        assert!(!LegacyKey::new(b"secret").verify(b"massage", &mac));
        assert!(!LegacyKey::new(b"Secret").verify(b"message", &mac));
    }
}
