//! Who somebody is: usernames, e-mail addresses, and the canonical form under which both are
//! unique.

mod canonical;
mod email;
mod username;

pub use canonical::CanonicalName;
pub use email::{EmailAddress, EmailError};
pub(crate) use username::is_word as username_word;
pub use username::{Username, UsernameError};

/// What is wrong with any text, before it is asked what the text means.
///
/// REST framework refuses the same on every string field, with the same words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Longer than allowed, counted in code points.
    #[error("Ensure this field has no more than {limit} characters.")]
    TooLong {
        /// The most code points that are allowed.
        limit: usize,
    },
    /// U+0000, which PostgreSQL cannot store.
    #[error("Null characters are not allowed.")]
    NullCharacter,
}

/// Every [`TextError`] of a text, in REST framework's order.
pub(crate) fn text_errors(text: &str, limit: usize) -> impl Iterator<Item = TextError> + '_ {
    let too_long = text.chars().nth(limit).map(|_| TextError::TooLong { limit });
    let null = text.contains('\0').then_some(TextError::NullCharacter);
    too_long.into_iter().chain(null)
}
