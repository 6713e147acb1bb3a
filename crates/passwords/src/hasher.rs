//! The hash functions behind one door, without threads.

use crate::computation::Computation;
use crate::cost::Cost;
use crate::eksblowfish::{Checksum, Preimage};
use crate::engine::Engine;
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
    engine: Engine,
    random: Arc<dyn Random>,
}

impl DjangoHasher {
    /// A hasher whose new hashes are `bcrypt_sha256` of this cost, with salts from `random`.
    pub fn new(cost: Cost, random: Arc<dyn Random>) -> Self {
        Self { cost, engine: Engine::default(), random }
    }

    /// The same hasher, with another engine under it.
    #[must_use]
    pub fn with_engine(self, engine: Engine) -> Self {
        Self { engine, ..self }
    }

    /// The cost of new hashes.
    pub fn cost(&self) -> Cost {
        self.cost
    }

    /// What computes bcrypt.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// The hash of a new password: `bcrypt_sha256$$2b$<cost>$<salt and checksum>`.
    ///
    /// The only error is [`HashError::Failed`].
    pub fn hash(&self, password: &Password) -> Result<PasswordHash, HashError> {
        let computation = self.begin_hash(password);
        Ok(computation.encoded(&self.compute_alone(&computation)?))
    }

    /// The hashes of new passwords, in their order: with [`Engine::Interleaved`], three to four times
    /// as many a second as one by one.
    pub fn hash_all<'a>(&self, passwords: impl IntoIterator<Item = &'a Password>) -> Vec<PasswordHash> {
        let computations: Vec<_> = passwords.into_iter().map(|password| self.begin_hash(password)).collect();
        let computed = self.compute(&computations.iter().collect::<Vec<_>>());
        computations
            .iter()
            .zip(&computed)
            .map(|(computation, checksum)| computation.encoded(checksum))
            .collect()
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
        match self.begin_verify(password, hash.and_then(Encoded::parse).as_ref())? {
            Begun::Settled(verification) => Ok(verification),
            Begun::Bcrypt(computation) => Ok(computation.verification(&self.compute_alone(&computation)?)),
        }
    }

    /// Draws the salt of a new hash.
    pub(crate) fn begin_hash(&self, password: &Password) -> Computation {
        let mut salt = [0; bcrypt::SALT_BYTES];
        self.random.fill(&mut salt);
        Computation::new_hash(password, self.cost, salt)
    }

    /// Verifies up to where bcrypt has to be computed.
    pub(crate) fn begin_verify(
        &self,
        password: &Password,
        stored: Option<&Encoded>,
    ) -> Result<Begun, HashError> {
        Ok(match stored {
            None => Begun::Bcrypt(Computation::pretence(password, self.cost)),
            Some(Encoded::Bcrypt(stored)) => Begun::Bcrypt(Computation::check(password, stored, self.cost)),
            Some(Encoded::Other(stored)) => Begun::Settled(if stored.matches(password)? {
                Verification::Match { outdated: true }
            } else {
                Verification::Mismatch
            }),
        })
    }

    /// The cost of the bcrypt that a verification takes, if it takes any.
    pub(crate) fn bcrypt_cost(&self, stored: Option<&Encoded>) -> Option<Cost> {
        match stored {
            None => Some(self.cost),
            Some(Encoded::Bcrypt(stored)) => Some(stored.cost()),
            Some(Encoded::Other(_)) => None,
        }
    }

    /// Computes bcrypt for all of them, in their order; those of one cost that stand together, at
    /// once. A mismatch with a hash of a lower cost is made as expensive as one of the preferred cost.
    pub(crate) fn compute(&self, computations: &[&Computation]) -> Vec<Checksum> {
        let alike = computations.chunk_by(|one, next| one.cost() == next.cost());
        alike.flat_map(|alike| self.compute_alike(alike)).collect()
    }

    fn compute_alike(&self, computations: &[&Computation]) -> Vec<Checksum> {
        let Some(cost) = computations.first().map(|computation| computation.cost()) else {
            return Vec::new();
        };
        let preimages: Vec<&Preimage> =
            computations.iter().map(|computation| computation.preimage()).collect();
        let checksums = self.engine.checksums(cost, &preimages);
        let failed: Vec<&Preimage> = computations
            .iter()
            .zip(&checksums)
            .filter(|(computation, checksum)| computation.fails(checksum))
            .map(|(computation, _)| computation.preimage())
            .collect();
        // 2^c + 2^(c+1) + … + 2^(p-1) rounds more, and 2^p were spent in all.
        for missing in cost.up_to(self.cost) {
            std::hint::black_box(self.engine.checksums(missing, &failed));
        }
        checksums
    }

    fn compute_alone(&self, computation: &Computation) -> Result<Checksum, HashError> {
        self.compute(&[computation]).pop().ok_or(HashError::Failed)
    }
}

/// A verification, as far as it goes without bcrypt.
pub(crate) enum Begun {
    /// It took none.
    Settled(Verification),
    /// It waits for this.
    Bcrypt(Computation),
}

impl fmt::Debug for DjangoHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DjangoHasher")
            .field("cost", &self.cost)
            .field("engine", &self.engine)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::rounds_spent;

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
    fn among_others_computed_at_once_a_wrong_password_costs_no_less() {
        let right = password("right");
        let stored = hasher(4).hash(&right).unwrap();
        let stored = Encoded::parse(&stored);
        let hasher = hasher(6);
        let begun: Vec<_> = [&right, &password("wrong"), &password("also wrong")]
            .into_iter()
            .map(|password| match hasher.begin_verify(password, stored.as_ref()).unwrap() {
                Begun::Bcrypt(computation) => computation,
                Begun::Settled(_) => panic!("bcrypt takes bcrypt"),
            })
            .collect();
        let spent = rounds_spent(|| {
            let checksums = hasher.compute(&begun.iter().collect::<Vec<_>>());
            let verified: Vec<_> =
                begun.iter().zip(&checksums).map(|(begun, checksum)| begun.verification(checksum)).collect();
            let outdated = Verification::Match { outdated: true };
            assert_eq!(verified, [outdated, Verification::Mismatch, Verification::Mismatch]);
        });
        assert_eq!(spent, (1 << 4) + 2 * (1 << 6));
    }

    #[test]
    fn computations_of_several_costs_keep_their_order_and_their_costs() {
        let hashers = [4, 5, 4, 4, 5].map(hasher);
        let computations = hashers.each_ref().map(|hasher| hasher.begin_hash(&password("p")));
        let checksums = hashers[0].compute(&computations.each_ref());
        for ((hasher, computation), checksum) in hashers.iter().zip(&computations).zip(&checksums) {
            assert_eq!(computation.encoded(checksum), hasher.hash(&password("p")).unwrap());
        }
    }

    #[test]
    fn hashes_made_at_once_match_their_passwords_in_order_with_either_engine() {
        let passwords: Vec<_> = ["a", "b", "c", "d", "e", "f"].map(password).into();
        for engine in [Engine::Interleaved, Engine::Crate] {
            let subject = hasher(4).with_engine(engine);
            let hashes = subject.hash_all(&passwords);
            assert_eq!(hashes.len(), passwords.len());
            for (password, hash) in passwords.iter().zip(&hashes) {
                let verification = subject.verify(password, Some(hash));
                assert_eq!(verification, Ok(Verification::Match { outdated: false }));
            }
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
