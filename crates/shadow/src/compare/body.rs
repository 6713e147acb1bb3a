//! Bodies: JSON as values, anything else byte by byte.

use super::finder::ABSENT;
use super::token::{self, Jwt};
use super::volatile::{is_id, is_numeric_time, is_opaque_token, is_same_moment_format};
use super::{Expected, Finder, Kind, head};
use crate::mask::{MASK, is_sensitive};
use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::Value;

/// REST framework's own part of its answer to JSON that cannot be read.
const PARSE_ERROR: &str = "JSON parse error";

pub(super) fn compare(upstream: &Response<Bytes>, candidate: &Response<Bytes>, finder: &mut Finder<'_>) {
    let (theirs, ours) = (upstream.body(), candidate.body());
    if theirs == ours {
        return;
    }
    if let (Some(theirs), Some(ours)) = (json(upstream), json(candidate)) {
        let has_messages = upstream.status() == StatusCode::BAD_REQUEST;
        values(&At::root(has_messages), &theirs, &ours, finder);
    } else {
        let first = theirs.iter().zip(ours).take_while(|(one, other)| one == other).count();
        let told = |body: &Bytes| format!("{} bytes", body.len());
        let place = format!("{}, another from byte {first}", told(ours));
        finder.differ(Kind::Bytes, "", told(theirs), place);
    }
}

fn json(answer: &Response<Bytes>) -> Option<Value> {
    head::is_json(answer).then(|| serde_json::from_slice(answer.body()).ok()).flatten()
}

/// A place in a JSON value.
pub(super) struct At {
    path: String,
    /// The name of the member that the value is, or is an item of.
    name: String,
    /// Whether a member on the way to it is one whose values are not told.
    is_secret: bool,
    is_item: bool,
    /// Whether lists of texts are what a validator says of a field, which is told even of a password.
    has_messages: bool,
}

impl At {
    fn root(has_messages: bool) -> Self {
        Self { path: String::new(), name: String::new(), is_secret: false, is_item: false, has_messages }
    }

    fn member(&self, name: &str) -> Self {
        let dot = if self.path.is_empty() { "" } else { "." };
        Self {
            path: format!("{}{dot}{name}", self.path),
            name: name.to_owned(),
            is_secret: self.is_secret || is_sensitive(name),
            is_item: false,
            has_messages: self.has_messages,
        }
    }

    fn item(&self) -> Self {
        Self {
            path: format!("{}[]", self.path),
            name: self.name.clone(),
            is_secret: self.is_secret,
            is_item: true,
            has_messages: self.has_messages,
        }
    }

    /// The value as it may be told.
    fn told(&self, value: &Value, finder: &Finder<'_>) -> String {
        let is_message = self.has_messages && self.is_item && value.is_string();
        finder.mask.value(value, self.is_secret && !is_message, self.has_messages)
    }
}

/// Compares two values at a place.
fn values(at: &At, theirs: &Value, ours: &Value, finder: &mut Finder<'_>) {
    if theirs == ours {
        return;
    }
    match (theirs, ours) {
        (Value::Object(members), Value::Object(others)) => {
            for (name, theirs) in members {
                let at = at.member(name);
                match others.get(name) {
                    Some(ours) => values(&at, theirs, ours, finder),
                    None => finder.differ(Kind::Member, &at.path, at.told(theirs, finder), ABSENT.to_owned()),
                }
            }
            for (name, ours) in others.iter().filter(|(name, _)| !members.contains_key(*name)) {
                let at = at.member(name);
                finder.differ(Kind::Member, &at.path, ABSENT.to_owned(), at.told(ours, finder));
            }
        }
        (Value::Array(items), Value::Array(others)) if items.len() == others.len() => {
            let at = at.item();
            for (theirs, ours) in items.iter().zip(others) {
                values(&at, theirs, ours, finder);
            }
        }
        (Value::Array(items), Value::Array(others)) => {
            let told = |items: &Vec<Value>, value| format!("{}: {}", items.len(), at.told(value, finder));
            let (theirs, ours) = (told(items, theirs), told(others, ours));
            finder.differ(Kind::Length, &at.path, theirs, ours);
        }
        (Value::String(text), Value::String(other)) => texts(at, text, other, finder),
        (Value::Number(_), Value::Number(_)) if is_id(&at.name) || is_numeric_time(&at.name) => {}
        (Value::Bool(_), Value::Bool(_)) | (Value::Number(_), Value::Number(_)) => {
            finder.differ(Kind::Value, &at.path, at.told(theirs, finder), at.told(ours, finder));
        }
        _ => finder.differ(Kind::Type, &at.path, at.told(theirs, finder), at.told(ours, finder)),
    }
}

/// Compares two texts that are not equal.
fn texts(at: &At, theirs: &str, ours: &str, finder: &mut Finder<'_>) {
    match (Jwt::read(theirs), Jwt::read(ours)) {
        (Some(theirs), Some(ours)) => return token::compare(&at.path, &theirs, &ours, finder),
        (None, None) => {}
        (theirs, _) => {
            let told = |is_token| if is_token { "a token" } else { MASK }.to_owned();
            return finder.differ(Kind::Token, &at.path, told(theirs.is_some()), told(theirs.is_none()));
        }
    }
    if is_id(&at.name) || is_same_moment_format(theirs, ours) || is_opaque_token(&at.name, theirs, ours) {
        return;
    }
    let is_parse_error = |text: &str| text.starts_with(PARSE_ERROR);
    if is_parse_error(theirs) && is_parse_error(ours) && finder.expects(Expected::ParserMessage) {
        return;
    }
    let told = |text: &str| at.told(&Value::from(text), finder);
    let (theirs, ours) = (told(theirs), told(ours));
    finder.differ(Kind::Value, &at.path, theirs, ours);
}
