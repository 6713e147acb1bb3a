//! Which table holds the users, and what its columns mean.

use crate::catalog::{Catalog, Column, Kind, Table};
use crate::error::DjangoError;
use std::collections::BTreeSet;

/// Tables of Django and its companions with a column `user_id` that refers to `AUTH_USER_MODEL`.
const REFER_TO_USERS: [&str; 3] = ["token_blacklist_outstandingtoken", "django_admin_log", "authtoken_token"];

/// What a model may call the whole name of a person.
const FULL_NAMES: [&str; 2] = ["full_name", "name"];

/// What a model without `date_joined` may call the time when an account was made.
const CREATED: [&str; 4] = ["created_at", "date_created", "created_on", "created"];

/// What the caller knows about the tables; everything else is found out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choice {
    /// The table with the users, as in `api_user`.
    pub user_table: Option<String>,
    /// The column that people log in with: the model's `USERNAME_FIELD`. Else `username`, or `email`
    /// where there is no such column.
    pub username_column: Option<String>,
}

/// Where the users are, and what is known about them.
#[derive(Debug)]
pub(crate) struct Layout {
    pub(crate) table: String,
    pub(crate) key: Column,
    pub(crate) username: String,
    pub(crate) full_name: Option<String>,
    /// When an account was made.
    pub(crate) joined: Option<String>,
    /// Every column, in order.
    pub(crate) columns: Vec<Column>,
    /// Who is in which group.
    pub(crate) groups: Option<Through>,
    /// Who has which permission of their own.
    pub(crate) permissions: Option<Through>,
    /// Whether groups can be read, with their permissions.
    pub(crate) has_groups: bool,
    /// Whether simplejwt notes its refresh tokens.
    pub(crate) has_tokens: bool,
    /// Whether it notes which of them are blacklisted.
    pub(crate) has_blacklist: bool,
}

/// A table that ties users to something else.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Through {
    pub(crate) table: String,
    /// Named after the model: `user_id`, `account_id`.
    pub(crate) user: String,
    pub(crate) other: String,
}

impl Layout {
    pub(crate) fn find(catalog: &Catalog, choice: &Choice) -> Result<Self, DjangoError> {
        let name = user_table(catalog, choice.user_table.as_deref())?;
        let table = catalog.table(&name).ok_or_else(|| DjangoError::NoSuchTable(name.clone()))?;
        let key = key(&name, table)?;
        if !table.has("password") {
            return Err(DjangoError::not_users(&name, "it has no column password"));
        }
        let username = username(&name, table, choice.username_column.as_deref())?;
        let is_text = |column: &&str| table.column(column).is_some_and(|found| found.kind == Kind::Text);
        let full_name = FULL_NAMES.into_iter().find(|column| is_text(column) && *column != username);
        let is_instant =
            |column: &&str| table.column(column).is_some_and(|found| found.kind == Kind::Instant);
        let joined = std::iter::once("date_joined").chain(CREATED).find(is_instant);
        let all = |tables: &[&str]| tables.iter().all(|table| catalog.has(table));
        let has_permissions = all(&["auth_permission", "django_content_type"]);
        let through = |suffix, target, other| through(catalog, &name, suffix, target, other);
        Ok(Self {
            groups: catalog.has("auth_group").then(|| through("groups", "auth_group", "group_id")).flatten(),
            permissions: has_permissions
                .then(|| through("user_permissions", "auth_permission", "permission_id"))
                .flatten(),
            has_groups: has_permissions && all(&["auth_group", "auth_group_permissions"]),
            has_tokens: catalog.has("token_blacklist_outstandingtoken"),
            has_blacklist: catalog.has("token_blacklist_blacklistedtoken"),
            username,
            full_name: full_name.map(str::to_owned),
            joined: joined.map(str::to_owned),
            columns: table.columns.clone(),
            key,
            table: name,
        })
    }

    /// Whether a column says something that has no other place.
    pub(crate) fn is_attribute(&self, column: &str) -> bool {
        const KNOWN: [&str; 7] =
            ["password", "email", "is_active", "is_staff", "is_superuser", "date_joined", "last_login"];
        column != self.key.name
            && column != self.username
            && self.full_name.as_deref() != Some(column)
            && !KNOWN.contains(&column)
    }

    pub(crate) fn has(&self, column: &str) -> bool {
        self.columns.iter().any(|it| it.name == column)
    }
}

