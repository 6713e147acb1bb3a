//! One-time secrets.

use super::users::cannot_be_stored;
use super::{ASIDE, counted, damaged};
use crate::connection::{AnyConnection, on_either};
use crate::schema::one_time_secrets;
use diesel::prelude::*;
use doorward_domain::identity::{CanonicalName, EmailAddress};
use doorward_domain::one_time::{OneTimeSecret, Purpose, SecretDigest, StoredCode};
use doorward_domain::time::Timestamp;
use doorward_domain::user::{CredentialVersion, UserId};

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = one_time_secrets, primary_key(user_id, purpose, slot), treat_none_as_null = true)]
struct SecretRow {
    user_id: i64,
    purpose: String,
    slot: String,
    digest: Vec<u8>,
    code_digest: Option<Vec<u8>>,
    code_expires_at: Option<i64>,
    address: String,
    address_canonical: String,
    credential_version: i64,
    created_at: i64,
    expires_at: i64,
}

impl From<&OneTimeSecret> for SecretRow {
    fn from(secret: &OneTimeSecret) -> Self {
        Self {
            user_id: secret.user.0,
            purpose: secret.purpose.as_str().to_owned(),
            slot: slot(secret).to_owned(),
            digest: secret.digest.0.to_vec(),
            code_digest: secret.code.map(|code| code.digest.0.to_vec()),
            code_expires_at: secret.code.map(|code| code.expires_at.as_micros()),
            address: secret.address.as_str().to_owned(),
            address_canonical: secret.address.canonical().as_str().to_owned(),
            credential_version: secret.version.0,
            created_at: secret.created_at.as_micros(),
            expires_at: secret.expires_at.as_micros(),
        }
    }
}

impl TryFrom<SecretRow> for OneTimeSecret {
    type Error = diesel::result::Error;

    fn try_from(row: SecretRow) -> QueryResult<Self> {
        let code = match (row.code_digest, row.code_expires_at) {
            (Some(stored), Some(at)) => {
                Some(StoredCode { digest: digest(stored)?, expires_at: Timestamp::from_micros(at) })
            }
            _ => None,
        };
        Ok(Self {
            user: UserId(row.user_id),
            purpose: Purpose::from_stored(&row.purpose)
                .ok_or_else(|| damaged("a one-time secret for an unknown purpose"))?,
            digest: digest(row.digest)?,
            code,
            address: EmailAddress::from_stored(row.address),
            version: CredentialVersion(row.credential_version),
            created_at: Timestamp::from_micros(row.created_at),
            expires_at: Timestamp::from_micros(row.expires_at),
        })
    }
}

/// What stands beside it: those that undo a change of address, one for each.
fn slot(secret: &OneTimeSecret) -> &str {
    match secret.purpose {
        Purpose::UndoEmailChange => secret.address.canonical().as_str(),
        Purpose::VerifyEmail | Purpose::ResetPassword | Purpose::ChangeEmail => "",
    }
}

fn digest(stored: Vec<u8>) -> QueryResult<SecretDigest> {
    stored.try_into().map(SecretDigest).map_err(|_| damaged("a digest is not 32 bytes long"))
}

pub(super) fn by_digest(
    c: &mut AnyConnection,
    purpose: Purpose,
    digests: &[SecretDigest],
) -> QueryResult<Option<OneTimeSecret>> {
    let digests: Vec<&[u8]> = digests.iter().map(|digest| digest.0.as_slice()).collect();
    let row: Option<SecretRow> = on_either!(c, |c| one_time_secrets::table
        .filter(one_time_secrets::purpose.eq(purpose.as_str()))
        .filter(one_time_secrets::digest.eq_any(digests))
        .select(SecretRow::as_select())
        .get_result(c)
        .optional())?;
    row.map(OneTimeSecret::try_from).transpose()
}

