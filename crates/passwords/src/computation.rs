//! One use of bcrypt, in the two steps between which it is computed, alone or with others.

use crate::cost::Cost;
use crate::eksblowfish::{Checksum, Preimage};
use crate::schemes::bcrypt::{self, Bcrypt, Input, SALT_BYTES};
use doorward_domain::hashing::Verification;
use doorward_domain::password::{Password, PasswordHash};

/// bcrypt over a password, and what its checksum will mean.
pub(crate) struct Computation {
    cost: Cost,
    preimage: Preimage,
    expected: Option<Expected>,
}

struct Expected {
    checksum: Checksum,
    is_preferred: bool,
}

impl Computation {
    /// For a new hash.
    pub(crate) fn new_hash(password: &Password, cost: Cost, salt: [u8; SALT_BYTES]) -> Self {
        Self { cost, preimage: Input::Sha256.preimage(password, salt), expected: None }
    }

    /// For a stored hash.
    pub(crate) fn check(password: &Password, stored: &Bcrypt, preferred: Cost) -> Self {
        let is_preferred = stored.input() == Input::Sha256 && stored.cost() == preferred;
        let expected = Expected { checksum: stored.checksum(), is_preferred };
        Self { cost: stored.cost(), preimage: stored.preimage(password), expected: Some(expected) }
    }

    /// For nothing but the time that it takes.
    pub(crate) fn pretence(password: &Password, cost: Cost) -> Self {
        Self::new_hash(password, cost, [0; SALT_BYTES])
    }

    pub(crate) fn cost(&self) -> Cost {
        self.cost
    }

    pub(crate) fn preimage(&self) -> &Preimage {
        &self.preimage
    }

    /// Whether the password turns out to be a wrong one. There is none for a new hash.
    pub(crate) fn fails(&self, computed: &Checksum) -> bool {
        self.expected.as_ref().is_some_and(|expected| !expected.checksum.equals(computed))
    }

    /// What a check, or the pretence of one, came to.
    pub(crate) fn verification(&self, computed: &Checksum) -> Verification {
        match &self.expected {
            Some(expected) if expected.checksum.equals(computed) => {
                Verification::Match { outdated: !expected.is_preferred }
            }
            _ => Verification::Mismatch,
        }
    }

    /// The new hash.
    pub(crate) fn encoded(&self, computed: &Checksum) -> PasswordHash {
        bcrypt::encode_sha256(self.cost, self.preimage.salt(), computed)
    }
}
