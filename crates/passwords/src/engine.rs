//! Which code computes bcrypt.

use crate::cost::Cost;
use crate::eksblowfish::{self, Checksum, MAX_LANES, Preimage};

/// What computes bcrypt. All engines compute the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Engine {
    /// This crate's own code: up to four hashes at once on one thread, in much less time than one
    /// after the other. It is safe Rust, and its tests compare it with the other engine.
    #[default]
    Interleaved,
    /// The `bcrypt` crate, one hash at a time.
    Crate,
}

impl Engine {
    /// How many hashes it computes at once.
    pub(crate) const fn lanes(self) -> usize {
        match self {
            Self::Interleaved => MAX_LANES,
            Self::Crate => 1,
        }
    }

    /// bcrypt of one cost over each of the preimages, in their order.
    pub(crate) fn checksums(self, cost: Cost, preimages: &[&Preimage]) -> Vec<Checksum> {
        #[cfg(test)]
        ROUNDS.with(|rounds| {
            let hashes = u64::try_from(preimages.len()).unwrap();
            rounds.set(rounds.get() + (hashes << cost.as_u32()));
        });
        preimages.chunks(self.lanes()).flat_map(|together| self.at_once(cost, together)).collect()
    }

    fn at_once(self, cost: Cost, preimages: &[&Preimage]) -> Vec<Checksum> {
        match (self, preimages) {
            (Self::Interleaved, &[a]) => eksblowfish::checksums(cost, [a]).into(),
            (Self::Interleaved, &[a, b]) => eksblowfish::checksums(cost, [a, b]).into(),
            (Self::Interleaved, &[a, b, c]) => eksblowfish::checksums(cost, [a, b, c]).into(),
            (Self::Interleaved, &[a, b, c, d]) => eksblowfish::checksums(cost, [a, b, c, d]).into(),
            _ => preimages.iter().map(|preimage| crates_own(cost, preimage)).collect(),
        }
    }
}

fn crates_own(cost: Cost, preimage: &Preimage) -> Checksum {
    let [checksum @ .., _] = bcrypt::bcrypt(cost.as_u32(), preimage.salt(), preimage.key());
    Checksum(checksum)
}

#[cfg(test)]
thread_local! {
    static ROUNDS: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

/// How many rounds of bcrypt `action` computes on this thread: time, told without a clock.
#[cfg(test)]
pub(crate) fn rounds_spent(action: impl FnOnce()) -> u64 {
    let before = ROUNDS.get();
    action();
    ROUNDS.get() - before
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    /// The `bcrypt` crate's own way from a password to a hash, with its own NUL, repetition and cut.
    fn oracle(password: &[u8], cost: Cost, salt: [u8; 16]) -> String {
        bcrypt::hash_with_salt(password, cost.as_u32(), salt).unwrap().to_string()
    }

    fn encoded(cost: Cost, salt: [u8; 16], checksum: Checksum) -> String {
        use base64::Engine as _;
        let [salt, checksum] = [&salt[..], &checksum.0].map(|bytes| bcrypt::BASE_64.encode(bytes));
        format!("$2b${:02}${salt}{checksum}", cost.as_u32())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

        /// One to nine hashes: every number of lanes, each lane's place, and more than fit at once.
        #[test]
        fn every_engine_computes_what_the_bcrypt_crate_computes(
            inputs in vec((vec(prop_oneof![4 => any::<u8>(), 1 => Just(0)], 0..=80), any::<[u8; 16]>()), 1..=9),
            cost in 4..=6_u32,
        ) {
            let cost = Cost::new(cost).unwrap();
            let expected: Vec<_> = inputs.iter().map(|(password, salt)| oracle(password, cost, *salt)).collect();
            let preimages: Vec<_> = inputs.iter().map(|(password, salt)| Preimage::new(password, *salt)).collect();
            let preimages: Vec<_> = preimages.iter().collect();
            for engine in [Engine::Interleaved, Engine::Crate] {
                let computed = engine.checksums(cost, &preimages).into_iter().zip(&inputs);
                let computed: Vec<_> = computed.map(|(checksum, (_, salt))| encoded(cost, *salt, checksum)).collect();
                prop_assert_eq!(&computed, &expected, "{:?}", engine);
            }
        }
    }

    #[test]
    fn every_length_of_a_password_is_repeated_and_cut_as_the_bcrypt_crate_does_it() {
        let text: Vec<u8> = (1..=80).collect();
        for length in 0..=text.len() {
            let (password, _) = text.split_at(length);
            let preimage = Preimage::new(password, [9; 16]);
            let computed = Engine::Interleaved.checksums(Cost::MIN, &[&preimage]);
            assert_eq!(
                encoded(Cost::MIN, [9; 16], computed[0]),
                oracle(password, Cost::MIN, [9; 16]),
                "{length} bytes"
            );
        }
    }

    #[test]
    fn nothing_is_computed_over_nothing() {
        assert_eq!(Engine::Interleaved.checksums(Cost::MAX, &[]), []);
    }
}
