use crate::body::{Body, Fields, Trim};
use crate::call::Call;
use crate::endpoint::{Answer, Endpoint};
use crate::metrics::LoginOutcome;
use crate::offer::{Offer, OfferedField};
use crate::problem::Problem;
use crate::problem_docs::{BodyProblems, TokenProblems, Unavailable};
use crate::wire;
use actix_web::http::Method;
use doorward_domain::hashing::HashError;
use doorward_domain::password::Password;
use doorward_domain::token::TokenPair;
use doorward_domain::use_cases::{Failure, LoggedIn, LoginError, LoginRequest};
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) fn endpoint() -> Endpoint {
    Endpoint::at("/api/auth/login/").offering(OFFER).open(Method::POST, login)
}

const OFFER: Offer = Offer::new("Token Obtain Pair")
    .describe(
        "Takes a set of user credentials and returns an access and refresh JSON web\n\
         token pair to prove the authentication of those credentials.",
    )
    .takes(&[OfferedField::required("username", "Username"), OfferedField::required("password", "Password")]);

/// Who logs in.
#[derive(ToSchema)]
struct Credentials {
    /// The username or the e-mail address. `email` is taken in its place.
    #[schema(example = "alice")]
    username: String,
    /// The password.
    #[schema(value_type = String, example = "Corr3ct-horse!", format = Password)]
    password: Password,
}

/// The first tokens of a session.
#[derive(Serialize, ToSchema)]
pub(crate) struct Session {
    /// Is exchanged for the next pair, once.
    refresh: String,
    /// Opens what is protected, for minutes.
    access: String,
}

/// Begins a session.
#[utoipa::path(
    post,
    path = "/api/auth/login/",
    tag = "tokens",
    request_body = Credentials,
    responses((status = 200, description = "The tokens", body = Session), BodyProblems, TokenProblems, Unavailable)
)]
pub(crate) async fn login(call: Call) -> Answer {
    let Credentials { username, password } = Credentials::read(&call.body().await?, call.password_trim())?;
    match log_in(&call, username, password).await {
        Ok(LoggedIn { tokens: TokenPair { access, refresh, .. }, .. }) => {
            wire::ok(Session { refresh, access })
        }
        Err(LoginError::Refused) => Err(Problem::Unauthorized {
            detail: "No active account found with the given credentials",
            code: None,
        }),
        Err(LoginError::Failure(failure)) => Err(failure.into()),
    }
}

/// Logs in, and counts how that went.
pub(crate) async fn log_in(call: &Call, name: String, password: Password) -> Result<LoggedIn, LoginError> {
    let ended = call.auth().login(LoginRequest { name, password, client: call.client() }).await;
    call.state().metrics.login(outcome(&ended));
    ended
}

impl Credentials {
    fn read(body: &Body, password_trim: Trim) -> Result<Self, Problem> {
        let name = if body.has("email") && !body.has("username") { "email" } else { "username" };
        let mut fields = Fields::of(body);
        let username = fields.text(name, Trim::Yes);
        let password = fields.password("password", password_trim);
        match (username, password) {
            (Some(username), Some(password)) => Ok(Self { username, password }),
            _ => Err(fields.into_errors().into()),
        }
    }
}

fn outcome(ended: &Result<LoggedIn, LoginError>) -> LoginOutcome {
    match ended {
        Ok(_) => LoginOutcome::Success,
        Err(LoginError::Refused) => LoginOutcome::Refused,
        Err(LoginError::Failure(Failure::Hash(HashError::Busy { .. }))) => LoginOutcome::Busy,
        Err(LoginError::Failure(_)) => LoginOutcome::Failed,
    }
}
