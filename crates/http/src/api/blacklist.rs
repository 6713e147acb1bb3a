use super::refresh::RefreshToken;
use crate::call::Call;
use crate::endpoint::{Answer, Endpoint};
use crate::offer::{Offer, OfferedField};
use crate::problem_docs::{BodyProblems, TokenProblems, Unavailable};
use crate::wire;
use actix_web::http::Method;

pub(crate) fn endpoint() -> Endpoint {
    Endpoint::at("/api/auth/token/blacklist/").offering(OFFER).open(Method::POST, blacklist)
}

const OFFER: Offer = Offer::new("Token Blacklist")
    .describe(
        "Takes a token and blacklists it. Must be used with the\n\
         `rest_framework_simplejwt.token_blacklist` app installed.",
    )
    .takes(&[OfferedField::required("refresh", "Refresh")]);

/// Ends the session of a refresh token.
#[utoipa::path(
    post,
    path = "/api/auth/token/blacklist/",
    tag = "sessions",
    request_body = RefreshToken,
    responses(
        (status = 200, description = "The session is over", body = wire::Empty),
        BodyProblems, TokenProblems, Unavailable
    )
)]
pub(crate) async fn blacklist(call: Call) -> Answer {
    let RefreshToken { refresh } = RefreshToken::read(&call.body().await?)?;
    match call.auth().logout_with(&refresh, call.client()).await {
        Ok(()) => wire::ok(wire::Empty {}),
        Err(error) => Err(call.state().settings.simplejwt.refresh(error)),
    }
}
