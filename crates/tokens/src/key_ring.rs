//! The server's own keys, parsed.

use crate::jwk;
use crate::jws::{Kind, VerifyingKey};
use crate::signer::Signer;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use doorward_domain::keys::{self, Algorithm, KeyId, KeyTimes, SigningKey};
use doorward_domain::time::Timestamp;
use jsonwebtoken::jwk::{Jwk, JwkSet};

/// A key of the database is damaged: it opened, but is no key of its algorithm.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("signing key {0} cannot be used")]
pub struct UnusableKey(pub KeyId);

/// All keys of the server, each with its times.
#[derive(Default)]
pub(crate) struct KeyRing {
    keys: Vec<RingKey>,
}

/// One of them.
pub(crate) struct RingKey {
    id: KeyId,
    algorithm: Algorithm,
    times: KeyTimes,
    signer: Signer,
    verifying: VerifyingKey,
    public: Option<Jwk>,
}

impl KeyRing {
    /// Parses every key, so that none is parsed again for a token.
    pub(crate) fn new(keys: Vec<SigningKey>) -> Result<Self, UnusableKey> {
        let mut keys = keys.into_iter().map(RingKey::parse).collect::<Result<Vec<_>, _>>()?;
        // Of two keys that begin to sign in the same second every instance must choose the same.
        keys.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(Self { keys })
    }

    /// The key that signs what is issued at `at`.
    pub(crate) fn signing(&self, at: Timestamp, algorithm: Algorithm) -> Option<&RingKey> {
        keys::signer_at(&self.keys, at, algorithm, |key| (key.algorithm, key.times))
    }

    /// The key of that name, if its signatures are honoured at `now`.
    pub(crate) fn honoured(&self, id: &str, now: Timestamp) -> Option<&RingKey> {
        self.keys.iter().find(|key| key.id.0 == id && key.times.is_honoured(now))
    }

    /// Whether `key` is one that signs what is issued at `at`, and not a successor before its time.
    /// A predecessor may be: an instance that has not seen the successor yet still signs with it.
    pub(crate) fn may_have_signed(&self, key: &RingKey, at: Timestamp) -> bool {
        let signs = || self.signing(at, key.algorithm).is_some_and(|signing| signing.id == key.id);
        key.times.activates_at <= at || signs()
    }

    /// The public keys, past and future ones included, as long as they are honoured.
    pub(crate) fn public(&self, now: Timestamp) -> JwkSet {
        let honoured = self.keys.iter().filter(|key| key.times.is_honoured(now));
        JwkSet { keys: honoured.filter_map(|key| key.public.clone()).collect() }
    }
}

impl RingKey {
    /// Its private side.
    pub(crate) fn signer(&self) -> &Signer {
        &self.signer
    }

    /// What verifies its signatures.
    pub(crate) fn verifying(&self) -> &VerifyingKey {
        &self.verifying
    }

    /// From when on its signatures are refused, if that is known.
    pub(crate) fn retires_at(&self) -> Option<Timestamp> {
        self.times.retires_at
    }

    fn parse(key: SigningKey) -> Result<Self, UnusableKey> {
        let SigningKey { id, algorithm, times, material } = key;
        match algorithm {
            Algorithm::EdDsa => {
                let Ok(pair) = Ed25519KeyPair::from_pkcs8(&material) else { return Err(UnusableKey(id)) };
                let verifying = VerifyingKey::ed25519(pair.public_key().as_ref());
                let public = Some(jwk::public(&id.0, pair.public_key().as_ref()));
                let signer = Signer::ed25519(pair, &id.0);
                Ok(Self { id, algorithm, times, signer, verifying, public })
            }
            Algorithm::Hs256 if material.len() < 32 => Err(UnusableKey(id)),
            Algorithm::Hs256 => {
                let signer = Signer::hs256(&material, Kind::JWT, Some(&id.0));
                let verifying = VerifyingKey::hs256(&material);
                Ok(Self { id, algorithm, times, signer, verifying, public: None })
            }
        }
    }
}
