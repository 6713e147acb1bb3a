//! Headers that tell browsers to be careful with an answer.

use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue,
    REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};

static EVERYWHERE: [(HeaderName, HeaderValue); 2] = [
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
];

/// What concerns documents: who may open or frame them, and where their links tell of them. JSON has no
/// links, and its policy says already that nobody frames it; answers of the API, which are nearly all,
/// are nearly a quarter shorter without (ASVS 5.0, 3.4.5, 3.4.6 and 3.4.8).
static OF_DOCUMENTS: [(HeaderName, HeaderValue); 3] = [
    (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
];

static IN_THE_API: [(HeaderName, HeaderValue); 1] = [(CACHE_CONTROL, HeaderValue::from_static("no-store"))];

/// Adds the headers that an answer does not bring itself.
pub(crate) fn add_careful(headers: &mut HeaderMap, is_api: bool) {
    let is_json = is_json(headers);
    // Most answers bring their type alone: nothing has to be looked for among it.
    let is_alone = is_json && headers.len_keys() == 1;
    let mut add = |some: &[(HeaderName, HeaderValue)]| {
        for (name, value) in some {
            if is_alone || !headers.contains_key(name) {
                headers.append(name.clone(), value.clone());
            }
        }
    };
    add(&EVERYWHERE);
    if !is_json {
        add(&OF_DOCUMENTS);
    }
    if is_api {
        add(&IN_THE_API);
    }
}

/// Whether an answer is data that no browser takes for anything else, given `nosniff`.
fn is_json(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|kind| kind == "application/json")
}
