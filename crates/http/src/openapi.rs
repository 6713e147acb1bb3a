//! The OpenAPI document: what stands beside the handlers, put together.

use crate::wire::{BearerRefusal, Detail, Refusal};
use crate::{api, site};
use std::collections::BTreeMap;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{IntoResponses, Modify, OpenApi, ToSchema};

/// The document as JSON.
pub(crate) fn document() -> Result<String, serde_json::Error> {
    serde_json::to_string(&Document::openapi())
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Doorward",
        description = "An authentication server: register, log in, refresh, log out, guard. Bodies are JSON, \
                       form-encoded or multipart. Every path is answered with and without its final slash."
    ),
    modifiers(&Bearer),
    components(schemas(InvalidBody, ClosedDoor, Detail, Refusal, BearerRefusal)),
    paths(
        api::register::register,
        api::login::login,
        api::refresh::refresh,
        api::verify::verify,
        api::blacklist::blacklist,
        api::logout::logout,
        api::logout_all::logout_all,
        api::sessions::sessions,
        api::session::end,
        api::user::show,
        api::user::change,
        api::dashboard::greet,
        api::dashboard::echo,
        site::home::home,
        site::key_set::key_set,
        site::health::health,
        site::ready::ready,
        site::metrics::metrics,
        site::schema::schema,
        site::docs::page,
        site::docs::file,
    )
)]
struct Document;

/// Declares the access token as the way in.
struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let mut scheme = Http::new(HttpAuthScheme::Bearer);
        scheme.bearer_format = Some("JWT".into());
        let components = document.components.get_or_insert_with(Default::default);
        components.add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
}

/// What is wrong with the body: field by field, or as a whole under `detail`.
#[derive(ToSchema)]
#[schema(example = json!({"username": ["This field is required."]}))]
#[expect(dead_code, reason = "says what the answers look like")]
#[serde(untagged)]
pub(crate) enum InvalidBody {
    /// The errors of each field; those of the whole under `non_field_errors`.
    Fields(BTreeMap<String, Vec<String>>),
    /// Why it cannot be read.
    Unreadable(Detail),
}

/// A bearer that opens nothing.
#[derive(ToSchema)]
#[expect(dead_code, reason = "says what the answers look like")]
#[serde(untagged)]
pub(crate) enum ClosedDoor {
    /// The token is refused.
    Bearer(BearerRefusal),
    /// There is none, or its account is gone or not active.
    Refusal(Refusal),
}

/// What a request with a body can come to.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "says what the answers look like")]
pub(crate) enum BodyProblems {
    /// The body is not as it should be.
    #[response(status = 400)]
    Invalid(InvalidBody),
    /// The body did not arrive in time.
    #[response(status = 408)]
    TooSlow(Detail),
    /// The body is too large.
    #[response(status = 413)]
    TooLarge(Detail),
    /// Bodies of this type or encoding are not read.
    #[response(status = 415)]
    Unsupported(Detail),
}

/// What a token or password in the body can come to.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "says what the answers look like")]
pub(crate) enum TokenProblems {
    /// It is refused.
    #[response(status = 401, headers(("WWW-Authenticate" = String, description = "`Bearer realm=\"api\"`")))]
    Refused(Refusal),
}

/// What a bearer can come to.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "says what the answers look like")]
pub(crate) enum ClosedProblems {
    /// It is missing or refused.
    #[response(status = 401, headers(("WWW-Authenticate" = String, description = "`Bearer realm=\"api\"`")))]
    Closed(ClosedDoor),
}

/// There is no such thing, or it is somebody else's.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "says what the answers look like")]
pub(crate) enum NotFound {
    /// There is no such thing.
    #[response(status = 404)]
    NotFound(Detail),
}

/// What is the server's own fault.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "says what the answers look like")]
pub(crate) enum Unavailable {
    /// Something inside failed.
    #[response(status = 500)]
    Failed(Detail),
    /// Too many wait, or the database is away.
    #[response(status = 503, headers(("Retry-After" = u64, description = "Seconds to stay away")))]
    Busy(Detail),
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;
    use std::collections::BTreeSet;

    #[test]
    fn every_route_is_in_the_document_and_every_entry_has_a_route() {
        let document: Value = serde_json::from_str(&document().unwrap()).unwrap();
        assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
        let documented: BTreeSet<_> = document["paths"]
            .as_object()
            .unwrap()
            .iter()
            .flat_map(|(path, item)| {
                item.as_object().unwrap().keys().map(move |method| format!("{method} {path}"))
            })
            .collect();
        let routed: BTreeSet<_> = api::endpoints()
            .iter()
            .chain(&site::endpoints())
            .flat_map(|endpoint| {
                let path = endpoint.path();
                endpoint
                    .methods()
                    .map(move |method| format!("{} {path}", method.as_str().to_lowercase()))
                    .collect::<Vec<_>>()
            })
            .collect();
        assert_eq!(documented, routed);
    }

    #[test]
    fn every_schema_that_is_referred_to_is_there() {
        let text = document().unwrap();
        let document: Value = serde_json::from_str(&text).unwrap();
        for reference in text.split("\"#/components/schemas/").skip(1) {
            let name = reference.split('"').next().unwrap();
            assert!(document["components"]["schemas"].get(name).is_some(), "{name}");
        }
    }
}
