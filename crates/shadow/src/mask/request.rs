//! What a request holds, and how it is told.

use super::{MASK, Mask, is_sensitive_when_sent, template};
use bytes::Bytes;
use http::Request;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, COOKIE};
use serde_json::Value;
use std::collections::BTreeSet;

impl Mask {
    /// The request's path and query, masked.
    pub(crate) fn target(&self, request: &Request<Bytes>) -> String {
        let path = self.text(&template(request.uri().path()));
        let query: Vec<_> = query(request).iter().map(|pair| self.pair(pair)).collect();
        if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) }
    }

    /// The request's headers that matter and its body, masked.
    pub(crate) fn request(&self, request: &Request<Bytes>) -> String {
        let mut told = Vec::new();
        for name in [AUTHORIZATION, COOKIE, ACCEPT, CONTENT_TYPE] {
            for value in request.headers().get_all(&name) {
                let text = String::from_utf8_lossy(value.as_bytes());
                let text = match &name {
                    name if name == AUTHORIZATION => authorization(&text),
                    name if name == COOKIE => MASK.to_owned(),
                    _ => self.text(&text),
                };
                told.push(format!("{name}: {text}"));
            }
        }
        let body = request.body();
        if let Some(value) = json(request) {
            told.push(self.sent_value(&value));
        } else if is_form(request) {
            let pairs: Vec<_> = form(request).iter().map(|pair| self.pair(pair)).collect();
            told.push(pairs.join("&"));
        } else if !body.is_empty() {
            // Whatever it is, it may be a secret; of files and fields too nothing is told.
            told.push(format!("({} bytes)", body.len()));
        }
        told.join("; ")
    }

    fn pair(&self, (name, value): &(String, String)) -> String {
        let value = if is_sensitive_when_sent(name) { MASK.to_owned() } else { self.text(value) };
        format!("{}={value}", self.text(name))
    }
}

/// Schemes of `Authorization` that may be told.
const SCHEMES: [&str; 5] = ["Basic", "Bearer", "JWT", "Token", "bearer"];

/// The scheme, and that something follows. Clients err in both.
fn authorization(value: &str) -> String {
    let words: Vec<_> =
        value.split_whitespace().map(|word| if SCHEMES.contains(&word) { word } else { MASK }).collect();
    words.join(" ")
}

/// Collects what the headers hold of secrets.
pub(super) fn credentials(request: &Request<Bytes>, secrets: &mut BTreeSet<String>) {
    let texts =
        |name| request.headers().get_all(name).iter().map(|it| String::from_utf8_lossy(it.as_bytes()));
    for text in texts(AUTHORIZATION) {
        let words = text.split_whitespace().filter(|word| !SCHEMES.contains(word));
        secrets.extend(words.map(str::to_owned));
    }
    for text in texts(COOKIE) {
        let values =
            text.split(';').filter_map(|cookie| cookie.split_once('=')).map(|(_, value)| value.trim());
        secrets.extend(values.map(str::to_owned));
    }
}

/// The pairs of the query.
pub(super) fn query(request: &Request<Bytes>) -> Vec<(String, String)> {
    request.uri().query().and_then(|query| serde_urlencoded::from_str(query).ok()).unwrap_or_default()
}

/// The pairs of a body that is form-encoded.
pub(super) fn form(request: &Request<Bytes>) -> Vec<(String, String)> {
    if !is_form(request) {
        return Vec::new();
    }
    serde_urlencoded::from_bytes(request.body()).unwrap_or_default()
}

/// A body that is JSON, whatever it says that it is.
pub(super) fn json(request: &Request<Bytes>) -> Option<Value> {
    // A text or a number alone has no name that tells whether it is a secret.
    serde_json::from_slice(request.body()).ok().filter(|value: &Value| value.is_object() || value.is_array())
}

fn is_form(request: &Request<Bytes>) -> bool {
    has_media_type(request, "application/x-www-form-urlencoded")
}

/// Whether the request says that its body is of this type, which is meant without regard to case (RFC
/// 9110, section 8.3.1).
pub(super) fn has_media_type(request: &Request<Bytes>, media_type: &str) -> bool {
    request.headers().get_all(CONTENT_TYPE).iter().any(|value| {
        let text = String::from_utf8_lossy(value.as_bytes());
        text.split(';').next().is_some_and(|said| said.trim().eq_ignore_ascii_case(media_type))
    })
}
