//! Keys that a configuration gives: the secret that is shared with a Django service, and keys that
//! used to sign.

use crate::jws::VerifyingKey;
use jsonwebtoken::crypto::aws_lc;
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey};
use std::fmt;
use zeroize::Zeroizing;

/// The secret of HS256 that another service signs and verifies access tokens with too: simplejwt's
/// `SIGNING_KEY`, which is Django's `SECRET_KEY` unless it is set. The text is used as it is, in UTF-8.
#[derive(Clone)]
pub struct SharedKey(Zeroizing<String>);

/// A key that no longer signs, but whose access tokens are honoured until they expire and whose
/// refresh tokens are exchanged for sessions of ours. It is found by trying, since simplejwt's tokens
/// name no key.
#[derive(Clone)]
pub struct RetiringKey {
    algorithm: Algorithm,
    key: DecodingKey,
}

/// Why a configured key is refused. No message repeats the key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// RFC 7518, section 3.2: the key of an HMAC is at least as long as its hash.
    #[error("a key for {algorithm} must have at least {minimum} bytes; this one has {found}")]
    TooShort {
        /// The algorithm.
        algorithm: String,
        /// The fewest bytes.
        minimum: usize,
        /// The bytes that there are.
        found: usize,
    },
    /// Django's check `security.W009`: fewer than five different characters, or the prefix of keys
    /// that `startproject` writes into a file that is usually published.
    #[error("this key can be guessed: it repeats itself or begins with `django-insecure-`")]
    Guessable,
    /// A public key is given where a secret is due: whoever has read it could sign (CVE-2022-29217).
    #[error("a PEM or SSH key cannot be a shared secret")]
    NotASecret,
    /// No algorithm of that name is known.
    #[error(
        "`{0}` is none of HS256, HS384, HS512, RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, EdDSA"
    )]
    UnknownAlgorithm(String),
    /// Not a public key in PEM for the algorithm; RSA keys need 2048 bits (RFC 7518, section 3.3).
    #[error("not a public key in PEM form that {0} can use")]
    NotAPublicKey(String),
}

impl SharedKey {
    /// The fewest bytes of a shared secret.
    pub const MIN_BYTES: usize = 32;

    /// Checks a secret.
    ///
    /// # Errors
    /// [`KeyError::TooShort`], [`KeyError::Guessable`] or [`KeyError::NotASecret`].
    pub fn new(secret: impl Into<String>) -> Result<Self, KeyError> {
        let secret = Zeroizing::new(secret.into());
        check_secret(&secret, "HS256", Self::MIN_BYTES)?;
        Ok(Self(secret))
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl RetiringKey {
    /// A key for `algorithm`, named as in JOSE headers: the secret for an `HS…`, else the public key
    /// in PEM.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn new(algorithm: &str, material: &str) -> Result<Self, KeyError> {
        let unusable = || KeyError::NotAPublicKey(algorithm.to_owned());
        let parsed: Algorithm =
            algorithm.parse().map_err(|_| KeyError::UnknownAlgorithm(algorithm.to_owned()))?;
        let pem = material.as_bytes();
        let key = match parsed.family() {
            AlgorithmFamily::Hmac => {
                check_secret(material, algorithm, digest_bytes(parsed))?;
                Ok(DecodingKey::from_secret(pem))
            }
            AlgorithmFamily::Rsa => DecodingKey::from_rsa_pem(pem),
            AlgorithmFamily::Ec => DecodingKey::from_ec_pem(pem),
            AlgorithmFamily::Ed => DecodingKey::from_ed_pem(pem),
        };
        let key = key.map_err(|_| unusable())?;
        if fits(parsed, &key) { Ok(Self { algorithm: parsed, key }) } else { Err(unusable()) }
    }

    pub(crate) fn into_verifying(self) -> VerifyingKey {
        VerifyingKey::new(self.algorithm, self.key)
    }
}

impl fmt::Debug for SharedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedKey(…)")
    }
}

impl fmt::Debug for RetiringKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetiringKey").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

fn check_secret(secret: &str, algorithm: &str, minimum: usize) -> Result<(), KeyError> {
    let mut distinct: Zeroizing<Vec<u8>> = Zeroizing::new(secret.bytes().collect());
    distinct.sort_unstable();
    distinct.dedup();
    if secret.trim_start().starts_with("-----BEGIN ") || secret.trim_start().starts_with("ssh-") {
        Err(KeyError::NotASecret)
    } else if secret.len() < minimum {
        Err(KeyError::TooShort { algorithm: algorithm.to_owned(), minimum, found: secret.len() })
    } else if distinct.len() < 5 || secret.starts_with("django-insecure-") {
        Err(KeyError::Guessable)
    } else {
        Ok(())
    }
}

fn digest_bytes(algorithm: Algorithm) -> usize {
    match algorithm {
        Algorithm::HS512 => 64,
        Algorithm::HS384 => 48,
        _ => 32,
    }
}

