//! The machine's randomness.

use doorward_domain::random::Random;

/// The generator of the operating system, asked each time. The one place where randomness is taken
/// from the air.
///
/// AWS-LC has a generator too; before its first number it measures the processor's jitter for some
/// twenty milliseconds, which a start would wait for.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct OsRandom;

impl OsRandom {
    /// The generator.
    pub fn new() -> Self {
        Self
    }
}

impl Random for OsRandom {
    /// # Panics
    /// If the operating system gives no randomness: nothing can be done safely without it.
    #[expect(clippy::expect_used, reason = "a secret that is not random must never be used")]
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the operating system gives randomness");
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
