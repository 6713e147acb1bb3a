//! Keys that sign. Each is parsed once, not for every token.

use crate::jws::Kind;
use aws_lc_rs::hmac;
use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use doorward_domain::keys::Algorithm;
use doorward_domain::token::CannotSign;
use serde::Serialize;

/// A key and the header of all that it signs.
pub(crate) struct Signer {
    header: String,
    key: Key,
}

enum Key {
    Ed25519(Ed25519KeyPair),
    Hs256(Box<hmac::Key>),
}

impl Signer {
    /// A private key.
    pub(crate) fn ed25519(pair: Ed25519KeyPair, key_id: &str) -> Self {
        Self { header: header(Algorithm::EdDsa, Kind::JWT, Some(key_id)), key: Key::Ed25519(pair) }
    }

    /// A shared secret.
    pub(crate) fn hs256(secret: &[u8], typ: &str, key_id: Option<&str>) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        Self { header: header(Algorithm::Hs256, typ, key_id), key: Key::Hs256(Box::new(key)) }
    }

    /// A token with these claims (RFC 7515, section 5.1).
    pub(crate) fn sign(&self, claims: &impl Serialize) -> Result<String, CannotSign> {
        let claims = serde_json::to_vec(claims).map_err(|_| CannotSign("the claims are not JSON"))?;
        let mut token = format!("{}.", self.header);
        URL_SAFE_NO_PAD.encode_string(claims, &mut token);
        let signature = match &self.key {
            Key::Ed25519(pair) => {
                let signature =
                    pair.try_sign(token.as_bytes()).map_err(|_| CannotSign("the signature failed"))?;
                URL_SAFE_NO_PAD.encode(signature)
            }
            Key::Hs256(key) => URL_SAFE_NO_PAD.encode(hmac::sign(key, token.as_bytes())),
        };
        token.push('.');
        token.push_str(&signature);
        Ok(token)
    }
}

/// A JOSE header, encoded.
fn header(algorithm: Algorithm, typ: &str, key_id: Option<&str>) -> String {
    let mut header = serde_json::json!({ "alg": algorithm.name(), "typ": typ });
    if let (Some(members), Some(key_id)) = (header.as_object_mut(), key_id) {
        members.insert("kid".to_owned(), key_id.into());
    }
    URL_SAFE_NO_PAD.encode(header.to_string())
}
