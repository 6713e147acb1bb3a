//! The claims that are written.

use crate::settings::{SimpleJwt, UserClaim};
use doorward_domain::user::{PublicId, User};
use serde::{Serialize, Serializer};

/// An access token's claims.
#[derive(Serialize)]
pub(crate) struct AccessPayload<'a> {
    pub(crate) token_type: &'static str,
    pub(crate) exp: i64,
    pub(crate) iat: i64,
    pub(crate) nbf: i64,
    pub(crate) jti: String,
    pub(crate) user_id: UserIdClaim<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) uid: Option<i64>,
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
pub(crate) struct RefreshPayload<'a> {
    pub(crate) token_type: &'static str,
    pub(crate) exp: i64,
    pub(crate) iat: i64,
    pub(crate) jti: String,
    pub(crate) user_id: UserIdClaim<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) uid: Option<i64>,
    pub(crate) sid: String,
    pub(crate) r#gen: i64,
}

/// What others know an account by: a number, as one or the other simplejwt writes it, or a key.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum UserIdClaim<'a> {
    Number(i64),
    Digits(String),
    Key(&'a str),
}

impl<'a> UserIdClaim<'a> {
    /// What is written of `user`.
    pub(crate) fn of(user: &'a User, simplejwt: SimpleJwt) -> Self {
        match (user.public_id(), simplejwt) {
            (PublicId::Number(id), SimpleJwt::V5_4) => Self::Number(id.0),
            (PublicId::Number(id), SimpleJwt::V5_5) => Self::Digits(id.to_string()),
            (PublicId::Key(key), _) => Self::Key(key.as_str()),
        }
    }
}

/// The claim `uid`: the number of an account whose `user_id` is another key, so that a request with
/// the token does not have to look it up.
pub(crate) fn number_beside_key(user: &User) -> Option<i64> {
    match user.public_id() {
        PublicId::Number(_) => None,
        PublicId::Key(_) => Some(user.id.0),
    }
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
    Names(&'a [String]),
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
        UserClaim::Groups => fits(&user.groups).then_some(Fact::Names(&user.groups)),
    }
}

/// Whether a token stays within what headers carry if it says this.
fn fits(groups: &[String]) -> bool {
    serde_json::to_string(groups).is_ok_and(|json| json.len() <= UserClaim::MAX_GROUPS_BYTES)
}
