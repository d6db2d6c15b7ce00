//! Signed datagrams: their layout, their authenticity, their freshness, and that each counts once.
//!
//! ```text
//! 0        32       40
//! | MAC    | time   | payload        MAC = HMAC-SHA256(secret, time ‖ payload)
//!            u64 BE, Unix nanoseconds
//! ```
//!
//! Secrets marked for it also accept what the clients of the original Logd send: SHA-256(secret ‖ time ‖
//! payload) in place of the MAC, and a time in the 15 bytes of Go's `time.Time.MarshalBinary` in place of
//! the 8 ([`Secret::legacy_sha256`] says what that costs).
//!
//! A [`Signer`] makes datagrams. A [`Verifier`] checks length, time and MAC, in this order and before any
//! byte of the payload is decoded; it has no state, so that any thread may do it. The [`ReplayWindow`] has
//! state and one owner; only verified MACs get into it. The [`SenderTable`] tells from the numbers in the
//! payload what did not arrive.
//!
//! ```
//! use core::time::Duration;
//! use logd_core::datagram::{Keyring, ReplayWindow, Right, Secret, Signer, Verifier};
//! use logd_core::drop::DropReason;
//! use logd_core::time::UnixNanos;
//!
//! let (start, ttl) = (UnixNanos(1_700_000_000_000_000_000), Duration::from_millis(100));
//! let keyring = Keyring::new([Secret::new("app", Right::Write, b"a long random secret")])?;
//! let verifier = Verifier::new(keyring, ttl, start);
//! let mut window = ReplayWindow::new(ttl, 1 << 16);
//!
//! let sent = start.saturating_add(Duration::from_millis(10));
//! let mut datagram = Vec::new();
//! Signer::new(b"a long random secret").sign(sent, b"payload", &mut datagram);
//!
//! let now = start.saturating_add(Duration::from_millis(11));
//! let verified = verifier.verify(now, &datagram).unwrap();
//! assert!(verified.rights.allow(Right::Write));
//! assert_eq!(window.insert(now, &verified.mac, verified.time), Ok(()));
//! assert_eq!(window.insert(now, &verified.mac, verified.time), Err(DropReason::Replay));
//! # Ok::<(), logd_core::datagram::KeyringError>(())
//! ```

mod keyring;
mod mac;
mod numbering;
mod replay;
mod sender;
mod sign;
mod verify;

pub use keyring::{Keyring, KeyringError, Right, Rights, Secret};
pub use mac::Mac;
pub use replay::ReplayWindow;
pub use sender::{SenderTable, SenderTotals};
pub use sign::Signer;
pub use verify::{Proof, Refused, Verified, Verifier};

/// Bytes of the MAC.
pub const MAC_LEN: usize = 32;
/// Bytes of the time.
pub const TIME_LEN: usize = 8;
/// Bytes before the payload.
pub const HEADER_LEN: usize = MAC_LEN + TIME_LEN;
