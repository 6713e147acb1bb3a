//! Django's encodings, one file each (Django: `django/contrib/auth/hashers.py`).

mod argon2;
pub(crate) mod bcrypt;
mod pbkdf2;
mod scrypt;

use doorward_domain::hashing::HashError;
use doorward_domain::password::{Password, PasswordHash};

/// A stored hash, taken apart and within its scheme's bounds.
pub(crate) enum Encoded {
    Bcrypt(bcrypt::Bcrypt),
    Other(Other),
}

/// A stored hash of a scheme that is verified but not preferred, and computed alone.
pub(crate) enum Other {
    Pbkdf2(pbkdf2::Pbkdf2),
    Argon2(argon2::Argon2),
    Scrypt(scrypt::Scrypt),
}

impl Encoded {
    /// Takes a stored hash apart; `None` if no password can match it.
    pub(crate) fn parse(hash: &PasswordHash) -> Option<Self> {
        let (algorithm, rest) = hash.as_encoded().split_once('$')?;
        let other = match algorithm {
            "bcrypt_sha256" => return bcrypt::Bcrypt::parse(bcrypt::Input::Sha256, rest).map(Self::Bcrypt),
            "bcrypt" => return bcrypt::Bcrypt::parse(bcrypt::Input::Plain, rest).map(Self::Bcrypt),
            "pbkdf2_sha256" => pbkdf2::Pbkdf2::parse(pbkdf2::Digest::Sha256, rest).map(Other::Pbkdf2),
            "pbkdf2_sha1" => pbkdf2::Pbkdf2::parse(pbkdf2::Digest::Sha1, rest).map(Other::Pbkdf2),
            "argon2" => argon2::Argon2::parse(rest).map(Other::Argon2),
            "scrypt" => scrypt::Scrypt::parse(rest).map(Other::Scrypt),
            _ => None,
        };
        other.map(Self::Other)
    }
}

impl Other {
    /// Whether the password is the one that was hashed. Compares in constant time.
    pub(crate) fn matches(&self, password: &Password) -> Result<bool, HashError> {
        match self {
            Self::Pbkdf2(pbkdf2) => Ok(pbkdf2.matches(password)),
            Self::Argon2(argon2) => argon2.matches(password),
            Self::Scrypt(scrypt) => scrypt.matches(password),
        }
    }
}

/// A decimal number as Python writes it: no sign, no leading zero.
fn decimal(text: &str) -> Option<u32> {
    let number: u32 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_taken_only_as_python_writes_them() {
        assert_eq!(decimal("870000"), Some(870_000));
        for other in ["", "+1", "-1", "01", " 1", "1_000", "1e3", "4294967296", "١"] {
            assert_eq!(decimal(other), None, "{other:?}");
        }
    }
}
