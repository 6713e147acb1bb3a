//! The claims that are written.

use crate::settings::UserClaim;
use doorward_domain::user::User;
use serde::{Serialize, Serializer};

/// An access token's claims.
#[derive(Serialize)]
pub(crate) struct AccessPayload<'a> {
    pub(crate) token_type: &'static str,
    pub(crate) exp: i64,
    pub(crate) iat: i64,
    pub(crate) nbf: i64,
    pub(crate) jti: String,
    pub(crate) user_id: UserIdClaim,
    pub(crate) sub: &'a str,
    pub(crate) sid: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) iss: Option<&'a str>,
    #[serde(skip_serializing_if = "AudienceClaim::is_empty")]
    pub(crate) aud: AudienceClaim<'a>,
    #[serde(flatten)]
    pub(crate) about: AboutUser<'a>,
}

/// A refresh token's claims.
#[derive(Serialize)]
pub(crate) struct RefreshPayload {
    pub(crate) token_type: &'static str,
    pub(crate) exp: i64,
    pub(crate) iat: i64,
    pub(crate) jti: String,
    pub(crate) user_id: UserIdClaim,
    pub(crate) sid: String,
    pub(crate) r#gen: i64,
}

/// A user's number, as one or the other simplejwt writes it.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum UserIdClaim {
    Number(i64),
    Text(String),
}

/// One audience is a string, several are an array (RFC 7519, section 4.1.3).
pub(crate) struct AudienceClaim<'a>(pub(crate) &'a [String]);

impl AudienceClaim<'_> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for AudienceClaim<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            [one] => one.serialize(serializer),
            several => several.serialize(serializer),
        }
    }
}

/// The configured claims about an account.
pub(crate) struct AboutUser<'a> {
    pub(crate) user: &'a User,
    pub(crate) claims: &'a [UserClaim],
}

#[derive(Serialize)]
#[serde(untagged)]
enum Fact<'a> {
    Text(&'a str),
    Flag(bool),
}

impl Serialize for AboutUser<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let facts = self.claims.iter().filter_map(|claim| Some((claim.name(), fact(*claim, self.user)?)));
        serializer.collect_map(facts)
    }
}

fn fact(claim: UserClaim, user: &User) -> Option<Fact<'_>> {
    match claim {
        UserClaim::Username => Some(Fact::Text(user.username.as_str())),
        UserClaim::Email => user.email.as_ref().map(|email| Fact::Text(email.as_str())),
        UserClaim::FullName => Some(Fact::Text(user.full_name.as_str())),
        UserClaim::IsStaff => Some(Fact::Flag(user.is_staff)),
        UserClaim::IsSuperuser => Some(Fact::Flag(user.is_superuser)),
    }
}
