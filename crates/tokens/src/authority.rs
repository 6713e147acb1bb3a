//! The domain's `TokenService`: issuing and reading this server's tokens.

use crate::claims::{Addressing, ClaimSet, Signatory, Times};
use crate::hex::hex;
use crate::jws::{Jws, Kind, VerifyingKey};
use crate::key_ring::{KeyRing, UnusableKey};
use crate::payload::{
    AboutUser, AccessPayload, AudienceClaim, RefreshPayload, UserIdClaim, number_beside_key,
};
use crate::root_secret::RootSecret;
use crate::settings::{SimpleJwt, TokenSettings, UserClaim};
use crate::signer::Signer;
use aws_lc_rs::hmac;
use doorward_domain::keys::{Algorithm, SigningKey};
use doorward_domain::session::Session;
use doorward_domain::time::Timestamp;
use doorward_domain::token::{
    AccessClaims, CannotSign, Issuer, PresentedRefresh, TokenPair, TokenRejection, TokenService,
};
use doorward_domain::user::User;
use std::ops::Range;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// Issues and reads the tokens of a server.
///
/// Access tokens are signed with a key of [`TokenAuthority::install`], or with the configured shared
/// key. Refresh tokens are signed with a key derived from the root secret, which no other service
/// has: a service that shares the access key must not honour a refresh token after its logout. Those
/// of a service whose key retires are read too, to be exchanged for sessions.
pub struct TokenAuthority {
    algorithm: Algorithm,
    addressing: Addressing,
    access_lifetime: Duration,
    simplejwt: SimpleJwt,
    claims: Vec<UserClaim>,
    shared: Option<Signer>,
    foreign: Vec<(Origin, VerifyingKey)>,
    refresh: Signer,
    refresh_verifying: Vec<(Origin, VerifyingKey)>,
    jti: hmac::Key,
    ring: RwLock<Arc<KeyRing>>,
}

const ACCESS: &str = "access";
const REFRESH: &str = "refresh";

/// Whose signature a token bears.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// One of the server's own keys.
    Ring,
    /// The key of refresh tokens, derived from the root secret.
    Root,
    /// The shared key of the settings, and none that retires.
    Shared,
    /// A retiring key of the settings.
    Retiring,
}

impl Origin {
    fn signatory(self) -> Signatory {
        match self {
            Self::Ring => Signatory::Doorward,
            // Refresh tokens carry neither `nbf` nor addressing; what they need is read with them.
            Self::Root | Self::Shared | Self::Retiring => Signatory::Anybody,
        }
    }
}

/// A token whose signature, times and addressing are right. Its type is not known yet.
struct Verified {
    origin: Origin,
    claims: ClaimSet,
    times: Times,
    /// All instants at which that is so, with the same keys.
    accepted: Range<Timestamp>,
}

impl TokenAuthority {
    /// An authority without keys of its own: it signs access tokens with the shared key, or none
    /// until [`TokenAuthority::install`]. Refresh tokens under the `previous` root secret are
    /// honoured; new ones are signed under `current`.
    pub fn new(settings: TokenSettings, current: &RootSecret, previous: Option<&RootSecret>) -> Self {
        let TokenSettings {
            algorithm,
            issuer,
            audience,
            access_lifetime,
            simplejwt,
            claims,
            shared_key,
            retiring_keys,
        } = settings;
        let claims = UserClaim::ALL.into_iter().filter(|claim| claims.contains(claim)).collect();
        let shared = shared_key.as_ref().filter(|_| algorithm == Algorithm::Hs256);
        // In this order, since the first that verifies decides: a key that is both counts as retiring.
        let foreign = retiring_keys.into_iter().map(|key| (Origin::Retiring, key.into_verifying()));
        let also = shared_key.iter().map(|key| (Origin::Shared, VerifyingKey::hs256(key.as_bytes())));
        let roots = [Some(current), previous].into_iter().flatten();
        Self {
            algorithm,
            addressing: Addressing { issuer, audience },
            access_lifetime,
            simplejwt,
            claims,
            shared: shared.map(|key| Signer::hs256(key.as_bytes(), Kind::JWT, None)),
            foreign: foreign.chain(also).collect(),
            refresh: Signer::hs256(refresh_key(current).as_slice(), Kind::REFRESH, None),
            refresh_verifying: roots
                .map(|root| (Origin::Root, VerifyingKey::hs256(refresh_key(root).as_slice())))
                .collect(),
            jti: hmac::Key::new(hmac::HMAC_SHA256, current.derive("jti").as_slice()),
            ring: RwLock::default(),
        }
    }

    /// Replaces the server's own keys, all at once, while it serves.
    ///
    /// # Errors
    /// A key cannot be used; the keys before remain.
    pub fn install(&self, keys: Vec<SigningKey>) -> Result<(), UnusableKey> {
        let next = Arc::new(KeyRing::new(keys)?);
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = next;
        Ok(())
    }

