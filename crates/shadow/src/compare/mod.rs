//! What differs between two answers to one request. No input, no output, no clock.

mod body;
mod expected;
mod finder;
mod head;
mod token;
mod volatile;

pub use expected::{Expected, Tolerance, UnknownExpectation};

pub(crate) use token::pairs;

use crate::mask::Mask;
use bytes::Bytes;
use finder::Finder;
use http::{Method, Request, Response, StatusCode};
use std::collections::BTreeSet;
use std::fmt;

/// What kind of thing differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The candidate gave no answer: no connection, none in time, or one that broke off.
    NoAnswer,
    /// The status. What follows from another status is not told beside it.
    Status,
    /// The media type.
    ContentType,
    /// A header that clients act upon.
    Header,
    /// A member of a JSON object that is there on one side alone.
    Member,
    /// A JSON value that is of another type.
    Type,
    /// How many items a JSON array has.
    Length,
    /// A JSON value, or the value of a token's claim.
    Value,
    /// A token on one side, and something else on the other.
    Token,
    /// What a token is for: its claim `token_type`.
    TokenType,
    /// How long a token lives: `exp` less `iat`.
    TokenLifetime,
    /// A claim that one of the tokens has.
    TokenClaims,
    /// A body that is no JSON.
    Bytes,
}

impl Kind {
    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoAnswer => "no-answer",
            Self::Status => "status",
            Self::ContentType => "content-type",
            Self::Header => "header",
            Self::Member => "member",
            Self::Type => "type",
            Self::Length => "length",
            Self::Value => "value",
            Self::Token => "token",
            Self::TokenType => "token-type",
            Self::TokenLifetime => "token-lifetime",
            Self::TokenClaims => "token-claims",
            Self::Bytes => "bytes",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One thing that differs. Its texts are masked: they hold no secret of the request, no token and no
/// local part of an e-mail address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What kind of thing.
    pub kind: Kind,
    /// Where: a header's name, or the way to a JSON value (`messages[].message`; a token's claim is
    /// `access:email`). Empty for the whole.
    pub at: String,
    /// What the upstream server answered there.
    pub upstream: String,
    /// What the candidate answered there.
    pub candidate: String,
}

/// What comparing two answers found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Comparison {
    /// What differs.
    pub differences: Vec<Difference>,
    /// What differs as the documentation says, and was tolerated.
    pub expected: BTreeSet<Expected>,
}

/// Compares two answers to `request`.
///
/// Compared are status, media type, `WWW-Authenticate`, `Allow` as a set, the path of `Location`, the
/// names of the cookies that are set, and the body: JSON as a value, without the order of members,
/// anything else byte by byte. What must differ between two servers is left aside: ids, times (not
/// their format), the letters of tokens.
pub fn compare(
    request: &Request<Bytes>,
    upstream: &Response<Bytes>,
    candidate: &Response<Bytes>,
    tolerance: &Tolerance,
) -> Comparison {
    let mask = Mask::of(request);
    let mut finder = Finder::new(&mask, tolerance);
    if is_expected_elsewhere(request, upstream, candidate, &mut finder) {
        return finder.into_found();
    }
    if upstream.status() != candidate.status() {
        let told = |answer: &Response<Bytes>| {
            format!("{} {}", answer.status().as_u16(), mask.body(answer)).trim_end().to_owned()
        };
        finder.differ(Kind::Status, "", told(upstream), told(candidate));
        return finder.into_found();
    }
    head::compare(upstream, candidate, &mut finder);
    if request.method() != Method::HEAD {
        body::compare(upstream, candidate, &mut finder);
    }
    finder.into_found()
}

/// Whether the two answers are a pair that is documented to differ as a whole.
fn is_expected_elsewhere(
    request: &Request<Bytes>,
    upstream: &Response<Bytes>,
    candidate: &Response<Bytes>,
    finder: &mut Finder<'_>,
) -> bool {
    let (theirs, ours) = (upstream.status(), candidate.status());
    if redirects_to_the_slash(request, upstream) && !ours.is_redirection() {
        return finder.expects(Expected::FinalSlash);
    }
    if theirs == StatusCode::NOT_FOUND
        && ours == theirs
        && head::is_json(candidate)
        && !head::is_json(upstream)
    {
        return finder.expects(Expected::JsonNotFound);
    }
    theirs == StatusCode::INTERNAL_SERVER_ERROR
        && ours.is_client_error()
        && finder.expects(Expected::RefusalForFailure)
}

/// Whether the answer only sends the client to the same path with a slash at its end.
pub(crate) fn redirects_to_the_slash(request: &Request<Bytes>, answer: &Response<Bytes>) -> bool {
    let wanted = format!("{}/", request.uri().path());
    answer.status().is_redirection() && head::location(answer) == Some(Ok(wanted))
}

#[cfg(test)]
mod tests;
