//! Accounts, their login names and their credentials.

use super::kept::Kept;
use super::{hit, lists, lost};
use crate::connection::{AnyConnection, on_either};
use crate::schema::{login_names, users};
use diesel::dsl::exists;
use diesel::prelude::*;
use doorward_domain::identity::{CanonicalName, EmailAddress, Username};
use doorward_domain::password::PasswordHash;
use doorward_domain::store::{Held, Taken};
use doorward_domain::time::Timestamp;
use doorward_domain::user::{
    Credential, CredentialVersion, FullName, NewUser, Profile, Subject, User, UserId,
};

/// What of an account is read.
#[derive(Queryable, Selectable)]
#[diesel(table_name = users)]
#[expect(clippy::struct_excessive_bools, reason = "they are columns")]
pub(super) struct UserRow {
    id: i64,
    subject: String,
    username: String,
    email: Option<String>,
    email_verified_at: Option<i64>,
    full_name: String,
    is_active: bool,
    is_staff: bool,
    is_superuser: bool,
    date_joined: i64,
    tokens_valid_after: i64,
    groups: String,
    is_known_by_subject: bool,
    is_imported: bool,
}

impl TryFrom<UserRow> for User {
    type Error = diesel::result::Error;

    fn try_from(row: UserRow) -> QueryResult<Self> {
        Ok(Self {
            id: UserId(row.id),
            subject: Subject::from_stored(row.subject),
            username: Username::from_stored(row.username),
            email: row.email.map(EmailAddress::from_stored),
            email_verified_at: row.email_verified_at.map(Timestamp::from_micros),
            full_name: FullName::from_stored(row.full_name),
            is_active: row.is_active,
            is_staff: row.is_staff,
            is_superuser: row.is_superuser,
            groups: lists::read_names(&row.groups)?,
            is_known_by_subject: row.is_known_by_subject,
            is_imported: row.is_imported,
            date_joined: Timestamp::from_micros(row.date_joined),
            tokens_valid_after: Timestamp::from_micros(row.tokens_valid_after),
        })
    }
}

pub(super) fn by_id(c: &mut AnyConnection, id: UserId) -> QueryResult<Option<User>> {
    let row: Option<UserRow> =
        users::table.find(id.0).select(UserRow::as_select()).get_result(c).optional()?;
    row.map(User::try_from).transpose()
}

/// The accounts with the next lower numbers, the highest first.
pub(super) fn before(c: &mut AnyConnection, before: UserId, limit: u32) -> QueryResult<Vec<User>> {
    let rows: Vec<UserRow> = users::table
        .filter(users::id.lt(before.0))
        .order(users::id.desc())
        .limit(limit.into())
        .select(UserRow::as_select())
        .load(c)?;
    rows.into_iter().map(User::try_from).collect()
}

pub(super) fn by_subject(c: &mut AnyConnection, subject: &Subject) -> QueryResult<Option<UserId>> {
    if cannot_be_stored(subject.as_str()) {
        return Ok(None);
    }
    let found = users::table.filter(users::subject.eq(subject.as_str()));
    Ok(found.select(users::id).get_result(c).optional()?.map(UserId))
}

pub(super) fn profile(c: &mut AnyConnection, id: UserId) -> QueryResult<Option<Profile>> {
    let row: Option<(UserRow, Option<i64>)> =
        users::table.find(id.0).select((UserRow::as_select(), users::last_login)).get_result(c).optional()?;
    let profile = |(user, last_login): (UserRow, Option<i64>)| {
        Ok(Profile { user: user.try_into()?, last_login: last_login.map(Timestamp::from_micros) })
    };
    row.map(profile).transpose()
}

pub(super) fn by_login_name(c: &mut AnyConnection, name: &CanonicalName) -> QueryResult<Option<User>> {
    if cannot_be_stored(name.as_str()) {
        return Ok(None);
    }
    let row: Option<UserRow> = login_names::table
        .inner_join(users::table)
        .filter(login_names::name.eq(name.as_str()))
        .select(UserRow::as_select())
        .get_result(c)
        .optional()?;
    row.map(User::try_from).transpose()
}

