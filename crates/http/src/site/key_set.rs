use crate::call::Call;
use crate::endpoint::{Answer, Endpoint};
use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::{CACHE_CONTROL, ContentType};
use serde_json::Value;
use utoipa::ToSchema;

pub(crate) fn endpoint() -> Endpoint {
    Endpoint::at("/.well-known/jwks.json").open(Method::GET, key_set)
}

/// A JSON Web Key Set (RFC 7517, section 5).
#[derive(ToSchema)]
#[expect(dead_code, reason = "the key set comes written; this says what it looks like")]
pub(crate) struct KeySet {
    /// The keys that signatures are checked with, those that will sign soon included.
    #[schema(example = json!([{
        "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA",
        "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    }]))]
    keys: Vec<Value>,
}

/// The public keys, for services that check access tokens themselves. Empty with a shared key.
#[utoipa::path(
    get,
    path = "/.well-known/jwks.json",
    tag = "tokens",
    responses((status = 200, description = "The keys", body = KeySet))
)]
pub(crate) async fn key_set(call: Call) -> Answer {
    let ports = call.auth().ports();
    let age = call.state().settings.key_set_max_age.as_secs();
    let mut answer = HttpResponse::Ok();
    answer.insert_header((CACHE_CONTROL, format!("public, max-age={age}")));
    Ok(answer.insert_header(ContentType::json()).body(ports.tokens.key_set(ports.clock.now())))
}