pub(super) fn of(c: &mut AnyConnection, user: UserId) -> QueryResult<Vec<OneTimeSecret>> {
    let rows: Vec<SecretRow> = one_time_secrets::table
        .filter(one_time_secrets::user_id.eq(user.0))
        .order((one_time_secrets::created_at, one_time_secrets::digest))
        .select(SecretRow::as_select())
        .load(c)?;
    rows.into_iter().map(OneTimeSecret::try_from).collect()
}

pub(super) fn reserved_for(
    c: &mut AnyConnection,
    address: &CanonicalName,
    now: Timestamp,
) -> QueryResult<Option<UserId>> {
    if cannot_be_stored(address.as_str()) {
        return Ok(None);
    }
    let owner: Option<i64> = one_time_secrets::table
        .filter(one_time_secrets::address_canonical.eq(address.as_str()))
        .filter(one_time_secrets::purpose.eq(Purpose::UndoEmailChange.as_str()))
        .filter(one_time_secrets::expires_at.gt(now.as_micros()))
        .order(one_time_secrets::user_id)
        .select(one_time_secrets::user_id)
        .get_result(c)
        .optional()?;
    Ok(owner.map(UserId))
}

pub(super) fn put(c: &mut AnyConnection, secret: &OneTimeSecret) -> QueryResult<()> {
    let row = SecretRow::from(secret);
    on_either!(c, |c| diesel::insert_into(one_time_secrets::table)
        .values(&row)
        .on_conflict((one_time_secrets::user_id, one_time_secrets::purpose, one_time_secrets::slot))
        .do_update()
        .set(&row)
        .execute(c))
    .map(drop)
}

/// One statement: of those who delete a row at once, PostgreSQL answers it to one, and looks again at
/// the guard where the row was replaced meanwhile.
pub(super) fn take(
    c: &mut AnyConnection,
    user: UserId,
    purpose: Purpose,
    digest: &SecretDigest,
) -> QueryResult<Option<OneTimeSecret>> {
    let guard = one_time_secrets::table
        .filter(one_time_secrets::digest.eq(digest.0.as_slice()))
        .filter((one_time_secrets::user_id + ASIDE).eq(user.0))
        .filter(one_time_secrets::purpose.eq(purpose.as_str()));
    let row: Option<SecretRow> =
        diesel::delete(guard).returning(one_time_secrets::all_columns).get_result(c).optional()?;
    row.map(OneTimeSecret::try_from).transpose()
}

pub(super) fn drop_most(c: &mut AnyConnection, user: UserId) -> QueryResult<()> {
    let dropped = one_time_secrets::table
        .filter(one_time_secrets::user_id.eq(user.0))
        .filter(one_time_secrets::purpose.ne(Purpose::UndoEmailChange.as_str()));
    diesel::delete(dropped).execute(c).map(drop)
}

pub(super) fn drop_undo(c: &mut AnyConnection, user: UserId, since: Timestamp) -> QueryResult<()> {
    let dropped = one_time_secrets::table
        .filter(one_time_secrets::user_id.eq(user.0))
        .filter(one_time_secrets::purpose.eq(Purpose::UndoEmailChange.as_str()))
        .filter(one_time_secrets::created_at.ge(since.as_micros()));
    diesel::delete(dropped).execute(c).map(drop)
}

/// That a secret has expired is looked at again where somebody else has just replaced it.
pub(super) fn sweep(c: &mut AnyConnection, before: Timestamp, limit: u32) -> QueryResult<u64> {
    let before = before.as_micros();
    let swept = diesel::alias!(one_time_secrets as swept);
    let expired = swept
        .filter(swept.field(one_time_secrets::expires_at).lt(before))
        .order(swept.field(one_time_secrets::expires_at))
        .limit(limit.into())
        .select(swept.field(one_time_secrets::digest));
    let guard = one_time_secrets::table
        .filter(one_time_secrets::digest.eq_any(expired))
        .filter((one_time_secrets::expires_at + ASIDE).lt(before));
    counted(diesel::delete(guard).execute(c))
}
