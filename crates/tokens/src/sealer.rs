//! Secrets at rest: AES-256-GCM under a key derived from the root secret.

use crate::root_secret::RootSecret;
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use doorward_domain::random::Random;
use doorward_domain::sealing::{DoesNotOpen, Fingerprint, SealedAs, Sealer};
use std::fmt;
use std::sync::Arc;
use zeroize::Zeroizing;

/// Seals under one root secret.
///
/// A sealed value is `version (1) ‖ root id (8) ‖ nonce (12) ‖ ciphertext ‖ tag (16)`. The version,
/// the root's id, and the table, row and purpose are authenticated with it.
///
/// Nonces are random, so one root secret may seal 2³² values (NIST SP 800-38D, section 8.3): with a
/// letter a second, which is the most that a server seals, that is 136 years.
pub struct RootSealer {
    key: LessSafeKey,
    fingerprint: Fingerprint,
    root_id: [u8; ROOT_ID_LEN],
    random: Arc<dyn Random>,
}

const VERSION: u8 = 1;
const ROOT_ID_LEN: usize = 8;

impl RootSealer {
    /// A sealer under `root`, which draws its nonces from `random`.
    #[expect(clippy::expect_used, clippy::missing_panics_doc, reason = "the key has the algorithm's length")]
    pub fn new(root: &RootSecret, random: Arc<dyn Random>) -> Self {
        let key =
            UnboundKey::new(&AES_256_GCM, root.derive("sealing").as_slice()).expect("a key of 32 bytes");
        let mut root_id = [0; ROOT_ID_LEN];
        for (to, from) in root_id.iter_mut().zip(root.derive("sealed by").iter()) {
            *to = *from;
        }
        Self { key: LessSafeKey::new(key), fingerprint: root.fingerprint(), root_id, random }
    }

    /// What is authenticated beside the value. Each text is preceded by its length, so that no two
    /// places read alike.
    fn place(&self, as_what: SealedAs<'_>) -> Vec<u8> {
        let SealedAs { table, row, purpose } = as_what;
        let mut place = vec![VERSION];
        place.extend_from_slice(&self.root_id);
        for text in [table, row, purpose] {
            place.extend_from_slice(&u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
            place.extend_from_slice(text.as_bytes());
        }
        place
    }
}

impl Sealer for RootSealer {
    fn fingerprint(&self) -> Fingerprint {
        self.fingerprint.clone()
    }

    #[expect(
        clippy::expect_used,
        reason = "AES-GCM fails only beyond 64 GiB; storing nothing would lose the secret"
    )]
    fn seal(&self, as_what: SealedAs<'_>, plain: &[u8]) -> Vec<u8> {
        let mut nonce = [0; NONCE_LEN];
        self.random.fill(&mut nonce);
        let mut sealed = vec![VERSION];
        sealed.extend_from_slice(&self.root_id);
        sealed.extend_from_slice(&nonce);
        let mut text = Zeroizing::new(plain.to_vec());
        let tag = self
            .key
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(self.place(as_what)),
                &mut text,
            )
            .expect("a short value");
        sealed.extend_from_slice(&text);
        sealed.extend_from_slice(tag.as_ref());
        sealed
    }

    fn open(&self, as_what: SealedAs<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, DoesNotOpen> {
        let rest = sealed.strip_prefix(&[VERSION]).ok_or(DoesNotOpen)?;
        let rest = rest.strip_prefix(&self.root_id).ok_or(DoesNotOpen)?;
        let (nonce, rest) = rest.split_first_chunk::<NONCE_LEN>().ok_or(DoesNotOpen)?;
        let mut text = Zeroizing::new(rest.to_vec());
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let place = Aad::from(self.place(as_what));
        let length = self.key.open_in_place(nonce, place, &mut text).map_err(|_| DoesNotOpen)?.len();
        text.truncate(length);
        Ok(text)
    }
}

impl fmt::Debug for RootSealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RootSealer").field("fingerprint", &self.fingerprint).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::support::SeededRandom;

    const PLACE: SealedAs<'_> = SealedAs { table: "signing_keys", row: "key-1", purpose: "material" };

    fn sealer(seed: u64) -> RootSealer {
        let random = SeededRandom::new(seed);
        RootSealer::new(&RootSecret::generate(&random), Arc::new(random))
    }

    #[test]
    fn what_is_sealed_opens_in_its_place() {
        for plain in [&b""[..], b"x", &[7; 4096]] {
            let sealed = sealer(1).seal(PLACE, plain);
            assert_eq!(sealed.len(), 1 + 8 + 12 + plain.len() + 16);
            assert_eq!(sealer(1).open(PLACE, &sealed).unwrap().as_slice(), plain);
        }
    }

    #[test]
    fn sealing_twice_answers_different_bytes() {
        let one = sealer(1);
        assert_ne!(one.seal(PLACE, b"secret"), one.seal(PLACE, b"secret"));
    }

    #[test]
    fn a_value_moved_to_another_place_does_not_open() {
        let one = sealer(1);
        let sealed = one.seal(PLACE, b"secret");
        let elsewhere = [
            SealedAs { table: "users", ..PLACE },
            SealedAs { row: "key-2", ..PLACE },
            SealedAs { purpose: "backup", ..PLACE },
            SealedAs { table: "signing_keysk", row: "ey-1", purpose: "material" },
            SealedAs { table: "signing_keys", row: "key-1material", purpose: "" },
            SealedAs { table: "signing_keys", row: "material", purpose: "key-1" },
        ];
        for place in elsewhere {
            assert_eq!(one.open(place, &sealed), Err(DoesNotOpen), "{place:?}");
        }
    }

    #[test]
    fn a_value_does_not_open_under_another_root() {
        assert_eq!(sealer(2).open(PLACE, &sealer(1).seal(PLACE, b"secret")), Err(DoesNotOpen));
        assert_ne!(sealer(2).fingerprint(), sealer(1).fingerprint());
    }

    #[test]
    fn no_bit_of_a_sealed_value_can_be_flipped_and_no_byte_cut_or_added() {
        let one = sealer(1);
        let sealed = one.seal(PLACE, b"secret");
        for (at, bit) in (0..sealed.len()).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
            let mut changed = sealed.clone();
            changed[at] ^= 1 << bit;
            assert_eq!(one.open(PLACE, &changed), Err(DoesNotOpen), "byte {at}, bit {bit}");
        }
        for length in 0..sealed.len() {
            assert_eq!(one.open(PLACE, &sealed[..length]), Err(DoesNotOpen), "{length} bytes");
        }
        assert_eq!(one.open(PLACE, &[sealed, vec![0]].concat()), Err(DoesNotOpen));
    }

    #[test]
    fn the_plain_text_is_not_in_the_sealed_value() {
        let sealed = sealer(1).seal(PLACE, b"a secret of some length");
        assert!(!sealed.windows(6).any(|window| window == b"secret"));
        assert!(!format!("{:?}", sealer(1)).contains("key: "));
    }
}
