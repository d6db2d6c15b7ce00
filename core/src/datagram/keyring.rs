//! The live secrets and what each may do.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroizing;

use super::mac::{Comparer, Fingerprint, HmacKey, LegacyKey, Mac};

/// What a secret may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Right {
    /// Query and tail.
    Read,
    /// Store events.
    Write,
    /// Delete events on demand.
    Delete,
}

/// A set of [`Right`]s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    read: bool,
    write: bool,
    delete: bool,
}

impl Rights {
    /// No right at all.
    pub const NONE: Self = Self { read: false, write: false, delete: false };

    /// Whether `right` is among these.
    #[inline]
    pub fn allow(self, right: Right) -> bool {
        match right {
            Right::Read => self.read,
            Right::Write => self.write,
            Right::Delete => self.delete,
        }
    }

    /// These and `right`.
    #[must_use]
    pub fn with(self, right: Right) -> Self {
        match right {
            Right::Read => Self { read: true, ..self },
            Right::Write => Self { write: true, ..self },
            Right::Delete => Self { delete: true, ..self },
        }
    }
}

/// One secret as configured.
pub struct Secret {
    /// For people: which secret it is. Never the secret itself.
    pub name: String,
    /// What it may be used for.
    pub right: Right,
    /// The secret; wiped when dropped.
    pub bytes: Zeroizing<Vec<u8>>,
    /// Also accept SHA-256(secret ‖ time ‖ payload), which the clients of the original Logd send.
    ///
    /// Off unless those clients must be served: from one such datagram an attacker can compute, without the
    /// secret, a valid one whose payload goes on with bytes of his choice (length extension), and protobuf
    /// reads on happily.
    pub legacy_sha256: bool,
}

impl Secret {
    /// A secret that does not accept legacy datagrams.
    pub fn new(name: impl Into<String>, right: Right, bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = Zeroizing::new(bytes.into());
        Self { name: name.into(), right, bytes, legacy_sha256: false }
    }
}

impl fmt::Debug for Secret {
    /// Without the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret")
            .field("name", &self.name)
            .field("right", &self.right)
            .field("legacy_sha256", &self.legacy_sha256)
            .finish_non_exhaustive()
    }
}

/// Why secrets do not make a keyring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyringError {
    /// There is none.
    NoSecret,
    /// The secret of this name has no bytes: everybody would know it.
    EmptySecret(String),
}

impl fmt::Display for KeyringError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSecret => f.write_str("there is no secret"),
            Self::EmptySecret(name) => write!(f, "the secret {name:?} is empty"),
        }
    }
}

impl core::error::Error for KeyringError {}

/// Every live secret, ready to verify with. The secrets themselves are not kept, only hash states made from
/// them, and those are wiped when the keyring is dropped.
///
/// To rotate, make a new keyring with the old secret and the new one, and later one without the old.
pub struct Keyring {
    /// Those with the right to write first: they sign nearly every datagram.
    keys: Vec<Key>,
    /// Makes [`Key::fingerprint`].
    comparer: Comparer,
    any_legacy: bool,
}

struct Key {
    name: String,
    hmac: HmacKey,
    rights: Rights,
    /// With what a legacy datagram may do, which can be less than `rights`.
    legacy: Option<(LegacyKey, Rights)>,
    /// HMAC of the secret under a fixed key: of one length whatever the secret's.
    fingerprint: Fingerprint,
}

impl Keyring {
    /// A keyring of these secrets. The same bytes under several names are one secret with the rights of all.
    pub fn new(secrets: impl IntoIterator<Item = Secret>) -> Result<Self, KeyringError> {
        let mut keyring = Self { keys: Vec::new(), comparer: Comparer::new(), any_legacy: false };
        for secret in secrets {
            keyring.add(&secret)?;
        }
        if keyring.keys.is_empty() {
            return Err(KeyringError::NoSecret);
        }
        keyring.keys.sort_by_key(|key| !key.rights.allow(Right::Write));
        Ok(keyring)
    }

    fn add(&mut self, secret: &Secret) -> Result<(), KeyringError> {
        if secret.bytes.is_empty() {
            return Err(KeyringError::EmptySecret(secret.name.clone()));
        }
        let fingerprint = self.comparer.fingerprint(&secret.bytes);
        let index = match self.keys.iter().position(|key| key.fingerprint == fingerprint) {
            Some(index) => {
                let name = &mut self.keys[index].name;
                name.push('+');
                name.push_str(&secret.name);
                index
            }
            None => {
                self.keys.push(Key {
                    name: secret.name.clone(),
                    hmac: HmacKey::new(&secret.bytes),
                    rights: Rights::NONE,
                    legacy: None,
                    fingerprint,
                });
                self.keys.len() - 1
            }
        };
        let key = &mut self.keys[index];
        key.rights = key.rights.with(secret.right);
        if secret.legacy_sha256 {
            let (_, rights) =
                key.legacy.get_or_insert_with(|| (LegacyKey::new(&secret.bytes), Rights::NONE));
            *rights = rights.with(secret.right);
            self.any_legacy = true;
        }
        Ok(())
    }

    /// Whether `presented` is a secret that gives `right`, for doors where the secret itself is shown.
    ///
    /// Takes the same time whichever secret it is, and however much of one it has in common.
    #[must_use]
    pub fn authorize(&self, right: Right, presented: &[u8]) -> bool {
        let presented = self.comparer.fingerprint(presented);
        let mut authorized = false;
        for key in &self.keys {
            // `&`, not `&&`, and no early exit.
            authorized |= (key.fingerprint == presented) & key.rights.allow(right);
        }
        authorized
    }

