//! The MAC, and keys that have absorbed their secret.

use core::fmt;
use core::hint::black_box;

use hmac::digest::CtOutput;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::block_api::compress256;
use sha2::{Digest as _, Sha256};
use zeroize::{Zeroize as _, Zeroizing};

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
/// Written over the compression function of SHA-256, because what a hasher does around it, buffering and copying its
/// state, costs a third as much again for messages of the size of an event.
#[derive(Clone)]
pub(super) struct HmacKey {
    inner: [u32; 8],
    outer: [u32; 8],
}

/// Bytes that SHA-256 compresses at a time.
const BLOCK: usize = 64;
/// SHA-256's state before the first block; FIPS 180-4, 5.3.3.
const INITIAL: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

impl HmacKey {
    pub(super) fn new(secret: &[u8]) -> Self {
        let mut key = Zeroizing::new([0; BLOCK]);
        if secret.len() <= BLOCK {
            key[..secret.len()].copy_from_slice(secret);
        } else {
            key[..MAC_LEN].copy_from_slice(&Sha256::digest(secret));
        }
        let padded = |pad: u8| {
            let mut state = INITIAL;
            compress256(&mut state, &[*Zeroizing::new(key.map(|byte| byte ^ pad))]);
            state
        };
        Self { inner: padded(0x36), outer: padded(0x5c) }
    }

    /// MAC of `signed`.
    #[inline]
    pub(super) fn mac(&self, signed: &[u8]) -> Mac {
        let inner = finish(self.inner, signed);
        Mac(finish(self.outer, &inner))
    }

    /// Whether `mac` is that of `signed`, in a time that does not tell how much of it is right.
    #[inline]
    pub(super) fn verify(&self, signed: &[u8], mac: &Mac) -> bool {
        same(&self.mac(signed), mac)
    }
}

impl Drop for HmacKey {
    /// The states are as good as the secret.
    fn drop(&mut self) {
        self.inner.zeroize();
        self.outer.zeroize();
    }
}

/// SHA-256 of one block, after which the state is `state`, and `message`.
#[inline]
fn finish(mut state: [u32; 8], message: &[u8]) -> [u8; MAC_LEN] {
    let (blocks, rest) = message.as_chunks::<BLOCK>();
    compress256(&mut state, blocks);
    // The end of the message, a bit that is set, zeroes, and the length in bits: in two blocks if need be.
    let mut end = [[0; BLOCK]; 2];
    end.as_flattened_mut()[..rest.len()].copy_from_slice(rest);
    end.as_flattened_mut()[rest.len()] = 0x80;
    let last = usize::from(rest.len() >= BLOCK - 8);
    let bits = (BLOCK + message.len()) as u64 * 8;
    end[last][BLOCK - 8..].copy_from_slice(&bits.to_be_bytes());
    compress256(&mut state, &end[..=last]);
    let mut sum = [0; MAC_LEN];
    for (bytes, word) in sum.as_chunks_mut().0.iter_mut().zip(state) {
        *bytes = word.to_be_bytes();
    }
    sum
}

/// `==` in constant time: all words are compared, and the compiler is not to see what becomes of the differences.
#[inline]
fn same(a: &Mac, b: &Mac) -> bool {
    let (a, b) = (a.0.as_chunks().0, b.0.as_chunks().0);
    let words = a.iter().zip(b).map(|(a, b)| (u64::from_ne_bytes(*a), u64::from_ne_bytes(*b)));
    let difference = words.fold(0, |difference, (a, b)| black_box(difference | (a ^ b)));
    difference == 0
}

/// Compares secrets that are shown as they are: by their HMACs under a fixed key, which are of one length. That the key
/// is known does not matter.
pub(super) struct Comparer(Hmac<Sha256>);

/// What a [`Comparer`] makes of a secret. Its `==` is constant-time, and it is wiped when dropped.
pub(super) type Fingerprint = CtOutput<Hmac<Sha256>>;

impl Comparer {
    pub(super) fn new() -> Self {
        Self(Hmac::new_from_slice(b"logd: compare secrets").expect("HMAC takes keys of any length"))
    }

    pub(super) fn fingerprint(&self, secret: &[u8]) -> Fingerprint {
        self.0.clone().chain_update(secret).finalize()
    }
}

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
        same(&Mac(self.0.clone().chain_update(signed).finalize().into()), mac)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test;
    use alloc::format;
    use alloc::vec;
    use proptest::prelude::*;

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

    proptest! {
        #[test]
        fn hmac_is_that_of_the_library(
            secret in proptest::collection::vec(any::<u8>(), 0..200),
            message in proptest::collection::vec(any::<u8>(), 0..300),
        ) {
            let expect = Hmac::<Sha256>::new_from_slice(&secret).unwrap().chain_update(&message);
            let expect = expect.finalize().into_bytes();
            prop_assert_eq!(HmacKey::new(&secret).mac(&message).0, <[u8; MAC_LEN]>::from(expect));
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
