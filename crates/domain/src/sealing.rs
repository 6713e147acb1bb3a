//! The port that seals secrets for storage under the root secret.

use std::fmt;
use zeroize::Zeroizing;

/// Identifies a root secret without telling anything about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint(pub String);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a sealed value is, and where it stands. A value that is moved to another row, or used for
/// another purpose, does not open.
#[derive(Debug, Clone, Copy)]
pub struct SealedAs<'a> {
    /// The table.
    pub table: &'a str,
    /// The row's key.
    pub row: &'a str,
    /// What for.
    pub purpose: &'a str,
}

/// A sealed value does not open: it was changed or moved, or sealed under another root secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a sealed value does not open under this root secret")]
pub struct DoesNotOpen;

/// Seals and opens. An implementation MUST authenticate both the value and its [`SealedAs`].
pub trait Sealer: Send + Sync {
    /// The root secret's fingerprint.
    fn fingerprint(&self) -> Fingerprint;
    /// Seals `plain`; each call answers other bytes.
    fn seal(&self, as_what: SealedAs<'_>, plain: &[u8]) -> Vec<u8>;
    /// Opens what [`Sealer::seal`] made for the same `as_what` under the same root secret.
    ///
    /// # Errors
    /// [`DoesNotOpen`], for whatever reason.
    fn open(&self, as_what: SealedAs<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, DoesNotOpen>;
}
