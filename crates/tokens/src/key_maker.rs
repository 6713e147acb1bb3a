//! Making signing keys.

use crate::hex::hex;
use crate::jwk;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use doorward_domain::keys::{Algorithm, KeyId, KeyMaker, NewKey};
use doorward_domain::random::Random;
use std::sync::Arc;
use zeroize::Zeroizing;

/// Makes keys from the bytes of a [`Random`].
pub struct AwsKeyMaker {
    random: Arc<dyn Random>,
}

impl AwsKeyMaker {
    /// A maker that draws from `random`.
    pub fn new(random: Arc<dyn Random>) -> Self {
        Self { random }
    }

    fn draw<const N: usize>(&self) -> Zeroizing<[u8; N]> {
        let mut bytes = Zeroizing::new([0; N]);
        self.random.fill(bytes.as_mut_slice());
        bytes
    }
}

impl KeyMaker for AwsKeyMaker {
    /// An Ed25519 key is named by its thumbprint (RFC 7638), in PKCS #8 (RFC 8410). A shared secret
    /// is named at random: a name that is derived from a secret would tell something about it.
    #[expect(
        clippy::expect_used,
        reason = "any 32 bytes are an Ed25519 private key (RFC 8032, section 5.1.5)"
    )]
    fn make(&self, algorithm: Algorithm) -> NewKey {
        match algorithm {
            Algorithm::EdDsa => {
                let pair = Ed25519KeyPair::from_seed_unchecked(self.draw::<32>().as_slice())
                    .expect("a seed of 32 bytes");
                let pkcs8 = pair.to_pkcs8v1().expect("a key that was just made");
                NewKey {
                    id: KeyId(jwk::thumbprint(pair.public_key().as_ref())),
                    material: Zeroizing::new(pkcs8.as_ref().to_vec()),
                }
            }
            Algorithm::Hs256 => NewKey {
                id: KeyId(hex(self.draw::<16>().as_slice())),
                material: Zeroizing::new(self.draw::<32>().to_vec()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::support::SeededRandom;

    fn maker(seed: u64) -> AwsKeyMaker {
        AwsKeyMaker::new(Arc::new(SeededRandom::new(seed)))
    }

    #[test]
    fn an_ed25519_key_is_pkcs8_and_is_named_by_its_thumbprint() {
        let key = maker(1).make(Algorithm::EdDsa);
        let pair = Ed25519KeyPair::from_pkcs8(&key.material).unwrap();
        assert_eq!(key.id.0, jwk::thumbprint(pair.public_key().as_ref()));
        assert_eq!(key.id.0.len(), 43);
    }

    #[test]
    fn a_shared_secret_has_256_bits_and_a_name_that_is_not_derived_from_it() {
        let key = maker(1).make(Algorithm::Hs256);
        assert_eq!(key.material.len(), 32);
        assert_eq!(key.id.0.len(), 32);
        assert!(!hex(&key.material).contains(&key.id.0));
    }

    #[test]
    fn no_two_keys_are_alike() {
        for algorithm in [Algorithm::EdDsa, Algorithm::Hs256] {
            let maker = maker(1);
            let (one, other) = (maker.make(algorithm), maker.make(algorithm));
            assert_ne!(one.id, other.id);
            assert!(one.material != other.material);
        }
    }
}
