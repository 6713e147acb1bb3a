use super::session::Session;
use crate::api::login::log_in;
use crate::body::{Body, Fields, Trim};
use crate::call::Call;
use crate::endpoint::{Answer, Endpoint};
use crate::offer::Offer;
use crate::problem::Problem;
use crate::problem_docs::{BodyProblems, ClosedProblems, Unavailable};
use crate::wire;
use actix_web::http::Method;
use doorward_domain::identity::EmailAddress;
use doorward_domain::password::Password;
use doorward_domain::use_cases::LoginError;
use utoipa::ToSchema;

pub(crate) fn endpoint() -> Endpoint {
    let endpoint = Endpoint::at("{dj_rest_auth}login/").offering(Offer::new("Login"));
    endpoint.checked().open(Method::POST, login)
}

const EMAIL_INVALID: &str = "Enter a valid email address.";

/// Who logs in.
#[derive(ToSchema)]
#[schema(as = DjRestAuthCredentials)]
struct Credentials {
    /// The username or the e-mail address. `email` is taken in its place.
    #[schema(example = "alice")]
    username: String,
    /// The password.
    #[schema(value_type = String, example = "Corr3ct-horse!", format = Password)]
    password: Password,
}

/// Begins a session.
#[utoipa::path(
    post,
    path = "{dj_rest_auth}login/",
    request_body = Credentials,
    responses((status = 200, description = "The session", body = Session), BodyProblems, ClosedProblems, Unavailable)
)]
pub(crate) async fn login(call: Call) -> Answer {
    let Credentials { username, password } = Credentials::read(&call.body().await?, call.password_trim())?;
    match log_in(&call, username, password).await {
        Ok(begun) => wire::ok(Session::from(begun)),
        Err(LoginError::Refused) => Err(Problem::non_field("Unable to log in with provided credentials.")),
        Err(LoginError::Failure(failure)) => Err(failure.into()),
    }
}

impl Credentials {
    fn read(body: &Body, password_trim: Trim) -> Result<Self, Problem> {
        let mut fields = Fields::of(body);
        let username = fields.optional_text("username", "Not a valid string.");
        let email = fields.optional_text("email", EMAIL_INVALID);
        let password = fields.password("password", password_trim);
        let mut errors = fields.into_errors();
        if email.as_ref().is_some_and(|typed| !typed.is_empty() && EmailAddress::parse(typed).is_err()) {
            errors.add("email", [EMAIL_INVALID]);
        }
        let Some(password) = password.filter(|_| errors.is_empty()) else {
            return Err(errors.into());
        };
        let username = username.into_iter().chain(email).find(|name| !name.is_empty());
        let username =
            username.ok_or_else(|| Problem::non_field(r#"Must include "username" and "password"."#))?;
        Ok(Self { username, password })
    }
}
