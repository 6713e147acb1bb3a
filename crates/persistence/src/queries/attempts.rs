//! Tries of codes.

use super::kept::Kept;
use super::users::cannot_be_stored;
use super::{counted, damaged};
use crate::connection::{AnyConnection, on_either};
use crate::schema::code_attempts;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};
use doorward_domain::identity::CanonicalName;
use doorward_domain::one_time::{Attempts, Purpose};
use doorward_domain::time::Timestamp;

/// The tries, in a row that is made where it is missing: what is not there cannot be locked, and the
/// first two tries would both count as the first.
pub(super) fn hold(
    c: &mut AnyConnection,
    purpose: Purpose,
    address: &CanonicalName,
) -> QueryResult<Option<Attempts>> {
    if cannot_be_stored(address.as_str()) {
        return Ok(None);
    }
    let key =
        (code_attempts::purpose.eq(purpose.as_str()), code_attempts::address_canonical.eq(address.as_str()));
    let (tries, last_at): (i64, i64) = on_either!(c, |c| diesel::insert_into(code_attempts::table)
        .values(key)
        .on_conflict((code_attempts::purpose, code_attempts::address_canonical))
        .do_update()
        .set(code_attempts::tries.eq(code_attempts::tries))
        .returning((code_attempts::tries, code_attempts::last_at))
        .get_result(c))?;
    let tries = u32::try_from(tries).map_err(|_| damaged("a number of tries"))?;
    Ok((tries > 0).then_some(Attempts { tries, last_at: Timestamp::from_micros(last_at) }))
}

pub(super) fn put(
    c: &mut AnyConnection,
    purpose: Purpose,
    address: &CanonicalName,
    attempts: Attempts,
) -> QueryResult<()> {
    // Nobody has that address, however often a code is tried for it.
    if cannot_be_stored(address.as_str()) {
        return Ok(());
    }
    let held = code_attempts::table.find((purpose.as_str(), address.as_str()));
    let changes = (
        code_attempts::tries.eq(i64::from(attempts.tries)),
        code_attempts::last_at.eq(attempts.last_at.as_micros()),
    );
    let update = diesel::update(held).set(changes).returning(code_attempts::tries);
    Kept(update).get_result::<i64>(c).map(drop)
}

/// When a try was last counted is looked at again where somebody else has just counted one.
pub(super) fn sweep(c: &mut AnyConnection, before: Timestamp, limit: u32) -> QueryResult<u64> {
    let before = before.as_micros();
    let is_old = sql::<Bool>(
        "(purpose, address_canonical) IN (SELECT purpose, address_canonical FROM code_attempts
            WHERE last_at < ",
    )
    .bind::<BigInt, _>(before)
    .sql(" ORDER BY last_at LIMIT ")
    .bind::<BigInt, _>(i64::from(limit))
    .sql(")");
    let old = code_attempts::table.filter(is_old).filter(code_attempts::last_at.lt(before));
    counted(on_either!(c, |c| diesel::delete(old).execute(c)))
}
