use super::health::Health;
use crate::call::Call;
use crate::endpoint::{Answer, Endpoint};
use crate::problem::Problem;
use crate::problem_docs::Unavailable;
use crate::wire;
use actix_web::http::Method;

pub(crate) fn endpoint() -> Endpoint {
    Endpoint::at("/readyz").open(Method::GET, ready)
}

/// Tells whether requests can be served: the database answers and is migrated.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "operations",
    responses((status = 200, description = "They can", body = Health), Unavailable)
)]
pub(crate) async fn ready(call: Call) -> Answer {
    call.auth().ports().store.health().await.map_err(Problem::NotReady)?;
    wire::ok(Health { status: "ok" })
}
