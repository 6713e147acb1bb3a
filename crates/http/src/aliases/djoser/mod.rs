//! djoser 2.3 with its endpoints for JSON Web Tokens.
//!
//! Its settings as they are by default: `LOGIN_FIELD` is the username, `USER_ID_FIELD` is `id`,
//! `SEND_ACTIVATION_EMAIL` is off, `HIDE_USERS` is on; `USER_CREATE_PASSWORD_RETYPE` is on for who
//! sends `re_password`. Other than with Django's own user model, an address is required.

mod account;
pub(crate) mod me;
pub(crate) mod users;

use crate::api;
use crate::endpoint::Endpoint;
use utoipa::OpenApi;

pub(crate) fn endpoints() -> Vec<Endpoint> {
    vec![
        // simplejwt's views, as they are.
        api::login::endpoint().moved("{djoser}jwt/create/"),
        api::refresh::endpoint().moved("{djoser}jwt/refresh/"),
        api::verify::endpoint().moved("{djoser}jwt/verify/"),
        users::endpoint(),
        me::endpoint(),
    ]
}

pub(crate) fn document() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

#[derive(OpenApi)]
#[openapi(paths(users::create, users::list, me::show, me::change))]
struct Document;
