//! Takes secrets out of what is reported.
//!
//! Three nets, one behind the other: values under names that hold secrets are never told; the values
//! that were found so in the request are taken out of every other text; and whatever looks like a
//! token or an e-mail address is masked wherever it stands.

mod multipart;
mod request;
mod template;
mod words;

pub(crate) use template::template;

use bytes::Bytes;
use http::{Request, Response};
use serde_json::Value;
use std::collections::BTreeSet;

/// What stands in place of a secret.
pub(crate) const MASK: &str = "***";

/// What of a value is told, in characters.
const TOLD: usize = 300;

/// Shorter secrets are not looked for within other texts: they would be found by chance, and what is
/// masked by chance tells the secret.
const SHORTEST: usize = 4;

/// Parts of names whose values are secrets.
const SENSITIVE: [&str; 14] = [
    "pass",
    "pwd",
    "csrf",
    "token",
    "secret",
    "key",
    "access",
    "refresh",
    "authorization",
    "cookie",
    "credential",
    "session",
    "signature",
    "otp",
];

/// Parts of names whose values are secrets where a client sends them. Answers have such names for what
/// is none: REST framework's `code` says which error it is.
const SENSITIVE_WHEN_SENT: [&str; 4] = ["code", "mfa", "pin", "sig"];

/// Whether what bears this name in an answer is a secret.
pub(crate) fn is_sensitive(name: &str) -> bool {
    has_part(name, &SENSITIVE)
}

/// Whether what bears this name in a request is a secret.
fn is_sensitive_when_sent(name: &str) -> bool {
    is_sensitive(name) || has_part(name, &SENSITIVE_WHEN_SENT)
}

fn has_part(name: &str, parts: &[&str]) -> bool {
    let name = name.to_ascii_lowercase();
    parts.iter().any(|part| name.contains(part))
}

/// What is known of a JSON value's place.
#[derive(Clone, Copy)]
struct Context {
    /// Whether the value is a secret, whatever it is.
    is_secret: bool,
    /// Whether lists of texts under a secret's name are what a validator says of it.
    has_messages: bool,
    /// Which names are those of secrets.
    is_sensitive: fn(&str) -> bool,
}

/// Masks texts about one request and its answers.
pub(crate) struct Mask {
    /// The request's secrets, the longest first.
    secrets: Vec<String>,
}

impl Mask {
    /// Learns the request's secrets.
    pub(crate) fn of(request: &Request<Bytes>) -> Self {
        let mut secrets = BTreeSet::new();
        request::credentials(request, &mut secrets);
        let pairs = [request::query(request), request::form(request), multipart::fields(request)];
        for (name, value) in pairs.into_iter().flatten() {
            if is_sensitive_when_sent(&name) {
                insert(&value, &mut secrets);
            }
        }
        if let Some(value) = request::json(request) {
            collect(&value, false, &mut secrets);
        }
        let mut secrets: Vec<_> = secrets.into_iter().filter(|secret| !secret.is_empty()).collect();
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Self { secrets }
    }

    /// The text without secrets, and not too long.
    pub(crate) fn text(&self, text: &str) -> String {
        if self.secrets.iter().any(|secret| secret == text) {
            return MASK.to_owned();
        }
        let mut text = text.to_owned();
        for secret in self.secrets.iter().filter(|secret| secret.len() >= SHORTEST) {
            if text.contains(secret.as_str()) {
                text = text.replace(secret.as_str(), MASK);
            }
        }
        cut(words::masked(&text))
    }

    /// A JSON value of an answer as text. `is_secret` says that it is one; `has_messages`, that lists of texts
    /// under a secret's name are what a validator says of it.
    pub(crate) fn value(&self, value: &Value, is_secret: bool, has_messages: bool) -> String {
        cut(self.masked(value, Context { is_secret, has_messages, is_sensitive }).to_string())
    }

    /// A JSON value of a request as text.
    fn sent_value(&self, value: &Value) -> String {
        let context = Context { is_secret: false, has_messages: false, is_sensitive: is_sensitive_when_sent };
        cut(self.masked(value, context).to_string())
    }

    /// An answer's body as text; nothing of a body that is no JSON but its size.
    pub(crate) fn body(&self, answer: &Response<Bytes>) -> String {
        let has_messages = answer.status() == http::StatusCode::BAD_REQUEST;
        match serde_json::from_slice::<Value>(answer.body()) {
            Ok(value) => self.value(&value, false, has_messages),
            Err(_) if answer.body().is_empty() => String::new(),
            Err(_) => format!("({} bytes)", answer.body().len()),
        }
    }

    fn masked(&self, value: &Value, context: Context) -> Value {
        match value {
            Value::Null | Value::Bool(_) => value.clone(),
            Value::Number(_) | Value::String(_) if context.is_secret => Value::from(MASK),
            Value::Number(_) => {
                // A request may hold a secret as a number, and an answer the same one as a text.
                let text = value.to_string();
                if self.secrets.contains(&text) { Value::from(MASK) } else { value.clone() }
            }
            Value::String(text) => Value::from(self.text(text)),
            Value::Array(items) => {
                let are_messages = context.has_messages && items.iter().all(Value::is_string);
                let context = Context { is_secret: context.is_secret && !are_messages, ..context };
                items.iter().map(|item| self.masked(item, context)).collect()
            }
            Value::Object(members) => members
                .iter()
                .map(|(name, member)| {
                    let is_secret = context.is_secret || (context.is_sensitive)(name);
                    (self.text(name), self.masked(member, Context { is_secret, ..context }))
                })
                .collect(),
        }
    }
}

/// The text, if it is not too long; otherwise its beginning.
pub(crate) fn cut(text: String) -> String {
    match text.char_indices().nth(TOLD) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// Collects the scalars under names of secrets.
fn collect(value: &Value, is_secret: bool, secrets: &mut BTreeSet<String>) {
    match value {
        Value::String(text) if is_secret => insert(text, secrets),
        Value::Number(number) if is_secret => insert(&number.to_string(), secrets),
        Value::Array(items) => items.iter().for_each(|item| collect(item, is_secret, secrets)),
        Value::Object(members) => members
            .iter()
            .for_each(|(name, member)| collect(member, is_secret || is_sensitive_when_sent(name), secrets)),
        _ => {}
    }
}

/// Adds a secret, also as Django REST framework understands it: without white space around it.
fn insert(secret: &str, secrets: &mut BTreeSet<String>) {
    secrets.insert(secret.to_owned());
    secrets.insert(secret.trim().to_owned());
}

#[cfg(test)]
mod tests;
