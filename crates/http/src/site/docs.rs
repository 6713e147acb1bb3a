use crate::call::Call;
use crate::endpoint::{Answer, Endpoint};
use crate::problem::Problem;
use crate::problem_docs::NotFound;
use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, ContentEncoding, LOCATION, VARY};
use flate2::read::GzDecoder;
use std::io::Read as _;
use std::sync::Arc;
use utoipa_swagger_ui::Config;

/// Swagger UI brings its scripts and styles as files, and writes styles and small images into the
/// page as well. It may talk to this server and to nobody else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The files that the page asks for; the others of the distribution stay in.
const FILES: [&str; 7] = [
    "favicon-16x16.png",
    "favicon-32x32.png",
    "index.css",
    "swagger-initializer.js",
    "swagger-ui-bundle.js",
    "swagger-ui-standalone-preset.js",
    "swagger-ui.css",
];

pub(crate) fn endpoint() -> Endpoint {
    Endpoint::at("/api/docs/").open(Method::GET, page)
}

pub(crate) fn files() -> Endpoint {
    Endpoint::at("/api/docs/{file}").open(Method::GET, file)
}

/// This document as a page. It loads nothing from elsewhere.
#[utoipa::path(
    get,
    path = "/api/docs/",
    tag = "site",
    responses((status = 200, description = "A page", body = String, content_type = "text/html"))
)]
pub(crate) async fn page(call: Call) -> Answer {
    if call.path().ends_with('/') {
        return serve(&call, "index.html");
    }
    // The page names its files relatively, and would look for them one step too far up.
    Ok(HttpResponse::PermanentRedirect().insert_header((LOCATION, "docs/")).finish())
}

/// A file of the page.
#[utoipa::path(
    get,
    path = "/api/docs/{file}",
    tag = "site",
    params(("file" = String, Path, description = "The file's name")),
    responses((status = 200, description = "The file", body = String), NotFound)
)]
pub(crate) async fn file(call: Call) -> Answer {
    let name = call.segment("file");
    if FILES.contains(&name) { serve(&call, name) } else { Err(Problem::NotFound) }
}

fn serve(call: &Call, file: &str) -> Answer {
    // Without a word about it Swagger UI has the document checked by a service on the Internet.
    let config = Config::from("../schema/").validator_url("none").display_request_duration(true);
    let found = utoipa_swagger_ui::serve(file, Arc::new(config))
        .map_err(|_| Problem::Defect("a file of the docs page cannot be read"))?;
    let found = found.ok_or(Problem::NotFound)?;
    let mut answer = HttpResponse::Ok();
    answer.insert_header((CONTENT_SECURITY_POLICY, POLICY)).insert_header((CACHE_CONTROL, "no-cache"));
    answer.insert_header((VARY, "Accept-Encoding")).content_type(found.content_type);
    if !found.gzpipped {
        return Ok(answer.body(found.bytes.into_owned()));
    }
    if call.takes_gzip() {
        // Told in so many words, or the framework would take the body for one that is not packed yet.
        return Ok(answer.insert_header(ContentEncoding::Gzip).body(found.bytes.into_owned()));
    }
    let mut plain = Vec::new();
    let unpacked = GzDecoder::new(&*found.bytes).read_to_end(&mut plain);
    unpacked.map_err(|_| Problem::Defect("a file of the docs page cannot be unpacked"))?;
    Ok(answer.body(plain))
}
