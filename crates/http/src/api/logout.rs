use super::refresh::RefreshToken;
use crate::call::Call;
use crate::endpoint::{Answer, Endpoint};
use crate::problem_docs::{BodyProblems, ClosedProblems, Unavailable};
use crate::wire;
use actix_web::http::Method;

pub(crate) fn endpoint() -> Endpoint {
    Endpoint::at("/api/auth/logout/").open(Method::POST, logout)
}

/// Ends the session of the refresh token in the body or, where there is none, of the bearer.
///
/// With a refresh token the bearer is not looked at: it may have expired by the time its owner
/// leaves.
#[utoipa::path(
    post,
    path = "/api/auth/logout/",
    tag = "sessions",
    request_body = Option<RefreshToken>,
    security((), ("bearer" = [])),
    responses(
        (status = 200, description = "The session is over", body = wire::Empty),
        BodyProblems, ClosedProblems, Unavailable
    )
)]
pub(crate) async fn logout(call: Call) -> Answer {
    let body = call.body().await?;
    let caller = if body.has("refresh") { None } else { call.caller().await? };
    if let Some(caller) = caller {
        call.auth().logout(&caller).await?;
    } else {
        let RefreshToken { refresh } = RefreshToken::read(&body)?;
        let ended = call.auth().logout_with(&refresh, call.client()).await;
        ended.map_err(|error| call.state().settings.simplejwt.refresh(error))?;
    }
    wire::ok(wire::Empty {})
}
