//! What is stored of one-time secrets: HMAC-SHA256 under a key derived from the root secret.

use crate::root_secret::RootSecret;
use aws_lc_rs::hmac::{Context, HMAC_SHA256, Key};
use doorward_domain::one_time::{Code, Purpose, SecretDigest, SecretDigests, SecretText};
use doorward_domain::user::UserId;
use std::fmt;

/// Digests under one root secret, and under the one that it replaced.
///
/// A code has eight digits: whoever read the database alone could try them all against a plain hash.
/// The key is not in the database.
pub struct RootDigests {
    /// The current root's key, then the one of the root that it replaced.
    keys: Vec<Key>,
}

impl RootDigests {
    /// Digests that are stored under `current`, and looked for under `previous` too: what was sent
    /// before the root secret was replaced still works.
    pub fn new(current: &RootSecret, previous: Option<&RootSecret>) -> Self {
        let key = |root: &RootSecret| Key::new(HMAC_SHA256, root.derive("one-time secrets").as_slice());
        Self { keys: std::iter::once(current).chain(previous).map(key).collect() }
    }

    /// Each part is preceded by its length, so that no two lists of parts read alike.
    fn of(&self, parts: &[&[u8]]) -> Vec<SecretDigest> {
        let digest = |key: &Key| {
            let mut context = Context::with_key(key);
            for part in parts {
                context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
                context.update(part);
            }
            let mut digest = [0; 32];
            for (to, from) in digest.iter_mut().zip(context.sign().as_ref()) {
                *to = *from;
            }
            SecretDigest(digest)
        };
        self.keys.iter().map(digest).collect()
    }
}

impl SecretDigests for RootDigests {
    fn of_secret(&self, purpose: Purpose, secret: &SecretText) -> Vec<SecretDigest> {
        self.of(&[b"link", purpose.as_str().as_bytes(), secret.expose().as_bytes()])
    }

    fn of_code(&self, purpose: Purpose, user: UserId, code: &Code) -> Vec<SecretDigest> {
        self.of(&[b"code", purpose.as_str().as_bytes(), &user.0.to_be_bytes(), code.expose().as_bytes()])
    }
}

impl fmt::Debug for RootDigests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RootDigests").field("roots", &self.keys.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::support::SeededRandom;

    const DIGITS: &str = "12345678";

    fn root(seed: u64) -> RootSecret {
        RootSecret::generate(&SeededRandom::new(seed))
    }

    fn digests(seed: u64) -> RootDigests {
        RootDigests::new(&root(seed), None)
    }

    fn of_link(digests: &RootDigests, purpose: Purpose, text: &str) -> Vec<SecretDigest> {
        digests.of_secret(purpose, &SecretText::from_text(text))
    }

    fn of_code(digests: &RootDigests, purpose: Purpose, user: i64, typed: &str) -> Vec<SecretDigest> {
        digests.of_code(purpose, UserId(user), &Code::parse(typed).unwrap())
    }

    #[test]
    fn a_secret_has_one_digest_and_it_is_found_again() {
        let expected = of_link(&digests(1), Purpose::VerifyEmail, "text");
        assert_eq!(expected.len(), 1);
        assert_eq!(of_link(&digests(1), Purpose::VerifyEmail, "text"), expected);
        let code = of_code(&digests(1), Purpose::VerifyEmail, 7, "1234 5678");
        assert_eq!(of_code(&digests(1), Purpose::VerifyEmail, 7, DIGITS), code);
    }

    #[test]
    fn another_text_purpose_user_or_root_has_another_digest() {
        let mut seen = Vec::new();
        for seed in [1, 2] {
            for purpose in Purpose::ALL {
                for text in ["text", "texts", "", DIGITS] {
                    seen.extend(of_link(&digests(seed), purpose, text));
                }
                for user in [7, 8, -7] {
                    for typed in [DIGITS, "12345679"] {
                        seen.extend(of_code(&digests(seed), purpose, user, typed));
                    }
                }
            }
        }
        let distinct: std::collections::HashSet<_> = seen.iter().collect();
        assert_eq!(distinct.len(), seen.len());
        assert_eq!(seen.len(), 2 * 4 * (4 + 6));
    }

    #[test]
    fn a_link_whose_text_is_a_codes_encoding_is_not_that_code() {
        let encoded = format!("{}{DIGITS}", "\0".repeat(7) + "\x07");
        let code = of_code(&digests(1), Purpose::VerifyEmail, 7, DIGITS);
        for text in [DIGITS, encoded.as_str()] {
            assert_ne!(of_link(&digests(1), Purpose::VerifyEmail, text), code);
        }
    }

    #[test]
    fn the_root_that_was_replaced_comes_second() {
        let both = RootDigests::new(&root(2), Some(&root(1)));
        let [now, before] = [2, 1].map(|seed| of_link(&digests(seed), Purpose::ResetPassword, "text")[0]);
        assert_eq!(of_link(&both, Purpose::ResetPassword, "text"), [now, before]);
        assert_eq!(of_code(&both, Purpose::ResetPassword, 7, DIGITS).len(), 2);
    }

    #[test]
    fn debug_tells_no_key() {
        assert_eq!(format!("{:?}", digests(1)), "RootDigests { roots: 1, .. }");
    }
}
