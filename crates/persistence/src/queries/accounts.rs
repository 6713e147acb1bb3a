//! Accounts in bulk, with everything that is stored about them.

use super::rows::Rows;
use super::users::{UserRow, cannot_be_stored};
use super::{CHUNK, imports, lists, of_many, unless_lost};
use crate::connection::{AnyConnection, on_either};
use crate::schema::{account_details, login_names, users};
use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use doorward_domain::identity::{CanonicalName, EmailAddress};
use doorward_domain::password::PasswordHash;
use doorward_domain::takeover::{
    AccountRecord, Attributes, ForeignKey, ImportedAccount, NameOwner, Permission,
};
use doorward_domain::time::Timestamp;
use doorward_domain::user::{CredentialVersion, Subject, UserId};

#[derive(Queryable, Selectable)]
#[diesel(table_name = users)]
struct AccountRow {
    #[diesel(embed)]
    user: UserRow,
    last_login: Option<i64>,
    password: String,
    credential_version: i64,
    #[diesel(select_expression = (account_details::permissions, account_details::attributes).nullable())]
    details: Option<(String, String)>,
}

fn record(row: AccountRow) -> QueryResult<AccountRecord> {
    let (permissions, attributes) = read_details(row.details)?;
    Ok(AccountRecord {
        user: row.user.try_into()?,
        last_login: row.last_login.map(Timestamp::from_micros),
        password: PasswordHash::from_encoded(row.password),
        credential_version: CredentialVersion(row.credential_version),
        permissions,
        attributes,
    })
}

/// An account's details, of a row that may not be there.
pub(super) fn read_details(stored: Option<(String, String)>) -> QueryResult<(Vec<Permission>, Attributes)> {
    let Some((permissions, attributes)) = stored else { return Ok(Default::default()) };
    Ok((lists::read_permissions(&permissions)?, Attributes::from_json(attributes)))
}

pub(super) fn after(c: &mut AnyConnection, after: UserId, limit: u32) -> QueryResult<Vec<AccountRecord>> {
    let rows: Vec<AccountRow> = users::table
        .left_join(account_details::table)
        .filter(users::id.gt(after.0))
        .order(users::id)
        .limit(limit.into())
        .select(AccountRow::as_select())
        .load(c)?;
    rows.into_iter().map(record).collect()
}

/// Everything about these accounts, whose rows are locked first: what is read of them is then what the
/// last one who changed them has written, and stays so until the unit of work ends.
pub(super) fn of(c: &mut AnyConnection, ids: &[UserId]) -> QueryResult<Vec<AccountRecord>> {
    let mut ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    ids.sort_unstable();
    ids.dedup();
    lock(c, &ids)?;
    let rows: Vec<AccountRow> = of_many(&ids, |chunk| {
        on_either!(c, |c| users::table
            .left_join(account_details::table)
            .filter(users::id.eq_any(chunk))
            .select(AccountRow::as_select())
            .load(c))
    })?;
    rows.into_iter().map(record).collect()
}

/// Locks rows of accounts against changes, in the order of their numbers, so that two units of work that
/// want the same ones do not deadlock. Sessions can still be stored: they ask for the key alone. SQLite
/// has one writer.
fn lock(c: &mut AnyConnection, ids: &[i64]) -> QueryResult<()> {
    let AnyConnection::Postgresql(c) = c else { return Ok(()) };
    for chunk in ids.chunks(CHUNK) {
        // A statement of its own: the next one sees what was committed while this one waited.
        let rows = users::table.filter(users::id.eq_any(chunk)).order(users::id).select(users::id);
        let _: Vec<i64> = rows.for_no_key_update().load(c)?;
    }
    Ok(())
}

