//! The machine's randomness.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use doorward_domain::random::Random;

/// The generator of AWS-LC, seeded by the operating system. The one place where randomness is
/// taken from the air.
#[derive(Debug, Default)]
pub struct OsRandom(SystemRandom);

impl OsRandom {
    /// The generator.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Random for OsRandom {
    /// # Panics
    /// If the operating system gives no randomness: nothing can be done safely without it.
    #[expect(clippy::expect_used, reason = "a secret that is not random must never be used")]
    fn fill(&self, bytes: &mut [u8]) {
        self.0.fill(bytes).expect("the operating system gives randomness");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_draws_differ() {
        let (mut first, mut second) = ([0; 32], [0; 32]);
        OsRandom::new().fill(&mut first);
        OsRandom::new().fill(&mut second);
        assert_ne!(first, second);
        assert_ne!(first, [0; 32]);
    }
}
