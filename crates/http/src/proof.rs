//! What a body says to prove that its sender reads an address's mail: the key of a link, or a code.

use crate::body::{Body, FieldErrors, Fields, INVALID_VALUE};
use crate::problem::Problem;
use doorward_domain::use_cases::Proof;
use utoipa::ToSchema;

/// The key of a link, or a code in its place.
#[derive(ToSchema)]
#[expect(dead_code, reason = "says what is read field by field")]
#[serde(untagged)]
pub(crate) enum KeyOrCode {
    /// The key.
    Key(LinkKey),
    /// The code.
    Code(MailedCode),
}

/// The key of a link.
#[derive(ToSchema)]
#[expect(dead_code, reason = "says what is read field by field")]
pub(crate) struct LinkKey {
    /// What the link carries.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    key: String,
}

/// A code from a letter.
#[derive(ToSchema)]
#[expect(dead_code, reason = "says what is read field by field")]
pub(crate) struct MailedCode {
    /// The account's address; of one that is being changed, the present one.
    #[schema(example = "alice@example.com", max_length = 254)]
    email: String,
    /// Eight digits, however they are grouped. It works for ten minutes, and five may be tried.
    #[schema(example = "1234 5678")]
    code: String,
}

impl KeyOrCode {
    /// Reads a key; or a code, where there is no key.
    pub(crate) fn read(body: &Body) -> Result<Proof, Problem> {
        let mut fields = Fields::of(body);
        let is_code = !body.has("key") && names_code(body);
        let proof = if is_code { mailed_code(&mut fields) } else { fields.secret("key").map(Proof::Link) };
        proof.ok_or_else(|| fields.into_errors().into())
    }
}

/// Whether a body has to do with a code.
pub(crate) fn names_code(body: &Body) -> bool {
    body.has("email") || body.has("code")
}

/// The fields of a code.
pub(crate) fn mailed_code(fields: &mut Fields<'_>) -> Option<Proof> {
    let (address, code) = (fields.email("email"), fields.code("code"));
    Some(Proof::Code { address: address?, code: code? })
}

/// What is answered where a proof does not work, as dj-rest-auth does: there is no such link.
pub(crate) fn refusal(proof: &Proof) -> Problem {
    match proof {
        Proof::Link(_) => Problem::NotFound,
        Proof::Code { .. } => FieldErrors::one("code", INVALID_VALUE).into(),
    }
}
