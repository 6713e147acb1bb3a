use super::account::Account;
use crate::body::FieldErrors;
use crate::call::Call;
use crate::endpoint::{Answer, Endpoint};
use crate::offer::Offer;
use crate::problem::Problem;
use crate::problem_docs::{BodyProblems, ClosedProblems, Unavailable};
use crate::registration::Registration;
use crate::wire;
use actix_web::http::Method;
use doorward_domain::callers::Caller;
use doorward_domain::use_cases::{DraftErrors, RegisterError, Role};
use utoipa::ToSchema;

pub(crate) fn endpoint() -> Endpoint {
    let endpoint = Endpoint::at("{djoser}users/").offering(Offer::new("User List"));
    endpoint.guarded(Method::GET, list).open(Method::POST, create).checked()
}

/// A new account.
#[derive(ToSchema)]
#[schema(as = DjoserNewAccount)]
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
    password: String,
    /// The password again, if it is to be compared.
    #[schema(nullable = false, format = Password)]
    re_password: Option<String>,
}

/// Makes an account.
#[utoipa::path(
    post,
    path = "{djoser}users/",
    request_body = NewAccount,
    responses((status = 201, description = "The account", body = Account), BodyProblems, ClosedProblems, Unavailable)
)]
pub(crate) async fn create(call: Call) -> Answer {
    let body = call.body().await?;
    let again = if body.has("re_password") { "re_password" } else { "password" };
    let typed = Registration::read(&body, "password", again, call.password_trim());
    match call.auth().register(typed.draft(), Role::Member).await {
        Ok(user) => wire::created(Account::from(&user)),
        Err(RegisterError::Invalid(broken)) => Err(problem(&typed, &broken, again)),
        Err(RegisterError::Failure(failure)) => Err(failure.into()),
    }
}

/// Lists the caller's account alone, be it an administrator's.
#[utoipa::path(
    get,
    path = "{djoser}users/",
    security(("bearer" = [])),
    responses((status = 200, description = "The account", body = Vec<Account>), ClosedProblems, Unavailable)
)]
pub(crate) async fn list(_: Call, caller: Caller) -> Answer {
    wire::ok([Account::from(&*caller.user)])
}

/// The password's rules are looked at once every field is in order, and whether it was repeated
/// rightly after that.
fn problem(typed: &Registration, broken: &DraftErrors, again: &'static str) -> Problem {
    let mut errors = FieldErrors::default();
    errors.add("email", typed.email_errors(&broken.email));
    errors.add("username", typed.username_errors(&broken.username));
    errors.add("password", typed.password_errors([]));
    if again == "re_password" {
        errors.add("re_password", typed.password_again_errors());
    }
    if errors.is_empty() {
        errors.add("password", typed.password_errors(&broken.password));
    }
    if errors.is_empty() {
        Problem::non_field("The two password fields didn't match.")
    } else {
        errors.into()
    }
}
