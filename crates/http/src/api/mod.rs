//! The JSON API: one endpoint, one file.

pub(crate) mod blacklist;
pub(crate) mod dashboard;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod logout_all;
pub(crate) mod refresh;
pub(crate) mod register;
pub(crate) mod session;
pub(crate) mod sessions;
pub(crate) mod user;
pub(crate) mod verify;

use crate::endpoint::Endpoint;

/// Where the API's paths begin.
pub(crate) const PREFIX: &str = "/api/";

/// Every endpoint of the API.
pub(crate) fn endpoints() -> Vec<Endpoint> {
    vec![
        register::endpoint(),
        login::endpoint(),
        refresh::endpoint(),
        verify::endpoint(),
        blacklist::endpoint(),
        logout::endpoint(),
        logout_all::endpoint(),
        sessions::endpoint(),
        session::endpoint(),
        user::endpoint(),
        dashboard::endpoint(),
    ]
}
