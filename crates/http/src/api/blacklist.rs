use super::refresh::RefreshToken;
use crate::call::Call;
use crate::endpoint::{Answer, Endpoint};
use crate::openapi::{BodyProblems, TokenProblems, Unavailable};
use crate::wire;
use actix_web::HttpResponse;
use actix_web::http::Method;

pub(crate) fn endpoint() -> Endpoint {
    Endpoint::at("/api/auth/token/blacklist/").open(Method::POST, blacklist)
}

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
    match call.auth().logout_with(&refresh).await {
        Ok(()) => Ok(HttpResponse::Ok().json(wire::Empty {})),
        Err(error) => Err(call.state().settings.simplejwt.refresh(error)),
    }
}
