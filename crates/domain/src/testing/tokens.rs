use crate::session::{Generation, Session, SessionId};
use crate::time::Timestamp;
use crate::token::{AccessClaims, CannotSign, RefreshClaims, TokenPair, TokenRejection, TokenService};
use crate::user::{User, UserId};
use std::time::Duration;

/// Tokens in clear: `type:user:session:generation:issued:expires`. Whoever can write can forge
/// them, which is what a test wants.
#[derive(Debug, Default)]
pub struct TestTokens;

const ACCESS_LIFETIME: Duration = Duration::from_secs(300);

struct Parts<'a> {
    kind: &'a str,
    user: UserId,
    session: Option<SessionId>,
    generation: Generation,
    issued: Timestamp,
    expires: Timestamp,
}

impl TestTokens {
    /// An access token as a service with a shared key issues it: of no session.
    pub fn without_session(&self, user: UserId, issued: Timestamp) -> String {
        let expires = issued.plus(ACCESS_LIFETIME).as_seconds();
        format!("access:{user}::0:{}:{expires}", issued.as_seconds())
    }
}

impl TokenService for TestTokens {
    fn issue(&self, session: &Session, _: &User) -> Result<TokenPair, CannotSign> {
        let Session { id, user_id, generation: Generation(generation), rotated_at, expires_at, .. } = session;
        let issued = rotated_at.as_seconds();
        let write = |kind: &str, expires: Timestamp| {
            format!("{kind}:{user_id}:{id}:{generation}:{issued}:{}", expires.as_seconds())
        };
        let access = write("access", rotated_at.plus(ACCESS_LIFETIME));
        Ok(TokenPair { access, refresh: write("refresh", *expires_at) })
    }

    fn access(&self, token: &str, now: Timestamp) -> Result<AccessClaims, TokenRejection> {
        let Parts { user, session, issued, expires, .. } = read(token, "access", now)?;
        Ok(AccessClaims { user_id: user, session_id: session, issued_at: issued, expires_at: expires })
    }

    fn refresh(&self, token: &str, now: Timestamp) -> Result<RefreshClaims, TokenRejection> {
        let Parts { user, session, generation, .. } = read(token, "refresh", now)?;
        let session_id = session.ok_or(TokenRejection::Invalid)?;
        Ok(RefreshClaims { user_id: user, session_id, generation })
    }

    fn key_set(&self, _: Timestamp) -> String {
        r#"{"keys":[]}"#.into()
    }
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
    let user = UserId(parts.next()?.parse().ok()?);
    let session = SessionId::parse(parts.next()?);
    let mut number = || parts.next()?.parse().ok();
    Some(Parts {
        kind,
        user,
        session,
        generation: Generation(number()?),
        issued: Timestamp::from_seconds(number()?),
        expires: Timestamp::from_seconds(number()?),
    })
}
