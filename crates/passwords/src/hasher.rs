//! The hash functions behind one door, without threads.

use crate::cost::Cost;
use crate::schemes::{Encoded, bcrypt};
use doorward_domain::hashing::{HashError, Verification};
use doorward_domain::password::{Password, PasswordHash};
use doorward_domain::random::Random;
use std::fmt;
use std::sync::Arc;

/// Hashes and verifies passwords on the thread that calls it.
///
/// Cheap to clone. In an async service, reach for [`HashLane`](crate::HashLane): one call here
/// costs a quarter of a second of a core.
#[derive(Clone)]
pub struct DjangoHasher {
    cost: Cost,
    random: Arc<dyn Random>,
}

impl DjangoHasher {
    /// A hasher whose new hashes are `bcrypt_sha256` of this cost, with salts from `random`.
    pub fn new(cost: Cost, random: Arc<dyn Random>) -> Self {
        Self { cost, random }
    }

    /// The cost of new hashes.
    pub fn cost(&self) -> Cost {
        self.cost
    }

    /// The hash of a new password: `bcrypt_sha256$$2b$<cost>$<salt and checksum>`.
    ///
    /// The only error is [`HashError::Failed`].
    pub fn hash(&self, password: &Password) -> Result<PasswordHash, HashError> {
        let mut salt = [0; bcrypt::SALT_BYTES];
        self.random.fill(&mut salt);
        bcrypt::encode_sha256(password, self.cost, salt)
    }

    /// Compares a password with a stored hash.
    ///
    /// `None` is for an account that does not exist. It, an unusable hash, and one that cannot be
    /// parsed or is out of bounds take as long as a hash of the preferred scheme and cost, and match
    /// no password. A match is `outdated` when its scheme is not `bcrypt_sha256` or its cost is not
    /// the configured one.
    ///
    /// The only error is [`HashError::Failed`]: there was no memory.
    pub fn verify(
        &self,
        password: &Password,
        hash: Option<&PasswordHash>,
    ) -> Result<Verification, HashError> {
        let Some(encoded) = hash.and_then(Encoded::parse) else {
            bcrypt::spend(password, self.cost)?;
            return Ok(Verification::Mismatch);
        };
        if encoded.matches(password)? {
            return Ok(Verification::Match { outdated: !encoded.is_preferred(self.cost) });
        }
        if let Encoded::Bcrypt(cheaper) = &encoded {
            // 2^c + 2^(c+1) + … + 2^(p-1) rounds more, and 2^p were spent in all.
            for missing in cheaper.cost().up_to(self.cost) {
                bcrypt::spend(password, missing)?;
            }
        }
        Ok(Verification::Mismatch)
    }
}

impl fmt::Debug for DjangoHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DjangoHasher").field("cost", &self.cost).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schemes::bcrypt::rounds_spent;

    struct Salts;

    impl Random for Salts {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(0x5a);
        }
    }

    fn hasher(cost: u32) -> DjangoHasher {
        DjangoHasher::new(Cost::new(cost).unwrap(), Arc::new(Salts))
    }

    fn password(plaintext: &str) -> Password {
        Password::new(plaintext).unwrap()
    }

    #[test]
    fn whatever_matches_nothing_costs_one_hash_of_the_preferred_cost() {
        let hasher = hasher(6);
        let expected = rounds_spent(|| {
            hasher.hash(&password("p")).unwrap();
        });
        assert_eq!(expected, 1 << 6);
        let hopeless = [
            "",
            "!",
            "!Qk9tYWtlbWVhdW51c2FibGVwYXNzd29yZA",
            "plain text",
            "md5$salt$5f4dcc3b5aa765d61d8327deb882cf99",
            "bcrypt_sha256$$2b$31$rw1M.2LqCsCsGYlKhS3Pa.cmWmsODsQlT8W6tK8Jk8gAgg5zfDt5O",
            "bcrypt_sha256$$2b$04$short",
            "pbkdf2_sha256$4000000000$salt$7DsfxvsNBIVuIFCtnNgJB9wJSgtwlSQ+ei9eT30I+cw=",
        ]
        .map(|encoded| Some(PasswordHash::from_encoded(encoded)));
        for hash in hopeless.iter().chain(&[None]) {
            let spent = rounds_spent(|| {
                assert_eq!(hasher.verify(&password("p"), hash.as_ref()), Ok(Verification::Mismatch));
            });
            assert_eq!(spent, expected, "{:?}", hash.as_ref().map(PasswordHash::as_encoded));
        }
    }

    #[test]
    fn a_wrong_password_for_a_cheaper_bcrypt_hash_costs_as_much_as_for_a_preferred_one() {
        for scheme in ["bcrypt_sha256", "bcrypt"] {
            let stored = PasswordHash::from_encoded(format!(
                "{scheme}$$2b$04$rw1M.2LqCsCsGYlKhS3Pa.cmWmsODsQlT8W6tK8Jk8gAgg5zfDt5O"
            ));
            let spent = rounds_spent(|| {
                let verification = hasher(8).verify(&password("wrong"), Some(&stored));
                assert_eq!(verification, Ok(Verification::Mismatch));
            });
            assert_eq!(spent, 1 << 8, "{scheme}");
        }
    }

    #[test]
    fn a_match_of_another_cost_is_outdated_whether_lower_or_higher() {
        let password = password("correct horse battery staple");
        let stored = hasher(5).hash(&password).unwrap();
        for (cost, outdated) in [(4, true), (5, false), (6, true)] {
            let verification = hasher(cost).verify(&password, Some(&stored));
            assert_eq!(verification, Ok(Verification::Match { outdated }), "configured cost {cost}");
        }
    }

    #[test]
    fn the_salt_comes_from_the_random_port() {
        let hash = hasher(4).hash(&password("p")).unwrap();
        assert!(
            hash.as_encoded().starts_with("bcrypt_sha256$$2b$04$UjnYUjnYUjnYUjnYUjnYU"),
            "{}",
            hash.as_encoded()
        );
    }
}