    fn ring(&self) -> Arc<KeyRing> {
        Arc::clone(&self.ring.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Everything about a token that does not depend on its type, in the order in which simplejwt
    /// looks: the signature, the times, the addressing.
    fn verify(&self, token: &str, now: Timestamp) -> Result<Verified, TokenRejection> {
        let jws = Jws::parse(token)?;
        match (jws.kind, jws.key_id.as_deref()) {
            (Kind::Refresh, None) => self.verify_by(&jws, pairs(&self.refresh_verifying), now),
            (Kind::Jwt | Kind::Untyped, None) => self.verify_by(&jws, pairs(&self.foreign), now),
            (Kind::Jwt, Some(id)) => {
                let ring = self.ring();
                let key = ring.honoured(id, now).ok_or(TokenRejection::Invalid)?;
                let verified = self.verify_by(&jws, [(Origin::Ring, key.verifying())], now)?;
                if !ring.may_have_signed(key, verified.times.issued_at) {
                    return Err(TokenRejection::Invalid);
                }
                let Range { start, end } = verified.accepted;
                let end = key.retires_at().map_or(end, |retires_at| retires_at.min(end));
                Ok(Verified { accepted: start..end, ..verified })
            }
            (Kind::Refresh | Kind::Untyped, Some(_)) => Err(TokenRejection::Invalid),
        }
    }

    fn verify_by<'k>(
        &self,
        jws: &Jws<'_>,
        keys: impl IntoIterator<Item = (Origin, &'k VerifyingKey)>,
        now: Timestamp,
    ) -> Result<Verified, TokenRejection> {
        let vouching = keys.into_iter().find_map(|(origin, key)| Some((origin, key.verify(jws)?)));
        let (origin, payload) = vouching.ok_or(TokenRejection::Invalid)?;
        let claims = ClaimSet::parse(payload)?;
        let times = claims.times(origin.signatory(), now)?;
        if origin != Origin::Root {
            claims.check_addressing(&self.addressing, origin.signatory())?;
        }
        Ok(Verified { origin, claims, times, accepted: times.accepted_from..times.expires_at })
    }

    fn access_expires_at(&self, session: &Session) -> Timestamp {
        let expires_at = session.rotated_at.floor_to_second().plus(self.access_lifetime);
        session.ends_at.map_or(expires_at, |end| end.min(expires_at)).floor_to_second()
    }

    fn sign_access(&self, session: &Session, user: &User) -> Result<String, CannotSign> {
        let issued_at = session.rotated_at.floor_to_second();
        let payload = AccessPayload {
            token_type: ACCESS,
            exp: self.access_expires_at(session).as_seconds(),
            iat: issued_at.as_seconds(),
            nbf: issued_at.as_seconds(),
            jti: self.token_id(ACCESS, session),
            user_id: UserIdClaim::of(user, self.simplejwt),
            uid: number_beside_key(user),
            sub: user.subject.as_str(),
            sid: session.id.to_string(),
            iss: self.addressing.issuer.as_deref(),
            aud: AudienceClaim(&self.addressing.audience),
            about: AboutUser { user, claims: &self.claims },
        };
        if let Some(shared) = &self.shared {
            return shared.sign(&payload);
        }
        let ring = self.ring();
        let key = ring.signing(issued_at, self.algorithm).ok_or(CannotSign("no key is active"))?;
        key.signer().sign(&payload)
    }

    fn sign_refresh(&self, session: &Session, user: &User) -> Result<String, CannotSign> {
        self.refresh.sign(&RefreshPayload {
            token_type: REFRESH,
            exp: session.expires_at.as_seconds(),
            iat: session.rotated_at.as_seconds(),
            jti: self.token_id(REFRESH, session),
            user_id: UserIdClaim::of(user, self.simplejwt),
            uid: number_beside_key(user),
            sid: session.id.to_string(),
            r#gen: session.generation.0,
        })
    }

    /// 32 hexadecimal digits, as simplejwt's; the same for the same generation.
    fn token_id(&self, token_type: &str, session: &Session) -> String {
        let mut context = hmac::Context::with_key(&self.jti);
        context.update(token_type.as_bytes());
        context.update(session.id.as_bytes());
        context.update(&session.generation.0.to_be_bytes());
        hex(context.sign().as_ref().get(..16).unwrap_or_default())
    }
}

impl TokenService for TokenAuthority {
    fn issue(&self, session: &Session, user: &User) -> Result<TokenPair, CannotSign> {
        Ok(TokenPair {
            access: self.sign_access(session, user)?,
            refresh: self.sign_refresh(session, user)?,
            access_expires_at: self.access_expires_at(session),
            refresh_expires_at: session.expires_at.floor_to_second(),
        })
    }

    fn access(&self, token: &str, now: Timestamp) -> Result<AccessClaims, TokenRejection> {
        let Verified { origin, claims, times, accepted } = self.verify(token, now)?;
        claims.check_type(ACCESS)?;
        let issuer = match origin {
            Origin::Ring => Issuer::Own,
            Origin::Shared => Issuer::Shared,
            Origin::Retiring => Issuer::Retiring,
            Origin::Root => return Err(TokenRejection::Invalid),
        };
        Ok(AccessClaims { accepted, ..claims.access(issuer, times)? })
    }

    fn refresh(&self, token: &str, now: Timestamp) -> Result<PresentedRefresh, TokenRejection> {
        let Verified { origin, claims, times, .. } = self.verify(token, now)?;
        claims.check_type(REFRESH)?;
        match origin {
            Origin::Root => claims.refresh().map(PresentedRefresh::Own),
            Origin::Retiring => claims.foreign_refresh(times).map(PresentedRefresh::Foreign),
            // Whoever has the shared key alone still runs, and honours its refresh tokens itself.
            Origin::Ring | Origin::Shared => Err(TokenRejection::Invalid),
        }
    }

    fn key_set(&self, now: Timestamp) -> String {
        // Plain strings in plain structs: this cannot fail, and an empty set is a valid one.
        serde_json::to_string(&self.ring().public(now)).unwrap_or_else(|_| r#"{"keys":[]}"#.to_owned())
    }
}

fn pairs(keys: &[(Origin, VerifyingKey)]) -> impl Iterator<Item = (Origin, &VerifyingKey)> {
    keys.iter().map(|(origin, key)| (*origin, key))
}

fn refresh_key(root: &RootSecret) -> zeroize::Zeroizing<[u8; 32]> {
    root.derive("refresh tokens")
}