pub(super) fn credential(c: &mut AnyConnection, name: &CanonicalName) -> QueryResult<Option<Credential>> {
    if cannot_be_stored(name.as_str()) {
        return Ok(None);
    }
    let row: Option<(UserRow, String, i64)> = login_names::table
        .inner_join(users::table)
        .filter(login_names::name.eq(name.as_str()))
        .select((UserRow::as_select(), users::password, users::credential_version))
        .get_result(c)
        .optional()?;
    let credential = |(user, password, version): (UserRow, String, i64)| {
        let user = User::try_from(user)?;
        Ok(Credential {
            user_id: user.id,
            password: PasswordHash::from_encoded(password),
            version: CredentialVersion(version),
            is_active: user.is_active,
            is_verified: user.is_verified(),
        })
    };
    row.map(credential).transpose()
}

/// The account, whose row is locked against other changes until the unit of work ends; sessions can
/// still be stored: they ask for the key alone. What PostgreSQL answers is the row as the last one who
/// changed it has written it. SQLite has one writer.
pub(super) fn hold(c: &mut AnyConnection, id: UserId) -> QueryResult<Option<Held>> {
    let (row, version) = (users::table.find(id.0), users::credential_version);
    let row: Option<(UserRow, i64)> = match c {
        AnyConnection::Sqlite(c) => row.select((UserRow::as_select(), version)).get_result(c),
        AnyConnection::Postgresql(c) => {
            row.select((UserRow::as_select(), version)).for_no_key_update().get_result(c)
        }
    }
    .optional()?;
    let held = |(user, version): (UserRow, i64)| {
        Ok(Held { user: user.try_into()?, version: CredentialVersion(version) })
    };
    row.map(held).transpose()
}

/// Inserts without ever meeting a violated constraint, which on PostgreSQL would abort the unit of
/// work: `DO NOTHING` waits for whoever holds the name, and then tells who won.
pub(super) fn insert(c: &mut AnyConnection, user: &NewUser) -> QueryResult<Result<User, Taken>> {
    let values = (
        users::subject.eq(user.subject.as_str()),
        users::username.eq(user.username.as_str()),
        users::username_canonical.eq(user.username.canonical().as_str()),
        users::email.eq(user.email.as_ref().map(EmailAddress::as_str)),
        users::email_canonical.eq(user.email.as_ref().map(|email| email.canonical().as_str())),
        users::email_verified_at.eq(user.email_verified_at.map(Timestamp::as_micros)),
        users::password.eq(user.password.as_encoded()),
        users::is_active.eq(user.is_active),
        users::is_staff.eq(user.is_staff),
        users::is_superuser.eq(user.is_superuser),
        users::date_joined.eq(user.date_joined.as_micros()),
    );
    let inserted: Option<i64> = on_either!(c, |c| diesel::insert_into(users::table)
        .values(values)
        .on_conflict_do_nothing()
        .returning(users::id)
        .get_result(c)
        .optional())?;
    let Some(id) = inserted else { return who_is_taken(c, user, 0).map(Err) };

    // In one order for everybody: two units of work that want the same two names do not deadlock.
    let mut names: Vec<_> = user.login_names().map(CanonicalName::as_str).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let values = (login_names::name.eq(name), login_names::user_id.eq(id));
        let claimed = on_either!(c, |c| diesel::insert_into(login_names::table)
            .values(values)
            .on_conflict_do_nothing()
            .execute(c))?;
        if claimed == 0 {
            return who_is_taken(c, user, id).map(Err);
        }
    }
    let row: UserRow = users::table.find(id).select(UserRow::as_select()).get_result(c)?;
    row.try_into().map(Ok)
}