/// The named table; else what other tables refer to as their user; else the only one that looks it.
fn user_table(catalog: &Catalog, named: Option<&str>) -> Result<String, DjangoError> {
    if let Some(named) = named {
        return Ok(named.to_owned());
    }
    let has_passwords = |table: &&str| catalog.table(table).is_some_and(|it| it.has("password"));
    let referred: BTreeSet<&str> = REFER_TO_USERS
        .into_iter()
        .filter_map(|table| catalog.table(table))
        .flat_map(|table| &table.references)
        .filter(|(column, _)| column == "user_id")
        .map(|(_, target)| target.as_str())
        .filter(has_passwords)
        .collect();
    let likely: BTreeSet<&str> = if referred.is_empty() {
        catalog.tables().filter(|(_, table)| looks_like_users(table)).map(|(name, _)| name).collect()
    } else {
        referred
    };
    match likely.iter().copied().collect::<Vec<_>>().as_slice() {
        [] => Err(DjangoError::NoUserTable),
        [only] => Ok((*only).to_owned()),
        several => Err(DjangoError::AmbiguousUserTable(several.iter().map(|&it| it.to_owned()).collect())),
    }
}

/// `AbstractBaseUser` has the one or `PermissionsMixin` the other; a table of django-simple-history has
/// both, and a history.
fn looks_like_users(table: &Table) -> bool {
    table.has("password")
        && (table.has("last_login") || table.has("is_superuser"))
        && !table.has("history_id")
}

fn key(name: &str, table: &Table) -> Result<Column, DjangoError> {
    let mut keys = table.columns.iter().filter(|column| column.is_key);
    let (Some(key), None) = (keys.next(), keys.next()) else {
        return Err(DjangoError::not_users(name, "its primary key is not one column"));
    };
    match key.kind {
        Kind::Whole | Kind::Uuid | Kind::Text => Ok(key.clone()),
        _ => {
            Err(DjangoError::not_users(name, "its primary key is neither a whole number, a UUID nor a text"))
        }
    }
}

fn username(name: &str, table: &Table, named: Option<&str>) -> Result<String, DjangoError> {
    let found = match named {
        Some(named) => {
            let missing = || DjangoError::not_users(name, format!("it has no column {named}"));
            Some(table.column(named).ok_or_else(missing)?)
        }
        None => table.column("username").or_else(|| table.column("email")),
    };
    match found {
        Some(column) if column.kind == Kind::Text => Ok(column.name.clone()),
        Some(column) => Err(DjangoError::not_users(name, format!("{} is no text", column.name))),
        None => Err(DjangoError::not_users(name, "it has neither username nor email; name the column")),
    }
}

