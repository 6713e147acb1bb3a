use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

const RECORDED: &str = include_str!("../../fixtures/django.json");
const RECORDED_OF_DJOSER: &str = include_str!("../../fixtures/djoser.json");
const RECORDED_OF_DJ_REST_AUTH: &str = include_str!("../../fixtures/dj_rest_auth.json");

/// Exchanges that belong together.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fixture {
    pub(crate) case: String,
    /// For people.
    #[serde(rename = "why")]
    _why: Option<String>,
    pub(crate) exchanges: Vec<Exchange>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Exchange {
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

/// Something else in an answer that differs from one replay to the next.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub(super) enum Varying {
    /// What an account is known by, in this form.
    Account(AccountForm),
    /// When the token of this name beside it expires.
    EndOf(String),
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum AccountForm {
    Number,
}

impl Varying {
    /// The placeholder, if that is what a value is.
    pub(super) fn read(value: &Value) -> Option<Self> {
        value.as_object().and_then(|_| Self::deserialize(value).ok())
    }
}

/// Every case of a plain service.
pub(crate) fn recorded() -> Vec<Fixture> {
    serde_json::from_str(RECORDED).expect("the fixture")
}

/// Every case of djoser's and dj-rest-auth's paths.
pub(super) fn recorded_of_aliases() -> Vec<Fixture> {
    let read = |text| serde_json::from_str::<Vec<_>>(text).expect("the fixture");
    [read(RECORDED_OF_DJOSER), read(RECORDED_OF_DJ_REST_AUTH)].concat()
}
