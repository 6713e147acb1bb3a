//! The claims that are read, and what they must be. The order of the checks is simplejwt's, since
//! each has a sentence of its own.

use crate::strict_json;
use doorward_domain::session::{Generation, SessionId};
use doorward_domain::takeover::ForeignTokenId;
use doorward_domain::time::Timestamp;
use doorward_domain::token::{
    AccessClaims, ForeignRefreshClaims, Holder, Issuer, RefreshClaims, TokenRejection,
};
use doorward_domain::user::{Subject, UserId};
use serde_json::{Map, Value};
use std::time::Duration;

/// What clocks of several machines may differ by.
const CLOCK_SKEW: Duration = Duration::from_secs(60);

/// 9999-12-31T23:59:59Z: a later date is a mistake, or meant to overflow something.
const LAST_SECOND: i64 = 253_402_300_799;

/// The most code points of another system's token id or primary key: the columns of Django hold as
/// many.
const MAX_FOREIGN_CHARS: usize = 255;

/// What simplejwt writes under `CHECK_REVOKE_TOKEN`: a digest of the password's hash that Django had.
const BOUND_TO_PASSWORD: &str = "hash_password";

/// Who must have issued a token, and for whom.
#[derive(Debug, Clone, Default)]
pub(crate) struct Addressing {
    pub(crate) issuer: Option<String>,
    pub(crate) audience: Vec<String>,
}

/// Who may have signed a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signatory {
    /// Doorward alone: every claim that we write must be there.
    Doorward,
    /// A service beside us too, whose library may write fewer claims.
    Anybody,
}

/// When a token was issued, from when on it is accepted, and when it expires; in whole seconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Times {
    pub(crate) issued_at: Timestamp,
    pub(crate) accepted_from: Timestamp,
    pub(crate) expires_at: Timestamp,
}

/// The claims of a token whose signature was verified.
pub(crate) struct ClaimSet(Map<String, Value>);

impl ClaimSet {
    /// Reads a payload.
    pub(crate) fn parse(payload: &[u8]) -> Result<Self, TokenRejection> {
        strict_json::object(payload).map(Self).ok_or(TokenRejection::Invalid)
    }

    /// The times, if the token is valid at `now`: no leeway for its end, and the skew of clocks for
    /// its beginning.
    pub(crate) fn times(&self, signatory: Signatory, now: Timestamp) -> Result<Times, TokenRejection> {
        let issued_at = self.date("iat")?.ok_or(TokenRejection::Invalid)?;
        let not_before = match (self.date("nbf")?, signatory) {
            (Some(not_before), _) => not_before,
            (None, Signatory::Anybody) => issued_at,
            (None, Signatory::Doorward) => return Err(TokenRejection::Invalid),
        };
        let expires_at = self.date("exp")?.ok_or(TokenRejection::Invalid)?;
        let accepted_from = issued_at.max(not_before).minus(CLOCK_SKEW);
        if now < accepted_from {
            Err(TokenRejection::Invalid)
        } else if expires_at <= now {
            Err(TokenRejection::Expired)
        } else {
            Ok(Times { issued_at, accepted_from, expires_at })
        }
    }

    /// Whether the token comes from whom and is for whom it must be (RFC 8725, sections 3.8 and 3.9).
    pub(crate) fn check_addressing(
        &self,
        expected: &Addressing,
        signatory: Signatory,
    ) -> Result<(), TokenRejection> {
        let may_be_absent = signatory == Signatory::Anybody;
        let issuer_fits = match (&expected.issuer, self.0.get("iss")) {
            (None, _) => true,
            (Some(_), None) => may_be_absent,
            (Some(issuer), Some(claimed)) => claimed.as_str() == Some(issuer),
        };
        let is_ours = |name: &str| expected.audience.iter().any(|ours| ours == name);
        let audience_fits = match self.0.get("aud") {
            _ if expected.audience.is_empty() => true,
            None => may_be_absent,
            Some(Value::String(name)) => is_ours(name),
            Some(Value::Array(names)) => {
                names.iter().all(Value::is_string) && names.iter().filter_map(Value::as_str).any(is_ours)
            }
            Some(_) => false,
        };
        if issuer_fits && audience_fits { Ok(()) } else { Err(TokenRejection::Invalid) }
    }

    /// Whether it has an id and is of the type.
    pub(crate) fn check_type(&self, token_type: &str) -> Result<(), TokenRejection> {
        match self.0.get("jti") {
            None => return Err(TokenRejection::NoId),
            Some(Value::String(id)) if !id.is_empty() => {}
            Some(_) => return Err(TokenRejection::Invalid),
        }
        match self.0.get("token_type") {
            None => Err(TokenRejection::NoType),
            Some(Value::String(found)) if found == token_type => Ok(()),
            Some(_) => Err(TokenRejection::WrongType),
        }
    }

