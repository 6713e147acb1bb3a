//! Headers that tell browsers to be careful with an answer.

use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderMap, HeaderName, HeaderValue, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};

static EVERYWHERE: [(HeaderName, HeaderValue); 5] = [
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
];

static IN_THE_API: (HeaderName, HeaderValue) = (CACHE_CONTROL, HeaderValue::from_static("no-store"));

/// Adds the headers that an answer does not bring itself.
pub(crate) fn add_careful(headers: &mut HeaderMap, is_api: bool) {
    for (name, value) in EVERYWHERE.iter().chain(is_api.then_some(&IN_THE_API)) {
        if !headers.contains_key(name) {
            headers.insert(name.clone(), value.clone());
        }
    }
}
