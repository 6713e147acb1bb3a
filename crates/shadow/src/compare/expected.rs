use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// A difference between Django and Doorward that is meant, and documented here. Each is tolerated,
/// and counted, unless a [`Tolerance`] is strict about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Expected {
    /// Doorward's tokens have claims that simplejwt's have not: `sid` (the session, so that a logout
    /// ends access tokens too), `gen` (a refresh token's place in it), `nbf`, `sub`, and `uid` where an
    /// account's key is no number. A claim that simplejwt writes and Doorward does not is never
    /// tolerated.
    MoreClaims,
    /// simplejwt dates the access token of a login by its own creation and its end by the refresh
    /// token's: where a second ends in between, it lives one second less than is configured.
    LifetimeRounding,
    /// An access token that simplejwt 5.4 gives for a refresh token has the `iat` of that one, so that
    /// it seems to live longer by the refresh token's age. It ends when Doorward's does.
    CopiedIat,
    /// Where nothing is found Doorward answers `{"detail": "Not found."}`; Django answers a page where
    /// the path has no view.
    JsonNotFound,
    /// After "JSON parse error" comes the parser's own message, which is Python's at Django.
    ParserMessage,
    /// Django redirects a path without its final slash; Doorward answers both forms.
    FinalSlash,
    /// REST framework sends `Allow` with every answer, Doorward with 405 alone, where RFC 9110
    /// (section 15.5.6) asks for it.
    AllowOutside405,
    /// Where the Django stack fails with 500 over what a client sent (a refresh token of a deleted
    /// account, one without `jti`, a `user_id` that is no number), Doorward refuses it with 4xx.
    RefusalForFailure,
}

impl Expected {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::MoreClaims,
        Self::LifetimeRounding,
        Self::CopiedIat,
        Self::JsonNotFound,
        Self::ParserMessage,
        Self::FinalSlash,
        Self::AllowOutside405,
        Self::RefusalForFailure,
    ];

    /// Its name in options and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::MoreClaims => "more-claims",
            Self::LifetimeRounding => "lifetime-rounding",
            Self::CopiedIat => "copied-iat",
            Self::JsonNotFound => "json-not-found",
            Self::ParserMessage => "parser-message",
            Self::FinalSlash => "final-slash",
            Self::AllowOutside405 => "allow-outside-405",
            Self::RefusalForFailure => "refusal-for-failure",
        }
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that no expected difference has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no expected difference has this name; there are: {}", Expected::ALL.map(Expected::name).join(", "))]
pub struct UnknownExpectation;

impl FromStr for Expected {
    type Err = UnknownExpectation;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|expected| expected.name() == text).ok_or(UnknownExpectation)
    }
}

/// Which of the expected differences are tolerated: all, unless it is strict about some.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tolerance {
    strict: BTreeSet<Expected>,
}

impl Tolerance {
    /// Tolerates all but these.
    pub fn strict_about(strict: impl IntoIterator<Item = Expected>) -> Self {
        Self { strict: strict.into_iter().collect() }
    }

    /// Whether it is tolerated.
    pub fn tolerates(&self, expected: Expected) -> bool {
        !self.strict.contains(&expected)
    }
}
