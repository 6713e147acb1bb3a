use crate::call::Call;
use crate::endpoint::{Answer, Endpoint};
use crate::problem::Problem;
use crate::problem_docs::{ClosedProblems, NotFound, Unavailable};
use actix_web::HttpResponse;
use actix_web::http::Method;
use doorward_domain::callers::Caller;
use doorward_domain::session::SessionId;

pub(crate) fn endpoint() -> Endpoint {
    Endpoint::at("/api/auth/sessions/{id}/").guarded(Method::DELETE, end)
}

/// Ends one of the caller's sessions. Somebody else's is as good as none.
#[utoipa::path(
    delete,
    path = "/api/auth/sessions/{id}/",
    tag = "sessions",
    params(("id" = String, Path, description = "The session's name", format = "uuid")),
    security(("bearer" = [])),
    responses((status = 204, description = "The session is over"), ClosedProblems, NotFound, Unavailable)
)]
pub(crate) async fn end(call: Call, caller: Caller) -> Answer {
    let id = SessionId::parse(call.segment("id")).ok_or(Problem::NotFound)?;
    if call.auth().end_session(&caller, id).await? {
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(Problem::NotFound)
    }
}
