//! What is not the JSON API: pages, documents, and what machines ask about the server's state.

pub(crate) mod account;
pub(crate) mod docs;
pub(crate) mod health;
pub(crate) mod home;
pub(crate) mod key_set;
pub(crate) mod mailbox;
pub(crate) mod metrics;
mod page;
pub(crate) mod ready;
pub(crate) mod schema;

use crate::endpoint::Endpoint;

/// Every endpoint of the site; a developer's mailbox is none of them.
pub(crate) fn endpoints() -> Vec<Endpoint> {
    let site = [
        home::endpoint(),
        key_set::endpoint(),
        health::endpoint(),
        ready::endpoint(),
        metrics::endpoint(),
        schema::endpoint(),
        docs::endpoint(),
        docs::files(),
    ];
    site.into_iter().chain(account::endpoints()).collect()
}
