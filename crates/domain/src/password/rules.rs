use super::{Password, common::is_common};
use crate::identity::username_word;
use std::collections::HashMap;

/// The rules for a new password: Django's four validators, in Django's order.
///
/// ```
/// use doorward_domain::password::{Password, PasswordRules, PersonalInformation};
///
/// let rules = PasswordRules::default();
/// let password = Password::new("1234567").unwrap();
/// let broken = rules.check(&password, &PersonalInformation::default());
/// let told: Vec<String> = broken.iter().map(ToString::to_string).collect();
/// assert_eq!(told, [
///     "This password is too short. It must contain at least 8 characters.",
///     "This password is too common.",
///     "This password is entirely numeric.",
/// ]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordRules {
    /// The fewest code points (NIST SP 800-63B-4, 3.1.1.2: 15 where a password is the only factor,
    /// 8 otherwise).
    pub minimum_length: usize,
    /// Whether a password may not resemble the account's other data.
    pub similarity: bool,
}

impl Default for PasswordRules {
    fn default() -> Self {
        Self { minimum_length: 8, similarity: true }
    }
}

/// A rule that a password breaks. `Display` is Django's sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// It resembles the named attribute.
    #[error("The password is too similar to the {attribute}.")]
    TooSimilar {
        /// Django's name of the attribute: `username`, `full name`, `email address`.
        attribute: &'static str,
    },
    /// Too few code points.
    #[error(
        "This password is too short. It must contain at least {minimum} character{}.",
        if *minimum == 1 { "" } else { "s" }
    )]
    TooShort {
        /// The fewest that are allowed.
        minimum: usize,
    },
    /// It is on the list of common passwords.
    #[error("This password is too common.")]
    TooCommon,
    /// It has digits only.
    #[error("This password is entirely numeric.")]
    EntirelyNumeric,
    /// More than [`Password::MAX_BYTES`]; told in REST framework's words for a field's length.
    #[error("Ensure this field has no more than {} characters.", Password::MAX_BYTES)]
    TooLong,
}

/// What a password is compared with.
#[derive(Debug, Clone, Copy, Default)]
pub struct PersonalInformation<'a> {
    /// The account's username.
    pub username: Option<&'a str>,
    /// The account's full name.
    pub full_name: Option<&'a str>,
    /// The account's e-mail address.
    pub email: Option<&'a str>,
}

impl PasswordRules {
    /// Every rule that `password` breaks, in Django's order; empty if it may be used.
    pub fn check(&self, password: &Password, about: &PersonalInformation<'_>) -> Vec<PasswordError> {
        let text = password.expose();
        let lowered = text.to_lowercase();
        let mut broken = Vec::new();
        if let Some(attribute) = self.similarity.then(|| similar_attribute(&lowered, about)).flatten() {
            broken.push(PasswordError::TooSimilar { attribute });
        }
        if text.chars().count() < self.minimum_length {
            broken.push(PasswordError::TooShort { minimum: self.minimum_length });
        }
        if is_common(lowered.trim()) {
            broken.push(PasswordError::TooCommon);
        }
        if !text.is_empty() && text.chars().all(is_digit) {
            broken.push(PasswordError::EntirelyNumeric);
        }
        broken
    }
}

/// Whether Python's `str.isdigit` counts it: decimal digits of any script, and superscripts.
fn is_digit(c: char) -> bool {
    use icu_properties::{CodePointMapData, props::GeneralCategory};
    c.is_ascii_digit()
        || matches!(c, '²' | '³' | '¹' | '⁰' | '⁴'..='⁹' | '₀'..='₉')
        || CodePointMapData::<GeneralCategory>::new().get(c) == GeneralCategory::DecimalNumber
}

