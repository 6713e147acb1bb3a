//! The one secret that has to be kept: every other key is derived from it or sealed under it.

use crate::hex::hex;
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use doorward_domain::random::Random;
use doorward_domain::sealing::Fingerprint;
use std::fmt;
use zeroize::Zeroizing;

/// 32 random bytes, written as base64. Wiped from memory when dropped; `Debug` does not print it.
#[derive(Clone)]
pub struct RootSecret(Zeroizing<[u8; Self::LEN]>);

/// Why a text is not a [`RootSecret`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RootSecretError {
    /// Not base64 (RFC 4648, section 4, with padding).
    #[error("the root secret is not base64")]
    NotBase64,
    /// Base64 of fewer or more bytes.
    #[error("the root secret must be the base64 form of {} bytes, not of {found}", RootSecret::LEN)]
    WrongLength {
        /// How many bytes there are.
        found: usize,
    },
    /// Bytes that no random generator drew: a text, a sequence, a repetition.
    #[error("the root secret is not random; draw a new one")]
    Weak,
}

impl RootSecret {
    /// Its bytes.
    pub const LEN: usize = 32;

    /// A new secret.
    pub fn generate(random: &dyn Random) -> Self {
        let mut bytes = Zeroizing::new([0; Self::LEN]);
        random.fill(bytes.as_mut_slice());
        Self(bytes)
    }

    /// Reads the text form; white space around it is ignored, as files end with a new line.
    ///
    /// # Errors
    /// [`RootSecretError`], which does not repeat the text.
    pub fn parse(text: &str) -> Result<Self, RootSecretError> {
        let decoded = STANDARD.decode(text.trim()).map_err(|_| RootSecretError::NotBase64)?;
        let decoded = Zeroizing::new(decoded);
        let bytes = <[u8; Self::LEN]>::try_from(decoded.as_slice())
            .map_err(|_| RootSecretError::WrongLength { found: decoded.len() })?;
        let bytes = Zeroizing::new(bytes);
        if looks_random(bytes.as_slice()) { Ok(Self(bytes)) } else { Err(RootSecretError::Weak) }
    }

    /// The text form.
    pub fn to_text(&self) -> Zeroizing<String> {
        Zeroizing::new(STANDARD.encode(self.0.as_slice()))
    }

    /// Its public name, derived one way.
    pub fn fingerprint(&self) -> Fingerprint {
        let derived = self.derive("fingerprint");
        Fingerprint(hex(derived.get(..16).unwrap_or_default()))
    }

    /// The key for one purpose (HKDF, RFC 5869): knowing it tells nothing about the others.
    #[expect(clippy::expect_used, reason = "HKDF fails only beyond 255 blocks of output; this is one")]
    pub(crate) fn derive(&self, purpose: &str) -> Zeroizing<[u8; 32]> {
        let mut key = Zeroizing::new([0; 32]);
        Salt::new(HKDF_SHA256, b"doorward root secret v1")
            .extract(self.0.as_slice())
            .expand(&[purpose.as_bytes()], HKDF_SHA256)
            .and_then(|output| output.fill(key.as_mut_slice()))
            .expect("one block of output");
        key
    }
}

impl fmt::Debug for RootSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RootSecret(…)")
    }
}

/// Whether 32 random bytes could look like this. Each test refuses a random secret less than once
/// in 10¹³ draws.
fn looks_random(bytes: &[u8]) -> bool {
    let mut distinct = Zeroizing::new(bytes.to_vec());
    distinct.sort_unstable();
    distinct.dedup();
    let steps: Zeroizing<Vec<u8>> =
        Zeroizing::new(bytes.iter().zip(bytes.iter().skip(1)).map(|(a, b)| b.wrapping_sub(*a)).collect());
    let is_sequence = steps.iter().all(|step| Some(step) == steps.first());
    let is_text = bytes.iter().all(|byte| matches!(byte, b' '..=b'~'));
    distinct.len() >= 16 && !is_sequence && !is_text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::support::SeededRandom;

    fn secret(seed: u64) -> RootSecret {
        RootSecret::generate(&SeededRandom::new(seed))
    }

    #[test]
    fn its_text_form_reads_back() {
        let text = secret(1).to_text();
        assert_eq!(text.len(), 44);
        assert_eq!(*RootSecret::parse(&format!(" {}\r\n", *text)).unwrap().to_text(), *text);
    }

    #[test]
    fn what_is_not_base64_of_32_bytes_is_refused() {
        let error = |text: &str| RootSecret::parse(text).unwrap_err();
        assert_eq!(error("django-insecure-é"), RootSecretError::NotBase64);
        assert_eq!(error("c2hvcnQ"), RootSecretError::NotBase64, "no padding");
        assert_eq!(error(""), RootSecretError::WrongLength { found: 0 });
        assert_eq!(error(&STANDARD.encode([7; 31])), RootSecretError::WrongLength { found: 31 });
        assert_eq!(error(&STANDARD.encode([7; 33])), RootSecretError::WrongLength { found: 33 });
    }

    #[test]
    fn what_no_generator_drew_is_refused() {
        let ascending: [u8; 32] = std::array::from_fn(|i| u8::try_from(i).unwrap());
        let alternating: [u8; 32] = std::array::from_fn(|i| if i % 2 == 0 { 0xa5 } else { 0x5a });
        for weak in [[0; 32], [0xff; 32], ascending, alternating, *b"change-me-to-32-random-bytes-pls"] {
            assert_eq!(
                RootSecret::parse(&STANDARD.encode(weak)).unwrap_err(),
                RootSecretError::Weak,
                "{weak:?}"
            );
        }
    }

    #[test]
    fn what_a_generator_drew_is_taken() {
        for seed in 0..2000 {
            RootSecret::parse(&secret(seed).to_text()).unwrap();
        }
    }

    #[test]
    fn each_purpose_and_each_secret_has_its_own_key() {
        let keys = [secret(1).derive("a"), secret(1).derive("b"), secret(2).derive("a")];
        assert_eq!(keys[0], secret(1).derive("a"));
        assert!(keys[0] != keys[1] && keys[0] != keys[2] && keys[1] != keys[2]);
        assert_ne!(secret(1).fingerprint(), secret(2).fingerprint());
    }

    #[test]
    fn debug_and_errors_tell_nothing() {
        let secret = secret(1);
        assert_eq!(format!("{secret:?}"), "RootSecret(…)");
        let wrong = format!("{}AAAA", *secret.to_text()).replace('=', "A");
        let error = RootSecret::parse(&wrong).unwrap_err();
        assert!(!format!("{error} {error:?}").contains(wrong.get(..8).unwrap()));
    }
}
