//! What the OpenAPI document says about the pages.

use utoipa::{IntoParams, IntoResponses, ToSchema};

/// What the link of a letter carries, and the form of its page sends.
#[derive(IntoParams, ToSchema)]
#[into_params(parameter_in = Query)]
#[schema(as = PageForm)]
#[expect(dead_code, reason = "says what is read field by field")]
pub(crate) struct Key {
    /// The link's secret.
    key: String,
}

/// What it can come to that a page is looked at.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "says what the answers look like")]
pub(crate) enum LookProblems {
    /// The link does not work, or not any more.
    #[response(status = 404, content_type = "text/html")]
    Over(String),
    /// Something inside failed.
    #[response(status = 500, content_type = "text/html")]
    Failed(String),
    /// The database is away.
    #[response(status = 503, content_type = "text/html", headers(("Retry-After" = u64, description = "Seconds to stay away")))]
    Busy(String),
}

/// What it can come to that a form is sent.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "says what the answers look like")]
pub(crate) enum SendProblems {
    /// The link does not work, or what was typed breaks a rule.
    #[response(status = 400, content_type = "text/html")]
    Refused(String),
    /// The form did not arrive in time.
    #[response(status = 408, content_type = "text/html")]
    TooSlow(String),
    /// The form is too large.
    #[response(status = 413, content_type = "text/html")]
    TooLarge(String),
    /// It is no form.
    #[response(status = 415, content_type = "text/html")]
    Unsupported(String),
    /// Something inside failed.
    #[response(status = 500, content_type = "text/html")]
    Failed(String),
    /// Too many wait, or the database is away.
    #[response(status = 503, content_type = "text/html", headers(("Retry-After" = u64, description = "Seconds to stay away")))]
    Busy(String),
}
