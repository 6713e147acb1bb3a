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
    /// The secret of a service that runs beside this one. Access tokens that it signed are honoured,
    /// and it is what ours are signed with if [`TokenSettings::algorithm`] is HS256. It vouches for no
    /// refresh token: the other service still honours its own, and would go on doing so after the
    /// exchange.
    pub shared_key: Option<SharedKey>,
    /// Keys of a service that this one has replaced, or that used to sign here. None of them signs.
    /// Access tokens that they signed are honoured until they expire, and refresh tokens may be
    /// exchanged for a session of ours, each once (see
    /// [`PresentedRefresh::Foreign`](doorward_domain::token::PresentedRefresh::Foreign)). What such a
    /// service says counts for the accounts that came from it alone; a key that is also the
    /// [`TokenSettings::shared_key`] is a retiring one in this, too.
    pub retiring_keys: Vec<RetiringKey>,
}

impl Default for TokenSettings {
    /// Ed25519, five minutes, and nothing that a service need not know.
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
    /// `groups`: the names of its groups, in order; an empty list where it has none. Left out where
    /// the list takes more than [`UserClaim::MAX_GROUPS_BYTES`], so that whoever needs the groups of
    /// such an account has to ask for them.
    Groups,
}

impl UserClaim {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Username, Self::Email, Self::FullName, Self::IsStaff, Self::IsSuperuser, Self::Groups];

    /// The most bytes of JSON that the claim `groups` may take. Servers and proxies refuse a request
    /// whose headers are longer than some 8 KiB, and a token is a third longer than its claims.
    pub const MAX_GROUPS_BYTES: usize = 4096;

    /// Its name in the token and in settings.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Username => "username",
            Self::Email => "email",
            Self::FullName => "full_name",
            Self::IsStaff => "is_staff",
            Self::IsSuperuser => "is_superuser",
            Self::Groups => "groups",
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
