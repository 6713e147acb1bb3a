use super::{Body, FieldErrors, Trim, Unfit};
use doorward_domain::identity::{EmailAddress, EmailError};
use doorward_domain::one_time::{Code, SecretText};
use doorward_domain::password::{Password, PasswordError};
use std::fmt::Display;

/// dj-rest-auth's sentence for what was never sent in a letter, or works no more.
pub(crate) const INVALID_VALUE: &str = "Invalid value";

/// Reads fields that need no more than text, and keeps their errors.
pub(crate) struct Fields<'a> {
    body: &'a Body,
    errors: FieldErrors,
}

impl<'a> Fields<'a> {
    pub(crate) fn of(body: &'a Body) -> Self {
        Self { body, errors: FieldErrors::default() }
    }

    /// A text without forbidden characters.
    pub(crate) fn text(&mut self, field: &'static str, trim: Trim) -> Option<String> {
        match self.body.text(field, trim) {
            Ok(text) => {
                let forbidden: Vec<_> = text.forbidden_characters().collect();
                if forbidden.is_empty() { Some(text.value) } else { self.refuse(field, forbidden) }
            }
            Err(unfit) => self.refuse(field, [unfit]),
        }
    }

    /// A text that may be left out and may be blank; `invalid` is the sentence for what is no string.
    pub(crate) fn optional_text(&mut self, field: &'static str, invalid: &'static str) -> Option<String> {
        match self.body.text_or_blank(field, Trim::Yes) {
            Ok(text) => {
                let forbidden: Vec<_> = text.forbidden_characters().collect();
                if forbidden.is_empty() { Some(text.value) } else { self.refuse(field, forbidden) }
            }
            Err(Unfit::Missing) => None,
            Err(Unfit::NotAString) => self.refuse(field, [invalid]),
            Err(unfit) => self.refuse(field, [unfit]),
        }
    }

    /// A password that may be hashed.
    pub(crate) fn password(&mut self, field: &'static str, trim: Trim) -> Option<Password> {
        let text = self.text(field, trim)?;
        Password::new(text).or_else(|| self.refuse(field, [PasswordError::TooLong]))
    }

    /// A password, and what it is compared with: itself, where it was not sent `again`.
    pub(crate) fn password_twice(
        &mut self,
        field: &'static str,
        again: &'static str,
        trim: Trim,
    ) -> Option<[Password; 2]> {
        let password = self.password(field, trim);
        let repeated = if self.body.has(again) { self.password(again, trim) } else { password.clone() };
        Some([password?, repeated?])
    }

    /// An address of mail.
    pub(crate) fn email(&mut self, field: &'static str) -> Option<EmailAddress> {
        let text = match self.body.text(field, Trim::Yes) {
            Ok(text) => text,
            Err(Unfit::NotAString) => return self.refuse(field, [EmailError::Invalid]),
            Err(unfit) => return self.refuse(field, [unfit]),
        };
        match (EmailAddress::parse(&text.value), text.forbidden_surrogate()) {
            (Ok(address), None) => Some(address),
            (parsed, surrogate) => {
                self.refuse(field, email_errors(&parsed.err().unwrap_or_default(), surrogate))
            }
        }
    }

    /// What a link carries.
    pub(crate) fn secret(&mut self, field: &'static str) -> Option<SecretText> {
        self.text(field, Trim::Yes).map(SecretText::from_text)
    }

    /// A code from a letter.
    pub(crate) fn code(&mut self, field: &'static str) -> Option<Code> {
        let typed = self.text(field, Trim::Yes)?;
        Code::parse(&typed).or_else(|| self.refuse(field, [INVALID_VALUE]))
    }

    /// What was wrong.
    pub(crate) fn into_errors(self) -> FieldErrors {
        self.errors
    }

    fn refuse<T, E: Display>(
        &mut self,
        field: &'static str,
        errors: impl IntoIterator<Item = E>,
    ) -> Option<T> {
        self.errors.add(field, errors);
        None
    }
}

/// The broken rules of an address, in REST framework's order: a validator of its own comes after those of
/// every string field, to which the half of a surrogate pair belongs.
pub(crate) fn email_errors(broken: &[EmailError], surrogate: Option<String>) -> Vec<String> {
    let (last, first): (Vec<_>, Vec<_>) = broken.iter().partition(|rule| **rule == EmailError::Invalid);
    let first = first.into_iter().map(ToString::to_string).chain(surrogate);
    first.chain(last.into_iter().map(ToString::to_string)).collect()
}
