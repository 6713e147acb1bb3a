//! djoser 2.3 with its endpoints for JSON Web Tokens.
//!
//! Its settings as they are by default: `LOGIN_FIELD` is the username, `USER_ID_FIELD` is `id`,
//! `HIDE_USERS` is on; `USER_CREATE_PASSWORD_RETYPE` is on for who sends `re_password`, and
//! `SET_PASSWORD_RETYPE` and `PASSWORD_RESET_CONFIRM_RETYPE` are for who sends `re_new_password`.
//! Other than with Django's own user model, an address is required.
//!
//! An activation verifies the account's address. What depends on that is said once for all paths: an
//! account that has to be verified first is no inactive one, as with `SEND_ACTIVATION_EMAIL`, but it
//! cannot log in either. A token works once, and one that was used is told as any other that does not
//! work, not as stale. `users/resend_activation/` answers 204 whatever is asked of addresses.

mod account;
pub(crate) mod activation;
pub(crate) mod me;
pub(crate) mod reset;
pub(crate) mod set_password;
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
        activation::endpoint(),
        activation::resending(),
        reset::endpoint(),
        reset::confirmation(),
        set_password::endpoint(),
    ]
}

pub(crate) fn document() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

#[derive(OpenApi)]
#[openapi(paths(
    users::create,
    users::list,
    me::show,
    me::change,
    me::delete,
    activation::activate,
    activation::resend,
    reset::reset,
    reset::confirm,
    set_password::set
))]
struct Document;
