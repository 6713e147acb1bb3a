use crate::body::{Body, FieldErrors, Fields, Trim};
use crate::call::Call;
use crate::endpoint::{Answer, Endpoint};
use crate::new_password::WRONG;
use crate::offer::{Offer, OfferedField};
use crate::problem::Problem;
use crate::problem_docs::{BodyProblems, ClosedProblems, Unavailable};
use crate::wire::{self, Detail};
use actix_web::http::Method;
use doorward_domain::callers::Caller;
use doorward_domain::identity::{EmailAddress, EmailError};
use doorward_domain::password::Password;
use doorward_domain::use_cases::ChangeEmailError;
use utoipa::ToSchema;

pub(crate) fn endpoint() -> Endpoint {
    Endpoint::at("/api/auth/email/change/").offering(OFFER).guarded(Method::POST, change)
}

const OFFER: Offer = Offer::new("Email Change").takes(&[
    OfferedField::required("email", "Email").of_kind("email").at_most(254),
    OfferedField::required("password", "Password"),
]);

/// Another address, and the password.
#[derive(ToSchema)]
struct AddressChange {
    /// The address that is to be the account's.
    #[schema(value_type = String, example = "alice@example.org", max_length = 254)]
    email: EmailAddress,
    /// The account's password.
    #[schema(value_type = String, example = "Corr3ct-horse!", format = Password)]
    password: Password,
}

/// Sends a letter to the address that is to be the caller's. The account keeps its own until the
/// letter's link is followed.
///
/// Where registrations are private, an address that is taken gets the same answer. So does one that was
/// sent letters enough, and gets none.
#[utoipa::path(
    post,
    path = "/api/auth/email/change/",
    tag = "accounts",
    request_body = AddressChange,
    security(("bearer" = [])),
    responses((status = 200, description = "It was sent", body = Detail), BodyProblems, ClosedProblems, Unavailable)
)]
pub(crate) async fn change(call: Call, caller: Caller) -> Answer {
    let AddressChange { email, password } = AddressChange::read(&call.body().await?, call.password_trim())?;
    match call.auth().request_email_change(&caller, email, password).await {
        Ok(()) => wire::ok(Detail::new("Verification e-mail sent.")),
        Err(ChangeEmailError::WrongPassword) => Err(FieldErrors::one("password", WRONG).into()),
        Err(ChangeEmailError::Taken) => Err(taken()),
        Err(ChangeEmailError::Failure(failure)) => Err(failure.into()),
    }
}

/// Somebody else has the address.
pub(super) fn taken() -> Problem {
    FieldErrors::one("email", EmailError::Taken.to_string()).into()
}

impl AddressChange {
    fn read(body: &Body, password_trim: Trim) -> Result<Self, Problem> {
        let mut fields = Fields::of(body);
        match (fields.email("email"), fields.password("password", password_trim)) {
            (Some(email), Some(password)) => Ok(Self { email, password }),
            _ => Err(fields.into_errors().into()),
        }
    }
}
