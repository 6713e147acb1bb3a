use crate::body::{Body, FieldErrors, Fields, Trim};
use crate::call::Call;
use crate::endpoint::{Answer, Endpoint};
use crate::new_password::{WRONG_OLD, broken, mismatch};
use crate::offer::{Offer, OfferedField};
use crate::problem::Problem;
use crate::problem_docs::{BodyProblems, ClosedProblems, Unavailable};
use crate::wire::{self, Detail};
use actix_web::http::Method;
use doorward_domain::callers::Caller;
use doorward_domain::password::Password;
use doorward_domain::use_cases::ReplacePasswordError;
use utoipa::ToSchema;

pub(crate) fn endpoint() -> Endpoint {
    Endpoint::at("/api/auth/password/change/").offering(OFFER).guarded(Method::POST, change)
}

const OFFER: Offer = Offer::new("Password Change").takes(&[
    OfferedField::required("old_password", "Old password"),
    OfferedField::required("new_password1", "New password1"),
    OfferedField::required("new_password2", "New password2"),
]);

/// The present password, and another.
#[derive(ToSchema)]
struct PasswordChange {
    /// The present password.
    #[schema(value_type = String, example = "Corr3ct-horse!", format = Password)]
    old_password: Password,
    /// The new password.
    #[schema(value_type = String, example = "An0ther-horse!", format = Password)]
    new_password1: Password,
    /// The new password again.
    #[schema(value_type = String, example = "An0ther-horse!", format = Password)]
    new_password2: Password,
}

/// Gives the caller another password. The account's other sessions end.
#[utoipa::path(
    post,
    path = "/api/auth/password/change/",
    tag = "passwords",
    request_body = PasswordChange,
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The password is another", body = Detail),
        BodyProblems, ClosedProblems, Unavailable
    )
)]
pub(crate) async fn change(call: Call, caller: Caller) -> Answer {
    let typed = PasswordChange::read(&call.body().await?, call.password_trim())?;
    let PasswordChange { old_password, new_password1, new_password2 } = typed;
    let changed =
        call.auth().replace_password(&caller, old_password, new_password1, new_password2, call.client());
    match changed.await {
        Ok(()) => wire::ok(Detail::new("New password has been saved.")),
        Err(ReplacePasswordError::WrongPassword) => Err(FieldErrors::one("old_password", WRONG_OLD).into()),
        Err(ReplacePasswordError::Mismatch) => Err(mismatch()),
        Err(ReplacePasswordError::Invalid(rules)) => Err(broken("new_password2", rules)),
        Err(ReplacePasswordError::Failure(failure)) => Err(failure.into()),
    }
}

impl PasswordChange {
    fn read(body: &Body, password_trim: Trim) -> Result<Self, Problem> {
        let mut fields = Fields::of(body);
        let mut password = |field| fields.password(field, password_trim);
        match (password("old_password"), password("new_password1"), password("new_password2")) {
            (Some(old_password), Some(new_password1), Some(new_password2)) => {
                Ok(Self { old_password, new_password1, new_password2 })
            }
            _ => Err(fields.into_errors().into()),
        }
    }
}
