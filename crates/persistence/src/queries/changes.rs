//! The numbered changes of accounts' standing.

use super::counted;
use crate::connection::AnyConnection;
use crate::schema::{change_counter, changes};
use diesel::prelude::*;
use doorward_domain::standing::{ChangeNumber, Changes};
use doorward_domain::user::UserId;

/// The statements that number the changes of a unit of work. They are text, so that they go to the
/// database together with its commit: on PostgreSQL, the counter's row is locked for no trip longer
/// than that.
pub(crate) fn numbering(changed: &[UserId]) -> String {
    if changed.is_empty() {
        return String::new();
    }
    let count = changed.len();
    // How many numbers come after an account's own, and the account.
    let values: Vec<String> =
        (0..count).rev().zip(changed).map(|(after, UserId(id))| format!("({after}, {id})")).collect();
    // Both databases call the columns of values so.
    format!(
        "UPDATE change_counter SET last = last + {count}; \
         INSERT INTO changes (number, user_id) \
         SELECT last - column1, column2 FROM change_counter, (VALUES {}) AS changed; ",
        values.join(", ")
    )
}

/// The counter is read first: what it counts was committed before.
pub(super) fn since(c: &mut AnyConnection, seen: ChangeNumber) -> QueryResult<Changes> {
    let last = last(c)?;
    let accounts = match u32::try_from(last.saturating_sub(seen.0)) {
        Ok(0) => Some(Vec::new()),
        Ok(new) if new <= Changes::MOST => {
            let ids: Vec<i64> = changes::table
                .filter(changes::number.gt(seen.0))
                .filter(changes::number.le(last))
                .order(changes::number)
                .select(changes::user_id)
                .load(c)?;
            let is_complete = u32::try_from(ids.len()).is_ok_and(|there| there == new);
            is_complete.then(|| ids.into_iter().map(UserId).collect())
        }
        // Too many; or fewer than were seen, in a database that was restored from a copy.
        _ => None,
    };
    Ok(Changes { last: ChangeNumber(last), accounts })
}

pub(super) fn sweep(c: &mut AnyConnection, keep: u32) -> QueryResult<u64> {
    let old = last(c)?.saturating_sub(keep.into());
    counted(diesel::delete(changes::table.filter(changes::number.le(old))).execute(c))
}

fn last(c: &mut AnyConnection) -> QueryResult<i64> {
    change_counter::table.select(change_counter::last).get_result(c)
}
