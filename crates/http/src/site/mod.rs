//! What is not the JSON API: pages, documents, and what machines ask about the server's state.

pub(crate) mod docs;
pub(crate) mod health;
pub(crate) mod home;
pub(crate) mod key_set;
pub(crate) mod metrics;
pub(crate) mod ready;
pub(crate) mod schema;

use crate::endpoint::Endpoint;

/// Every endpoint of the site.
pub(crate) fn endpoints() -> Vec<Endpoint> {
    vec![
        home::endpoint(),
        key_set::endpoint(),
        health::endpoint(),
        ready::endpoint(),
        metrics::endpoint(),
        schema::endpoint(),
        docs::endpoint(),
        docs::files(),
    ]
}
