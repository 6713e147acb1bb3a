use super::person::{Names, Person};
use crate::body::{Body, FieldErrors, Trim, Unfit};
use crate::call::Call;
use crate::endpoint::{Answer, Endpoint};
use crate::offer::Offer;
use crate::problem::Problem;
use crate::problem_docs::{BodyProblems, ClosedProblems, Unavailable};
use crate::wire;
use actix_web::http::Method;
use doorward_domain::callers::Caller;
use doorward_domain::identity::Username;
use doorward_domain::user::{FullName, User};
use utoipa::ToSchema;

pub(crate) fn endpoint() -> Endpoint {
    let endpoint = Endpoint::at("{dj_rest_auth}user/").offering(Offer::new("User Details"));
    let endpoint = endpoint.guarded(Method::GET, show);
    endpoint.guarded(Method::PUT, change).guarded(Method::PATCH, change)
}

/// What an owner can change. What is left out stays.
#[derive(ToSchema)]
#[schema(as = DjRestAuthChange)]
#[expect(dead_code, reason = "says what is read field by field")]
struct Change {
    /// The username that the account has: it cannot be changed here. PUT requires it.
    #[schema(nullable = false, example = "alice")]
    username: Option<String>,
    /// The first word of the person's name; may be empty.
    #[schema(nullable = false, max_length = 150)]
    first_name: Option<String>,
    /// The rest of the person's name; may be empty.
    #[schema(nullable = false, max_length = 150)]
    last_name: Option<String>,
}

/// Shows the caller's account.
#[utoipa::path(
    get,
    path = "{dj_rest_auth}user/",
    security(("bearer" = [])),
    responses((status = 200, description = "The account", body = Person), ClosedProblems, Unavailable)
)]
pub(crate) async fn show(_: Call, caller: Caller) -> Answer {
    wire::ok(Person::from(&*caller.user))
}

/// Changes the caller's name. Another username is refused; an address is not looked at.
#[utoipa::path(
    method(put, patch),
    path = "{dj_rest_auth}user/",
    request_body = Change,
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The account as it now is", body = Person),
        BodyProblems, ClosedProblems, Unavailable
    )
)]
pub(crate) async fn change(call: Call, caller: Caller) -> Answer {
    let body = call.body().await?;
    // Not the caller's account: what is remembered of it may be a moment old.
    let present = call.auth().profile(&caller).await?.ok_or(Problem::USER_NOT_FOUND)?.user;
    let Some(full_name) = changed_name(&body, &present, call.method() == Method::PUT)? else {
        return wire::ok(Person::from(&present));
    };
    let profile = call.auth().rename(&caller, full_name).await?.ok_or(Problem::USER_NOT_FOUND)?;
    wire::ok(Person::from(&profile.user))
}

/// The full name after the change; `None` if it stays as it is.
fn changed_name(body: &Body, user: &User, is_whole: bool) -> Result<Option<FullName>, Problem> {
    let mut errors = FieldErrors::default();
    errors.add("username", username_errors(body, &user.username, is_whole));
    let mut names = Names::of(&user.full_name);
    for (field, part) in [("first_name", &mut names.first), ("last_name", &mut names.last)] {
        match name(body, field) {
            Ok(Some(typed)) => *part = typed,
            Ok(None) => {}
            Err(broken) => errors.add(field, broken),
        }
    }
    if !errors.is_empty() {
        return Err(errors.into());
    }
    if names == Names::of(&user.full_name) {
        return Ok(None);
    }
    FullName::parse(&names.joined()).map(Some).map_err(|broken| {
        errors.add("non_field_errors", broken);
        errors.into()
    })
}

/// Why the username in the body is not the present one.
fn username_errors(body: &Body, present: &Username, is_required: bool) -> Vec<String> {
    match body.text("username", Trim::Yes) {
        Err(Unfit::Missing) if !is_required => Vec::new(),
        Err(unfit) => vec![unfit.to_string()],
        Ok(typed) if typed.value == present.as_str() => Vec::new(),
        Ok(typed) => match Username::parse(&typed.value) {
            Ok(same) if same == *present => Vec::new(),
            Ok(_) => vec!["The username cannot be changed here.".to_owned()],
            Err(broken) => broken.iter().map(ToString::to_string).collect(),
        },
    }
}

/// One part of the name; `None` if it was not sent.
fn name(body: &Body, field: &str) -> Result<Option<String>, Vec<String>> {
    const MAX_CHARS: usize = 150;
    let text = match body.text_or_blank(field, Trim::Yes) {
        Ok(text) => text,
        Err(Unfit::Missing) => return Ok(None),
        Err(unfit) => return Err(vec![unfit.to_string()]),
    };
    let is_long = text.value.chars().count() > MAX_CHARS;
    let long = is_long.then(|| format!("Ensure this field has no more than {MAX_CHARS} characters."));
    let broken: Vec<_> = long.into_iter().chain(text.forbidden_characters()).collect();
    if broken.is_empty() { Ok(Some(text.value)) } else { Err(broken) }
}
