use crate::body::{Trim, Unfit};
use crate::call::Call;
use crate::endpoint::{Answer, Endpoint};
use crate::offer::Offer;
use crate::problem_docs::{BodyProblems, ClosedProblems, Unavailable};
use crate::wire::{self, Detail};
use actix_web::HttpResponse;
use actix_web::http::Method;
use doorward_domain::use_cases::RefreshError;
use utoipa::ToSchema;

pub(crate) fn endpoint() -> Endpoint {
    let endpoint = Endpoint::at("{dj_rest_auth}logout/").offering(Offer::new("Logout"));
    endpoint.checked().open(Method::POST, logout)
}

/// The current refresh token of a session.
#[derive(ToSchema)]
#[schema(as = DjRestAuthLogout)]
#[expect(dead_code, reason = "says what is read field by field")]
struct RefreshToken {
    /// The token.
    refresh: String,
}

/// Ends the session of a refresh token.
#[utoipa::path(
    post,
    path = "{dj_rest_auth}logout/",
    request_body = RefreshToken,
    responses((status = 200, description = "The session is over", body = Detail), BodyProblems, ClosedProblems, Unavailable)
)]
pub(crate) async fn logout(call: Call) -> Answer {
    let refresh = match call.body().await?.text_or_blank("refresh", Trim::No) {
        Ok(text) => text.value,
        Err(Unfit::Missing) => return Ok(refusal("Refresh token was not included in request data.")),
        // What is no text is no token either.
        Err(_) => String::new(),
    };
    match call.auth().logout_with(&refresh, call.client()).await {
        Ok(()) => wire::ok(Detail::new("Successfully logged out.")),
        Err(RefreshError::Token(rejection)) => {
            Ok(refusal(call.state().settings.simplejwt.sentence(rejection)))
        }
        Err(error) => Err(call.state().settings.simplejwt.refresh(error)),
    }
}

/// dj-rest-auth writes this 401 itself, without REST framework's challenge and code.
fn refusal(detail: &str) -> HttpResponse {
    HttpResponse::Unauthorized().json(Detail::new(detail))
}
