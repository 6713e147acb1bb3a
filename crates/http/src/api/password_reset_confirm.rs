use crate::body::{Body, FieldErrors, Fields, INVALID_VALUE, Trim};
use crate::call::Call;
use crate::endpoint::{Answer, Endpoint};
use crate::new_password::{broken, mismatch};
use crate::offer::{Offer, OfferedField};
use crate::problem::Problem;
use crate::problem_docs::{BodyProblems, Unavailable};
use crate::proof::{mailed_code, names_code};
use crate::wire::{self, Detail};
use actix_web::http::Method;
use doorward_domain::session::Client;
use doorward_domain::use_cases::{PasswordReset, Proof, ResetPasswordError};
use utoipa::ToSchema;

pub(crate) fn endpoint() -> Endpoint {
    Endpoint::at("/api/auth/password/reset/confirm/").offering(OFFER).open(Method::POST, confirm)
}

const OFFER: Offer = Offer::new("Password Reset Confirm").takes(&[
    OfferedField::required("new_password1", "New password1"),
    OfferedField::required("new_password2", "New password2"),
    OfferedField::required("uid", "Uid"),
    OfferedField::required("token", "Token"),
]);

/// A new password for whoever reads the account's mail.
#[derive(ToSchema)]
#[expect(dead_code, reason = "says what is read field by field")]
#[serde(untagged)]
enum PasswordConfirmation {
    /// With what the link carries.
    Link(LinkedPassword),
    /// With the code that stands beside the link.
    Code(CodedPassword),
}

/// A new password, with what a link carries.
#[derive(ToSchema)]
#[expect(dead_code, reason = "says what is read field by field")]
struct LinkedPassword {
    /// The link's `uid`.
    uid: String,
    /// The link's `token`.
    token: String,
    /// The new password.
    #[schema(example = "An0ther-horse!", format = Password)]
    new_password1: String,
    /// The new password again.
    #[schema(example = "An0ther-horse!", format = Password)]
    new_password2: String,
}

/// A new password, with a code.
#[derive(ToSchema)]
#[expect(dead_code, reason = "says what is read field by field")]
struct CodedPassword {
    /// The account's address.
    #[schema(example = "alice@example.com", max_length = 254)]
    email: String,
    /// Eight digits, however they are grouped. It works for ten minutes, and five may be tried.
    #[schema(example = "1234 5678")]
    code: String,
    /// The new password.
    #[schema(example = "An0ther-horse!", format = Password)]
    new_password1: String,
    /// The new password again.
    #[schema(example = "An0ther-horse!", format = Password)]
    new_password2: String,
}

/// Sets a new password, with what was sent by mail. Every session of the account ends, its address
/// counts as verified, and nobody is logged in.
///
/// A link works once, for an hour, and until the password or the address is changed. What is wrong with
/// the new password is told only to whoever has the link or the code, and uses neither up.
#[utoipa::path(
    post,
    path = "/api/auth/password/reset/confirm/",
    tag = "passwords",
    request_body = PasswordConfirmation,
    responses((status = 200, description = "The password is another", body = Detail), BodyProblems, Unavailable)
)]
pub(crate) async fn confirm(call: Call) -> Answer {
    let request = read(&call.body().await?, call.password_trim(), call.client())?;
    let proof_field = if matches!(request.proof, Proof::Link(_)) { "token" } else { "code" };
    match call.auth().reset_password(request).await {
        Ok(()) => wire::ok(Detail::new("Password has been reset with the new password.")),
        Err(ResetPasswordError::Refused) => Err(FieldErrors::one(proof_field, INVALID_VALUE).into()),
        Err(ResetPasswordError::WrongUid) => Err(FieldErrors::one("uid", INVALID_VALUE).into()),
        Err(ResetPasswordError::Mismatch) => Err(mismatch()),
        Err(ResetPasswordError::Invalid(rules)) => Err(broken("new_password2", rules)),
        Err(ResetPasswordError::Failure(failure)) => Err(failure.into()),
    }
}

fn read(body: &Body, password_trim: Trim, client: Client) -> Result<PasswordReset, Problem> {
    let mut fields = Fields::of(body);
    let password = fields.password("new_password1", password_trim);
    let password_again = fields.password("new_password2", password_trim);
    let is_code = !body.has("uid") && !body.has("token") && names_code(body);
    let (uid, proof) = if is_code {
        (None, mailed_code(&mut fields))
    } else {
        let (uid, token) = (fields.text("uid", Trim::Yes), fields.secret("token"));
        // Without its `uid` a link is not complete.
        let proof = uid.is_some().then_some(token).flatten().map(Proof::Link);
        (uid, proof)
    };
    match (password, password_again, proof) {
        (Some(password), Some(password_again), Some(proof)) => {
            Ok(PasswordReset { uid, proof, password, password_again, client })
        }
        _ => Err(fields.into_errors().into()),
    }
}
