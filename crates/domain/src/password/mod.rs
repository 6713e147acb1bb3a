//! Passwords: the plaintext, its hash, and the rules that a new one must meet.
//!
//! The plaintext and the hash are two types. Only the hash can be stored, and `Debug` prints
//! neither.

mod common;
mod rules;

pub use rules::{PasswordError, PasswordRules, PersonalInformation};

use std::fmt;
use zeroize::Zeroizing;

/// A password as typed. Wiped from memory when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// The most bytes of a password that is ever hashed. Longer ones are refused before any work
    /// is done: Django once hashed a megabyte per request (CVE-2013-1443).
    pub const MAX_BYTES: usize = 4096;

    /// Takes a plaintext; `None` if it is longer than [`Password::MAX_BYTES`].
    pub fn new(plaintext: impl Into<String>) -> Option<Self> {
        let plaintext = Zeroizing::new(plaintext.into());
        (plaintext.len() <= Self::MAX_BYTES).then_some(Self(plaintext))
    }

    /// The plaintext, for a hash function.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// What is stored in a password's place: a hash in Django's encoding, or the mark of an unusable
/// password.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Takes an encoded hash. Any text is one; what cannot be parsed verifies no password.
    pub fn from_encoded(encoded: impl Into<String>) -> Self {
        Self(encoded.into())
    }

    /// A value that no password matches: Django's `!` with nothing after it that could be guessed.
    pub fn unusable() -> Self {
        Self("!".to_owned())
    }

    /// The encoded text, for storage and for a hash function.
    pub fn as_encoded(&self) -> &str {
        &self.0
    }

    /// Whether there is a password at all (Django: `is_password_usable`).
    pub fn is_usable(&self) -> bool {
        !self.0.is_empty() && !self.0.starts_with('!')
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_neither_plaintext_nor_hash() {
        let password = Password::new("hunter2hunter2").unwrap();
        let hash = PasswordHash::from_encoded("bcrypt_sha256$$2b$12$abc");
        let shown = format!("{password:?} {hash:?}");
        assert!(!shown.contains("hunter2") && !shown.contains("2b"), "{shown}");
    }

    #[test]
    fn the_limit_is_4096_bytes() {
        assert!(Password::new("é".repeat(2048)).is_some());
        assert!(Password::new("é".repeat(2048) + "x").is_none());
    }
}
