use crate::call::Call;
use crate::endpoint::{Answer, Endpoint};
use crate::problem_docs::{ClosedProblems, Unavailable};
use crate::wire::{self, rfc3339};
use actix_web::http::Method;
use doorward_domain::callers::Caller;
use doorward_domain::session::Session;
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) fn endpoint() -> Endpoint {
    Endpoint::at("/api/auth/sessions/").guarded(Method::GET, sessions)
}

/// One login of one client.
#[derive(Serialize, ToSchema)]
pub(crate) struct ListedSession {
    /// Its name, for ending it.
    #[schema(format = "uuid")]
    id: String,
    /// When its owner logged in.
    #[schema(format = DateTime)]
    created: String,
    /// When its tokens were last issued.
    #[schema(format = DateTime)]
    last_used: String,
    /// The address that it was last used from; empty if not known.
    #[schema(example = "192.0.2.7")]
    address: String,
    /// What the client calls itself.
    user_agent: String,
    /// Whether this request belongs to it.
    current: bool,
}

/// Lists the caller's sessions, the last used first.
#[utoipa::path(
    get,
    path = "/api/auth/sessions/",
    tag = "sessions",
    security(("bearer" = [])),
    responses((status = 200, description = "The sessions", body = Vec<ListedSession>), ClosedProblems, Unavailable)
)]
pub(crate) async fn sessions(call: Call, caller: Caller) -> Answer {
    let sessions = call.auth().sessions(&caller).await?;
    let listed = sessions.into_iter().map(|session| {
        let Session { id, created_at, rotated_at, client, .. } = session;
        ListedSession {
            id: id.to_string(),
            created: rfc3339(created_at),
            last_used: rfc3339(rotated_at),
            address: client.address,
            user_agent: client.user_agent,
            current: caller.session == Some(id),
        }
    });
    wire::ok(listed.collect::<Vec<_>>())
}
