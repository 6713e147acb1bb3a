//! dj-rest-auth 7 with `USE_JWT`, and its registration by django-allauth.
//!
//! Its settings as they are by default, but `JWT_AUTH_HTTPONLY` is off: tokens travel in bodies, and
//! no cookie is set. `JWT_AUTH_RETURN_EXPIRATION` is off. Of allauth's settings,
//! `ACCOUNT_LOGIN_METHODS` is the username, for which an address is taken as well;
//! `ACCOUNT_EMAIL_VERIFICATION` is `optional`, `ACCOUNT_UNIQUE_EMAIL` is on. An address is required.
//! `JWT_TOKEN_CLAIMS_SERIALIZER` is simplejwt's, whose blacklist is installed.

pub(crate) mod login;
pub(crate) mod logout;
mod person;
pub(crate) mod refresh;
pub(crate) mod register;
mod session;
pub(crate) mod user;

use crate::api;
use crate::endpoint::Endpoint;
use utoipa::OpenApi;

pub(crate) fn endpoints() -> Vec<Endpoint> {
    vec![
        login::endpoint(),
        logout::endpoint(),
        user::endpoint(),
        refresh::endpoint(),
        // simplejwt's view, as it is.
        api::verify::endpoint().moved("{dj_rest_auth}token/verify/"),
        register::endpoint(),
    ]
}

pub(crate) fn document() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

#[derive(OpenApi)]
#[openapi(paths(
    login::login,
    logout::logout,
    user::show,
    user::change,
    refresh::refresh,
    register::register
))]
struct Document;
