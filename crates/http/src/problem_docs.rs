//! What the OpenAPI document says about answers that are problems, in groups that handlers name.

use crate::wire::{BearerRefusal, Detail, Refusal};
use std::collections::BTreeMap;
use utoipa::{IntoResponses, ToSchema};

/// What is wrong with the body: field by field, or as a whole under `detail`.
#[derive(ToSchema)]
#[schema(example = json!({"username": ["This field is required."]}))]
#[expect(dead_code, reason = "says what the answers look like")]
#[serde(untagged)]
pub(crate) enum InvalidBody {
    /// The errors of each field; those of the whole under `non_field_errors`.
    Fields(BTreeMap<String, Vec<String>>),
    /// Why it cannot be read.
    Unreadable(Detail),
}

/// A bearer that opens nothing.
#[derive(ToSchema)]
#[expect(dead_code, reason = "says what the answers look like")]
#[serde(untagged)]
pub(crate) enum ClosedDoor {
    /// The token is refused.
    Bearer(BearerRefusal),
    /// There is none, or its account is gone or not active.
    Refusal(Refusal),
}

/// What a request with a body can come to.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "says what the answers look like")]
pub(crate) enum BodyProblems {
    /// The body is not as it should be.
    #[response(status = 400)]
    Invalid(InvalidBody),
    /// The body did not arrive in time.
    #[response(status = 408)]
    TooSlow(Detail),
    /// The body is too large.
    #[response(status = 413)]
    TooLarge(Detail),
    /// Bodies of this type or encoding are not read.
    #[response(status = 415)]
    Unsupported(Detail),
}

/// What a token or password in the body can come to.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "says what the answers look like")]
pub(crate) enum TokenProblems {
    /// It is refused.
    #[response(status = 401, headers(("WWW-Authenticate" = String, description = "`Bearer realm=\"api\"`")))]
    Refused(Refusal),
}

/// What a bearer can come to.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "says what the answers look like")]
pub(crate) enum ClosedProblems {
    /// It is missing or refused.
    #[response(status = 401, headers(("WWW-Authenticate" = String, description = "`Bearer realm=\"api\"`")))]
    Closed(ClosedDoor),
}

/// There is no such thing, or it is somebody else's.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "says what the answers look like")]
pub(crate) enum NotFound {
    /// There is no such thing.
    #[response(status = 404)]
    NotFound(Detail),
}

/// What is the server's own fault.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "says what the answers look like")]
pub(crate) enum Unavailable {
    /// Something inside failed.
    #[response(status = 500)]
    Failed(Detail),
    /// Too many wait, or the database is away.
    #[response(status = 503, headers(("Retry-After" = u64, description = "Seconds to stay away")))]
    Busy(Detail),
}