    /// What an access token says, once it is known to be one.
    pub(crate) fn access(&self, issuer: Issuer, times: Times) -> Result<AccessClaims, TokenRejection> {
        let session_id = self.session_id()?;
        match issuer {
            Issuer::Own if session_id.is_none() => return Err(TokenRejection::Invalid),
            Issuer::Own => {}
            Issuer::Shared | Issuer::Retiring => self.check_unbound()?,
        }
        // Only we write `sid`. In a token without it, a claim `uid` is something of the other system.
        let holder = match session_id {
            Some(_) => Holder::Account(self.account()?),
            None => self.foreign_holder()?,
        };
        let Times { issued_at, accepted_from, expires_at } = times;
        Ok(AccessClaims { holder, session_id, issuer, issued_at, accepted: accepted_from..expires_at })
    }

    /// What a refresh token of ours says, once it is known to be one.
    pub(crate) fn refresh(&self) -> Result<RefreshClaims, TokenRejection> {
        let session_id = self.session_id()?.ok_or(TokenRejection::Invalid)?;
        let generation = self.0.get("gen").and_then(whole).ok_or(TokenRejection::Invalid)?;
        Ok(RefreshClaims { user_id: self.account()?, session_id, generation: Generation(generation) })
    }

    /// What another system's refresh token says, once it is known to be one. It has no session here.
    pub(crate) fn foreign_refresh(&self, times: Times) -> Result<ForeignRefreshClaims, TokenRejection> {
        self.check_unbound()?;
        let id = self.0.get("jti").and_then(foreign_text).filter(|_| !self.0.contains_key("sid"));
        let id = ForeignTokenId(id.ok_or(TokenRejection::Invalid)?.to_owned());
        let Times { issued_at, expires_at, .. } = times;
        Ok(ForeignRefreshClaims { holder: self.foreign_holder()?, id, issued_at, expires_at })
    }

    /// All claims.
    pub(crate) fn into_map(self) -> Map<String, Value> {
        self.0
    }

    /// Whose a token of ours is: its `user_id`, or its `uid` where that is the account's key.
    fn account(&self) -> Result<UserId, TokenRejection> {
        let id = match (self.0.get("user_id"), self.0.get("uid")) {
            (Some(number), None) => account_number(number),
            (Some(Value::String(key)), Some(number)) if !key.is_empty() => whole(number),
            _ => None,
        };
        id.map(UserId).ok_or(TokenRejection::NoUser)
    }

    /// Whose another system's token is: an account with a number, or with a key of another kind.
    fn foreign_holder(&self) -> Result<Holder, TokenRejection> {
        let user_id = self.0.get("user_id").ok_or(TokenRejection::NoUser)?;
        let account = account_number(user_id).map(|id| Holder::Account(UserId(id)));
        let subject =
            || foreign_text(user_id).map(|key| Holder::Subject(Subject::from_stored(key.to_owned())));
        account.or_else(subject).ok_or(TokenRejection::NoUser)
    }

    /// Whether another system's token is good whatever becomes of the password there.
    fn check_unbound(&self) -> Result<(), TokenRejection> {
        if self.0.contains_key(BOUND_TO_PASSWORD) { Err(TokenRejection::Invalid) } else { Ok(()) }
    }

    /// Its session; an error if it names something else.
    fn session_id(&self) -> Result<Option<SessionId>, TokenRejection> {
        let Some(claim) = self.0.get("sid") else { return Ok(None) };
        claim.as_str().and_then(SessionId::parse).map(Some).ok_or(TokenRejection::Invalid)
    }

    /// A `NumericDate` (RFC 7519, section 2), without its fraction.
    fn date(&self, name: &str) -> Result<Option<Timestamp>, TokenRejection> {
        let Some(claim) = self.0.get(name) else { return Ok(None) };
        let seconds = claim.as_i64().or_else(|| {
            let seconds = Duration::try_from_secs_f64(claim.as_f64()?).ok()?;
            i64::try_from(seconds.as_secs()).ok()
        });
        let seconds = seconds.filter(|seconds| (0..=LAST_SECOND).contains(seconds));
        seconds.map(|seconds| Some(Timestamp::from_seconds(seconds))).ok_or(TokenRejection::Invalid)
    }
}

/// A number of an account, or from simplejwt 5.5 on the digits of one.
fn account_number(claim: &Value) -> Option<i64> {
    match claim {
        Value::String(text) => text.parse().ok().filter(|id: &i64| *id >= 0 && id.to_string() == *text),
        other => whole(other),
    }
}

/// A whole number that is not negative.
fn whole(claim: &Value) -> Option<i64> {
    claim.as_i64().filter(|number| *number >= 0)
}

/// A text that a database is asked for. No id has control characters, and not every database takes
/// a NUL.
fn foreign_text(claim: &Value) -> Option<&str> {
    let text = claim.as_str()?;
    let fits = !text.is_empty() && text.chars().count() <= MAX_FOREIGN_CHARS;
    (fits && !text.contains(char::is_control)).then_some(text)
}
