use crate::call::Call;
use crate::endpoint::{Answer, Endpoint};
use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, ContentType};

const PAGE: &str = include_str!("home.html");

/// The page's style stands in the page; nothing else is loaded.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";

pub(crate) fn endpoint() -> Endpoint {
    Endpoint::at("/").open(Method::GET, home)
}

/// Says what runs here, and where to go on.
#[utoipa::path(
    get,
    path = "/",
    tag = "site",
    responses((status = 200, description = "A page", body = String, content_type = "text/html"))
)]
pub(crate) async fn home(_: Call) -> Answer {
    let page = PAGE.replace("{version}", env!("CARGO_PKG_VERSION"));
    let mut answer = HttpResponse::Ok();
    Ok(answer.insert_header(ContentType::html()).insert_header((CONTENT_SECURITY_POLICY, POLICY)).body(page))
}
