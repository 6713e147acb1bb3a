use crate::body::{Body, FieldErrors, Fields, Trim, Unfit};
use crate::call::Call;
use crate::endpoint::{Answer, Endpoint};
use crate::new_password::WRONG;
use crate::offer::Offer;
use crate::problem::Problem;
use crate::problem_docs::{BodyProblems, ClosedProblems, Unavailable};
use crate::wire::{self, AccountId, rfc3339};
use actix_web::HttpResponse;
use actix_web::http::Method;
use doorward_domain::callers::Caller;
use doorward_domain::password::Password;
use doorward_domain::use_cases::DeleteAccountError;
use doorward_domain::user::{self, FullName};
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) fn endpoint() -> Endpoint {
    let endpoint = Endpoint::at("/api/auth/user/").offering(Offer::new("User"));
    let endpoint = endpoint.guarded(Method::GET, show).guarded(Method::PATCH, change);
    endpoint.guarded(Method::DELETE, delete)
}

/// An account, as its owner sees it.
#[derive(Serialize, ToSchema)]
pub(crate) struct Profile {
    /// What others know it by: the claim `user_id`.
    id: AccountId,
    /// What it logs in with.
    #[schema(example = "alice")]
    username: String,
    /// Its address, if it has one.
    #[schema(example = "alice@example.com")]
    email: Option<String>,
    /// Whether somebody proved to read that address's mail, or an operator vouched for it.
    email_verified: bool,
    /// The person's name; may be empty.
    #[schema(example = "Alice Liddell")]
    full_name: String,
    /// When it was made.
    #[schema(format = DateTime)]
    date_joined: String,
    /// When it last logged in.
    #[schema(format = DateTime)]
    last_login: Option<String>,
    /// Whether it may enter an administration.
    is_staff: bool,
    /// The names of its groups, in order.
    groups: Vec<String>,
}

/// What an owner can change of an account. What is left out stays.
#[derive(ToSchema)]
struct ProfileChange {
    /// The person's name; may be empty.
    #[schema(value_type = Option<String>, nullable = false, max_length = 255)]
    full_name: Option<FullName>,
}

/// The password, again.
#[derive(ToSchema)]
struct Reassurance {
    /// The account's password.
    #[schema(value_type = String, example = "Corr3ct-horse!", format = Password)]
    password: Password,
}

/// Shows the caller's account.
#[utoipa::path(
    get,
    path = "/api/auth/user/",
    tag = "accounts",
    security(("bearer" = [])),
    responses((status = 200, description = "The account", body = Profile), ClosedProblems, Unavailable)
)]
pub(crate) async fn show(call: Call, caller: Caller) -> Answer {
    let profile = call.auth().profile(&caller).await?.ok_or(Problem::USER_NOT_FOUND)?;
    wire::ok(Profile::from(profile))
}

/// Changes the caller's account.
#[utoipa::path(
    patch,
    path = "/api/auth/user/",
    tag = "accounts",
    request_body = ProfileChange,
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The account as it now is", body = Profile),
        BodyProblems, ClosedProblems, Unavailable
    )
)]
pub(crate) async fn change(call: Call, caller: Caller) -> Answer {
    let profile = match ProfileChange::read(&call.body().await?)?.full_name {
        Some(full_name) => call.auth().rename(&caller, full_name).await?,
        None => call.auth().profile(&caller).await?,
    };
    let profile = profile.ok_or(Problem::USER_NOT_FOUND)?;
    wire::ok(Profile::from(profile))
}

/// Deletes the caller's account and all that hangs on it.
#[utoipa::path(
    delete,
    path = "/api/auth/user/",
    tag = "accounts",
    request_body = Reassurance,
    security(("bearer" = [])),
    responses((status = 204, description = "The account is gone"), BodyProblems, ClosedProblems, Unavailable)
)]
pub(crate) async fn delete(call: Call, caller: Caller) -> Answer {
    let Reassurance { password } = Reassurance::read(&call.body().await?, call.password_trim())?;
    match call.auth().delete_own_account(&caller, password).await {
        Ok(()) => Ok(HttpResponse::NoContent().finish()),
        Err(DeleteAccountError::WrongPassword) => Err(FieldErrors::one("password", WRONG).into()),
        Err(DeleteAccountError::Failure(failure)) => Err(failure.into()),
    }
}

impl Reassurance {
    fn read(body: &Body, password_trim: Trim) -> Result<Self, Problem> {
        let mut fields = Fields::of(body);
        match fields.password("password", password_trim) {
            Some(password) => Ok(Self { password }),
            None => Err(fields.into_errors().into()),
        }
    }
}

impl ProfileChange {
    fn read(body: &Body) -> Result<Self, Problem> {
        let text = match body.text_or_blank("full_name", Trim::Yes) {
            Ok(text) => text,
            Err(Unfit::Missing) => return Ok(Self { full_name: None }),
            Err(unfit) => return Err(FieldErrors::one("full_name", unfit.to_string()).into()),
        };
        let surrogate = text.forbidden_surrogate();
        match FullName::parse(&text.value) {
            Ok(full_name) if surrogate.is_none() => Ok(Self { full_name: Some(full_name) }),
            parsed => {
                let mut errors = FieldErrors::default();
                let broken = parsed.err().unwrap_or_default().into_iter().map(|rule| rule.to_string());
                errors.add("full_name", broken.chain(surrogate));
                Err(errors.into())
            }
        }
    }
}

impl From<user::Profile> for Profile {
    fn from(profile: user::Profile) -> Self {
        let user::Profile { user, last_login } = profile;
        Self {
            id: user.public_id().into(),
            username: user.username.as_str().to_owned(),
            email_verified: user.email_verified_at.is_some(),
            email: user.email.map(|email| email.as_str().to_owned()),
            full_name: user.full_name.as_str().to_owned(),
            date_joined: rfc3339(user.date_joined),
            last_login: last_login.map(rfc3339),
            is_staff: user.is_staff,
            groups: user.groups,
        }
    }
}
