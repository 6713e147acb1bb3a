//! `pbkdf2_sha256$<iterations>$<salt>$<base64>`, and `pbkdf2_sha1$…`.

use super::decimal;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use doorward_domain::password::Password;
use pbkdf2::pbkdf2_hmac_array;
use sha1::Sha1;
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// More than ten times Django's, and above what OWASP asks of either digest: a second or two.
const MAX_ITERATIONS: u32 = 10_000_000;

const SHA256_BYTES: usize = 32;
const SHA1_BYTES: usize = 20;

/// The hash function under the HMAC.
#[derive(Clone, Copy)]
pub(crate) enum Digest {
    Sha256,
    Sha1,
}

/// A stored PBKDF2 hash.
pub(crate) struct Pbkdf2 {
    digest: Digest,
    iterations: u32,
    salt: String,
    expected: Vec<u8>,
}

impl Pbkdf2 {
    /// Parses what follows the name and its `$`.
    pub(crate) fn parse(digest: Digest, rest: &str) -> Option<Self> {
        let mut fields = rest.split('$');
        let (Some(iterations), Some(salt), Some(expected), None) =
            (fields.next(), fields.next(), fields.next(), fields.next())
        else {
            return None;
        };
        let iterations = decimal(iterations)?;
        let expected = STANDARD.decode(expected).ok()?;
        let length = match digest {
            Digest::Sha256 => SHA256_BYTES,
            Digest::Sha1 => SHA1_BYTES,
        };
        let within_bounds = (1..=MAX_ITERATIONS).contains(&iterations);
        (within_bounds && !salt.is_empty() && expected.len() == length).then(|| Self {
            digest,
            iterations,
            salt: salt.to_owned(),
            expected,
        })
    }

    pub(crate) fn matches(&self, password: &Password) -> bool {
        let (password, salt) = (password.expose().as_bytes(), self.salt.as_bytes());
        match self.digest {
            Digest::Sha256 => pbkdf2_hmac_array::<Sha256, SHA256_BYTES>(password, salt, self.iterations)
                .ct_eq(&self.expected),
            Digest::Sha1 => {
                pbkdf2_hmac_array::<Sha1, SHA1_BYTES>(password, salt, self.iterations).ct_eq(&self.expected)
            }
        }
        .into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "7DsfxvsNBIVuIFCtnNgJB9wJSgtwlSQ+ei9eT30I+cw=";

    #[test]
    fn hashes_outside_of_the_bounds_or_the_form_are_refused() {
        assert!(Pbkdf2::parse(Digest::Sha256, &format!("10000000$salt${HASH}")).is_some());
        for rest in [
            format!("10000001$salt${HASH}"),
            format!("0$salt${HASH}"),
            format!("+1000$salt${HASH}"),
            format!("1000$${HASH}"),
            format!("1000$sa$lt${HASH}"),
            format!("1000$salt${HASH}$"),
            "1000$salt$".to_owned(),
            "1000$salt".to_owned(),
            "1000$salt$AAAA".to_owned(),
            "1000$salt$not base64".to_owned(),
        ] {
            assert!(Pbkdf2::parse(Digest::Sha256, &rest).is_none(), "{rest}");
        }
        assert!(Pbkdf2::parse(Digest::Sha1, &format!("1000$salt${HASH}")).is_none());
    }
}