/// The table between users and `target`: the one with Django's name for it, or else the only one that
/// refers to both and to nothing else (a name that is too long for PostgreSQL is cut).
fn through(catalog: &Catalog, users: &str, suffix: &str, target: &str, other: &str) -> Option<Through> {
    let named = format!("{users}_{suffix}");
    if let Some(table) = catalog.table(&named).filter(|table| table.has(other)) {
        let is_user = |column: &&Column| !column.is_key && column.name != other;
        let user = table.reference_to(users);
        let user = user.or_else(|| table.columns.iter().find(is_user).map(|column| column.name.as_str()))?;
        return Some(Through { user: user.to_owned(), other: other.to_owned(), table: named });
    }
    let mut fitting = catalog.tables().filter_map(|(name, table)| {
        let (user, other) = (table.reference_to(users)?, table.reference_to(target)?);
        (table.columns.len() == 3 && name != named).then(|| Through {
            table: name.to_owned(),
            user: user.to_owned(),
            other: other.to_owned(),
        })
    });
    fitting.next().filter(|_| fitting.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doubles::{DJANGO, Recorded};
    use crate::rows::Dialect;

    const USERS: &[&str] =
        &["id integer key", "username varchar(150)", "password varchar(128)", "last_login datetime"];

    fn catalog(tables: &[(&str, &[&str])]) -> Catalog {
        Catalog::read(&mut Recorded::with_tables(tables), Dialect::Sqlite).unwrap()
    }

    fn find(tables: &[(&str, &[&str])]) -> Result<Layout, DjangoError> {
        Layout::find(&catalog(tables), &Choice::default())
    }

    fn table(tables: &[(&str, &[&str])]) -> String {
        find(tables).unwrap().table
    }

    #[test]
    fn djangos_own_table_is_found_with_its_ties() {
        let layout = find(DJANGO).unwrap();
        assert_eq!((layout.table.as_str(), layout.username.as_str()), ("auth_user", "username"));
        assert_eq!((layout.full_name, layout.joined.as_deref()), (None, Some("date_joined")));
        let tie = |table: &str, other: &str| {
            Some(Through { table: table.to_owned(), user: "user_id".to_owned(), other: other.to_owned() })
        };
        assert_eq!(layout.groups, tie("auth_user_groups", "group_id"));
        assert_eq!(layout.permissions, tie("auth_user_user_permissions", "permission_id"));
        assert!(layout.has_groups && !layout.has_tokens && !layout.has_blacklist);
    }

    #[test]
    fn a_custom_table_is_found_by_itself() {
        assert_eq!(table(&[("api_user", USERS), ("api_company", &["id integer key"])]), "api_user");
    }

    #[test]
    fn what_other_tables_call_their_user_outweighs_a_table_that_was_left_behind() {
        for referring in REFER_TO_USERS {
            let tables: &[(&str, &[&str])] = &[
                ("auth_user", USERS),
                ("api_user", USERS),
                (referring, &["id integer key", "user_id integer -> api_user"]),
            ];
            assert_eq!(table(tables), "api_user", "{referring}");
        }
    }

    #[test]
    fn a_history_of_users_is_no_table_of_users() {
        let history = &["history_id integer key", "username text", "password text", "last_login datetime"];
        assert_eq!(table(&[("api_historicaluser", history), ("api_user", USERS)]), "api_user");
    }

    #[test]
    fn several_candidates_are_named_and_the_caller_chooses() {
        let tables: &[(&str, &[&str])] = &[("shop_customer", USERS), ("auth_user", USERS)];
        let error = find(tables).unwrap_err().to_string();
        assert!(error.contains("auth_user, shop_customer"), "{error}");
        let choice = Choice { user_table: Some("shop_customer".to_owned()), username_column: None };
        assert_eq!(Layout::find(&catalog(tables), &choice).unwrap().table, "shop_customer");
        let choice = Choice { user_table: Some("nobody".to_owned()), username_column: None };
        assert!(matches!(Layout::find(&catalog(tables), &choice), Err(DjangoError::NoSuchTable(_))));
    }

    #[test]
    fn tables_that_cannot_hold_users_are_refused() {
        assert!(matches!(find(&[("a", &["id integer key"])]), Err(DjangoError::NoUserTable)));
        for (columns, reason) in [
            (&["id integer", "username text", "password text", "last_login datetime"][..], "primary key"),
            (
                &["a integer key", "b integer key", "username text", "password text", "last_login datetime"],
                "one column",
            ),
            (
                &["id date key", "username text", "password text", "last_login datetime"],
                "neither a whole number",
            ),
            (&["id integer key", "password text", "last_login datetime"], "name the column"),
            (&["id integer key", "username integer", "password text", "last_login datetime"], "no text"),
        ] {
            let error = find(&[("api_user", columns)]).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn people_log_in_with_the_address_where_there_is_no_username() {
        let columns = &[
            "uuid char(32) key",
            "email varchar(254)",
            "password text",
            "last_login datetime",
            "name text",
            "created_at datetime",
        ];
        let layout = find(&[("api_account", columns)]).unwrap();
        assert_eq!((layout.username.as_str(), layout.full_name.as_deref()), ("email", Some("name")));
        assert_eq!((layout.key.kind, layout.joined.as_deref()), (Kind::Uuid, Some("created_at")));
        assert!(
            layout.is_attribute("created_at") && !layout.is_attribute("uuid") && !layout.is_attribute("name")
        );
    }

    #[test]
    fn people_log_in_with_the_column_that_the_caller_names() {
        let columns =
            &["id integer key", "username text", "phone varchar(20)", "password text", "last_login datetime"];
        let catalog = catalog(&[("api_user", columns)]);
        let named = |column: &str| {
            Layout::find(&catalog, &Choice { user_table: None, username_column: Some(column.to_owned()) })
        };
        let layout = named("phone").unwrap();
        assert!(layout.username == "phone" && layout.is_attribute("username"));
        assert!(named("nickname").unwrap_err().to_string().contains("no column nickname"));
    }

    #[test]
    fn ties_are_found_by_what_they_refer_to() {
        let cut = "a_table_whose_name_was_cut_4f2a1b9c";
        let tables: &[(&str, &[&str])] = &[
            ("api_account", USERS),
            ("auth_group", &["id integer key", "name text"]),
            (
                "api_invitation",
                &["id integer key", "by_id integer -> api_account", "to_id integer -> auth_group", "on date"],
            ),
            (cut, &["id integer key", "account_id integer -> api_account", "group_id integer -> auth_group"]),
        ];
        let groups = find(tables).unwrap().groups.unwrap();
        assert_eq!((groups.table.as_str(), groups.user.as_str()), (cut, "account_id"));
        let unbound: &[(&str, &[&str])] = &[
            ("api_account", USERS),
            ("auth_group", &["id integer key", "name text"]),
            ("api_account_groups", &["id integer key", "account_id integer", "group_id integer"]),
        ];
        assert_eq!(find(unbound).unwrap().groups.unwrap().user, "account_id");
    }
}
