//! Verifying access tokens in another service, which has nothing but the key set.

use crate::claims::{Addressing, ClaimSet, Signatory};
use crate::jwk;
use crate::jws::{Jws, Kind, VerifyingKey};
use doorward_domain::time::Timestamp;
use doorward_domain::token::{AccessClaims, Issuer, TokenRejection};
use jsonwebtoken::jwk::Jwk;
use serde_json::{Map, Value};

/// Verifies Doorward's access tokens by its public keys.
///
/// It looks at the token alone: a session that was ended a minute ago is not known here. Where that
/// matters, ask the server.
pub struct Verifier {
    keys: Vec<(String, VerifyingKey)>,
    addressing: Addressing,
}

/// A key set that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeySetError {
    /// Not a JSON Web Key Set (RFC 7517, section 5).
    #[error("not a JSON Web Key Set")]
    NotAKeySet,
    /// Two keys have one name.
    #[error("two keys are named {0}")]
    RepeatedName(String),
    /// It has no Ed25519 key with a name.
    #[error("the key set has no Ed25519 key that is for signatures and has a name")]
    NoKey,
}

/// An access token that was verified.
#[derive(Debug, Clone, PartialEq)]
pub struct VerifiedToken {
    /// Whose it is, its session and its times.
    pub access: AccessClaims,
    claims: Map<String, Value>,
}

impl Verifier {
    /// A verifier with the keys of `/.well-known/jwks.json`. Keys of other kinds are passed over.
    ///
    /// # Errors
    /// [`KeySetError`].
    pub fn from_jwks(json: &str) -> Result<Self, KeySetError> {
        let set: Map<String, Value> = serde_json::from_str(json).map_err(|_| KeySetError::NotAKeySet)?;
        let listed = set.get("keys").and_then(Value::as_array).ok_or(KeySetError::NotAKeySet)?;
        let mut keys: Vec<(String, VerifyingKey)> = Vec::new();
        for key in listed {
            let Ok(key) = serde_json::from_value::<Jwk>(key.clone()) else { continue };
            let (Some(public), Some(id)) = (jwk::verifying(&key), key.common.key_id) else { continue };
            if keys.iter().any(|(known, _)| *known == id) {
                return Err(KeySetError::RepeatedName(id));
            }
            keys.push((id, VerifyingKey::ed25519(&public)));
        }
        if keys.is_empty() {
            Err(KeySetError::NoKey)
        } else {
            Ok(Self { keys, addressing: Addressing::default() })
        }
    }

    /// Accepts tokens of this issuer only. Set it wherever the server has an issuer.
    #[must_use]
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.addressing.issuer = Some(issuer.into());
        self
    }

    /// Accepts tokens for this audience, and for others that are added likewise. Set it wherever the
    /// server has an audience: a token for another service must not open this one.
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.addressing.audience.push(audience.into());
        self
    }

    /// Verifies an access token at `now`.
    ///
    /// # Errors
    /// Why it is refused; [`TokenRejection::Revoked`] is never among the reasons.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<VerifiedToken, TokenRejection> {
        let jws = Jws::parse(token)?;
        let key = self.key_of(&jws).ok_or(TokenRejection::Invalid)?;
        let claims = ClaimSet::parse(key.verify(&jws).ok_or(TokenRejection::Invalid)?)?;
        let times = claims.times(Signatory::Doorward, now)?;
        claims.check_addressing(&self.addressing, Signatory::Doorward)?;
        claims.check_type("access")?;
        let access = claims.access(Issuer::Own, times)?;
        Ok(VerifiedToken { access, claims: claims.into_map() })
    }

    /// Whether the key that the token names is in the set. If it is not, keys may have been rotated:
    /// get the set again, at most once in a while, and make a new verifier.
    pub fn knows_key_of(&self, token: &str) -> bool {
        Jws::parse(token).is_ok_and(|jws| self.key_of(&jws).is_some())
    }

    fn key_of(&self, jws: &Jws<'_>) -> Option<&VerifyingKey> {
        let id = jws.key_id.as_ref().filter(|_| jws.kind == Kind::Jwt)?;
        self.keys.iter().find(|(known, _)| known == id).map(|(_, key)| key)
    }
}

impl VerifiedToken {
    /// The account's name for other services, the claim `sub`.
    pub fn subject(&self) -> Option<&str> {
        self.claim("sub")?.as_str()
    }

    /// Any other claim, `username` for example, if the server is configured to write it.
    pub fn claim(&self, name: &str) -> Option<&Value> {
        self.claims.get(name)
    }
}
