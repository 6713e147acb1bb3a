//! The OpenAPI document: what stands beside the handlers, put together.

use crate::aliases::Package;
use crate::problem_docs::{ClosedDoor, ClosedProblems, InvalidBody};
use crate::settings::Aliases;
use crate::wire::{BearerRefusal, Detail, Refusal};
use crate::{aliases, api, site};
use std::mem;
use utoipa::openapi::PathItem;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{IntoResponses, Modify, OpenApi};

/// The document as JSON, with the aliases that are switched on.
pub(crate) fn document(aliases: &Aliases) -> Result<String, serde_json::Error> {
    let mut document = Document::openapi();
    for package in aliases::packages(aliases) {
        add(&mut document, package);
    }
    serde_json::to_string(&document)
}

/// Adds what a package says about its own paths, and what the API says about those that it shares.
fn add(document: &mut utoipa::openapi::OpenApi, package: Package) {
    let Package { name, endpoints, document: own } = package;
    let mut own = own();
    let own_paths = mem::take(&mut own.paths.paths);
    document.merge(own);
    for endpoint in endpoints {
        let documented = endpoint.documented();
        let item = own_paths.get(documented).or_else(|| document.paths.paths.get(documented)).cloned();
        let mut item = item.unwrap_or_default();
        let PathItem { get, put, post, patch, delete, .. } = &mut item;
        for operation in [get, put, post, patch, delete].into_iter().flatten() {
            // A name must be there once, and the handler may stand behind several entries.
            operation.operation_id = None;
            operation.tags = Some(vec![name.to_owned()]);
            if endpoint.is_checked() {
                // Where the API does not look at the bearer, a package may.
                for (status, closed) in ClosedProblems::responses() {
                    operation.responses.responses.entry(status).or_insert(closed);
                }
            }
        }
        // What the alias has not is still the API's.
        if let Some(hidden) = document.paths.paths.remove(endpoint.route()) {
            item.merge_operations(hidden);
        }
        document.paths.paths.insert(endpoint.route().to_owned(), item);
    }
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
        api::verify_email::verify_email,
        api::resend_email::resend_email,
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
        api::user::delete,
        api::user_export::export,
        api::password_reset::reset,
        api::password_reset_confirm::confirm,
        api::password_change::change,
        api::email_change::change,
        api::email_change_confirm::confirm,
        api::email_change_undo::undo,
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
        site::account::verify_email::show,
        site::account::verify_email::verify,
        site::account::reset_password::show,
        site::account::reset_password::reset,
        site::account::confirm_email::show,
        site::account::confirm_email::confirm,
        site::account::undo_email_change::show,
        site::account::undo_email_change::undo,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prefix::PathPrefix;
    use serde_json::Value;
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    #[test]
    fn every_route_is_in_the_document_and_every_entry_has_a_route() {
        for aliases in [Aliases::default(), all_aliases()] {
            assert_documented(&aliases);
        }
    }

    fn all_aliases() -> Aliases {
        let at = |text: &str| Some(PathPrefix::parse(text).unwrap());
        Aliases { djoser: at("/auth/"), dj_rest_auth: at("/api/auth/") }
    }

    fn assert_documented(aliases: &Aliases) {
        let document: Value = serde_json::from_str(&document(aliases).unwrap()).unwrap();
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
            .chain(&aliases::packages(aliases).flat_map(|package| package.endpoints).collect::<Vec<_>>())
            .flat_map(|endpoint| {
                let path = endpoint.route();
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
        let text = document(&all_aliases()).unwrap();
        let document: Value = serde_json::from_str(&text).unwrap();
        for reference in text.split("\"#/components/schemas/").skip(1) {
            let name = reference.split('"').next().unwrap();
            assert!(document["components"]["schemas"].get(name).is_some(), "{name}");
        }
    }

    /// Of two types whose schemas have one name the document would have one schema, for both.
    #[test]
    fn no_two_types_have_schemas_of_one_name() {
        let mut names = Vec::new();
        read_schema_names(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")), &mut names);
        let text = document(&all_aliases()).unwrap();
        let document: Value = serde_json::from_str(&text).unwrap();
        for name in document["components"]["schemas"].as_object().unwrap().keys() {
            assert_eq!(names.iter().filter(|found| *found == name).count(), 1, "{name}");
        }
    }

    /// The names under which the sources declare schemas, each as often as it is declared.
    fn read_schema_names(folder: &Path, names: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                read_schema_names(&path, names);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let source = fs::read_to_string(path).unwrap();
                names.extend(source.split(concat!("ToSchema", ")]\n")).skip(1).filter_map(schema_name));
            }
        }
    }

    /// The name of the type that is declared first, or the one that an attribute gives it.
    fn schema_name(declared: &str) -> Option<String> {
        let (attributes, rest) = ["struct ", "enum "]
            .iter()
            .filter_map(|word| declared.split_once(word))
            .min_by_key(|(before, _)| before.len())?;
        let name = attributes.split_once("#[schema(as = ").map_or(rest, |(_, name)| name);
        Some(name.chars().take_while(|c| c.is_alphanumeric()).collect())
    }
}
