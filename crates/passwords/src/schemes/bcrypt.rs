//! `bcrypt_sha256$$2b$<cost>$<22 of salt><31 of checksum>`, and `bcrypt$…` without the SHA-256.

use crate::cost::Cost;
use crate::eksblowfish::{Checksum, Preimage};
use base64::Engine as _;
use bcrypt::{BASE_64, HashParts};
use doorward_domain::password::{Password, PasswordHash};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

pub(crate) use crate::eksblowfish::SALT_BYTES;

/// The version, the cost and the salt stand before the checksum.
const CHECKSUM_AT: usize = 29;

/// What bcrypt is computed over.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Input {
    /// The SHA-256 of the password, in 64 lower-case hexadecimal digits.
    Sha256,
    /// The password's first 72 bytes, and a NUL behind a shorter one.
    ///
    /// That is what Django's bcrypt library has computed up to version 4; version 5 refuses longer
    /// passwords. A NUL within the password is a byte like any other, as since version 4; older
    /// ones refused it, so that no hash of theirs can mean anything else.
    Plain,
}

impl Input {
    pub(crate) fn preimage(self, password: &Password, salt: [u8; SALT_BYTES]) -> Preimage {
        match self {
            Self::Sha256 => Preimage::new(&sha256_hex(password), salt),
            Self::Plain => Preimage::new(password.expose().as_bytes(), salt),
        }
    }
}

/// A stored bcrypt hash.
pub(crate) struct Bcrypt {
    input: Input,
    cost: Cost,
    salt: [u8; SALT_BYTES],
    checksum: Checksum,
}

impl Bcrypt {
    /// Parses what follows the name and its `$`. The versions `2a`, `2b`, `2x` and `2y` mean the
    /// same, as in Django's bcrypt library.
    pub(crate) fn parse(input: Input, crypt: &str) -> Option<Self> {
        let parts: HashParts = crypt.parse().ok()?;
        let cost = Cost::new(parts.get_cost()).ok()?;
        // `+5` is parsed as a cost, but nobody writes one so.
        let is_canonical = crypt.ends_with(parts.to_string().strip_prefix("$2b")?);
        let checksum = BASE_64.decode(crypt.get(CHECKSUM_AT..)?).ok()?.try_into().ok()?;
        let parsed = Self { input, cost, salt: parts.get_salt_raw(), checksum: Checksum(checksum) };
        is_canonical.then_some(parsed)
    }

    pub(crate) fn input(&self) -> Input {
        self.input
    }

    pub(crate) fn cost(&self) -> Cost {
        self.cost
    }

    pub(crate) fn checksum(&self) -> Checksum {
        self.checksum
    }

    /// What a checksum of the password is computed over.
    pub(crate) fn preimage(&self, password: &Password) -> Preimage {
        self.input.preimage(password, self.salt)
    }
}

/// A new hash of the preferred scheme.
pub(crate) fn encode_sha256(cost: Cost, salt: [u8; SALT_BYTES], checksum: &Checksum) -> PasswordHash {
    let (cost, salt, checksum) = (cost.as_u32(), BASE_64.encode(salt), BASE_64.encode(checksum.0));
    PasswordHash::from_encoded(format!("bcrypt_sha256$$2b${cost:02}${salt}{checksum}"))
}

fn sha256_hex(password: &Password) -> Zeroizing<Vec<u8>> {
    let digest = Sha256::digest(password.expose());
    Zeroizing::new(digest.iter().flat_map(|byte| [hex_digit(byte >> 4), hex_digit(byte & 0xf)]).collect())
}

fn hex_digit(nibble: u8) -> u8 {
    if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Engine;

    fn checksums(cost: Cost, preimages: [&Preimage; 2]) -> [Checksum; 2] {
        Engine::Interleaved.checksums(cost, &preimages).try_into().unwrap()
    }

    fn matches(input: Input, crypt: &str, plaintext: &str) -> bool {
        let password = Password::new(plaintext).unwrap();
        let stored = Bcrypt::parse(input, crypt).expect(crypt);
        let preimage = stored.preimage(&password);
        let oracle = Engine::Crate.checksums(stored.cost, &[&preimage])[0];
        for count in 1..=Engine::Interleaved.lanes() {
            let computed = Engine::Interleaved.checksums(stored.cost, &vec![&preimage; count]);
            assert_eq!(computed, vec![oracle; count], "the engines disagree on {crypt}");
        }
        oracle == stored.checksum
    }

    #[test]
    fn published_vectors_match() {
        // From the test suites of crypt_blowfish (Openwall) and jBCrypt.
        for (crypt, plaintext) in [
            ("$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"),
            ("$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK", "U*U*"),
            ("$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a", "U*U*U"),
            ("$2a$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy", ""),
            (
                "$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui",
                "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789\
                 chars after 72 are ignored",
            ),
            ("$2a$06$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s.", ""),
            ("$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe", "a"),
            ("$2a$08$aTsUwsyowQuzRrDqFflhgekJ8d9/7Z3GV3UcgvzQW3J5zMyrTvlz.", "abcdefghijklmnopqrstuvwxyz"),
        ] {
            assert!(matches(Input::Plain, crypt, plaintext), "{crypt}");
            assert!(!matches(Input::Plain, crypt, &format!("x{plaintext}")), "{crypt}");
        }
    }

    #[test]
    fn every_version_means_the_same() {
        for version in ["2a", "2b", "2x", "2y"] {
            let crypt = format!("${version}$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW");
            assert!(matches(Input::Plain, &crypt, "U*U"), "{version}");
        }
    }

    #[test]
    fn hashes_outside_of_the_bounds_or_the_form_are_refused() {
        let salted = "CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
        for cost in ["00", "03", "17", "31", "99", "+5", " 5", "a5"] {
            assert!(Bcrypt::parse(Input::Plain, &format!("$2b${cost}${salted}")).is_none(), "{cost}");
        }
        for crypt in ["", "$2b$05$", "$2$05$CCCC", &format!("$1b$05${salted}"), &format!("$2b$05${salted}x")]
        {
            assert!(Bcrypt::parse(Input::Plain, crypt).is_none(), "{crypt}");
        }
        assert!(Bcrypt::parse(Input::Plain, &format!("$2b$05${}é", salted.split_at(51).0)).is_none());
    }

    #[test]
    fn plain_bcrypt_sees_72_bytes_and_bcrypt_sha256_all_of_them() {
        let salt = [3; SALT_BYTES];
        for length in [70, 71, 72, 73] {
            let shared = "p".repeat(length);
            let [one, other] = ["1", "2"].map(|tail| Password::new(shared.clone() + tail).unwrap());
            for (input, sees_all) in [(Input::Plain, length < 72), (Input::Sha256, true)] {
                let [first, second] =
                    checksums(Cost::MIN, [&input.preimage(&one, salt), &input.preimage(&other, salt)]);
                assert_eq!(first != second, sees_all, "{length} bytes in common");
            }
        }
    }
}
