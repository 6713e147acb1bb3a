use crate::api::password_reset::Addressee;
use crate::body::{Body, FieldErrors, Fields, Trim};
use crate::call::Call;
use crate::endpoint::{Answer, Endpoint};
use crate::new_password::broken;
use crate::offer::{Offer, OfferedField};
use crate::problem::Problem;
use crate::problem_docs::{BodyProblems, ClosedProblems, Unavailable};
use actix_web::HttpResponse;
use actix_web::http::Method;
use doorward_domain::mail::RequestedLetter;
use doorward_domain::one_time::SecretText;
use doorward_domain::session::Client;
use doorward_domain::use_cases::{PasswordReset, Proof, ResetPasswordError};
use utoipa::ToSchema;

/// djoser's sentence for a token that does not work.
pub(super) const INVALID_TOKEN: &str = "Invalid token for given user.";

/// djoser's sentence for a new password that was not repeated rightly.
pub(super) const MISMATCH: &str = "The two password fields didn't match.";

pub(crate) fn endpoint() -> Endpoint {
    const OFFER: Offer =
        Offer::new("Reset password").takes(&[OfferedField::required("email", "Email").of_kind("email")]);
    Endpoint::at("{djoser}users/reset_password/").offering(OFFER).checked().open(Method::POST, reset)
}

pub(crate) fn confirmation() -> Endpoint {
    const OFFER: Offer = Offer::new("Reset password confirm").takes(&[
        OfferedField::required("uid", "Uid"),
        OfferedField::required("token", "Token"),
        OfferedField::required("new_password", "New password"),
    ]);
    let endpoint = Endpoint::at("{djoser}users/reset_password_confirm/").offering(OFFER);
    endpoint.checked().open(Method::POST, confirm)
}

/// What a link carries.
#[derive(ToSchema)]
#[schema(as = DjoserUidAndToken)]
pub(super) struct UidAndToken {
    /// The link's `uid`.
    pub(super) uid: String,
    /// The link's `token` or `key`.
    #[schema(value_type = String)]
    pub(super) token: SecretText,
}

/// A new password, with what a link carries.
#[derive(ToSchema)]
#[schema(as = DjoserPasswordReset)]
#[expect(dead_code, reason = "says what is read field by field")]
struct Renewal {
    /// The link's `uid`.
    uid: String,
    /// The link's `token`.
    token: String,
    /// The new password.
    #[schema(example = "An0ther-horse!", format = Password)]
    new_password: String,
    /// The new password again, if it is to be compared.
    #[schema(nullable = false, format = Password)]
    re_new_password: Option<String>,
}

/// Asks for a letter to set a new password with. The answer is the same whether there is an account.
#[utoipa::path(
    post,
    path = "{djoser}users/reset_password/",
    request_body = Addressee,
    responses((status = 204, description = "It was noted"), BodyProblems, ClosedProblems, Unavailable)
)]
pub(crate) async fn reset(call: Call) -> Answer {
    let address = Addressee::read(&call.body().await?)?;
    call.auth().request_letter(RequestedLetter::ResetPassword, address).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Sets a new password, with what was sent by mail. Every session of the account ends, and its address
/// counts as verified.
///
/// The token is looked at before its `uid` and the new password: what is wrong with these is told only
/// to whoever has it.
#[utoipa::path(
    post,
    path = "{djoser}users/reset_password_confirm/",
    request_body = Renewal,
    responses((status = 204, description = "The password is another"), BodyProblems, ClosedProblems, Unavailable)
)]
pub(crate) async fn confirm(call: Call) -> Answer {
    let request = read(&call.body().await?, call.password_trim(), call.client())?;
    match call.auth().reset_password(request).await {
        Ok(()) => Ok(HttpResponse::NoContent().finish()),
        Err(ResetPasswordError::Refused) => Err(FieldErrors::one("token", INVALID_TOKEN).into()),
        Err(ResetPasswordError::WrongUid) => {
            Err(FieldErrors::one("uid", "Invalid user id or user doesn't exist.").into())
        }
        Err(ResetPasswordError::Mismatch) => Err(Problem::non_field(MISMATCH)),
        Err(ResetPasswordError::Invalid(rules)) => Err(broken("new_password", rules)),
        Err(ResetPasswordError::Failure(failure)) => Err(failure.into()),
    }
}

impl UidAndToken {
    pub(super) fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let (uid, token) = (fields.text("uid", Trim::Yes), fields.secret("token"));
        Some(Self { uid: uid?, token: token? })
    }
}

fn read(body: &Body, password_trim: Trim, client: Client) -> Result<PasswordReset, Problem> {
    let mut fields = Fields::of(body);
    let link = UidAndToken::read(&mut fields);
    let passwords = fields.password_twice("new_password", "re_new_password", password_trim);
    match (link, passwords) {
        (Some(UidAndToken { uid, token }), Some([password, password_again])) => {
            Ok(PasswordReset { uid: Some(uid), proof: Proof::Link(token), password, password_again, client })
        }
        _ => Err(fields.into_errors().into()),
    }
}
