//! Accounts' addresses, and the names that accounts log in with.

use super::accounts::store_names;
use super::kept::Kept;
use super::users::is_of_another;
use super::{hit, unless_lost};
use crate::connection::AnyConnection;
use crate::schema::{login_names, users};
use diesel::prelude::*;
use doorward_domain::identity::EmailAddress;
use doorward_domain::store::Taken;
use doorward_domain::time::Timestamp;
use doorward_domain::user::UserId;

/// Who looked and found the address free, but was not the first to take it, is run again and then finds
/// it taken.
pub(super) fn set(
    c: &mut AnyConnection,
    id: UserId,
    address: &EmailAddress,
    verified_at: Timestamp,
) -> QueryResult<Result<bool, Taken>> {
    if is_of_another(c, address.canonical(), id.0)? {
        return Ok(Err(Taken::Email));
    }
    let changes = (
        users::email.eq(address.as_str()),
        users::email_canonical.eq(address.canonical().as_str()),
        users::email_verified_at.eq(verified_at.as_micros()),
    );
    let update = diesel::update(users::table.find(id.0)).set(changes).returning(users::username_canonical);
    let username: Option<String> = unless_lost(Kept(update).get_result(c).optional())?;
    let Some(username) = username else { return Ok(Ok(false)) };
    rename(c, id, &username, Some(address.canonical().as_str()))?;
    Ok(Ok(true))
}

pub(super) fn verify(
    c: &mut AnyConnection,
    id: UserId,
    address: &EmailAddress,
    at: Timestamp,
) -> QueryResult<bool> {
    let guard = users::table.find(id.0).filter(users::email.eq(address.as_str()));
    let change = users::email_verified_at.eq(at.as_micros());
    hit(Kept(diesel::update(guard).set(change).returning(users::id)).count(c))
}

/// Gives the account these login names and takes it those that it had besides.
pub(super) fn rename(
    c: &mut AnyConnection,
    id: UserId,
    username: &str,
    email: Option<&str>,
) -> QueryResult<()> {
    let email = email.unwrap_or(username);
    let former = login_names::table
        .filter(login_names::user_id.eq(id.0))
        .filter(login_names::name.ne(username))
        .filter(login_names::name.ne(email));
    diesel::delete(former).execute(c)?;
    let there: Vec<String> =
        login_names::table.filter(login_names::user_id.eq(id.0)).select(login_names::name).load(c)?;
    let mut new: Vec<_> = [username, email]
        .into_iter()
        .filter(|name| !there.iter().any(|one| one == name))
        .map(|name| (name, Some(id.0)))
        .collect();
    new.sort_unstable();
    new.dedup();
    unless_lost(store_names(c, &new))
}
