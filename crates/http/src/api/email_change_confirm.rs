use super::email_change::taken;
use crate::call::Call;
use crate::endpoint::{Answer, Endpoint};
use crate::offer::{Offer, OfferedField};
use crate::problem_docs::{BodyProblems, NotFound, Unavailable};
use crate::proof::{self, KeyOrCode};
use crate::wire::{self, Detail};
use actix_web::http::Method;
use doorward_domain::use_cases::ConfirmEmailError;

pub(crate) fn endpoint() -> Endpoint {
    Endpoint::at("/api/auth/email/change/confirm/").offering(OFFER).open(Method::POST, confirm)
}

const OFFER: Offer = Offer::new("Email Change Confirm").takes(&[OfferedField::required("key", "Key")]);

/// Gives an account the address whose mail was proven to be read.
///
/// The address before is told; if that was proven to be the account's, too, with a link that undoes the
/// change for a week. A link works once, for a day, and until a newer one is sent or the password is
/// changed. One that does not work is not found.
#[utoipa::path(
    post,
    path = "/api/auth/email/change/confirm/",
    tag = "accounts",
    request_body = KeyOrCode,
    responses((status = 200, description = "The address is another", body = Detail), BodyProblems, NotFound, Unavailable)
)]
pub(crate) async fn confirm(call: Call) -> Answer {
    let proof = KeyOrCode::read(&call.body().await?)?;
    let refusal = proof::refusal(&proof);
    match call.auth().confirm_email_change(proof).await {
        Ok(_) => wire::ok(Detail::new("ok")),
        Err(ConfirmEmailError::Refused) => Err(refusal),
        Err(ConfirmEmailError::Taken) => Err(taken()),
        Err(ConfirmEmailError::Failure(failure)) => Err(failure.into()),
    }
}