/// Those of the subjects that belong to accounts.
pub(super) fn subjects(c: &mut AnyConnection, subjects: &[Subject]) -> QueryResult<Vec<Subject>> {
    let asked: Vec<&str> =
        subjects.iter().map(Subject::as_str).filter(|subject| !cannot_be_stored(subject)).collect();
    let found: Vec<String> = of_many(&asked, |chunk| {
        on_either!(c, |c| users::table.filter(users::subject.eq_any(chunk)).select(users::subject).load(c))
    })?;
    Ok(found.into_iter().map(Subject::from_stored).collect())
}

pub(super) fn owners(c: &mut AnyConnection, names: &[CanonicalName]) -> QueryResult<Vec<NameOwner>> {
    let names: Vec<&str> =
        names.iter().map(CanonicalName::as_str).filter(|name| !cannot_be_stored(name)).collect();
    let rows: Vec<(String, i64, String)> = of_many(&names, |chunk| {
        on_either!(c, |c| login_names::table
            .inner_join(users::table)
            .filter(login_names::name.eq_any(chunk))
            .select((login_names::name, users::id, users::username_canonical))
            .load(c))
    })?;
    let owner = |(name, id, username): (String, i64, String)| NameOwner {
        is_username: name == username,
        name: CanonicalName::of(&name),
        user: UserId(id),
    };
    Ok(rows.into_iter().map(owner).collect())
}

pub(super) fn insert(c: &mut AnyConnection, new: &[ImportedAccount]) -> QueryResult<()> {
    let highest = new.iter().filter_map(|one| one.id).max();
    let mut drawn = draw(c, highest, new.iter().filter(|one| one.id.is_none()).count())?.into_iter();
    let number = |one: &ImportedAccount| one.id.map(|id| id.0).or_else(|| drawn.next());
    let numbers: Vec<Option<i64>> = new.iter().map(number).collect();
    for (numbers, accounts) in numbers.chunks(CHUNK).zip(new.chunks(CHUNK)) {
        unless_lost(insert_users(c, numbers, accounts))?;
        insert_details(c, numbers, accounts)?;
        unless_lost(insert_names(c, numbers, accounts))?;
        imports::insert(c, numbers, accounts)?;
    }
    Ok(())
}

/// Draws numbers, after it has made sure that they, and all that are drawn later, are higher than
/// `highest`.
fn draw(c: &mut AnyConnection, highest: Option<UserId>, count: usize) -> QueryResult<Vec<i64>> {
    match c {
        // It keeps the highest number that there ever was by itself.
        AnyConnection::Sqlite(_) if count == 0 => Ok(Vec::new()),
        AnyConnection::Sqlite(c) => {
            let last = sql::<BigInt>("COALESCE((SELECT seq FROM sqlite_sequence WHERE name = 'users'), 0)");
            let last: i64 = diesel::select(last).get_result(c)?;
            let last = highest.map_or(last, |highest| last.max(highest.0));
            Ok((last..=i64::MAX).skip(1).take(count).collect())
        }
        AnyConnection::Postgresql(c) => {
            if let Some(UserId(highest)) = highest {
                // A sequence is set at once, whatever the transaction comes to, and could be set back
                // by another import that has looked at it before: so one follows the other.
                let advance = format!(
                    "SELECT setval('users_id_seq', {highest}) FROM users_id_seq WHERE last_value <= {highest}"
                );
                c.batch_execute(&format!("{ONE_AT_A_TIME}; {advance}"))?;
            }
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            sql::<BigInt>("SELECT nextval('users_id_seq') FROM generate_series(1, ")
                .bind::<BigInt, _>(count)
                .sql(")")
                .load(c)
        }
    }
}

/// Under this number imports wait for each other: the first 63 bits of SHA-256("doorward import").
const ONE_AT_A_TIME: &str = "SELECT pg_advisory_xact_lock(2138782285831172874)";