/// Which of a refused account's names belongs to somebody else than the account `own`. If neither
/// does, an import has taken the number that was drawn, or the owner is gone by now.
fn who_is_taken(c: &mut AnyConnection, user: &NewUser, own: i64) -> QueryResult<Taken> {
    if is_of_another(c, user.username.canonical(), own)? {
        return Ok(Taken::Username);
    }
    match &user.email {
        Some(email) if is_of_another(c, email.canonical(), own)? => Ok(Taken::Email),
        _ => Err(lost("an account's number was taken")),
    }
}

/// Whether a login name belongs to somebody else than the account `own`.
pub(super) fn is_of_another(c: &mut AnyConnection, name: &CanonicalName, own: i64) -> QueryResult<bool> {
    let of_another =
        login_names::table.filter(login_names::name.eq(name.as_str())).filter(login_names::user_id.ne(own));
    diesel::select(exists(of_another)).get_result(c)
}

pub(super) fn record_login(
    c: &mut AnyConnection,
    id: UserId,
    version: CredentialVersion,
    now: Timestamp,
) -> QueryResult<bool> {
    let guard = users::table
        .find(id.0)
        .filter(users::is_active.eq(true))
        .filter(users::credential_version.eq(version.0));
    hit(Kept(diesel::update(guard).set(users::last_login.eq(now.as_micros())).returning(users::id)).count(c))
}

pub(super) fn replace_hash(
    c: &mut AnyConnection,
    id: UserId,
    old: &PasswordHash,
    new: &PasswordHash,
) -> QueryResult<bool> {
    let guard = users::table.find(id.0).filter(users::password.eq(old.as_encoded()));
    hit(Kept(diesel::update(guard).set(users::password.eq(new.as_encoded())).returning(users::id)).count(c))
}

pub(super) fn set_password(
    c: &mut AnyConnection,
    id: UserId,
    hash: &PasswordHash,
    now: Timestamp,
) -> QueryResult<bool> {
    let changes = (
        users::password.eq(hash.as_encoded()),
        users::credential_version.eq(users::credential_version + 1),
        users::tokens_valid_after.eq(now.as_micros()),
    );
    hit(Kept(diesel::update(users::table.find(id.0)).set(changes).returning(users::id)).count(c))
}

/// [`set_password`] for a password that was changed elsewhere, where tokens from before are honoured.
pub(super) fn replace_password(c: &mut AnyConnection, id: UserId, hash: &PasswordHash) -> QueryResult<bool> {
    let changes =
        (users::password.eq(hash.as_encoded()), users::credential_version.eq(users::credential_version + 1));
    hit(Kept(diesel::update(users::table.find(id.0)).set(changes).returning(users::id)).count(c))
}

pub(super) fn invalidate_tokens(c: &mut AnyConnection, id: UserId, now: Timestamp) -> QueryResult<bool> {
    let change = users::tokens_valid_after.eq(now.as_micros());
    hit(Kept(diesel::update(users::table.find(id.0)).set(change).returning(users::id)).count(c))
}

pub(super) fn set_active(c: &mut AnyConnection, id: UserId, is_active: bool) -> QueryResult<bool> {
    hit(Kept(
        diesel::update(users::table.find(id.0)).set(users::is_active.eq(is_active)).returning(users::id),
    )
    .count(c))
}

pub(super) fn set_full_name(c: &mut AnyConnection, id: UserId, full_name: &FullName) -> QueryResult<bool> {
    hit(Kept(
        diesel::update(users::table.find(id.0))
            .set(users::full_name.eq(full_name.as_str()))
            .returning(users::id),
    )
    .count(c))
}

pub(super) fn delete(c: &mut AnyConnection, id: UserId) -> QueryResult<bool> {
    hit(diesel::delete(users::table.find(id.0)).execute(c))
}

/// PostgreSQL's text has no NUL and answers one with an error; nobody is called that.
pub(super) fn cannot_be_stored(name: &str) -> bool {
    name.contains('\0')
}
