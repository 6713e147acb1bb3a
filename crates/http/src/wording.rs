//! What is told about tokens and callers, in simplejwt's words.

use crate::problem::Problem;
use crate::settings::SimpleJwt;
use doorward_domain::token::TokenRejection;
use doorward_domain::use_cases::{AuthenticationError, RefreshError};

impl SimpleJwt {
    /// simplejwt's sentence for a token that is refused.
    pub(crate) fn sentence(self, rejection: TokenRejection) -> &'static str {
        match (rejection, self) {
            (TokenRejection::Invalid | TokenRejection::Expired, Self::V5_4) => "Token is invalid or expired",
            (TokenRejection::Invalid, Self::V5_5) => "Token is invalid",
            (TokenRejection::Expired, Self::V5_5) => "Token is expired",
            (TokenRejection::WrongType, _) => "Token has wrong type",
            (TokenRejection::NoType, _) => "Token has no type",
            (TokenRejection::NoId, _) => "Token has no id",
            (TokenRejection::NoUser, _) => "Token contained no recognizable user identification",
            (TokenRejection::Revoked, _) => "Token is blacklisted",
        }
    }

    /// A bearer that opens nothing.
    pub(crate) fn bearer(self, error: AuthenticationError) -> Problem {
        match error {
            // simplejwt finds this one out after it has accepted the token.
            AuthenticationError::Token(rejection @ TokenRejection::NoUser) => {
                Problem::token_not_valid(self.sentence(rejection))
            }
            AuthenticationError::Token(rejection) => {
                Problem::BearerRefused { message: self.sentence(rejection) }
            }
            AuthenticationError::UserNotFound => Problem::USER_NOT_FOUND,
            AuthenticationError::UserInactive => {
                Problem::Unauthorized { detail: "User is inactive", code: Some("user_inactive") }
            }
            AuthenticationError::Failure(failure) => Problem::Failure(failure),
        }
    }

    /// A refresh token in a body that is refused.
    pub(crate) fn refresh(self, error: RefreshError) -> Problem {
        match error {
            RefreshError::Token(rejection) => Problem::token_not_valid(self.sentence(rejection)),
            RefreshError::NoActiveAccount => {
                Problem::Unauthorized { detail: "No active account found for the given token.", code: None }
            }
            RefreshError::Failure(failure) => Problem::Failure(failure),
        }
    }

    /// A token that does not pass verification. There a revoked token is no refusal of the caller
    /// but an error of the body, in simplejwt.
    pub(crate) fn verification(self, error: AuthenticationError) -> Problem {
        match error {
            AuthenticationError::Token(rejection @ TokenRejection::Revoked) => {
                Problem::non_field(self.sentence(rejection))
            }
            AuthenticationError::Token(rejection) => Problem::token_not_valid(self.sentence(rejection)),
            other => self.bearer(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_5_5_tells_an_expired_token_from_an_invalid_one() {
        let told = |wording: SimpleJwt| {
            [TokenRejection::Invalid, TokenRejection::Expired].map(|r| wording.sentence(r))
        };
        assert_eq!(told(SimpleJwt::V5_4), ["Token is invalid or expired"; 2]);
        assert_eq!(told(SimpleJwt::V5_5), ["Token is invalid", "Token is expired"]);
    }
}
