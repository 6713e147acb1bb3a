//! The port to tokens: what is in them, never how they are written or signed.

use crate::session::{Generation, Session, SessionId};
use crate::takeover::ForeignTokenId;
use crate::time::Timestamp;
use crate::user::{Subject, User, UserId};
use std::ops::Range;

/// What a login and a refresh answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenPair {
    /// Opens what is protected, for minutes.
    pub access: String,
    /// Is exchanged for the next pair, once.
    pub refresh: String,
    /// When the access token expires, in whole seconds: its `exp`.
    pub access_expires_at: Timestamp,
    /// When the refresh token expires, likewise.
    pub refresh_expires_at: Timestamp,
}

/// Whose a token is, as it says so itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// The account of that number.
    Account(UserId),
    /// The account of that subject: another system issued the token, whose accounts have no numbers.
    Subject(Subject),
}

/// Whose key vouches for a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Issuer {
    /// Our own, which nobody else has.
    Own,
    /// One that a service beside us has too. It knows our accounts as we do.
    Shared,
    /// One of a service that was replaced, or is about to be, also if it is shared. Its word counts for
    /// accounts that came from it: any other one that it names alike is another person's.
    Retiring,
}

/// What an access token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessClaims {
    /// Whose it is.
    pub holder: Holder,
    /// The session it belongs to; `None` for tokens that a Django service issued with a shared key.
    pub session_id: Option<SessionId>,
    /// Whose key vouches for it.
    pub issuer: Issuer,
    /// When it was issued, in whole seconds.
    pub issued_at: Timestamp,
    /// From when until when it is accepted, as long as the keys remain the same, in whole seconds:
    /// until it expires, or its key retires before.
    pub accepted: Range<Timestamp>,
}

/// What a refresh token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshClaims {
    /// Whose it is.
    pub user_id: UserId,
    /// The session it belongs to.
    pub session_id: SessionId,
    /// Its place in the session's chain.
    pub generation: Generation,
}

/// What a refresh token of another system says, which is exchanged for a session once. Its key is
/// [`Issuer::Retiring`]: no other one vouches for such a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignRefreshClaims {
    /// Whose it is.
    pub holder: Holder,
    /// Its `jti`.
    pub id: ForeignTokenId,
    /// When it was issued, in whole seconds.
    pub issued_at: Timestamp,
    /// When it expires, in whole seconds.
    pub expires_at: Timestamp,
}

/// A refresh token that is presented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PresentedRefresh {
    /// One of ours.
    Own(RefreshClaims),
    /// One that was issued under a key that is configured as retiring.
    Foreign(ForeignRefreshClaims),
}

/// A token of either type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claims {
    /// An access token.
    Access(AccessClaims),
    /// A refresh token.
    Refresh(PresentedRefresh),
}

/// Why a token is refused. simplejwt has a sentence for each; the transport knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenRejection {
    /// Not a token of ours: malformed, of an unknown key, with a wrong signature or claim.
    #[error("the token is invalid")]
    Invalid,
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// A refresh token where an access token is due, or the reverse.
    #[error("the token is of the wrong type")]
    WrongType,
    /// It has no `token_type`.
    #[error("the token has no type")]
    NoType,
    /// It has no `jti`.
    #[error("the token has no id")]
    NoId,
    /// It names no account.
    #[error("the token contains no recognizable user identification")]
    NoUser,
    /// Its session is over, or it was used before.
    #[error("the token is blacklisted")]
    Revoked,
}

/// A token could not be signed: no key is active, or the signature failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no token can be signed: {0}")]
pub struct CannotSign(pub &'static str);

/// Issues and reads tokens. Pure: the same session row answers the identical pair, so that a
/// rotation that is repeated within its grace repeats its answer.
pub trait TokenService: Send + Sync {
    /// The pair of the session's current generation. Both tokens' `jti`, `iat` and `exp` MUST
    /// derive from the session alone.
    ///
    /// # Errors
    /// No key can sign.
    fn issue(&self, session: &Session, user: &User) -> Result<TokenPair, CannotSign>;

    /// Reads an access token: signature, type and times, not whether its session still lives.
    ///
    /// # Errors
    /// Why it is refused.
    fn access(&self, token: &str, now: Timestamp) -> Result<AccessClaims, TokenRejection>;

    /// Reads a refresh token, likewise.
    ///
    /// # Errors
    /// Why it is refused.
    fn refresh(&self, token: &str, now: Timestamp) -> Result<PresentedRefresh, TokenRejection>;

    /// Reads a token of either type, likewise.
    ///
    /// # Errors
    /// Why it is refused.
    fn any(&self, token: &str, now: Timestamp) -> Result<Claims, TokenRejection> {
        match self.access(token, now) {
            Err(TokenRejection::WrongType) => self.refresh(token, now).map(Claims::Refresh),
            other => other.map(Claims::Access),
        }
    }

    /// The public keys as a JSON Web Key Set (RFC 7517, section 5), those that will sign soon
    /// included.
    fn key_set(&self, now: Timestamp) -> String;
}
