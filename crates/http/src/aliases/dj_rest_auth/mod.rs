//! dj-rest-auth 7 with `USE_JWT`, and its registration by django-allauth.
//!
//! Its settings as they are by default, but `JWT_AUTH_HTTPONLY` is off: tokens travel in bodies, and
//! no cookie is set. `JWT_AUTH_RETURN_EXPIRATION` is off. Of allauth's settings,
//! `ACCOUNT_LOGIN_METHODS` is the username, for which an address is taken as well;
//! `ACCOUNT_EMAIL_VERIFICATION` is what the operator decides, `ACCOUNT_UNIQUE_EMAIL` is on. An address
//! is required.
//! `JWT_TOKEN_CLAIMS_SERIALIZER` is simplejwt's, whose blacklist is installed.
//!
//! `OLD_PASSWORD_FIELD_ENABLED` is on, other than by default: a borrowed token is not enough to change a
//! password. A login of an address that has to be verified first is refused as any other, since
//! dj-rest-auth's sentence for it tells that the password is right. Of a link to set a new password the
//! token is looked at before the `uid`, which would tell who has an account.

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
        // These sentences and shapes are the API's own.
        api::verify_email::endpoint().moved("{dj_rest_auth}registration/verify-email/").checked(),
        api::resend_email::endpoint().moved("{dj_rest_auth}registration/resend-email/").checked(),
        api::password_reset::endpoint().moved("{dj_rest_auth}password/reset/").checked(),
        api::password_reset_confirm::endpoint().moved("{dj_rest_auth}password/reset/confirm/").checked(),
        api::password_change::endpoint().moved("{dj_rest_auth}password/change/"),
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
