use super::reset::MISMATCH;
use crate::body::{Body, FieldErrors, Fields, Trim};
use crate::call::Call;
use crate::endpoint::{Answer, Endpoint};
use crate::new_password::broken;
use crate::offer::{Offer, OfferedField};
use crate::problem::Problem;
use crate::problem_docs::{BodyProblems, ClosedProblems, Unavailable};
use actix_web::HttpResponse;
use actix_web::http::Method;
use doorward_domain::callers::Caller;
use doorward_domain::password::Password;
use doorward_domain::use_cases::ReplacePasswordError;
use utoipa::ToSchema;

/// djoser's sentence for a present password that is another.
pub(super) const INVALID_PASSWORD: &str = "Invalid password.";

pub(crate) fn endpoint() -> Endpoint {
    const OFFER: Offer = Offer::new("Set password").takes(&[
        OfferedField::required("new_password", "New password"),
        OfferedField::required("current_password", "Current password"),
    ]);
    Endpoint::at("{djoser}users/set_password/").offering(OFFER).guarded(Method::POST, set)
}

/// The present password, and another.
#[derive(ToSchema)]
#[schema(as = DjoserPasswordChange)]
#[expect(clippy::struct_field_names, reason = "these are the names that are sent")]
struct PasswordChange {
    /// The new password.
    #[schema(value_type = String, example = "An0ther-horse!", format = Password)]
    new_password: Password,
    /// The new password again, if it is to be compared.
    #[schema(value_type = Option<String>, nullable = false, format = Password)]
    re_new_password: Password,
    /// The present password.
    #[schema(value_type = String, example = "Corr3ct-horse!", format = Password)]
    current_password: Password,
}

/// Gives the caller another password. The account's other sessions end.
#[utoipa::path(
    post,
    path = "{djoser}users/set_password/",
    request_body = PasswordChange,
    security(("bearer" = [])),
    responses((status = 204, description = "The password is another"), BodyProblems, ClosedProblems, Unavailable)
)]
pub(crate) async fn set(call: Call, caller: Caller) -> Answer {
    let typed = PasswordChange::read(&call.body().await?, call.password_trim())?;
    let PasswordChange { new_password, re_new_password, current_password } = typed;
    let (auth, client) = (call.auth(), call.client());
    match auth.replace_password(&caller, current_password, new_password, re_new_password, client).await {
        Ok(()) => Ok(HttpResponse::NoContent().finish()),
        Err(ReplacePasswordError::WrongPassword) => {
            Err(FieldErrors::one("current_password", INVALID_PASSWORD).into())
        }
        Err(ReplacePasswordError::Mismatch) => Err(Problem::non_field(MISMATCH)),
        Err(ReplacePasswordError::Invalid(rules)) => Err(broken("new_password", rules)),
        Err(ReplacePasswordError::Failure(failure)) => Err(failure.into()),
    }
}

impl PasswordChange {
    fn read(body: &Body, password_trim: Trim) -> Result<Self, Problem> {
        let mut fields = Fields::of(body);
        let new = fields.password_twice("new_password", "re_new_password", password_trim);
        match (new, fields.password("current_password", password_trim)) {
            (Some([new_password, re_new_password]), Some(current_password)) => {
                Ok(Self { new_password, re_new_password, current_password })
            }
            _ => Err(fields.into_errors().into()),
        }
    }
}
