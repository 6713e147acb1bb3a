use super::password_reset::Addressee;
use crate::call::Call;
use crate::endpoint::{Answer, Endpoint};
use crate::offer::{Offer, OfferedField};
use crate::problem_docs::{BodyProblems, Unavailable};
use crate::wire::{self, Detail};
use actix_web::http::Method;
use doorward_domain::mail::RequestedLetter;

pub(crate) fn endpoint() -> Endpoint {
    Endpoint::at("/api/auth/registration/resend-email/").offering(OFFER).open(Method::POST, resend_email)
}

const OFFER: Offer = Offer::new("Resend Email Verification")
    .takes(&[OfferedField::required("email", "Email").of_kind("email")]);

/// Asks for another letter to verify an address with.
///
/// The answer and its time are the same whether there is an account, whether its address is verified, and
/// whether that was sent letters enough.
#[utoipa::path(
    post,
    path = "/api/auth/registration/resend-email/",
    tag = "accounts",
    request_body = Addressee,
    responses((status = 200, description = "It was noted", body = Detail), BodyProblems, Unavailable)
)]
pub(crate) async fn resend_email(call: Call) -> Answer {
    let address = Addressee::read(&call.body().await?)?;
    call.auth().request_letter(RequestedLetter::VerifyEmail, address).await?;
    wire::ok(Detail::new("ok"))
}
