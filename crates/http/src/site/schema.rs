use crate::call::Call;
use crate::endpoint::{Answer, Endpoint};
use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::ContentType;

pub(crate) fn endpoint() -> Endpoint {
    Endpoint::at("/api/schema/").open(Method::GET, schema)
}

/// This document.
#[utoipa::path(
    get,
    path = "/api/schema/",
    tag = "site",
    responses((status = 200, description = "The document", body = serde_json::Value))
)]
pub(crate) async fn schema(call: Call) -> Answer {
    Ok(HttpResponse::Ok().insert_header(ContentType::json()).body(call.state().document()?))
}
