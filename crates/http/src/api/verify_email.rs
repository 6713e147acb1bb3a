use crate::call::Call;
use crate::endpoint::{Answer, Endpoint};
use crate::offer::{Offer, OfferedField};
use crate::problem_docs::{BodyProblems, NotFound, Unavailable};
use crate::proof::{self, KeyOrCode};
use crate::wire::{self, Detail};
use actix_web::http::Method;
use doorward_domain::use_cases::ProofError;

pub(crate) fn endpoint() -> Endpoint {
    Endpoint::at("/api/auth/registration/verify-email/").offering(OFFER).open(Method::POST, verify_email)
}

const OFFER: Offer = Offer::new("Verify Email").takes(&[OfferedField::required("key", "Key")]);

/// Marks the account's address as verified.
///
/// A link works once, for a day, and until a newer one is sent. One that does not work is not found.
#[utoipa::path(
    post,
    path = "/api/auth/registration/verify-email/",
    tag = "accounts",
    request_body = KeyOrCode,
    responses((status = 200, description = "It is verified", body = Detail), BodyProblems, NotFound, Unavailable)
)]
pub(crate) async fn verify_email(call: Call) -> Answer {
    let proof = KeyOrCode::read(&call.body().await?)?;
    let refusal = proof::refusal(&proof);
    match call.auth().verify_email(proof).await {
        Ok(_) => wire::ok(Detail::new("ok")),
        Err(ProofError::Refused) => Err(refusal),
        Err(ProofError::Failure(failure)) => Err(failure.into()),
    }
}
