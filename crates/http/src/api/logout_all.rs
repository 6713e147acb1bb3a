use crate::call::Call;
use crate::endpoint::{Answer, Endpoint};
use crate::problem_docs::{ClosedProblems, Unavailable};
use crate::wire;
use actix_web::http::Method;
use doorward_domain::callers::Caller;
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) fn endpoint() -> Endpoint {
    Endpoint::at("/api/auth/logout/all/").guarded(Method::POST, logout_all)
}

/// What a logout everywhere came to.
#[derive(Serialize, ToSchema)]
pub(crate) struct Ended {
    /// How many sessions it ended, the caller's own included.
    sessions: u64,
}

/// Ends every session of the caller.
#[utoipa::path(
    post,
    path = "/api/auth/logout/all/",
    tag = "sessions",
    security(("bearer" = [])),
    responses((status = 200, description = "All sessions are over", body = Ended), ClosedProblems, Unavailable)
)]
pub(crate) async fn logout_all(call: Call, caller: Caller) -> Answer {
    let sessions = call.auth().logout_everywhere(&caller).await?;
    wire::ok(Ended { sessions })
}
