//! The JSON API: one endpoint, one file.

pub(crate) mod blacklist;
pub(crate) mod dashboard;
pub(crate) mod email_change;
pub(crate) mod email_change_confirm;
pub(crate) mod email_change_undo;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod logout_all;
pub(crate) mod password_change;
pub(crate) mod password_reset;
pub(crate) mod password_reset_confirm;
pub(crate) mod refresh;
pub(crate) mod register;
pub(crate) mod resend_email;
pub(crate) mod session;
pub(crate) mod sessions;
pub(crate) mod user;
pub(crate) mod user_export;
pub(crate) mod verify;
pub(crate) mod verify_email;

use crate::endpoint::Endpoint;

/// Where the API's paths begin.
pub(crate) const PREFIX: &str = "/api/";

/// Every endpoint of the API.
pub(crate) fn endpoints() -> Vec<Endpoint> {
    vec![
        register::endpoint(),
        verify_email::endpoint(),
        resend_email::endpoint(),
        login::endpoint(),
        refresh::endpoint(),
        verify::endpoint(),
        blacklist::endpoint(),
        logout::endpoint(),
        logout_all::endpoint(),
        sessions::endpoint(),
        session::endpoint(),
        user::endpoint(),
        user_export::endpoint(),
        password_reset::endpoint(),
        password_reset_confirm::endpoint(),
        password_change::endpoint(),
        email_change::endpoint(),
        email_change_confirm::endpoint(),
        email_change_undo::endpoint(),
        dashboard::endpoint(),
    ]
}