    /// Each secret's name and rights; the n-th is that of [`Verified::secret`](super::Verified::secret) `n`.
    pub fn secrets(&self) -> impl ExactSizeIterator<Item = (&str, Rights)> {
        self.keys.iter().map(|key| (key.name.as_str(), key.rights))
    }

    /// Whether any secret accepts legacy datagrams.
    #[inline]
    pub(super) fn any_legacy(&self) -> bool {
        self.any_legacy
    }

    /// The secret that signed `signed` with `mac`, and what it may do. The HMAC comes first, then, where it
    /// is accepted, the legacy sum.
    #[inline]
    pub(super) fn authenticate(&self, signed: &[u8], mac: &Mac) -> Option<(usize, Rights)> {
        self.keys.iter().enumerate().find_map(|(index, key)| {
            if key.hmac.verify(signed, mac) {
                return Some((index, key.rights));
            }
            key.authenticate_legacy(signed, mac).map(|rights| (index, rights))
        })
    }

    /// As [`Self::authenticate`], by HMAC only.
    pub(super) fn authenticate_hmac(&self, signed: &[u8], mac: &Mac) -> Option<(usize, Rights)> {
        let index = self.keys.iter().position(|key| key.hmac.verify(signed, mac))?;
        Some((index, self.keys[index].rights))
    }

    /// As [`Self::authenticate`], by the legacy sum only.
    pub(super) fn authenticate_legacy(&self, signed: &[u8], mac: &Mac) -> Option<(usize, Rights)> {
        self.keys.iter().enumerate().find_map(|(index, key)| {
            key.authenticate_legacy(signed, mac).map(|rights| (index, rights))
        })
    }
}

impl Key {
    fn authenticate_legacy(&self, signed: &[u8], mac: &Mac) -> Option<Rights> {
        let (key, rights) = self.legacy.as_ref()?;
        key.verify(signed, mac).then_some(*rights)
    }
}

impl fmt::Debug for Keyring {
    /// Names and rights.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.secrets()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test;
    use alloc::format;

    fn keyring(secrets: &[(&str, Right, &str)]) -> Keyring {
        Keyring::new(secrets.iter().map(|&(name, right, bytes)| Secret::new(name, right, bytes)))
            .unwrap()
    }

    #[test]
    fn several_secrets_of_each_right_are_live() {
        let ring = keyring(&[
            ("r1", Right::Read, "old read"),
            ("r2", Right::Read, "new read"),
            ("w1", Right::Write, "old write"),
            ("w2", Right::Write, "new write"),
        ]);
        for read in ["old read", "new read"] {
            assert!(ring.authorize(Right::Read, read.as_bytes()));
            assert!(!ring.authorize(Right::Write, read.as_bytes()));
        }
        for write in ["old write", "new write"] {
            assert!(ring.authorize(Right::Write, write.as_bytes()));
            assert!(!ring.authorize(Right::Read, write.as_bytes()));
        }
        for wrong in ["", "old", "old readx", "OLD READ", "\0old read"] {
            assert!(!ring.authorize(Right::Read, wrong.as_bytes()), "{wrong:?}");
        }
    }

    #[test]
    fn the_same_bytes_are_one_secret_with_all_rights() {
        let ring = keyring(&[
            ("r", Right::Read, "same"),
            ("w", Right::Write, "same"),
            ("w2", Right::Write, "other"),
        ]);
        assert!(ring.authorize(Right::Read, b"same") && ring.authorize(Right::Write, b"same"));
        let both = Rights::NONE.with(Right::Read).with(Right::Write);
        let names: Vec<_> = ring.secrets().collect();
        assert_eq!(names, [("r+w", both), ("w2", Rights::NONE.with(Right::Write))]);
        let mac = HmacKey::new(b"same").mac(b"signed");
        assert_eq!(ring.authenticate(b"signed", &mac), Some((0, both)));
    }

    #[test]
    fn a_legacy_sum_gives_only_the_rights_that_accept_it() {
        let legacy = Secret { legacy_sha256: true, ..Secret::new("w", Right::Write, "same") };
        let ring = Keyring::new([
            Secret::new("r", Right::Read, "same"),
            legacy,
            Secret::new("x", Right::Write, "x"),
        ]);
        let ring = ring.unwrap();
        use sha2::Digest as _;
        let sum = |bytes: &[u8]| Mac(sha2::Sha256::digest(bytes).into());
        let write = Rights::NONE.with(Right::Write);
        assert_eq!(ring.authenticate(b"signed", &sum(b"samesigned")), Some((0, write)));
        assert_eq!(ring.authenticate(b"signed", &sum(b"xsigned")), None);
        let mac = HmacKey::new(b"same").mac(b"signed");
        assert_eq!(ring.authenticate(b"signed", &mac), Some((0, write.with(Right::Read))));
        assert_eq!(ring.authenticate_legacy(b"signed", &mac), None);
    }

    #[test]
    fn no_secret_and_empty_secrets_are_refused() {
        assert_eq!(Keyring::new([]).map(drop), Err(KeyringError::NoSecret));
        let empty = [Secret::new("a", Right::Read, "x"), Secret::new("b", Right::Read, "")];
        assert_eq!(Keyring::new(empty).map(drop), Err(KeyringError::EmptySecret("b".into())));
    }

    #[test]
    fn debug_shows_no_secret() {
        let secret = || Secret::new("name", Right::Read, "hunter2");
        let shown = format!("{:?} {:?}", secret(), Keyring::new([secret()]));
        assert!(shown.contains("name"));
        let bytes = format!("{:?}", b"hunter2");
        assert!(!shown.contains("hunter2") && !shown.contains(bytes.trim_matches(['[', ']'])));
    }
}
