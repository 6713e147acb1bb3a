use super::docs::{LookProblems, SendProblems};
use super::link::{Use, in_form, in_query, read_form};
use crate::body::{Body, Trim};
use crate::call::Call;
use crate::endpoint::{Answer, Endpoint};
use crate::site::page::{Escaped, in_html, note, page};
use actix_web::http::{Method, StatusCode};
use doorward_domain::one_time::{Purpose, SecretText};
use doorward_domain::password::{Password, PasswordError};
use doorward_domain::use_cases::{Failure, PasswordReset, Proof, ResetPasswordError};
use doorward_domain::user::User;
use utoipa::{IntoParams, ToSchema};

const TITLE: &str = "Choose a new password";
const ADVICE: &str = "Ask for another letter where you log in.";

pub(crate) fn endpoint() -> Endpoint {
    Endpoint::at("/account/reset-password/")
        .open(Method::GET, |call| in_html(show(call)))
        .open(Method::POST, |call| in_html(reset(call)))
}

/// What the link of a letter carries.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "says what is read field by field")]
struct ResetLink {
    /// Whose password it is.
    uid: String,
    /// The link's secret.
    token: String,
}

/// A new password.
#[derive(ToSchema)]
#[expect(dead_code, reason = "says what is read field by field")]
struct NewPassword {
    /// Whose password it is, as in the link.
    uid: String,
    /// The link's secret.
    token: String,
    /// The new password.
    #[schema(format = Password)]
    new_password1: String,
    /// The new password again.
    #[schema(format = Password)]
    new_password2: String,
}

/// Shows the page on which a new password is chosen.
#[utoipa::path(
    get,
    path = "/account/reset-password/",
    operation_id = "show_reset_password",
    tag = "pages",
    params(ResetLink),
    responses((status = 200, description = "A page", body = String, content_type = "text/html"), LookProblems)
)]
pub(crate) async fn show(call: Call) -> Answer {
    match Link::read(|name| in_query(&call, name)) {
        Some(link) => link.form(&call, &[]).await,
        None => Ok(Use::Look.incomplete()),
    }
}

/// Sets the new password and ends every session of the account.
#[utoipa::path(
    post,
    path = "/account/reset-password/",
    operation_id = "send_reset_password",
    tag = "pages",
    request_body(content = NewPassword, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "It is set", body = String, content_type = "text/html"), SendProblems)
)]
pub(crate) async fn reset(call: Call) -> Answer {
    let form = read_form(&call).await?;
    let Some(link) = Link::read(|name| in_form(&form, name)) else { return Ok(Use::Send.incomplete()) };
    let [password, password_again] = match passwords(&form, call.password_trim()) {
        Ok(typed) => typed,
        Err(errors) => return link.form(&call, &errors).await,
    };
    let (uid, proof) = (Some(link.uid.clone()), Proof::Link(link.token.clone()));
    let request = PasswordReset { uid, proof, password, password_again, client: call.client() };
    match call.auth().reset_password(request).await {
        Ok(()) => Ok(note(
            StatusCode::OK,
            "Your password is changed",
            "Every device is logged out. Log in with the new password; you can close this page.",
        )),
        Err(ResetPasswordError::Refused | ResetPasswordError::WrongUid) => Ok(Use::Send.over(ADVICE)),
        Err(ResetPasswordError::Mismatch) => {
            link.form(&call, &["The two passwords are not the same.".to_owned()]).await
        }
        Err(ResetPasswordError::Invalid(broken)) => {
            link.form(&call, &broken.iter().map(ToString::to_string).collect::<Vec<_>>()).await
        }
        Err(ResetPasswordError::Failure(failure)) => Err(failure.into()),
    }
}

/// What the link carries.
struct Link {
    uid: String,
    token: SecretText,
}

impl Link {
    fn read(field: impl Fn(&str) -> Option<String>) -> Option<Self> {
        Some(Self { uid: field("uid")?, token: SecretText::from_text(field("token")?) })
    }

    /// The account whose password the link sets, if it works.
    async fn account(&self, call: &Call) -> Result<Option<User>, Failure> {
        let user = call.auth().account_behind(Purpose::ResetPassword, self.token.clone()).await?;
        Ok(user.filter(|user| user.subject.as_str() == self.uid))
    }

    /// The form, with what was wrong with what was typed, which is not shown again.
    async fn form(&self, call: &Call, errors: &[String]) -> Answer {
        let is_new = errors.is_empty();
        let Some(user) = self.account(call).await? else {
            return Ok(if is_new { Use::Look } else { Use::Send }.over(ADVICE));
        };
        let (status, title) = if is_new {
            (StatusCode::OK, TITLE.to_owned())
        } else {
            (StatusCode::BAD_REQUEST, format!("Error: {TITLE}"))
        };
        let main = format!(
            include_str!("reset_password.html"),
            title = TITLE,
            username = Escaped(user.username.as_str()),
            errors = told(errors),
            invalid = !is_new,
            uid = Escaped(&self.uid),
            token = Escaped(self.token.expose()),
            minimum = call.auth().policy().passwords.minimum_length,
        );
        Ok(page(status, &title, &main))
    }
}

/// The two passwords, or why they cannot be taken.
fn passwords(form: &Body, trim: Trim) -> Result<[Password; 2], Vec<String>> {
    let read = |name| {
        let text = form.text(name, trim);
        let text = text.map_err(|_| "Type the new password in both fields.".to_owned())?;
        let forbidden = text.forbidden_characters().next();
        forbidden.map_or(Ok(()), Err)?;
        Password::new(text.value).ok_or_else(|| PasswordError::TooLong.to_string())
    };
    match (read("new_password1"), read("new_password2")) {
        (Ok(password), Ok(again)) => Ok([password, again]),
        (password, again) => {
            let mut errors: Vec<_> = password.err().into_iter().chain(again.err()).collect();
            errors.dedup();
            Err(errors)
        }
    }
}

fn told(errors: &[String]) -> String {
    if errors.is_empty() {
        return String::new();
    }
    format!(include_str!("errors.html"), errors = errors.iter().map(item).collect::<String>())
}

fn item(error: impl AsRef<str>) -> String {
    format!("<li>{}</li>\n", Escaped(error.as_ref()))
}
