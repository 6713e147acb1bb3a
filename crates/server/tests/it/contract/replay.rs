//! Sends the requests of a case, with tokens and names of its own in place of the placeholders.

use super::fixture::{Fixture, Jwt, Request};
use crate::harness::{Answer, Client, readable_claims};
use serde_json::{Map, Value};
use std::hash::{DefaultHasher, Hash, Hasher};

/// What stands for `<tag>` and `<number>`.
pub(crate) struct Tag(u32);

impl Tag {
    /// Eight digits for a case.
    fn of(case: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        case.hash(&mut hasher);
        let [.., a, b, c, d] = hasher.finish().to_be_bytes();
        Self(u32::from_be_bytes([a, b, c, d]))
    }

    /// A text of the fixture, as it is on the wire in this replay.
    pub(super) fn fill(&self, text: &str) -> String {
        text.replace("<tag>", &format!("{:08x}", self.0)).replace("<number>", &self.0.to_string())
    }
}

/// Sends the requests of a case, one after the other.
pub(crate) fn replay(server: &Client, fixture: &Fixture) -> (Tag, Vec<Answer>) {
    let mut replay = Replay {
        tag: Tag::of(&fixture.case),
        case: &fixture.case,
        has_number: fixture
            .exchanges
            .iter()
            .any(|exchange| exchange.response.body.to_string().contains("<number>")),
        tokens: Vec::new(),
    };
    let answers = fixture.exchanges.iter().map(|exchange| {
        let answer = replay.send(server, &exchange.request);
        replay.keep_tokens(&answer);
        answer
    });
    let answers = answers.collect();
    (replay.tag, answers)
}

struct Replay<'a> {
    case: &'a str,
    tag: Tag,
    has_number: bool,
    /// Every token that the case was given, with its type.
    tokens: Vec<(String, String)>,
}

impl Replay<'_> {
    fn send(&self, server: &Client, request: &Request) -> Answer {
        let mut sent = server.request(&request.method, &request.path);
        for (name, value) in &request.headers {
            let token = if self.case == "dashboard_refresh_token" { "refresh" } else { "access" };
            let value = if value.contains("<token>") {
                value.replace("<token>", self.token(token))
            } else {
                value.clone()
            };
            sent = sent.header(name, self.tag.fill(&value));
        }
        let is_json = request.headers.get("Content-Type").is_some_and(|value| value == "application/json");
        match &request.body {
            Value::Null => sent.send(),
            Value::String(text) => sent.body(self.tag.fill(text)).send(),
            Value::Object(fields) if !is_json => {
                let fields: Vec<_> =
                    fields.iter().map(|(name, value)| (name.as_str(), self.field(value))).collect();
                let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
                sent.form(&fields).send()
            }
            body => sent.body(self.value(body).to_string()).send(),
        }
    }

    fn field(&self, value: &Value) -> String {
        self.value(value).as_str().expect("a text in a form").to_owned()
    }

    fn value(&self, value: &Value) -> Value {
        if let Some(jwt) = Jwt::read(value) {
            let token = self.token(&jwt.expect("a placeholder of a token").token_type);
            return match self.case {
                "refresh_tampered" => format!("{}AAA", &token[..token.len() - 3]).into(),
                _ => token.into(),
            };
        }
        match value {
            Value::String(text) => self.tag.fill(text).into(),
            Value::Number(_) if self.has_number => self.tag.0.into(),
            Value::Array(values) => values.iter().map(|value| self.value(value)).collect(),
            Value::Object(members) => members
                .iter()
                .map(|(name, value)| (name.clone(), self.value(value)))
                .collect::<Map<_, _>>()
                .into(),
            other => other.clone(),
        }
    }

    /// The token of a type that a placeholder stands for.
    fn token(&self, token_type: &str) -> &str {
        let mut of_type =
            self.tokens.iter().filter(|(of, _)| of == token_type).map(|(_, token)| token.as_str());
        let token = if self.case == "refresh_replayed" { of_type.next() } else { of_type.next_back() };
        token.expect("a token was given before")
    }

    fn keep_tokens(&mut self, answer: &Answer) {
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        for name in ["access", "refresh"] {
            let Some(token) = body[name].as_str() else { continue };
            let claims = readable_claims(token).unwrap_or_default();
            let token_type = claims["token_type"].as_str().unwrap_or_default();
            self.tokens.push((token_type.to_owned(), token.to_owned()));
        }
    }
}
