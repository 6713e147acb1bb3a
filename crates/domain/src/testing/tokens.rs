use crate::session::{Generation, Session, SessionId};
use crate::takeover::ForeignTokenId;
use crate::time::Timestamp;
use crate::token::{
    AccessClaims, CannotSign, ForeignRefreshClaims, Holder, Issuer, PresentedRefresh, RefreshClaims,
    TokenPair, TokenRejection, TokenService,
};
use crate::user::{Subject, User, UserId};
use std::time::Duration;

/// Tokens in clear: `type:holder:session:generation:issued:expires`. Whoever can write can forge
/// them, which is what a test wants. An access token without a session is a shared key's, and one of
/// the session `retiring` a retiring key's.
#[derive(Debug, Default)]
pub struct TestTokens;

const ACCESS_LIFETIME: Duration = Duration::from_secs(300);
const RETIRING: &str = "retiring";

struct Parts<'a> {
    kind: &'a str,
    holder: Holder,
    session: &'a str,
    generation: Generation,
    issued: Timestamp,
    expires: Timestamp,
}

impl TestTokens {
    /// An access token as a service with a shared key issues it: of no session.
    pub fn without_session(&self, user: UserId, issued: Timestamp) -> String {
        access_of(&user.to_string(), "", issued)
    }

    /// An access token as a service with a retiring key issued it, for any primary key: one that is no
    /// whole number is a subject.
    pub fn foreign_access(&self, key: &str, issued: Timestamp) -> String {
        access_of(key, RETIRING, issued)
    }

    /// A refresh token as a service with a retiring key issued it, good for a day. Its `jti` must not
    /// be a UUID.
    pub fn foreign_refresh(&self, key: &str, jti: &str, issued: Timestamp) -> String {
        let issued = issued.as_seconds();
        format!("refresh:{key}:{jti}:0:{issued}:{}", issued.saturating_add(24 * 3600))
    }
}

impl TokenService for TestTokens {
    fn issue(&self, session: &Session, _: &User) -> Result<TokenPair, CannotSign> {
        let Session { id, user_id, generation: Generation(generation), rotated_at, expires_at, .. } = session;
        let issued = rotated_at.as_seconds();
        let write = |kind: &str, expires: Timestamp| {
            format!("{kind}:{user_id}:{id}:{generation}:{issued}:{}", expires.as_seconds())
        };
        let access_expires_at = rotated_at.plus(ACCESS_LIFETIME).floor_to_second();
        Ok(TokenPair {
            access: write("access", access_expires_at),
            refresh: write("refresh", *expires_at),
            access_expires_at,
            refresh_expires_at: expires_at.floor_to_second(),
        })
    }

    fn access(&self, token: &str, now: Timestamp) -> Result<AccessClaims, TokenRejection> {
        let Parts { holder, session, issued, expires, .. } = read(token, "access", now)?;
        let session_id = SessionId::parse(session);
        let issuer = match session {
            RETIRING => Issuer::Retiring,
            _ if session_id.is_some() => Issuer::Own,
            _ => Issuer::Shared,
        };
        Ok(AccessClaims { holder, session_id, issuer, issued_at: issued, accepted: issued..expires })
    }

    fn refresh(&self, token: &str, now: Timestamp) -> Result<PresentedRefresh, TokenRejection> {
        let Parts { holder, session, generation, issued, expires, .. } = read(token, "refresh", now)?;
        match (SessionId::parse(session), holder) {
            (Some(session_id), Holder::Account(user_id)) => {
                Ok(PresentedRefresh::Own(RefreshClaims { user_id, session_id, generation }))
            }
            (Some(_), Holder::Subject(_)) => Err(TokenRejection::NoUser),
            (None, _) if session.is_empty() => Err(TokenRejection::NoId),
            (None, holder) => Ok(PresentedRefresh::Foreign(ForeignRefreshClaims {
                holder,
                id: ForeignTokenId(session.to_owned()),
                issued_at: issued,
                expires_at: expires,
            })),
        }
    }

    fn key_set(&self, _: Timestamp) -> String {
        r#"{"keys":[]}"#.into()
    }
}

fn access_of(key: &str, session: &str, issued: Timestamp) -> String {
    let expires = issued.plus(ACCESS_LIFETIME).as_seconds();
    format!("access:{key}:{session}:0:{}:{expires}", issued.as_seconds())
}

fn read<'a>(token: &'a str, kind: &str, now: Timestamp) -> Result<Parts<'a>, TokenRejection> {
    let parts = parse(token).ok_or(TokenRejection::Invalid)?;
    if parts.expires <= now {
        Err(TokenRejection::Expired)
    } else if parts.kind == kind {
        Ok(parts)
    } else {
        Err(TokenRejection::WrongType)
    }
}

fn parse(token: &str) -> Option<Parts<'_>> {
    let mut parts = token.split(':');
    let kind = parts.next()?;
    let key = parts.next()?;
    let holder = key.parse().map_or_else(
        |_| Holder::Subject(Subject::from_stored(key.to_owned())),
        |number| Holder::Account(UserId(number)),
    );
    let session = parts.next()?;
    let mut number = || parts.next()?.parse().ok();
    Some(Parts {
        kind,
        holder,
        session,
        generation: Generation(number()?),
        issued: Timestamp::from_seconds(number()?),
        expires: Timestamp::from_seconds(number()?),
    })
}