fn insert_users(
    c: &mut AnyConnection,
    numbers: &[Option<i64>],
    accounts: &[ImportedAccount],
) -> QueryResult<()> {
    let of = || accounts.iter().map(|one| &one.account);
    let groups: Vec<String> = of().map(|account| lists::write_names(&account.groups)).collect();
    let emails = || of().map(|account| account.email.as_ref());
    Rows::into("users")
        .numbers("id", numbers.iter().copied())
        .texts("subject", accounts.iter().map(|one| one.subject.as_str()))
        .texts("username", of().map(|account| account.username.as_str()))
        .texts("username_canonical", of().map(|account| account.username.canonical().as_str()))
        .texts("email", emails().map(|email| email.map(EmailAddress::as_str)))
        .texts("email_canonical", emails().map(|email| email.map(|email| email.canonical().as_str())))
        .texts("full_name", of().map(|account| account.full_name.as_str()))
        .texts("password", accounts.iter().map(|one| one.password.as_encoded()))
        .flags("is_active", of().map(|account| account.is_active))
        .flags("is_staff", of().map(|account| account.is_staff))
        .flags("is_superuser", of().map(|account| account.is_superuser))
        .texts("groups", groups.iter().map(String::as_str))
        .flags("is_known_by_subject", of().map(|account| matches!(account.key, ForeignKey::Text(_))))
        .flags("is_imported", accounts.iter().map(|_| true))
        .numbers("date_joined", of().map(|account| account.date_joined.as_micros()))
        .numbers("last_login", of().map(|account| account.last_login.map(Timestamp::as_micros)))
        .insert(c)
        .map(drop)
}

fn insert_details(
    c: &mut AnyConnection,
    numbers: &[Option<i64>],
    accounts: &[ImportedAccount],
) -> QueryResult<()> {
    let details = |one: &ImportedAccount| Details::of(&one.account.permissions, &one.account.attributes);
    let there: Vec<(Option<i64>, Details)> = numbers
        .iter()
        .zip(accounts)
        .filter_map(|(number, one)| details(one).map(|details| (*number, details)))
        .collect();
    store_details(c, &there)
}

fn insert_names(
    c: &mut AnyConnection,
    numbers: &[Option<i64>],
    accounts: &[ImportedAccount],
) -> QueryResult<()> {
    let mut names = Vec::with_capacity(accounts.len().saturating_mul(2));
    for (number, one) in numbers.iter().zip(accounts) {
        let username = one.account.username.canonical();
        let email =
            one.account.email.as_ref().map(EmailAddress::canonical).filter(|email| *email != username);
        names.extend([Some(username), email].into_iter().flatten().map(|name| (name.as_str(), *number)));
    }
    // In one order for everybody: two units of work that want the same names do not deadlock.
    names.sort_unstable();
    store_names(c, &names)
}

pub(super) fn store_names(c: &mut AnyConnection, names: &[(&str, Option<i64>)]) -> QueryResult<()> {
    Rows::into("login_names")
        .texts("name", names.iter().map(|(name, _)| *name))
        .numbers("user_id", names.iter().map(|(_, number)| *number))
        .insert(c)
        .map(drop)
}

/// What is only carried, as it is stored.
pub(super) struct Details {
    permissions: String,
    attributes: String,
}

impl Details {
    /// `None` where there is nothing to store.
    pub(super) fn of(permissions: &[Permission], attributes: &Attributes) -> Option<Self> {
        let is_empty = permissions.is_empty() && *attributes == Attributes::default();
        let stored = || Self {
            permissions: lists::write_permissions(permissions),
            attributes: attributes.as_json().to_owned(),
        };
        (!is_empty).then(stored)
    }
}

pub(super) fn store_details(c: &mut AnyConnection, details: &[(Option<i64>, Details)]) -> QueryResult<()> {
    Rows::into("account_details")
        .numbers("user_id", details.iter().map(|(number, _)| *number))
        .texts("permissions", details.iter().map(|(_, details)| details.permissions.as_str()))
        .texts("attributes", details.iter().map(|(_, details)| details.attributes.as_str()))
        .on_conflict(
            "ON CONFLICT (user_id) DO UPDATE
             SET permissions = excluded.permissions, attributes = excluded.attributes",
        )
        .insert(c)
        .map(drop)
}
