use crate::body::{Body, Fields, Trim};
use crate::call::Call;
use crate::endpoint::{Answer, Endpoint};
use crate::offer::{Offer, OfferedField};
use crate::problem::Problem;
use crate::problem_docs::{BodyProblems, TokenProblems, Unavailable};
use crate::wire;
use actix_web::http::Method;
use utoipa::ToSchema;

pub(crate) fn endpoint() -> Endpoint {
    Endpoint::at("/api/auth/token/verify/").offering(OFFER).open(Method::POST, verify)
}

const OFFER: Offer = Offer::new("Token Verify")
    .describe(
        "Takes a token and indicates if it is valid.  This view provides no\n\
         information about a token's fitness for a particular use.",
    )
    .takes(&[OfferedField::required("token", "Token")]);

/// A token of either type.
#[derive(ToSchema)]
struct Token {
    /// The token.
    token: String,
}

/// Tells whether a token is honoured at present.
#[utoipa::path(
    post,
    path = "/api/auth/token/verify/",
    tag = "tokens",
    request_body = Token,
    responses((status = 200, description = "It is", body = wire::Empty), BodyProblems, TokenProblems, Unavailable)
)]
pub(crate) async fn verify(call: Call) -> Answer {
    let Token { token } = Token::read(&call.body().await?)?;
    match call.auth().verify(&token).await {
        Ok(()) => wire::ok(wire::Empty {}),
        Err(error) => Err(call.state().settings.simplejwt.verification(error)),
    }
}

impl Token {
    fn read(body: &Body) -> Result<Self, Problem> {
        let mut fields = Fields::of(body);
        match fields.text("token", Trim::Yes) {
            Some(token) => Ok(Self { token }),
            None => Err(fields.into_errors().into()),
        }
    }
}
