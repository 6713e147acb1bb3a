use crate::body::FieldErrors;
use crate::call::Call;
use crate::endpoint::{Answer, Endpoint};
use crate::offer::{Offer, OfferedField};
use crate::problem::Problem;
use crate::problem_docs::{BodyProblems, ClosedProblems, Unavailable};
use crate::registration::Registration;
use crate::wire;
use actix_web::http::Method;
use doorward_domain::use_cases::{DraftErrors, RegisterError, Role};
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) fn endpoint() -> Endpoint {
    Endpoint::at("/api/auth/register/").offering(OFFER).checked().open(Method::POST, register)
}

const OFFER: Offer = Offer::new("Register").takes(&[
    OfferedField::required("username", "Username")
        .at_most(150)
        .help("Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only."),
    OfferedField::required("email", "Email").of_kind("email").at_most(254),
    OfferedField::required("password", "Password"),
    OfferedField::required("password2", "Password2"),
]);

/// A new account.
#[derive(ToSchema)]
#[schema(as = Registration)]
#[expect(dead_code, reason = "says what is read field by field")]
struct NewAccount {
    /// Letters, numbers and `@.+-_`; at most 150 characters. One that is an e-mail address must be the
    /// account's own; where registrations are private, there is no `@` in it.
    #[schema(example = "alice", max_length = 150)]
    username: String,
    /// An e-mail address that nobody else has.
    #[schema(example = "alice@example.com", max_length = 254)]
    email: String,
    /// The password.
    #[schema(example = "Corr3ct-horse!", format = Password)]
    password: String,
    /// The password again. `passwrod2` is taken as well.
    #[schema(example = "Corr3ct-horse!", format = Password)]
    password2: String,
}

/// The account that was made.
#[derive(Serialize, ToSchema)]
pub(crate) struct Registered {
    /// As it is stored: in Unicode's form NFKC.
    #[schema(example = "alice")]
    username: String,
    /// As it is stored: with its domain in lower case.
    #[schema(example = "alice@example.com")]
    email: Option<String>,
}

/// Makes an account.
#[utoipa::path(
    post,
    path = "/api/auth/register/",
    tag = "accounts",
    request_body = NewAccount,
    responses((status = 201, description = "The account", body = Registered), BodyProblems, ClosedProblems, Unavailable)
)]
pub(crate) async fn register(call: Call) -> Answer {
    let body = call.body().await?;
    let password2 = if body.has("password2") { "password2" } else { "passwrod2" };
    let typed = Registration::read(&body, "password", password2, call.password_trim());
    match call.auth().register(typed.draft(), Role::Member).await {
        Ok(user) => wire::created(Registered {
            username: user.username.as_str().to_owned(),
            email: user.email.map(|email| email.as_str().to_owned()),
        }),
        Err(RegisterError::Invalid(broken)) if broken.mismatch => {
            Err(Problem::non_field("Passwords must match."))
        }
        Err(RegisterError::Invalid(broken)) => Err(errors(&typed, &broken).into()),
        Err(RegisterError::Failure(failure)) => Err(failure.into()),
    }
}

/// What is wrong on the wire and what breaks the rules.
fn errors(typed: &Registration, broken: &DraftErrors) -> FieldErrors {
    let mut errors = FieldErrors::default();
    errors.add("username", typed.username_errors(&broken.username));
    errors.add("email", typed.email_errors(&broken.email));
    errors.add("password", typed.password_errors(&broken.password));
    errors.add("password2", typed.password_again_errors());
    errors
}
