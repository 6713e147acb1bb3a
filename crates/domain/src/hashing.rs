//! The port to password hashing, which costs a quarter of a second of a core and therefore has
//! threads of its own.

use crate::password::{Password, PasswordHash};
use std::pin::Pin;
use std::time::Duration;

/// What comparing a password with a hash came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verification {
    /// They match.
    Match {
        /// Whether the hash is of a scheme or cost that is no longer the preferred one.
        outdated: bool,
    },
    /// They do not match, or the hash is one that no password matches.
    Mismatch,
}

/// Why a hash was not computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    /// Too many are waiting.
    #[error("too many password hashes are waiting")]
    Busy {
        /// When it is worth to come back.
        retry_after: Duration,
    },
    /// The hash function failed: no memory, or a bug.
    #[error("the password could not be hashed")]
    Failed,
}

/// Resolves when a hash is computed.
pub type Hashing<T> = Pin<Box<dyn Future<Output = Result<T, HashError>> + Send>>;

/// Hashes and verifies passwords.
///
/// An implementation MUST NOT block the thread that calls it, and MUST bound both how many hashes
/// wait and how long one waits.
pub trait PasswordHasher: Send + Sync {
    /// The hash of a new password, under the preferred scheme and cost.
    fn hash(&self, password: Password) -> Hashing<PasswordHash>;

    /// Compares a password with a hash. With `None`, and with a hash that no password matches, it
    /// MUST take as long as with a hash of the preferred scheme and cost, so that an answer's time
    /// does not tell whether an account exists (CVE-2016-2513).
    fn verify(&self, password: Password, hash: Option<PasswordHash>) -> Hashing<Verification>;
}
