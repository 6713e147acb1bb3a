use crate::wire::AccountId;
use doorward_domain::user::User;
use serde::Serialize;
use utoipa::ToSchema;

/// An account, as djoser shows it.
#[derive(Serialize, ToSchema)]
#[schema(as = DjoserAccount)]
pub(crate) struct Account {
    /// Its address; empty if it has none.
    #[schema(example = "alice@example.com")]
    email: String,
    /// What others know it by: the claim `user_id`.
    id: AccountId,
    /// What it logs in with.
    #[schema(example = "alice")]
    username: String,
}

impl From<&User> for Account {
    fn from(user: &User) -> Self {
        Self {
            email: user.email.as_ref().map(ToString::to_string).unwrap_or_default(),
            id: user.public_id().into(),
            username: user.username.to_string(),
        }
    }
}
