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

/// Whether an encoded hash is of a scheme that is verified, well-formed and within the scheme's bounds.
/// For no other value can [`DjangoHasher`](crate::DjangoHasher) ever find a match. Nothing is computed.
///
/// ```
/// use doorward_passwords::recognises;
///
/// assert!(recognises("pbkdf2_sha1$1000$zHZS2zEtkJv6WR8fPkPazu$auFtnbSz23tAKK+DzRdj6ztmvgM="));
/// assert!(!recognises("md5$salt$c88e9c67041a74e0357befdff93f87dd"));
/// assert!(!recognises("!"));
/// ```
pub fn recognises(encoded: &str) -> bool {
    Encoded::parse(&PasswordHash::from_encoded(encoded)).is_some()
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
    fn only_what_could_be_verified_is_recognised() {
        let sha256 = "7DsfxvsNBIVuIFCtnNgJB9wJSgtwlSQ+ei9eT30I+cw=";
        let crypt = "$2b$04$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
        assert!(recognises(&format!("pbkdf2_sha256$870000$salt${sha256}")));
        assert!(recognises(&format!("bcrypt${crypt}")));
        assert!(recognises(&format!("bcrypt_sha256${crypt}")));
        for other in [
            "",
            "!",
            "hunter2",
            "$$$$",
            "pbkdf2_sha256",
            "pbkdf2_sha256$870000$salt$",
            "md5$salt$c88e9c67041a74e0357befdff93f87dd",
            "sha1$salt$8843d7f92416211de9ebb963ff4ce28125932878",
            "c88e9c67041a74e0357befdff93f87dd",
            crypt,
            &format!("pbkdf2_sha256$4000000000$salt${sha256}"),
            &format!("!pbkdf2_sha256$870000$salt${sha256}"),
            &format!("bcrypt${}", crypt.replace("$04$", "$31$")),
        ] {
            assert!(!recognises(other), "{other}");
        }
    }

    #[test]
    fn numbers_are_taken_only_as_python_writes_them() {
        assert_eq!(decimal("870000"), Some(870_000));
        for other in ["", "+1", "-1", "01", " 1", "1_000", "1e3", "4294967296", "١"] {
            assert_eq!(decimal(other), None, "{other:?}");
        }
    }
}
