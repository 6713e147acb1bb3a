use super::person::Person;
use crate::api::login::log_in;
use crate::call::Call;
use crate::problem::Problem;
use doorward_domain::password::Password;
use doorward_domain::token::TokenPair;
use doorward_domain::use_cases::LoginError;
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
    /// Logs in, as dj-rest-auth tells it.
    pub(super) async fn begin(call: &Call, name: String, password: Password) -> Result<Self, Problem> {
        let TokenPair { access, refresh } =
            log_in(call, name, password).await.map_err(|error| match error {
                LoginError::Refused => Problem::non_field("Unable to log in with provided credentials."),
                LoginError::Failure(failure) => failure.into(),
            })?;
        let user = Person::from(&*call.holder(&access).await?.user);
        Ok(Self { access, refresh, user })
    }
}
