//! What an import changes about accounts that came in earlier.

use super::accounts::{Details, read_details, store_details};
use super::addresses::rename;
use super::kept::Kept;
use super::{lists, unless_lost};
use crate::connection::AnyConnection;
use crate::schema::{account_details, users};
use diesel::dsl::case_when;
use diesel::prelude::*;
use doorward_domain::identity::EmailAddress;
use doorward_domain::takeover::{Amendment, Attributes, Permission};
use doorward_domain::user::UserId;

pub(super) fn amend(c: &mut AnyConnection, id: UserId, amendment: &Amendment) -> QueryResult<bool> {
    let username = amendment.username.as_ref();
    let email = amendment.email.as_ref().map(Option::as_ref);
    let changes = (
        // Set to itself: a statement that sets nothing is none.
        users::credential_version.eq(users::credential_version),
        username.map(|name| users::username.eq(name.as_str())),
        username.map(|name| users::username_canonical.eq(name.canonical().as_str())),
        email.map(|email| users::email.eq(email.map(EmailAddress::as_str))),
        email.map(|email| users::email_canonical.eq(email.map(|email| email.canonical().as_str()))),
        // Nobody proved to read another address's mail.
        email.flatten().map(|email| {
            let is_the_same = users::email.eq(email.as_str());
            users::email_verified_at
                .eq(case_when(is_the_same, users::email_verified_at).otherwise(None::<i64>))
        }),
        (email == Some(None)).then(|| users::email_verified_at.eq(None::<i64>)),
        amendment.full_name.as_ref().map(|name| users::full_name.eq(name.as_str())),
        amendment.is_staff.map(|is| users::is_staff.eq(is)),
        amendment.is_superuser.map(|is| users::is_superuser.eq(is)),
        amendment.date_joined.map(|at| users::date_joined.eq(at.as_micros())),
        amendment.last_login.map(|at| users::last_login.eq(at.as_micros())),
        amendment.groups.as_deref().map(|names| users::groups.eq(lists::write_names(names))),
    );
    let update = diesel::update(users::table.find(id.0))
        .set(changes)
        .returning((users::username_canonical, users::email_canonical));
    let names: Option<(String, Option<String>)> = unless_lost(Kept(update).get_result(c).optional())?;
    let Some((username, email)) = names else { return Ok(false) };
    if amendment.username.is_some() || amendment.email.is_some() {
        rename(c, id, &username, email.as_deref())?;
    }
    if amendment.permissions.is_some() || amendment.attributes.is_some() {
        amend_details(c, id, amendment.permissions.as_deref(), amendment.attributes.as_ref())?;
    }
    Ok(true)
}

fn amend_details(
    c: &mut AnyConnection,
    id: UserId,
    permissions: Option<&[Permission]>,
    attributes: Option<&Attributes>,
) -> QueryResult<()> {
    let stored: Option<(String, String)> = account_details::table
        .find(id.0)
        .select((account_details::permissions, account_details::attributes))
        .get_result(c)
        .optional()?;
    let (were_permitted, had) = read_details(stored)?;
    match Details::of(permissions.unwrap_or(&were_permitted), attributes.unwrap_or(&had)) {
        Some(details) => store_details(c, &[(Some(id.0), details)]),
        None => diesel::delete(account_details::table.find(id.0)).execute(c).map(drop),
    }
}
