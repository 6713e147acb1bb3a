//! Tokens as bytes: read without trust, and forged.

use aws_lc_rs::hmac;
use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn decode(part: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(part).expect("base64url")
}

/// The three parts of a token.
pub(crate) fn parts(token: &str) -> [&str; 3] {
    let parts: Vec<_> = token.split('.').collect();
    parts.try_into().expect("three parts")
}

/// The token with another signature.
pub(crate) fn tampered(token: &str) -> String {
    let (signed, signature) = token.rsplit_once('.').expect("three parts");
    let first = if signature.starts_with('A') { 'B' } else { 'A' };
    format!("{signed}.{first}{}", &signature[1..])
}

/// What a token says; its signature is not looked at.
pub(crate) fn claims(token: &str) -> Value {
    readable_claims(token).expect("a token")
}

/// The same of a text that may be no token.
pub(crate) fn readable_claims(text: &str) -> Option<Value> {
    let payload = text.split('.').nth(1)?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
}

/// A token under HMAC with SHA-256, whatever its header says.
pub(crate) fn hs256(key: impl AsRef<[u8]>, header: &str, payload: &str) -> String {
    let signed = format!("{}.{}", encode(header), encode(payload));
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.as_ref()), signed.as_bytes());
    format!("{signed}.{}", encode(tag))
}

/// Whether a token's signature is right under HMAC with SHA-256.
pub(crate) fn hs256_is_right(key: impl AsRef<[u8]>, token: &str) -> bool {
    let (signed, signature) = token.rsplit_once('.').expect("three parts");
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_ref());
    hmac::verify(&key, signed.as_bytes(), &decode(signature)).is_ok()
}

/// Somebody who got hold of a server's Ed25519 key: signs anything, to show that a signature alone
/// is not enough.
pub(crate) struct Forge(Ed25519KeyPair);

impl Forge {
    pub(crate) fn new(pkcs8: &[u8]) -> Self {
        Self(Ed25519KeyPair::from_pkcs8(pkcs8).expect("a private key"))
    }

    pub(crate) fn sign(&self, header: &str, payload: &str) -> String {
        let signed = format!("{}.{}", encode(header), encode(payload));
        let signature = self.0.sign(signed.as_bytes());
        format!("{signed}.{}", encode(signature))
    }
}
