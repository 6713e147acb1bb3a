use super::link::{Use, in_form, in_query, read_form};
use crate::call::Call;
use crate::endpoint::Answer;
use crate::problem::Problem;
use crate::site::page::{Escaped, note, page};
use actix_web::http::StatusCode;
use doorward_domain::identity::EmailAddress;
use doorward_domain::one_time::{Purpose, SecretText};
use doorward_domain::use_cases::ConfirmEmailError;
use doorward_domain::user::User;

/// A page with a button that does what a letter's link is for.
pub(super) struct OneButton {
    /// What the link is for.
    pub(super) purpose: Purpose,
    /// Its heading.
    pub(super) title: &'static str,
    /// What the button does to the account of that name, as HTML.
    pub(super) explanation: fn(Escaped<'_>) -> String,
    /// What the button says.
    pub(super) button: &'static str,
    /// What to do if the link is over.
    pub(super) advice: &'static str,
}

impl OneButton {
    /// The page, if the link works.
    pub(super) async fn show(&self, call: Call) -> Answer {
        let Some(key) = in_query(&call, "key").map(SecretText::from_text) else {
            return Ok(Use::Look.incomplete());
        };
        let Some(user) = call.auth().account_behind(self.purpose, key.clone()).await? else {
            return Ok(Use::Look.over(self.advice));
        };
        let Self { title, explanation, button, .. } = self;
        let key = Escaped(key.expose());
        let main = format!(
            include_str!("one_button.html"),
            title = title,
            explanation = explanation(Escaped(user.username.as_str())),
            button = button,
            key = key
        );
        Ok(page(StatusCode::OK, title, &main))
    }

    /// The key that the button sends.
    pub(super) async fn pressed(&self, call: &Call) -> Result<Option<SecretText>, Problem> {
        Ok(in_form(&read_form(call).await?, "key").map(SecretText::from_text))
    }

    /// Tells what became of it; `text` is said with the address that the account then has.
    pub(super) fn told(
        &self,
        done: Result<User, ConfirmEmailError>,
        title: &str,
        text: impl FnOnce(&str) -> String,
    ) -> Answer {
        match done {
            Ok(user) => {
                let address = user.email.as_ref().map(EmailAddress::as_str).unwrap_or_default();
                Ok(note(StatusCode::OK, title, &text(address)))
            }
            Err(ConfirmEmailError::Refused) => Ok(Use::Send.over(self.advice)),
            Err(ConfirmEmailError::Taken) => {
                let text = "Another account has it by now, and nothing was changed.";
                Ok(note(StatusCode::BAD_REQUEST, "This address is taken", text))
            }
            Err(ConfirmEmailError::Failure(failure)) => Err(failure.into()),
        }
    }
}