/// Whether a public key has the size and curve that the algorithm needs. A private key in its place
/// would verify nothing, and should not be there at all.
fn fits(algorithm: Algorithm, key: &DecodingKey) -> bool {
    let bytes = key.try_get_as_bytes().unwrap_or_default();
    match algorithm {
        Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512 => true,
        Algorithm::EdDSA => bytes.len() == 32,
        Algorithm::ES256 => bytes.len() == 65,
        Algorithm::ES384 => bytes.len() == 97,
        _ => {
            let components = (aws_lc::DEFAULT_PROVIDER.key_utils.rsa_pub_components_from_public_key)(bytes);
            components.is_ok_and(|(modulus, _)| (256..=1024).contains(&modulus.len()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "a shared secret of more than 32 bytes";

    #[test]
    fn a_short_secret_is_refused_with_the_minimum() {
        let error = SharedKey::new("31 bytes are not enough for it!").unwrap_err();
        assert_eq!(error.to_string(), "a key for HS256 must have at least 32 bytes; this one has 31");
        assert!(SharedKey::new("32 bytes are just enough for it!").is_ok());
        assert!(matches!(SharedKey::new(""), Err(KeyError::TooShort { .. })));
        assert!(matches!(RetiringKey::new("HS512", SECRET), Err(KeyError::TooShort { minimum: 64, .. })));
        assert!(matches!(RetiringKey::new("HS384", SECRET), Err(KeyError::TooShort { minimum: 48, .. })));
        assert!(RetiringKey::new("HS256", SECRET).is_ok());
    }

    #[test]
    fn a_secret_that_can_be_guessed_is_refused() {
        for secret in ["x".repeat(64), "abcd".repeat(16), format!("django-insecure-{SECRET}")] {
            assert_eq!(SharedKey::new(secret.clone()).unwrap_err(), KeyError::Guessable);
            assert_eq!(RetiringKey::new("HS256", &secret).unwrap_err(), KeyError::Guessable);
        }
    }

    #[test]
    fn a_public_key_is_refused_as_a_secret() {
        for text in [RSA_2048, EC_P256, "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJddDFhP5F0"] {
            assert_eq!(SharedKey::new(text).unwrap_err(), KeyError::NotASecret);
            assert_eq!(RetiringKey::new("HS256", text).unwrap_err(), KeyError::NotASecret);
        }
    }

    #[test]
    fn a_public_key_serves_the_algorithms_of_its_kind_alone() {
        let names = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"];
        for (pem, fitting) in
            [(RSA_2048, &names[..6]), (RSA_1024, &[]), (EC_P256, &["ES256"]), (ED25519, &["EdDSA"])]
        {
            for name in names {
                let key = RetiringKey::new(name, pem);
                assert_eq!(key.is_ok(), fitting.contains(&name), "{name} {pem}");
            }
        }
    }

    #[test]
    fn what_is_no_public_key_is_refused() {
        for material in
            ["", SECRET, ED25519_PRIVATE, "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"]
        {
            for name in ["RS256", "ES256", "EdDSA"] {
                assert_eq!(
                    RetiringKey::new(name, material).unwrap_err(),
                    KeyError::NotAPublicKey(name.to_owned())
                );
            }
        }
        for name in ["", "none", "hs256", "ES512"] {
            assert_eq!(
                RetiringKey::new(name, SECRET).unwrap_err(),
                KeyError::UnknownAlgorithm(name.to_owned())
            );
        }
    }

    #[test]
    fn debug_does_not_print_keys() {
        let shown =
            format!("{:?} {:?}", SharedKey::new(SECRET).unwrap(), RetiringKey::new("HS256", SECRET).unwrap());
        assert_eq!(shown, "SharedKey(…) RetiringKey { algorithm: HS256, .. }");
    }

    const RSA_2048: &str = "-----BEGIN PUBLIC KEY-----\n\
        MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAuF/TxVlVVlNnZh+wtxdk\n\
        BzUpzp70h+PHuQGalIPbgGeiyRWPf4vT+vN6+jpHWPyo82qN56RPB0aA6fPtBxH0\n\
        05H4LEIyXBLMOjLj6H+EU1uJTtLXo9ipNzeio4XfxfMkmvnwVSMU4Ky4p8H62kxN\n\
        mD8omGJOEnTRpH9fcdb1HIEX2BgUZg9ib7cB5j+gFhfXbGjTdiHIqlqC4sOhGUu6\n\
        bgfPhXczjI5OTngxsOqNbzIe+6tHsQCTGu1EpC3hrBZ/5KRL3hTZkcEAkYErmYbX\n\
        oc/AzOM8G2lrYfD0v5Nd2jtrS9InwSblX4W4+HSGZf5rTHRF+wct26j41qJDecDM\n\
        SwIDAQAB\n\
        -----END PUBLIC KEY-----\n";
    const RSA_1024: &str = "-----BEGIN PUBLIC KEY-----\n\
        MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCrLtv/W6Vrx4xiOCFpTt4FE5BF\n\
        uBcxf4FUfrO8rbuV6omJd/Iyy3ATl6YrP7q1kzdaB5mL0bNg+1Xb2XijUgocjwyT\n\
        JSnRXoTfy+VIj+fQmP+VJJzj4ibZx6vrZECX/VdM3pPCFGe4MUIYplIpac/2zG5Z\n\
        NHqPHS++voVx+SkMwQIDAQAB\n\
        -----END PUBLIC KEY-----\n";
    const EC_P256: &str = "-----BEGIN PUBLIC KEY-----\n\
        MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEQ33VfByWjynlRX0rrI05feh7Qk+x\n\
        g3OYsPEyrCanS23Zgb1vimn3CV2HJrqaX6/JpSJclC9TfWqX6PXaPNM9cQ==\n\
        -----END PUBLIC KEY-----\n";
    const ED25519: &str = "-----BEGIN PUBLIC KEY-----\n\
        MCowBQYDK2VwAyEAmWf012SrPmeAnyP1oOZfs0ffek1y0CdRp500kZHiFHQ=\n\
        -----END PUBLIC KEY-----\n";
    const ED25519_PRIVATE: &str = "-----BEGIN PRIVATE KEY-----\n\
        MC4CAQAwBQYDK2VwBCIEIImcdc3ZwOrnJNAF3gBLLxNeAfNml92jTB+1lo67XN+z\n\
        -----END PRIVATE KEY-----\n";
}
