//! A registration as it was sent: what the rules are asked about it, and what is told field by field.

use crate::body::{Body, Text, Trim, Unfit, email_errors};
use doorward_domain::identity::{EmailError, UsernameError};
use doorward_domain::password::{Password, PasswordError};
use doorward_domain::use_cases::Draft;

/// The fields of a new account, be they fit or not.
pub(crate) struct Registration {
    username: Field,
    email: Field,
    password: Field,
    password_again: Field,
}

/// A field as it was sent.
struct Field(Result<Text, Unfit>);

impl Registration {
    /// Reads the fields; the two of the password have these names.
    pub(crate) fn read(body: &Body, password: &str, password_again: &str, password_trim: Trim) -> Self {
        Self {
            username: Field(body.text("username", Trim::Yes)),
            email: Field(body.text("email", Trim::Yes)),
            password: Field(body.text(password, password_trim)),
            password_again: Field(body.text(password_again, password_trim)),
        }
    }

    /// What the rules are asked about. Where anything is amiss already the repeated password is
    /// left out, so that every other field is checked and yet no account is made.
    pub(crate) fn draft(&self) -> Draft {
        let Self { username, email, password, password_again } = self;
        let clean = [username, email, password, password_again].iter().all(|field| field.is_clean());
        Draft {
            username: username.text().map(str::to_owned),
            email: email.text().map(str::to_owned),
            password: password.password(),
            password_again: if clean { password_again.password() } else { None },
        }
    }

    /// Whether the password was sent twice in the same way.
    pub(crate) fn repeats_its_password(&self) -> bool {
        self.password.text() == self.password_again.text()
    }

    /// What is wrong with the username, in REST framework's order, as in all that follow.
    pub(crate) fn username_errors(&self, broken: &[UsernameError]) -> Vec<String> {
        let errors = self.username.unfit("Not a valid string.").into_iter();
        errors.chain(broken.iter().map(ToString::to_string)).chain(self.username.surrogate()).collect()
    }

    /// What is wrong with the address.
    pub(crate) fn email_errors(&self, broken: &[EmailError]) -> Vec<String> {
        let unfit = self.email.unfit("Enter a valid email address.");
        unfit.into_iter().chain(email_errors(broken, self.email.surrogate())).collect()
    }

    /// What is wrong with the password, these rules included.
    pub(crate) fn password_errors<'a>(
        &self,
        broken: impl IntoIterator<Item = &'a PasswordError>,
    ) -> Vec<String> {
        self.password.password_errors(broken)
    }

    /// What is wrong with the repeated password.
    pub(crate) fn password_again_errors(&self) -> Vec<String> {
        self.password_again.password_errors([])
    }
}

impl Field {
    fn text(&self) -> Option<&str> {
        self.0.as_ref().ok().map(|text| text.value.as_str())
    }

    fn password(&self) -> Option<Password> {
        self.text().and_then(Password::new)
    }

    fn is_clean(&self) -> bool {
        self.0.as_ref().is_ok_and(|text| text.surrogate.is_none() && !text.value.contains('\0'))
    }

    /// Why it is no text; `invalid` is the sentence for what is not even a string.
    fn unfit(&self, invalid: &str) -> Option<String> {
        let unfit = self.0.as_ref().err()?;
        Some(if *unfit == Unfit::NotAString { invalid.to_owned() } else { unfit.to_string() })
    }

    fn surrogate(&self) -> Option<String> {
        self.0.as_ref().ok().and_then(Text::forbidden_surrogate)
    }

    fn password_errors<'a>(&self, broken: impl IntoIterator<Item = &'a PasswordError>) -> Vec<String> {
        let too_long = self.text().is_some_and(|text| text.len() > Password::MAX_BYTES);
        let errors = self.unfit("Not a valid string.").into_iter();
        let errors = errors.chain(too_long.then(|| PasswordError::TooLong.to_string()));
        let errors = errors.chain(broken.into_iter().map(ToString::to_string));
        errors.chain(self.0.iter().flat_map(Text::forbidden_characters)).collect()
    }
}
