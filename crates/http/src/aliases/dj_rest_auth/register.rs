use super::session::Session;
use crate::body::FieldErrors;
use crate::call::Call;
use crate::endpoint::{Answer, Endpoint};
use crate::metrics::LoginOutcome;
use crate::offer::Offer;
use crate::problem::Problem;
use crate::problem_docs::{BodyProblems, ClosedProblems, Unavailable};
use crate::registration::Registration;
use crate::wire::{self, Detail};
use actix_web::http::Method;
use doorward_domain::identity::EmailError;
use doorward_domain::password::PasswordError;
use doorward_domain::use_cases::{DraftErrors, RegisterError, Registered};
use utoipa::ToSchema;

pub(crate) fn endpoint() -> Endpoint {
    let endpoint = Endpoint::at("{dj_rest_auth}registration/").offering(Offer::new("Register"));
    endpoint.checked().open(Method::POST, register)
}

/// A new account.
#[derive(ToSchema)]
#[schema(as = DjRestAuthNewAccount)]
#[expect(dead_code, reason = "says what is read field by field")]
struct NewAccount {
    /// Letters, numbers and `@.+-_`; at most 150 characters. One that is an e-mail address must be the
    /// account's own; where registrations are private, there is no `@` in it.
    #[schema(example = "alice", max_length = 150)]
    username: String,
    /// An e-mail address that nobody else has.
    #[schema(example = "alice@example.com", max_length = 254)]
    email: String,
    /// The password.
    #[schema(example = "Corr3ct-horse!", format = Password)]
    password1: String,
    /// The password again.
    #[schema(example = "Corr3ct-horse!", format = Password)]
    password2: String,
}

/// What a registration comes to.
#[derive(ToSchema)]
#[schema(as = DjRestAuthRegistered)]
#[expect(dead_code, reason = "says what the answers look like")]
#[serde(untagged)]
enum SessionOrDetail {
    /// The session that began.
    Session(Session),
    /// A letter is on its way, with which the address has to be verified first.
    Detail(Detail),
}

/// Makes an account and begins a session; where the address has to be verified first, no session begins.
#[utoipa::path(
    post,
    path = "{dj_rest_auth}registration/",
    request_body = NewAccount,
    responses((status = 201, description = "The session", body = SessionOrDetail), BodyProblems, ClosedProblems, Unavailable)
)]
pub(crate) async fn register(call: Call) -> Answer {
    let typed = Registration::read(&call.body().await?, "password1", "password2", call.password_trim());
    match call.auth().register_and_log_in(typed.draft(), call.client()).await {
        Ok(Registered { user, tokens: Some(tokens) }) => {
            call.state().metrics.login(LoginOutcome::Success);
            wire::created(Session::new(&user, tokens))
        }
        Ok(Registered { tokens: None, .. }) => wire::created(Detail::new("Verification e-mail sent.")),
        Err(RegisterError::Invalid(broken)) => Err(problem(&typed, &broken)),
        Err(RegisterError::Failure(failure)) => Err(failure.into()),
    }
}

/// Fields first, with the password's rules among them; then whether it was repeated rightly; and last
/// whether it resembles the account's other data.
fn problem(typed: &Registration, broken: &DraftErrors) -> Problem {
    let is_likeness = |rule: &&PasswordError| matches!(rule, PasswordError::TooSimilar { .. });
    let (likeness, rules): (Vec<_>, Vec<_>) = broken.password.iter().partition(is_likeness);

    let mut errors = FieldErrors::default();
    errors.add("username", typed.username_errors(&broken.username));
    if broken.email == [EmailError::Taken] {
        errors.add("email", ["User is already registered with this e-mail address."]);
    } else {
        errors.add("email", typed.email_errors(&broken.email));
    }
    errors.add("password1", typed.password_errors(rules));
    errors.add("password2", typed.password_again_errors());
    if errors.is_empty() && !typed.repeats_its_password() {
        return Problem::non_field("The two password fields didn't match.");
    }
    if errors.is_empty() {
        errors.add("non_field_errors", likeness);
    }
    errors.into()
}
