use super::person::Person;
use doorward_domain::token::TokenPair;
use doorward_domain::use_cases::LoggedIn;
use doorward_domain::user::User;
use serde::Serialize;
use utoipa::ToSchema;

/// The first tokens of a session, and whose it is.
#[derive(Serialize, ToSchema)]
#[schema(as = DjRestAuthSession)]
pub(crate) struct Session {
    /// Opens what is protected, for minutes.
    access: String,
    /// Is exchanged for the next pair, once.
    refresh: String,
    /// The account.
    user: Person,
}

impl Session {
    pub(super) fn new(user: &User, tokens: TokenPair) -> Self {
        let TokenPair { access, refresh, .. } = tokens;
        Self { access, refresh, user: Person::from(user) }
    }
}

impl From<LoggedIn> for Session {
    fn from(LoggedIn { user, tokens }: LoggedIn) -> Self {
        Self::new(&user, tokens)
    }
}
