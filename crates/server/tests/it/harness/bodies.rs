//! Answers that many endpoints give.

use serde_json::{Value, json};

/// Nobody was named.
pub(crate) fn not_authenticated() -> Value {
    json!({"detail": "Authentication credentials were not provided."})
}

/// A bearer that opens nothing.
pub(crate) fn bearer_refused(message: &str) -> Value {
    json!({
        "detail": "Given token not valid for any token type",
        "code": "token_not_valid",
        "messages": [{"token_class": "AccessToken", "token_type": "access", "message": message}],
    })
}

/// A token in a body that is refused.
pub(crate) fn token_not_valid(detail: &str) -> Value {
    json!({"detail": detail, "code": "token_not_valid"})
}

/// A login that failed, for whatever reason.
pub(crate) fn login_refused() -> Value {
    json!({"detail": "No active account found with the given credentials"})
}

pub(crate) fn not_found() -> Value {
    json!({"detail": "Not found."})
}

pub(crate) const INVALID: &str = "Token is invalid or expired";
pub(crate) const BLACKLISTED: &str = "Token is blacklisted";
pub(crate) const BEARER: &str = r#"Bearer realm="api""#;
