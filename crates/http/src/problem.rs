//! What went wrong with a request, and the one function that makes an answer of it.

use crate::body::FieldErrors;
use crate::wire;
use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use doorward_domain::hashing::HashError;
use doorward_domain::store::StoreError;
use doorward_domain::use_cases::Failure;
use std::time::Duration;

/// Why a request does not get what it asks for. `Display` is for the log, never for the client.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    #[error("fields of the body are not valid")]
    Fields(FieldErrors),
    #[error("the body cannot be read")]
    Malformed(String),
    #[error("nobody reads a body of this type or encoding")]
    Unsupported(String),
    #[error("the body is too large")]
    TooLarge { limit: usize },
    #[error("the body did not arrive in time")]
    TooSlow,
    #[error("no credentials were sent")]
    NotAuthenticated,
    #[error("{detail}")]
    Unauthorized { detail: &'static str, code: Option<&'static str> },
    #[error("the bearer is refused: {message}")]
    BearerRefused { message: &'static str },
    #[error("there is nothing here")]
    NotFound,
    #[error("the method is not allowed")]
    MethodNotAllowed { method: String, allow: String },
    #[error("not ready: {0}")]
    NotReady(StoreError),
    #[error(transparent)]
    Failure(#[from] Failure),
    #[error("{0}")]
    Defect(&'static str),
}

impl Problem {
    /// The account behind a bearer is gone.
    pub(crate) const USER_NOT_FOUND: Self =
        Self::Unauthorized { detail: "User not found", code: Some("user_not_found") };

    /// An error of the body as a whole.
    pub(crate) fn non_field(text: impl Into<String>) -> Self {
        Self::Fields(FieldErrors::one("non_field_errors", text))
    }

    /// A token in a body that is refused.
    pub(crate) fn token_not_valid(detail: &'static str) -> Self {
        Self::Unauthorized { detail, code: Some("token_not_valid") }
    }

    /// How long to stay away, for what will pass by itself.
    fn retry_after(&self) -> Option<Duration> {
        const SOON: Duration = Duration::from_secs(1);
        match self {
            Self::Failure(Failure::Hash(HashError::Busy { retry_after })) => Some(*retry_after),
            Self::Failure(Failure::Store(StoreError::Unavailable(_) | StoreError::Conflict(_)))
            | Self::NotReady(_) => Some(SOON),
            _ => None,
        }
    }
}

impl From<FieldErrors> for Problem {
    fn from(errors: FieldErrors) -> Self {
        Self::Fields(errors)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Fields(_) | Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::NotAuthenticated | Self::Unauthorized { .. } | Self::BearerRefused { .. } => {
                StatusCode::UNAUTHORIZED
            }
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Unsupported(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::NotReady(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Failure(_) | Self::Defect(_) => match self.retry_after() {
                Some(_) => StatusCode::SERVICE_UNAVAILABLE,
                None => StatusCode::INTERNAL_SERVER_ERROR,
            },
        }
    }

    fn error_response(&self) -> HttpResponse {
        let status = self.status_code();
        let mut answer = HttpResponse::build(status);
        if status == StatusCode::UNAUTHORIZED {
            answer.insert_header((WWW_AUTHENTICATE, r#"Bearer realm="api""#));
        }
        if let Some(wait) = self.retry_after() {
            let seconds = wait.as_millis().div_ceil(1000).max(1);
            answer.insert_header((RETRY_AFTER, seconds.to_string()));
        }
        self.write(&mut answer)
    }
}

impl Problem {
    fn write(&self, answer: &mut HttpResponseBuilder) -> HttpResponse {
        match self {
            Self::Fields(errors) => answer.json(errors),
            Self::Malformed(detail) | Self::Unsupported(detail) => answer.json(wire::Detail::new(detail)),
            // What is still to come is not read, so that the connection cannot be used again.
            Self::TooLarge { limit } => answer
                .force_close()
                .json(wire::Detail::new(format!("The body is larger than {limit} bytes."))),
            Self::TooSlow => answer.force_close().json(wire::Detail::new("The body did not arrive in time.")),
            Self::NotAuthenticated => {
                answer.json(wire::Detail::new("Authentication credentials were not provided."))
            }
            Self::Unauthorized { detail, code } => {
                answer.json(wire::Refusal { detail: (*detail).to_owned(), code: code.map(str::to_owned) })
            }
            Self::BearerRefused { message } => answer.json(wire::BearerRefusal::new(message)),
            Self::NotFound => answer.json(wire::Detail::new("Not found.")),
            Self::MethodNotAllowed { method, allow } => answer
                .insert_header((ALLOW, allow.as_str()))
                .json(wire::Detail::new(format!("Method \"{method}\" not allowed."))),
            Self::NotReady(_) | Self::Failure(_) | Self::Defect(_) => {
                answer.json(wire::Detail::new(match self.retry_after() {
                    Some(_) => "The service is busy. Please try again later.",
                    None => "A server error occurred.",
                }))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::body::MessageBody;
    use doorward_domain::token::CannotSign;

    fn told(problem: impl Into<Problem>) -> (u16, Option<String>, String) {
        let answer = problem.into().error_response();
        let retry = answer.headers().get(RETRY_AFTER).map(|value| value.to_str().unwrap().to_owned());
        let status = answer.status().as_u16();
        let body = answer.into_body().try_into_bytes().unwrap();
        (status, retry, String::from_utf8(body.to_vec()).unwrap())
    }

    #[test]
    fn what_will_pass_is_503_with_a_time_to_come_back() {
        let busy = Failure::Hash(HashError::Busy { retry_after: Duration::from_millis(1200) });
        let body = r#"{"detail":"The service is busy. Please try again later."}"#.to_owned();
        assert_eq!(told(busy), (503, Some("2".into()), body.clone()));
        let away = Failure::Store(StoreError::unavailable("password=hunter2 at db.internal"));
        assert_eq!(told(away), (503, Some("1".into()), body));
    }

    #[test]
    fn what_is_broken_is_500_and_keeps_its_cause_to_itself() {
        let body = r#"{"detail":"A server error occurred."}"#.to_owned();
        for failure in [
            Failure::Store(StoreError::failed("no such table: users")),
            Failure::Hash(HashError::Failed),
            Failure::Sign(CannotSign("no key")),
        ] {
            assert_eq!(told(failure), (500, None, body.clone()));
        }
    }
}
