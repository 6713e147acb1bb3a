//! Tokens, by what they say. Nobody's signature is checked: both servers are believed.

use super::finder::ABSENT;
use super::volatile::{is_id, is_numeric_time, is_opaque_token};
use super::{Expected, Finder, Kind};
use crate::mask::is_sensitive;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

/// Claims that Doorward's tokens have beyond simplejwt's.
const MORE_CLAIMS: [&str; 5] = ["gen", "nbf", "sid", "sub", "uid"];

/// How many seconds after the upstream server the candidate may have answered, at most: longer than
/// one waits, and shorter than any difference between lifetimes that somebody configures.
const APART: u64 = 30;

/// A JWT (RFC 7519), decoded and not verified.
pub(super) struct Jwt(Map<String, Value>);

impl Jwt {
    /// Reads a text that is one.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let (header, payload, _) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        object(header)?.contains_key("alg").then_some(())?;
        object(payload).map(Self)
    }

    /// How long it lives, in seconds.
    fn lifetime(&self) -> Option<i64> {
        Some(self.date("exp")?.saturating_sub(self.date("iat")?))
    }

    /// Whether it is an access token that says to be older than `ours`, and ends when that does.
    fn is_dated_back(&self, ours: &Self) -> bool {
        let dates = |name| self.date(name).zip(ours.date(name));
        self.0.get("token_type").and_then(Value::as_str) == Some("access")
            && dates("iat").is_some_and(|(theirs, ours)| theirs < ours)
            && dates("exp").is_some_and(|(theirs, ours)| theirs.abs_diff(ours) <= APART)
    }

    fn date(&self, name: &str) -> Option<i64> {
        self.0.get(name).and_then(Value::as_i64)
    }
}

/// Compares two tokens at `path`: what they are for, how long they live, what they claim.
pub(super) fn compare(path: &str, theirs: &Jwt, ours: &Jwt, finder: &mut Finder<'_>) {
    let mask = finder.mask;
    let told = |value: Option<&Value>, name: &str| {
        value.map_or_else(|| ABSENT.to_owned(), |value| mask.value(value, is_sensitive(name), false))
    };
    let token_type = |jwt: &Jwt| jwt.0.get("token_type").cloned();
    let types = (token_type(theirs), token_type(ours));
    if types.0 != types.1 {
        finder.differ(Kind::TokenType, path, told(types.0.as_ref(), ""), told(types.1.as_ref(), ""));
    }
    let lifetimes = (theirs.lifetime(), ours.lifetime());
    let is_rounded =
        lifetimes.0.zip(lifetimes.1).is_some_and(|(theirs, ours)| theirs.checked_add(1) == Some(ours));
    let is_expected = |finder: &mut Finder<'_>| {
        is_rounded && finder.expects(Expected::LifetimeRounding)
            || theirs.is_dated_back(ours) && finder.expects(Expected::CopiedIat)
    };
    if lifetimes.0 != lifetimes.1 && !is_expected(finder) {
        let told = |seconds: Option<i64>| seconds.map_or_else(|| ABSENT.to_owned(), |it| format!("{it} s"));
        finder.differ(Kind::TokenLifetime, path, told(lifetimes.0), told(lifetimes.1));
    }
    for (name, value) in &theirs.0 {
        let at = format!("{path}:{name}");
        match ours.0.get(name) {
            None => finder.differ(Kind::TokenClaims, &at, told(Some(value), name), ABSENT.to_owned()),
            Some(_) if name == "token_type" => {}
            Some(other) if value == other => {}
            Some(other) if is_aside(name, value, other) => {}
            Some(other) => {
                let kind = if is_same_type(value, other) { Kind::Value } else { Kind::Type };
                finder.differ(kind, &at, told(Some(value), name), told(Some(other), name));
            }
        }
    }
    for (name, value) in ours.0.iter().filter(|(name, _)| !theirs.0.contains_key(*name)) {
        if !(MORE_CLAIMS.contains(&name.as_str()) && finder.expects(Expected::MoreClaims)) {
            finder.differ(
                Kind::TokenClaims,
                &format!("{path}:{name}"),
                ABSENT.to_owned(),
                told(Some(value), name),
            );
        }
    }
}

/// Calls `found` with the tokens that stand at the same place of two bodies and are for the same.
pub(crate) fn pairs(theirs: &Value, ours: &Value, found: &mut impl FnMut(&str, &str)) {
    match (theirs, ours) {
        (Value::Object(members), Value::Object(others)) => {
            for (name, theirs) in members {
                match (theirs, others.get(name)) {
                    (Value::String(one), Some(Value::String(other))) if is_opaque_token(name, one, other) => {
                        found(one, other);
                    }
                    (theirs, Some(ours)) => pairs(theirs, ours, found),
                    (_, None) => {}
                }
            }
        }
        (Value::Array(items), Value::Array(others)) => {
            items.iter().zip(others).for_each(|(theirs, ours)| pairs(theirs, ours, found));
        }
        (Value::String(one), Value::String(other)) => {
            if let (Some(theirs), Some(ours)) = (Jwt::read(one), Jwt::read(other))
                && theirs.0.get("token_type") == ours.0.get("token_type")
            {
                found(one, other);
            }
        }
        _ => {}
    }
}

/// Whether the claim's values may differ: ids and times may, their types may not.
fn is_aside(name: &str, theirs: &Value, ours: &Value) -> bool {
    (is_id(name) || is_numeric_time(name)) && is_same_type(theirs, ours)
}

fn is_same_type(one: &Value, other: &Value) -> bool {
    std::mem::discriminant(one) == std::mem::discriminant(other)
}

fn object(part: &str) -> Option<Map<String, Value>> {
    let json = URL_SAFE_NO_PAD.decode(part).ok()?;
    serde_json::from_slice(&json).ok()
}
