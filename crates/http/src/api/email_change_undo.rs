use super::email_change::taken;
use crate::body::Fields;
use crate::call::Call;
use crate::endpoint::{Answer, Endpoint};
use crate::offer::{Offer, OfferedField};
use crate::problem::Problem;
use crate::problem_docs::{BodyProblems, NotFound, Unavailable};
use crate::proof::LinkKey;
use crate::wire::{self, Detail};
use actix_web::http::Method;
use doorward_domain::use_cases::ConfirmEmailError;

pub(crate) fn endpoint() -> Endpoint {
    Endpoint::at("/api/auth/email/change/undo/").offering(OFFER).open(Method::POST, undo)
}

const OFFER: Offer = Offer::new("Email Change Undo").takes(&[OfferedField::required("key", "Key")]);

/// Gives an account back to the address that it had before a change.
///
/// Somebody else may have made that change. So every session ends, the password works no more, and the
/// address is sent a letter to set a new one. The link works once, for a week, whatever was changed
/// since, unless an earlier change was undone. One that does not work is not found.
#[utoipa::path(
    post,
    path = "/api/auth/email/change/undo/",
    tag = "accounts",
    request_body = LinkKey,
    responses((status = 200, description = "It is undone", body = Detail), BodyProblems, NotFound, Unavailable)
)]
pub(crate) async fn undo(call: Call) -> Answer {
    let body = call.body().await?;
    let mut fields = Fields::of(&body);
    let Some(secret) = fields.secret("key") else { return Err(fields.into_errors().into()) };
    match call.auth().undo_email_change(secret).await {
        Ok(_) => wire::ok(Detail::new("ok")),
        Err(ConfirmEmailError::Refused) => Err(Problem::NotFound),
        Err(ConfirmEmailError::Taken) => Err(taken()),
        Err(ConfirmEmailError::Failure(failure)) => Err(failure.into()),
    }
}