/// The first attribute that `password` (lower case) resembles.
fn similar_attribute(password: &str, about: &PersonalInformation<'_>) -> Option<&'static str> {
    let attributes =
        [("username", about.username), ("full name", about.full_name), ("email address", about.email)];
    attributes.into_iter().find_map(|(name, value)| {
        let value = value?.to_lowercase();
        let mut parts = value.split(|c| !username_word(c)).chain([value.as_str()]);
        parts.any(|part| resembles(password, part)).then_some(name)
    })
}

/// Django's `UserAttributeSimilarityValidator` at its default `max_similarity` of 0.7: the share of
/// characters that both have, wherever they stand (`difflib.SequenceMatcher.quick_ratio`).
fn resembles(password: &str, part: &str) -> bool {
    let (password_length, part_length) = (password.chars().count(), part.chars().count());
    // Django's guard against long passwords: a part ten times shorter cannot reach the ratio.
    let far_shorter = password_length >= 10 * part_length && part_length * 20 < 7 * password_length;
    if far_shorter || password_length + part_length == 0 {
        return false;
    }
    let mut left: HashMap<char, usize> = HashMap::new();
    for c in part.chars() {
        *left.entry(c).or_default() += 1;
    }
    let common = password
        .chars()
        .filter(|c| left.get_mut(c).is_some_and(|n| n.checked_sub(1).map(|rest| *n = rest).is_some()))
        .count();
    // 2 * common / total >= 0.7, in whole numbers.
    20 * common >= 7 * (password_length + part_length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use PasswordError::{EntirelyNumeric, TooCommon, TooShort, TooSimilar};

    fn check(password: &str, about: PersonalInformation<'_>) -> Vec<PasswordError> {
        PasswordRules::default().check(&Password::new(password).unwrap(), &about)
    }

    const ALICE: PersonalInformation<'static> = PersonalInformation {
        username: Some("testclient"),
        full_name: Some("Test Client"),
        email: Some("testclient@example.com"),
    };

    #[test]
    fn a_password_that_resembles_an_attribute_is_refused_and_the_first_one_is_named() {
        assert_eq!(check("testclient", ALICE), [TooSimilar { attribute: "username" }]);
        let email_only = PersonalInformation { email: ALICE.email, ..Default::default() };
        assert_eq!(check("example.com", email_only), [TooSimilar { attribute: "email address" }]);
        let name_only = PersonalInformation { full_name: Some("Joe Longbottom"), ..Default::default() };
        assert_eq!(check("longbottom9", name_only), [TooSimilar { attribute: "full name" }]);
    }

    #[test]
    fn similarity_is_the_share_of_common_characters_at_seven_tenths() {
        let about = |username| PersonalInformation { username: Some(username), ..Default::default() };
        // 2 * 7 / 20 = 0.7 exactly, and one character fewer.
        assert_eq!(check("abcdefgXYZ", about("gfedcba123")), [TooSimilar { attribute: "username" }]);
        assert_eq!(check("abcdefWXYZ", about("gfedcba123")), []);
    }

    #[test]
    fn similarity_can_be_switched_off() {
        let rules = PasswordRules { similarity: false, ..Default::default() };
        assert_eq!(rules.check(&Password::new("testclient").unwrap(), &ALICE), []);
    }

    #[test]
    fn a_long_password_that_contains_a_short_name_is_allowed() {
        assert_eq!(
            check(
                "ab and then quite another thing",
                PersonalInformation { username: Some("ab"), ..Default::default() }
            ),
            []
        );
    }

    #[test]
    fn length_is_counted_in_code_points() {
        assert_eq!(check("пароль7", PersonalInformation::default()), [TooShort { minimum: 8 }]);
        assert_eq!(check("пароль78", PersonalInformation::default()), []);
        assert_eq!(
            TooShort { minimum: 1 }.to_string(),
            "This password is too short. It must contain at least 1 character."
        );
    }

    #[test]
    fn the_common_list_ignores_case_and_outer_white_space() {
        assert_eq!(check(" PassWord ", PersonalInformation::default()), [TooCommon]);
    }

    #[test]
    fn digits_of_any_script_are_numeric() {
        assert_eq!(check("٣٣٣٣٤٤٤٤", PersonalInformation::default()), [EntirelyNumeric]);
        assert_eq!(check("8461035927", PersonalInformation::default()), [EntirelyNumeric]);
    }
}
