use super::person::Person;
use doorward_domain::use_cases::LoggedIn;
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

impl From<LoggedIn> for Session {
    fn from(LoggedIn { user, tokens }: LoggedIn) -> Self {
        Self { access: tokens.access, refresh: tokens.refresh, user: Person::from(&user) }
    }
}
