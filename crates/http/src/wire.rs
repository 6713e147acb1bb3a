//! Answers in JSON, and what several endpoints share of them, as it stands on the wire.

use crate::endpoint::Answer;
use crate::problem::Problem;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderValue};
use doorward_domain::time::Timestamp;
use doorward_domain::user::{PublicId, UserId};
use jiff::fmt::temporal::DateTimePrinter;
use serde::Serialize;
use utoipa::ToSchema;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// 200 with this JSON.
pub(crate) fn ok(value: impl Serialize) -> Answer {
    answer(StatusCode::OK, value)
}

/// 201 with this JSON.
pub(crate) fn created(value: impl Serialize) -> Answer {
    answer(StatusCode::CREATED, value)
}

fn answer(status: StatusCode, value: impl Serialize) -> Answer {
    let body = serde_json::to_string(&value).map_err(|_| Problem::Defect("an answer is no JSON"))?;
    Ok(HttpResponse::build(status).insert_header((CONTENT_TYPE, JSON)).body(body))
}

/// One sentence about the request as a whole.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"detail": "Not found."}))]
pub(crate) struct Detail {
    /// The sentence.
    detail: String,
}

impl Detail {
    pub(crate) fn new(detail: impl Into<String>) -> Self {
        Self { detail: detail.into() }
    }
}

/// A refusal, with a word that programs can tell it by.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"detail": "Token is blacklisted", "code": "token_not_valid"}))]
pub(crate) struct Refusal {
    /// The sentence.
    pub(crate) detail: String,
    /// The word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<String>,
}

/// A bearer that is refused, with the reason.
#[derive(Serialize, ToSchema)]
pub(crate) struct BearerRefusal {
    /// Always `Given token not valid for any token type`.
    detail: &'static str,
    /// Always `token_not_valid`.
    code: &'static str,
    /// One message.
    messages: [BearerMessage; 1],
}

/// Why a bearer is refused.
#[derive(Serialize, ToSchema)]
pub(crate) struct BearerMessage {
    /// Always `AccessToken`.
    token_class: &'static str,
    /// Always `access`.
    token_type: &'static str,
    /// The reason.
    #[schema(example = "Token is invalid or expired")]
    message: &'static str,
}

impl BearerRefusal {
    pub(crate) fn new(message: &'static str) -> Self {
        Self {
            detail: "Given token not valid for any token type",
            code: "token_not_valid",
            messages: [BearerMessage { token_class: "AccessToken", token_type: "access", message }],
        }
    }
}

/// What others know an account by: its number, or the key that it brought from where it comes from.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum AccountId {
    /// Its number.
    Number(i64),
    /// Its key, such as a UUID.
    Key(String),
}

impl From<PublicId<'_>> for AccountId {
    fn from(id: PublicId<'_>) -> Self {
        match id {
            PublicId::Number(UserId(number)) => Self::Number(number),
            PublicId::Key(subject) => Self::Key(subject.as_str().to_owned()),
        }
    }
}

/// Nothing to tell: it was done.
#[derive(Serialize, ToSchema)]
pub(crate) struct Empty {}

/// An instant as REST framework prints it: RFC 3339 in UTC, with six digits of a second's fraction
/// or none.
pub(crate) fn rfc3339(at: Timestamp) -> String {
    const WHOLE: DateTimePrinter = DateTimePrinter::new().precision(Some(0));
    const MICROS: DateTimePrinter = DateTimePrinter::new().precision(Some(6));
    let printer = if at == at.floor_to_second() { WHOLE } else { MICROS };
    // Microseconds reach further than the calendar; nothing that happens does.
    let instant = jiff::Timestamp::from_microsecond(at.as_micros()).unwrap_or(jiff::Timestamp::MAX);
    printer.timestamp_to_string(&instant)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_have_six_digits_of_fraction_or_none() {
        let at = |micros: i64| rfc3339(Timestamp::from_micros(1_767_225_600_000_000 + micros));
        assert_eq!(at(0), "2026-01-01T00:00:00Z");
        assert_eq!(at(123_456), "2026-01-01T00:00:00.123456Z");
        assert_eq!(at(500_000), "2026-01-01T00:00:00.500000Z");
    }
}
