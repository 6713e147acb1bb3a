use super::{CanonicalName, TextError, text_errors};
use icu_normalizer::ComposingNormalizer;
use icu_properties::{CodePointMapData, props::GeneralCategory, props::GeneralCategoryGroup};
use std::fmt;

/// A username that Django's `UnicodeUsernameValidator` accepts, in the form Django stores: NFKC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Username {
    stored: String,
    canonical: CanonicalName,
}

/// Why a text is not a username. `Display` is the sentence that Django answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UsernameError {
    /// A character that is neither a letter, a number nor one of `@.+-_`, or no character at all.
    #[error(
        "Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters."
    )]
    InvalidCharacters,
    /// It reads as an e-mail address that is not the account's own: it would keep the owner of that address
    /// out.
    #[error("A username that is an e-mail address must be your own.")]
    AnothersAddress,
    /// It has an `@`, where nobody may learn whose addresses are known here.
    #[error("Enter a username without an @.")]
    LooksLikeAddress,
    /// Another account has this name, or has it as its e-mail address.
    #[error("A user with that username already exists.")]
    Taken,
    /// Too long, or not storable.
    #[error(transparent)]
    Text(#[from] TextError),
}

impl Username {
    /// The most code points of a username, Django's limit.
    pub const MAX_CHARS: usize = 150;

    /// Parses what was typed.
    ///
    /// # Errors
    /// Every rule that is broken, in Django's order; never an empty list.
    pub fn parse(typed: &str) -> Result<Self, Vec<UsernameError>> {
        let mut errors = Vec::new();
        if !has_valid_characters(typed) {
            errors.push(UsernameError::InvalidCharacters);
        }
        errors.extend(text_errors(typed, Self::MAX_CHARS).map(UsernameError::Text));
        if !errors.is_empty() {
            return Err(errors);
        }
        let stored = ComposingNormalizer::new_nfkc().normalize(typed).into_owned();
        // Normalising may leave the alphabet ("½" becomes "1⁄2") or grow past the limit.
        if !has_valid_characters(&stored) {
            return Err(vec![UsernameError::InvalidCharacters]);
        }
        if let Some(error) = text_errors(&stored, Self::MAX_CHARS).next() {
            return Err(vec![error.into()]);
        }
        Ok(Self { canonical: CanonicalName::of(&stored), stored })
    }

    /// A name as a database holds it. Not checked again: imports may bring names that today's
    /// rules refuse, and their owners must still be able to log in.
    pub fn from_stored(stored: String) -> Self {
        Self { canonical: CanonicalName::of(&stored), stored }
    }

    /// The text as stored and shown.
    pub fn as_str(&self) -> &str {
        &self.stored
    }

    /// The form under which it is unique.
    pub fn canonical(&self) -> &CanonicalName {
        &self.canonical
    }
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.stored)
    }
}

/// Django's `^[\w.@+-]+\Z`, where Python's `\w` is a letter, a number or `_`.
fn has_valid_characters(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| matches!(c, '.' | '@' | '+' | '-') || is_word(c))
}

/// Whether Python's `\w` matches: general categories L and N, and the underscore.
///
/// `char::is_alphanumeric` is another set: it holds combining vowel signs, which Python refuses.
pub(crate) fn is_word(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric() || c == '_';
    }
    let category = CodePointMapData::<GeneralCategory>::new().get(c);
    GeneralCategoryGroup::Letter.contains(category) || GeneralCategoryGroup::Number.contains(category)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(typed: &str) -> Vec<UsernameError> {
        Username::parse(typed).unwrap_err()
    }

    #[test]
    fn a_name_is_stored_in_nfkc_and_keeps_its_case() {
        let name = Username::parse("Ａlice").unwrap();
        assert_eq!(name.as_str(), "Alice");
        assert_eq!(name.canonical().as_str(), "alice");
    }

    #[test]
    fn letters_and_numbers_of_any_script_are_accepted() {
        for name in ["иван", "山田", "a.b@c+d-e_f", "٣", "x²"] {
            assert!(Username::parse(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn what_python_does_not_call_a_word_character_is_refused() {
        for name in ["", "a b", "a\u{200B}b", "a\u{202E}b", "\u{093E}", "e\u{301}", "½", "a/b", "😀"] {
            assert_eq!(errors(name), [UsernameError::InvalidCharacters], "{name:?}");
        }
    }

    #[test]
    fn the_limit_is_in_code_points_and_every_broken_rule_is_told() {
        assert!(Username::parse(&"ж".repeat(150)).is_ok());
        assert_eq!(errors(&"ж".repeat(151)), [TextError::TooLong { limit: 150 }.into()]);
        assert_eq!(
            errors(&"\0".repeat(151)),
            [
                UsernameError::InvalidCharacters,
                TextError::TooLong { limit: 150 }.into(),
                TextError::NullCharacter.into()
            ]
        );
    }

    #[test]
    fn a_name_that_normalising_lengthens_past_the_limit_is_refused() {
        assert_eq!(errors(&"ﷺ".repeat(20)), [UsernameError::InvalidCharacters]);
        assert_eq!(errors(&"ﬃ".repeat(51)), [TextError::TooLong { limit: 150 }.into()]);
    }
}
