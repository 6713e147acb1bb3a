use super::account::Account;
use super::set_password::INVALID_PASSWORD;
use crate::body::{Body, FieldErrors, Fields, Trim, Unfit};
use crate::call::Call;
use crate::endpoint::{Answer, Endpoint};
use crate::offer::Offer;
use crate::problem_docs::{BodyProblems, ClosedProblems, Unavailable};
use crate::wire;
use actix_web::HttpResponse;
use actix_web::http::Method;
use doorward_domain::callers::Caller;
use doorward_domain::identity::EmailAddress;
use doorward_domain::use_cases::DeleteAccountError;
use utoipa::ToSchema;

pub(crate) fn endpoint() -> Endpoint {
    let endpoint = Endpoint::at("{djoser}users/me/").offering(Offer::new("User Me"));
    let endpoint = endpoint.guarded(Method::GET, show);
    endpoint.guarded(Method::PUT, change).guarded(Method::PATCH, change).guarded(Method::DELETE, delete)
}

/// What djoser lets an owner change.
#[derive(ToSchema)]
#[schema(as = DjoserChange)]
#[expect(dead_code, reason = "says what is read field by field")]
struct Change {
    /// The address that the account has: it cannot be changed here.
    #[schema(nullable = false, example = "alice@example.com")]
    email: Option<String>,
}

/// The password, again.
#[derive(ToSchema)]
#[schema(as = DjoserDeletion)]
#[expect(dead_code, reason = "says what is read field by field")]
struct Deletion {
    /// The account's password.
    #[schema(example = "Corr3ct-horse!", format = Password)]
    current_password: String,
}

/// Shows the caller's account.
#[utoipa::path(
    get,
    path = "{djoser}users/me/",
    security(("bearer" = [])),
    responses((status = 200, description = "The account", body = Account), ClosedProblems, Unavailable)
)]
pub(crate) async fn show(_: Call, caller: Caller) -> Answer {
    wire::ok(Account::from(&*caller.user))
}

/// Shows the caller's account to who sends it as it is. Another address is refused.
#[utoipa::path(
    method(put, patch),
    path = "{djoser}users/me/",
    request_body = Change,
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The account", body = Account),
        BodyProblems, ClosedProblems, Unavailable
    )
)]
pub(crate) async fn change(call: Call, caller: Caller) -> Answer {
    let errors = email_errors(&call.body().await?, caller.user.email.as_ref());
    if errors.is_empty() {
        return show(call, caller).await;
    }
    let mut problem = FieldErrors::default();
    problem.add("email", errors);
    Err(problem.into())
}

/// Deletes the caller's account and all that hangs on it.
#[utoipa::path(
    delete,
    path = "{djoser}users/me/",
    request_body = Deletion,
    security(("bearer" = [])),
    responses((status = 204, description = "The account is gone"), BodyProblems, ClosedProblems, Unavailable)
)]
pub(crate) async fn delete(call: Call, caller: Caller) -> Answer {
    let body = call.body().await?;
    let mut fields = Fields::of(&body);
    let Some(password) = fields.password("current_password", call.password_trim()) else {
        return Err(fields.into_errors().into());
    };
    match call.auth().delete_own_account(&caller, password).await {
        Ok(()) => Ok(HttpResponse::NoContent().finish()),
        Err(DeleteAccountError::WrongPassword) => {
            Err(FieldErrors::one("current_password", INVALID_PASSWORD).into())
        }
        Err(DeleteAccountError::Failure(failure)) => Err(failure.into()),
    }
}

/// Why the address in the body is not the present one.
fn email_errors(body: &Body, present: Option<&EmailAddress>) -> Vec<String> {
    let typed = match body.text_or_blank("email", Trim::Yes) {
        Ok(text) => text.value,
        Err(Unfit::Missing) => return Vec::new(),
        Err(Unfit::NotAString) => return vec!["Enter a valid email address.".to_owned()],
        Err(unfit) => return vec![unfit.to_string()],
    };
    if typed == present.map(EmailAddress::as_str).unwrap_or_default() {
        return Vec::new();
    }
    let other = || vec!["The address cannot be changed here.".to_owned()];
    if typed.is_empty() {
        return other();
    }
    match EmailAddress::parse(&typed) {
        Ok(same) if Some(&same) == present => Vec::new(),
        Ok(_) => other(),
        Err(broken) => broken.iter().map(ToString::to_string).collect(),
    }
}
