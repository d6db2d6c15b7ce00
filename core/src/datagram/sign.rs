//! Makes datagrams.

use alloc::vec::Vec;
use core::fmt;

use super::mac::{HmacKey, Mac};
use super::{HEADER_LEN, MAC_LEN};
use crate::time::UnixNanos;

/// Signs with one secret, of which it keeps the hash state.
#[derive(Clone)]
pub struct Signer(HmacKey);

impl Signer {
    /// A signer for `secret`.
    pub fn new(secret: &[u8]) -> Self {
        Self(HmacKey::new(secret))
    }

    /// Appends a datagram with `payload` to `out`.
    pub fn sign(&self, time: UnixNanos, payload: &[u8], out: &mut Vec<u8>) {
        let start = out.len();
        out.reserve(HEADER_LEN + payload.len());
        out.extend_from_slice(&[0; HEADER_LEN]);
        out.extend_from_slice(payload);
        self.sign_in_place(time, &mut out[start..]);
    }

    /// The MAC of bytes that travel beside it: for [`Verifier::verify_detached`](super::Verifier::verify_detached).
    pub fn detached(&self, signed: &[u8]) -> Mac {
        self.0.mac(signed)
    }

    /// Makes a datagram of a buffer whose payload begins at [`HEADER_LEN`]; what stood before it is overwritten.
    ///
    /// # Panics
    ///
    /// If the buffer is shorter than [`HEADER_LEN`].
    pub fn sign_in_place(&self, time: UnixNanos, datagram: &mut [u8]) {
        datagram[MAC_LEN..HEADER_LEN].copy_from_slice(&time.0.to_be_bytes());
        let mac = self.0.mac(&datagram[MAC_LEN..]);
        datagram[..MAC_LEN].copy_from_slice(&mac.0);
    }
}

impl fmt::Debug for Signer {
    /// Without the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").finish_non_exhaustive()
    }
}
