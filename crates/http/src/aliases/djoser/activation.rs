use super::reset::{INVALID_TOKEN, UidAndToken};
use crate::api::password_reset::Addressee;
use crate::body::{FieldErrors, Fields};
use crate::call::Call;
use crate::endpoint::{Answer, Endpoint};
use crate::offer::{Offer, OfferedField};
use crate::problem_docs::{BodyProblems, ClosedProblems, Unavailable};
use actix_web::HttpResponse;
use actix_web::http::Method;
use doorward_domain::mail::RequestedLetter;
use doorward_domain::use_cases::{Proof, ProofError};

pub(crate) fn endpoint() -> Endpoint {
    const OFFER: Offer = Offer::new("Activation")
        .takes(&[OfferedField::required("uid", "Uid"), OfferedField::required("token", "Token")]);
    Endpoint::at("{djoser}users/activation/").offering(OFFER).checked().open(Method::POST, activate)
}

pub(crate) fn resending() -> Endpoint {
    const OFFER: Offer =
        Offer::new("Resend activation").takes(&[OfferedField::required("email", "Email").of_kind("email")]);
    Endpoint::at("{djoser}users/resend_activation/").offering(OFFER).checked().open(Method::POST, resend)
}

/// Marks the account's address as verified. The token is the `key` of the letter's link. It says by
/// itself whose it is: a `uid` must be there, and is not looked at.
#[utoipa::path(
    post,
    path = "{djoser}users/activation/",
    request_body = UidAndToken,
    responses((status = 204, description = "It is verified"), BodyProblems, ClosedProblems, Unavailable)
)]
pub(crate) async fn activate(call: Call) -> Answer {
    let body = call.body().await?;
    let mut fields = Fields::of(&body);
    let Some(UidAndToken { token, .. }) = UidAndToken::read(&mut fields) else {
        return Err(fields.into_errors().into());
    };
    match call.auth().verify_email(Proof::Link(token)).await {
        Ok(_) => Ok(HttpResponse::NoContent().finish()),
        Err(ProofError::Refused) => Err(FieldErrors::one("token", INVALID_TOKEN).into()),
        Err(ProofError::Failure(failure)) => Err(failure.into()),
    }
}

/// Asks for another letter to verify an address with. The answer is the same whether there is an account.
#[utoipa::path(
    post,
    path = "{djoser}users/resend_activation/",
    request_body = Addressee,
    responses((status = 204, description = "It was noted"), BodyProblems, ClosedProblems, Unavailable)
)]
pub(crate) async fn resend(call: Call) -> Answer {
    let address = Addressee::read(&call.body().await?)?;
    call.auth().request_letter(RequestedLetter::VerifyEmail, address).await?;
    Ok(HttpResponse::NoContent().finish())
}
