use crate::body::{Body, Fields, Trim};
use crate::call::Call;
use crate::endpoint::{Answer, Endpoint};
use crate::offer::{Offer, OfferedField};
use crate::problem::Problem;
use crate::problem_docs::{BodyProblems, TokenProblems, Unavailable};
use crate::wire;
use actix_web::http::Method;
use doorward_domain::token::TokenPair;
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) fn endpoint() -> Endpoint {
    Endpoint::at("/api/auth/token/refresh/").offering(OFFER).open(Method::POST, refresh)
}

const OFFER: Offer = Offer::new("Token Refresh")
    .describe(
        "Takes a refresh type JSON web token and returns an access type JSON web\n\
         token if the refresh token is valid.",
    )
    .takes(&[OfferedField::required("refresh", "Refresh"), OfferedField::answered("access", "Access")]);

/// The current refresh token of a session.
#[derive(ToSchema)]
pub(crate) struct RefreshToken {
    /// The token.
    pub(crate) refresh: String,
}

/// The next tokens of a session.
#[derive(Serialize, ToSchema)]
pub(crate) struct Rotated {
    /// Opens what is protected, for minutes.
    access: String,
    /// Is exchanged for the next pair, once.
    refresh: String,
}

/// Exchanges a refresh token for the next pair. It works once; a repetition within the grace
/// answers the identical pair, any other one ends the session.
#[utoipa::path(
    post,
    path = "/api/auth/token/refresh/",
    tag = "tokens",
    request_body = RefreshToken,
    responses((status = 200, description = "The tokens", body = Rotated), BodyProblems, TokenProblems, Unavailable)
)]
pub(crate) async fn refresh(call: Call) -> Answer {
    let RefreshToken { refresh } = RefreshToken::read(&call.body().await?)?;
    match call.auth().refresh(&refresh, call.client()).await {
        Ok(TokenPair { access, refresh, .. }) => wire::ok(Rotated { access, refresh }),
        Err(error) => Err(call.state().settings.simplejwt.refresh(error)),
    }
}

impl RefreshToken {
    pub(crate) fn read(body: &Body) -> Result<Self, Problem> {
        let mut fields = Fields::of(body);
        match fields.text("refresh", Trim::Yes) {
            Some(refresh) => Ok(Self { refresh }),
            None => Err(fields.into_errors().into()),
        }
    }
}
