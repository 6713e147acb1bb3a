use crate::body::{Body, Fields};
use crate::call::Call;
use crate::endpoint::{Answer, Endpoint};
use crate::offer::{Offer, OfferedField};
use crate::problem::Problem;
use crate::problem_docs::{BodyProblems, Unavailable};
use crate::wire::{self, Detail};
use actix_web::http::Method;
use doorward_domain::identity::EmailAddress;
use doorward_domain::mail::RequestedLetter;
use utoipa::ToSchema;

pub(crate) fn endpoint() -> Endpoint {
    Endpoint::at("/api/auth/password/reset/").offering(OFFER).open(Method::POST, reset)
}

const OFFER: Offer =
    Offer::new("Password Reset").takes(&[OfferedField::required("email", "Email").of_kind("email")]);

/// Who is to get a letter.
#[derive(ToSchema)]
#[expect(dead_code, reason = "says what is read field by field")]
pub(crate) struct Addressee {
    /// The account's address.
    #[schema(example = "alice@example.com", max_length = 254)]
    email: String,
}

/// Asks for a letter to set a new password with.
///
/// The answer and its time are the same whether there is an account, and whether the address was sent
/// letters enough.
#[utoipa::path(
    post,
    path = "/api/auth/password/reset/",
    tag = "passwords",
    request_body = Addressee,
    responses((status = 200, description = "It was noted", body = Detail), BodyProblems, Unavailable)
)]
pub(crate) async fn reset(call: Call) -> Answer {
    let address = Addressee::read(&call.body().await?)?;
    call.auth().request_letter(RequestedLetter::ResetPassword, address).await?;
    wire::ok(Detail::new("Password reset e-mail has been sent."))
}

impl Addressee {
    pub(crate) fn read(body: &Body) -> Result<EmailAddress, Problem> {
        let mut fields = Fields::of(body);
        fields.email("email").ok_or_else(|| fields.into_errors().into())
    }
}
