//! What is wrong with passwords of one's own, in Django's words.

use crate::body::FieldErrors;
use crate::problem::Problem;
use doorward_domain::password::PasswordError;

/// The present password is another.
pub(crate) const WRONG_OLD: &str = "Your old password was entered incorrectly. Please enter it again.";

/// The password is another, where no new one is set.
pub(crate) const WRONG: &str = "Your password was entered incorrectly. Please enter it again.";

/// The new password was not repeated rightly.
pub(crate) fn mismatch() -> Problem {
    FieldErrors::one("new_password2", "The two password fields didn’t match.").into()
}

/// The new password breaks rules.
pub(crate) fn broken(field: &'static str, rules: Vec<PasswordError>) -> Problem {
    let mut errors = FieldErrors::default();
    errors.add(field, rules);
    errors.into()
}
