use crate::api::refresh::RefreshToken;
use crate::call::Call;
use crate::endpoint::{Answer, Endpoint};
use crate::offer::Offer;
use crate::problem::Problem;
use crate::problem_docs::{BodyProblems, TokenProblems, Unavailable};
use crate::wire::{self, rfc3339};
use actix_web::http::Method;
use doorward_domain::token::TokenPair;
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) fn endpoint() -> Endpoint {
    let endpoint = Endpoint::at("{dj_rest_auth}token/refresh/");
    endpoint.offering(Offer::new("Refresh View With Cookie Support")).open(Method::POST, refresh)
}

/// The next tokens of a session, and how long they live.
#[derive(Serialize, ToSchema)]
#[schema(as = DjRestAuthRotated)]
pub(crate) struct Rotated {
    /// Opens what is protected, for minutes.
    access: String,
    /// Is exchanged for the next pair, once.
    refresh: String,
    /// When the access token expires.
    #[schema(format = DateTime)]
    access_expiration: String,
    /// When the refresh token expires.
    #[schema(format = DateTime)]
    refresh_expiration: String,
}

/// Exchanges a refresh token for the next pair.
#[utoipa::path(
    post,
    path = "{dj_rest_auth}token/refresh/",
    request_body = RefreshToken,
    responses((status = 200, description = "The tokens", body = Rotated), BodyProblems, TokenProblems, Unavailable)
)]
pub(crate) async fn refresh(call: Call) -> Answer {
    let simplejwt = call.state().settings.simplejwt;
    let body = call.body().await?;
    if !body.has("refresh") {
        return Err(Problem::token_not_valid("No valid refresh token found."));
    }
    let RefreshToken { refresh } = RefreshToken::read(&body)?;
    let rotated = call.auth().refresh(&refresh, call.client()).await;
    let rotated = rotated.map_err(|error| simplejwt.refresh(error))?;
    wire::ok(Rotated::from(rotated))
}

impl From<TokenPair> for Rotated {
    fn from(pair: TokenPair) -> Self {
        Self {
            access: pair.access,
            refresh: pair.refresh,
            access_expiration: rfc3339(pair.access_expires_at),
            refresh_expiration: rfc3339(pair.refresh_expires_at),
        }
    }
}
