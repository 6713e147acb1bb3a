use crate::call::Call;
use crate::endpoint::{Answer, Endpoint};
use crate::wire;
use actix_web::http::Method;
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) fn endpoint() -> Endpoint {
    Endpoint::at("/healthz").open(Method::GET, health)
}

/// How the server is.
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    /// Always `ok`: otherwise there is no such answer.
    #[schema(example = "ok")]
    pub(super) status: &'static str,
}

/// Tells that the process is alive, whatever its database does.
#[utoipa::path(
    get,
    path = "/healthz",
    tag = "operations",
    responses((status = 200, description = "It is alive", body = Health))
)]
pub(crate) async fn health(_: Call) -> Answer {
    wire::ok(Health { status: "ok" })
}
