//! Says where an answer is not the one that was recorded.

use super::fixture::{AccountForm, Jwt, Response, Varying};
use super::replay::Tag;
use crate::harness::{Answer, readable_claims};
use serde_json::Value;
use std::fmt::Debug;

/// The claims that simplejwt writes.
const FIVE_CLAIMS: [&str; 5] = ["token_type", "user_id", "exp", "iat", "jti"];

/// What is kept of a parser's message.
const CUT: &str = "JSON parse error";

/// Every difference; none if the answer is alike.
pub(super) fn differences(recorded: &Response, answer: &Answer, tag: &Tag) -> Vec<String> {
    let mut told = Told(Vec::new());
    told.unless_equal("status", &recorded.status, &answer.status);
    let header = |name| answer.header(name).map(str::to_owned);
    told.unless_equal("content type", &recorded.content_type, &header("content-type"));
    told.unless_equal("WWW-Authenticate", &recorded.www_authenticate, &header("www-authenticate"));
    told.unless_equal("Allow", &recorded.allow, &allow(answer));
    match serde_json::from_slice(&answer.body) {
        Ok(body) => told.value("body", &recorded.body, &body, tag),
        Err(error) => told.0.push(format!("the body is no JSON: {error}")),
    }
    told.0
}

/// The methods of a 405, sorted.
fn allow(answer: &Answer) -> Option<Vec<String>> {
    let value = answer.header("allow").filter(|_| answer.status == 405)?;
    let mut methods: Vec<_> = value.split(',').map(|method| method.trim().to_owned()).collect();
    methods.sort();
    Some(methods)
}

/// Whether a date is that of a token's `exp`.
fn is_end_of(date: Option<&Value>, token: Option<&Value>) -> bool {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let exp = text(token).and_then(|token| readable_claims(&token)).and_then(|claims| claims["exp"].as_i64());
    let date = text(date).and_then(|date| date.parse::<jiff::Timestamp>().ok());
    exp.is_some() && date.map(jiff::Timestamp::as_second) == exp
}

struct Told(Vec<String>);

impl Told {
    fn unless_equal<T: PartialEq + Debug + ?Sized>(&mut self, what: &str, recorded: &T, found: &T) {
        if recorded != found {
            self.0.push(format!("{what}: recorded {recorded:?}, found {found:?}"));
        }
    }

    fn unless(&mut self, is_so: bool, at: &str, what: &str) {
        if !is_so {
            self.0.push(format!("{at} is not {what}"));
        }
    }

    fn value(&mut self, at: &str, recorded: &Value, found: &Value, tag: &Tag) {
        if let Some(jwt) = Jwt::read(recorded) {
            return match (jwt, found.as_str()) {
                (Ok(jwt), Some(token)) => self.token(at, &jwt, token),
                (jwt, _) => self.0.push(format!("{at}: recorded {jwt:?}, found {found}")),
            };
        }
        if Varying::read(recorded) == Some(Varying::Account(AccountForm::Number)) {
            return self.unless(found.as_i64().is_some_and(|number| number > 0), at, "an account's number");
        }
        match (recorded, found) {
            (Value::Object(members), Value::Object(others)) => {
                self.unless_equal(at, &members.keys().collect::<Vec<_>>(), &others.keys().collect());
                for (name, value) in members {
                    if let Some(Varying::EndOf(token)) = Varying::read(value) {
                        let (end, token) = (others.get(name), others.get(&token));
                        self.unless(is_end_of(end, token), &format!("{at}.{name}"), "the end of that token");
                    } else if let Some(other) = others.get(name) {
                        self.value(&format!("{at}.{name}"), value, other, tag);
                    }
                }
            }
            (Value::Array(values), Value::Array(others)) => {
                self.unless_equal(&format!("length of {at}"), &values.len(), &others.len());
                for (index, (value, other)) in values.iter().zip(others).enumerate() {
                    self.value(&format!("{at}[{index}]"), value, other, tag);
                }
            }
            (Value::String(text), Value::String(other)) => {
                let is_cut = other.strip_prefix(CUT).is_some_and(|rest| rest.starts_with(" - "));
                let other = if is_cut { CUT } else { other };
                self.unless_equal(at, &*tag.fill(text), other);
            }
            _ => self.unless_equal(at, recorded, found),
        }
    }

    fn token(&mut self, at: &str, recorded: &Jwt, token: &str) {
        let Some(claims) = readable_claims(token) else {
            return self.0.push(format!("{at}: not a token"));
        };
        self.unless_equal(
            &format!("type of {at}"),
            &Some(&*recorded.token_type),
            &claims["token_type"].as_str(),
        );
        let lifetime = claims["exp"].as_i64().zip(claims["iat"].as_i64()).map(|(end, start)| end - start);
        self.unless_equal(&format!("lifetime of {at}"), &Some(recorded.lifetime), &lifetime);
        let has: Vec<_> = FIVE_CLAIMS.into_iter().filter(|name| claims.get(name).is_some()).collect();
        self.unless_equal(
            &format!("claims of {at}"),
            &recorded.has,
            &has.into_iter().map(str::to_owned).collect(),
        );
    }
}
