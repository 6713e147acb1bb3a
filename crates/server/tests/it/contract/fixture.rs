use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

const RECORDED: &str = include_str!("../../fixtures/django.json");

/// Exchanges that belong together.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fixture {
    pub(super) case: String,
    /// For people.
    #[serde(rename = "why")]
    _why: Option<String>,
    pub(super) exchanges: Vec<Exchange>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Exchange {
    pub(super) request: Request,
    pub(super) response: Response,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Value,
}

/// What a client can see of an answer.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Response {
    pub(super) status: u16,
    pub(super) content_type: Option<String>,
    pub(super) www_authenticate: Option<String>,
    /// Sorted; of answers of 405 alone.
    pub(super) allow: Option<Vec<String>>,
    pub(super) body: Value,
}

/// The placeholder of a token.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Jwt {
    pub(super) token_type: String,
    /// In seconds.
    pub(super) lifetime: i64,
    pub(super) has: Vec<String>,
}

impl Jwt {
    /// The placeholder, if that is what a value is: an object with the one member `jwt`.
    pub(super) fn read(value: &Value) -> Option<Result<Self, serde_json::Error>> {
        let members = value.as_object().filter(|members| members.len() == 1)?;
        members.get("jwt").map(Jwt::deserialize)
    }
}

/// Every case.
pub(super) fn recorded() -> Vec<Fixture> {
    serde_json::from_str(RECORDED).expect("the fixture")
}
