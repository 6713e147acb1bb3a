//! What a server decides about its tokens.

use crate::foreign_keys::{RetiringKey, SharedKey};
use doorward_domain::keys::Algorithm;
use std::time::Duration;

/// What tokens say, and which keys of others count.
#[derive(Debug, Clone)]
pub struct TokenSettings {
    /// What access tokens are signed with.
    pub algorithm: Algorithm,
    /// The claim `iss`; `None` leaves it out, and ignores it in tokens.
    pub issuer: Option<String>,
    /// The claim `aud`; empty leaves it out, and ignores it in tokens.
    pub audience: Vec<String>,
    /// How long an access token lives; whole seconds count.
    pub access_lifetime: Duration,
    /// The simplejwt whose tokens ours look like.
    pub simplejwt: SimpleJwt,
    /// What access tokens tell about the account, beyond its ids.
    pub claims: Vec<UserClaim>,
    /// Signs, if [`TokenSettings::algorithm`] is HS256; always verifies.
    pub shared_key: Option<SharedKey>,
    /// Keys that verify and do not sign.
    pub retiring_keys: Vec<RetiringKey>,
    /// How many access tokens are remembered once they are verified, so that the next request with
    /// the same token costs a digest in place of a signature. Each takes about 140 bytes, from when
    /// it is there, and 200 where more are in use than that: 14 MB and 20 MB for the default of
    /// 100,000. 0 verifies every token every time.
    pub remembered_tokens: usize,
}

impl Default for TokenSettings {
    /// Ed25519, five minutes, and nothing that a service need not know; 100,000 tokens are
    /// remembered.
    fn default() -> Self {
        Self {
            algorithm: Algorithm::EdDsa,
            issuer: None,
            audience: Vec::new(),
            access_lifetime: Duration::from_secs(300),
            simplejwt: SimpleJwt::V5_4,
            claims: Vec::new(),
            shared_key: None,
            retiring_keys: Vec::new(),
            remembered_tokens: 100_000,
        }
    }
}

/// A version of djangorestframework-simplejwt, for what differs on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SimpleJwt {
    /// 5.4 and before: the claim `user_id` is a number.
    V5_4,
    /// From 5.5 on: it is a string.
    V5_5,
}

/// Something about the account that an access token may say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserClaim {
    /// `username`, as it was typed.
    Username,
    /// `email`; left out where the account has none.
    Email,
    /// `full_name`
    FullName,
    /// `is_staff`
    IsStaff,
    /// `is_superuser`
    IsSuperuser,
}

impl UserClaim {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Username, Self::Email, Self::FullName, Self::IsStaff, Self::IsSuperuser];

    /// Its name in the token and in settings.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Username => "username",
            Self::Email => "email",
            Self::FullName => "full_name",
            Self::IsStaff => "is_staff",
            Self::IsSuperuser => "is_superuser",
        }
    }

    /// The claim of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|claim| claim.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_claim_is_found_by_its_name_and_no_other_is() {
        for claim in UserClaim::ALL {
            assert_eq!(UserClaim::from_name(claim.name()), Some(claim));
        }
        for name in ["", "exp", "password", "Username"] {
            assert_eq!(UserClaim::from_name(name), None, "{name}");
        }
    }
}
