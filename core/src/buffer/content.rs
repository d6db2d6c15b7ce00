//! What a buffer's content is known by.

use alloc::string::String;
use core::fmt::Write as _;

use sha2::{Digest as _, Sha256};

/// Bytes of the hash that are kept: enough to tell files apart, short enough for an address.
const KEPT: usize = 12;

/// A hash of the checksums of all blocks, in the order of the file. Each checksum covers all of its block, so that no byte
/// of a block can change alone without changing the hash or breaking the block. It proves nothing against someone who
/// makes another file on purpose: a checksum is none of cryptography.
pub(super) fn hash(checksums: impl Iterator<Item = u32>) -> String {
    let mut digest = Sha256::new();
    checksums.for_each(|checksum| digest.update(checksum.to_le_bytes()));
    let mut out = String::new();
    for byte in &digest.finalize()[..KEPT] {
        // Writing to a String cannot fail.
        let _ = write!(out, "{byte:02x}");
    }
    out
}
