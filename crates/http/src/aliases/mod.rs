//! The paths of other packages, for front ends that were written for them.
//!
//! An alias translates: it has the names, the sentences and the shapes that its package has with its
//! default settings, and asks the use cases that the API asks. Where a package would do what is not
//! done here (change a username), the alias refuses or is not there.
//!
//! Endpoints are written for a placeholder, as in `{djoser}users/`, and put to where an operator says
//! that the package's paths begin.

pub(crate) mod dj_rest_auth;
pub(crate) mod djoser;

use crate::endpoint::Endpoint;
use crate::settings::Aliases;
use utoipa::openapi::OpenApi;

/// A package whose paths are switched on.
pub(crate) struct Package {
    /// What documents call it.
    pub(crate) name: &'static str,
    /// Its endpoints, where they are to be.
    pub(crate) endpoints: Vec<Endpoint>,
    /// What there is to say about those that are its own.
    pub(crate) document: fn() -> OpenApi,
}

/// The packages that are switched on.
pub(crate) fn packages(aliases: &Aliases) -> impl Iterator<Item = Package> {
    let Aliases { djoser, dj_rest_auth } = aliases;
    let djoser = djoser.as_ref().map(|prefix| Package {
        name: "djoser",
        endpoints: djoser::endpoints().into_iter().map(|endpoint| endpoint.under(prefix)).collect(),
        document: djoser::document,
    });
    let dj_rest_auth = dj_rest_auth.as_ref().map(|prefix| Package {
        name: "dj-rest-auth",
        endpoints: dj_rest_auth::endpoints().into_iter().map(|endpoint| endpoint.under(prefix)).collect(),
        document: dj_rest_auth::document,
    });
    djoser.into_iter().chain(dj_rest_auth)
}

/// Whether an endpoint's path is that of an alias.
pub(crate) fn is_alias(path: &str) -> bool {
    path.starts_with('{')
}
