//! Signing keys: which one signs at an instant, which ones are honoured, and how one follows
//! another without a single token being refused for it.
//!
//! A key is published before it signs, and honoured until the last token that it signed has
//! expired. Which key signs is a function of the token's `iat`, so that every instance, and every
//! repetition of a rotation, agrees.

use crate::time::Timestamp;
use std::fmt;
use std::time::Duration;
use zeroize::Zeroizing;

/// Names a key: the JOSE header `kid`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub String);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a key signs with (RFC 7518, section 3.1, and RFC 8037).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// Ed25519. The default: short, fast, and its keys can be published.
    EdDsa,
    /// HMAC with SHA-256: for running beside a service that shares the key.
    Hs256,
}

impl Algorithm {
    /// Its name in JOSE headers and in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Hs256 => "HS256",
        }
    }

    /// The algorithm of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::EdDsa, Self::Hs256].into_iter().find(|algorithm| algorithm.name() == name)
    }
}

/// When a key signs and how long it is honoured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyTimes {
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it may sign.
    pub activates_at: Timestamp,
    /// From when on its signatures are refused; `None` while no successor is there.
    pub retires_at: Option<Timestamp>,
}

impl KeyTimes {
    /// Whether signatures of the key are honoured at `now`.
    pub fn is_honoured(&self, now: Timestamp) -> bool {
        self.retires_at.is_none_or(|end| now < end)
    }
}

/// A key as the database holds it.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyRecord {
    /// Its name.
    pub id: KeyId,
    /// What it signs with.
    pub algorithm: Algorithm,
    /// When.
    pub times: KeyTimes,
    /// The key itself, sealed.
    pub sealed: Vec<u8>,
}

impl fmt::Debug for KeyRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, algorithm, times, sealed: _ } = self;
        f.debug_struct("KeyRecord")
            .field("id", id)
            .field("algorithm", algorithm)
            .field("times", times)
            .finish_non_exhaustive()
    }
}

/// A key that can sign.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKey {
    /// Its name.
    pub id: KeyId,
    /// What it signs with.
    pub algorithm: Algorithm,
    /// When.
    pub times: KeyTimes,
    /// The private key (PKCS #8 for Ed25519) or the shared secret.
    pub material: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, algorithm, times, material: _ } = self;
        f.debug_struct("SigningKey")
            .field("id", id)
            .field("algorithm", algorithm)
            .field("times", times)
            .finish_non_exhaustive()
    }
}

/// A key that was just made: its name and its private part.
pub struct NewKey {
    /// Its name: for Ed25519 the JWK thumbprint (RFC 7638).
    pub id: KeyId,
    /// The private key or the shared secret.
    pub material: Zeroizing<Vec<u8>>,
}

/// Makes keys.
pub trait KeyMaker: Send + Sync {
    /// A new key.
    fn make(&self, algorithm: Algorithm) -> NewKey;
}

/// Which of `keys` signs a token that is issued at `at`: of those with the algorithm, the one that
/// was activated last; where none was yet, the first that will be.
pub fn signer_at<K>(
    keys: &[K],
    at: Timestamp,
    algorithm: Algorithm,
    about: impl Fn(&K) -> (Algorithm, KeyTimes),
) -> Option<&K> {
    let activated = |key: &&K| about(key).1.activates_at;
    let honoured = || {
        keys.iter().filter(|key| {
            let (of, times) = about(key);
            of == algorithm && times.is_honoured(at)
        })
    };
    let active = honoured().filter(|key| activated(key) <= at).max_by_key(activated);
    active.or_else(|| honoured().min_by_key(activated))
}

/// How long keys overlap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RotationPlan {
    /// How long a new key is published before it signs: longer than other services keep the key
    /// set, and never shorter than [`RotationPlan::MINIMUM_LEAD`].
    pub lead: Duration,
    /// How long an access token lives: a key is honoured that much longer than it signs.
    pub access_lifetime: Duration,
}

impl RotationPlan {
    /// Every instance sees a change to the keys within a second; twice that is the least lead.
    pub const MINIMUM_LEAD: Duration = Duration::from_secs(2);
    /// What clocks of several machines may differ by.
    pub const CLOCK_SKEW: Duration = Duration::from_secs(60);

    /// When a key that is made now begins to sign.
    pub fn activation(&self, now: Timestamp) -> Timestamp {
        now.plus(self.lead.max(Self::MINIMUM_LEAD))
    }

    /// When a key whose successor begins to sign at `successor` is no longer honoured.
    pub fn retirement(&self, successor: Timestamp) -> Timestamp {
        successor.plus(self.access_lifetime).plus(Self::CLOCK_SKEW)
    }
}
