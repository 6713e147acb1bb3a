use crate::call::Call;
use crate::endpoint::{Answer, Endpoint};
use crate::problem::Problem;
use actix_web::HttpResponse;
use actix_web::http::Method;

pub(crate) fn endpoint() -> Endpoint {
    Endpoint::at("/metrics").open(Method::GET, metrics)
}

/// Figures for Prometheus, in the text format of `OpenMetrics`.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "operations",
    responses((status = 200, description = "The figures", body = String, content_type = "application/openmetrics-text"))
)]
pub(crate) async fn metrics(call: Call) -> Answer {
    let text = call.state().metrics.text().map_err(|_| Problem::Defect("the figures cannot be written"))?;
    Ok(HttpResponse::Ok()
        .content_type("application/openmetrics-text; version=1.0.0; charset=utf-8")
        .body(text))
}
