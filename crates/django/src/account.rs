//! A row of the user table, as an account.

use crate::attributes::{Members, write};
use crate::layout::Layout;
use crate::names;
use crate::values::{attribute, flag, instant};
use doorward_domain::identity::{EmailAddress, Username};
use doorward_domain::password::PasswordHash;
use doorward_domain::takeover::{ForeignAccount, ForeignKey, ForeignPassword};
use doorward_domain::time::Timestamp;
use doorward_domain::user::FullName;
use serde_json::{Map, Value};

/// The highest number that no reader of JSON rounds (RFC 8259, section 6).
const MAX_SAFE_INTEGER: i64 = (1 << 53) - 1;

/// Why a row is no account. It names columns and never says what they hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unreadable {
    /// Zero, negative, above what JavaScript holds exactly, or an empty text.
    #[error("its {0} is no key that an account can have")]
    Key(String),
    /// Something that cannot be read at all.
    #[error("its {0} cannot be read")]
    Value(String),
    /// There is nothing to log in with.
    #[error("it has no {0}")]
    Missing(String),
    /// A text that is none, or that has a NUL in it, which PostgreSQL cannot store.
    #[error("its {0} is no text that can be stored")]
    Text(String),
    /// Neither true nor false.
    #[error("its {0} is neither true nor false")]
    Flag(String),
    /// No date and time from the years 1 to 9999.
    #[error("its {0} is no date and time from the years 1 to 9999")]
    Instant(String),
}

/// Reads a row; groups and permissions are told elsewhere.
pub(crate) fn account(
    layout: &Layout,
    key: ForeignKey,
    mut row: Map<String, Value>,
    verifies: &impl Fn(&str) -> bool,
) -> Result<ForeignAccount, Unreadable> {
    let is_possible = match &key {
        ForeignKey::Number(number) => (1..=MAX_SAFE_INTEGER).contains(number),
        ForeignKey::Text(text) => !text.is_empty() && !text.contains('\0'),
    };
    if !is_possible {
        return Err(Unreadable::Key(layout.key.name.clone()));
    }
    let password = password(row.remove("password"), verifies);
    let email = text(&row, "email")?.unwrap_or_default();
    let username = text(&row, &layout.username)?.unwrap_or_default();
    // Projects that log in with the address may leave `username` empty.
    let named = if username.is_empty() { &email } else { &username };
    if named.is_empty() {
        return Err(Unreadable::Missing(layout.username.clone()));
    }
    Ok(ForeignAccount {
        username: Username::from_stored(named.clone()),
        full_name: FullName::from_stored(full_name(layout, &row)?),
        is_active: stated_flag(layout, &row, "is_active", true)?,
        is_staff: stated_flag(layout, &row, "is_staff", false)?,
        is_superuser: stated_flag(layout, &row, "is_superuser", false)?,
        date_joined: match &layout.joined {
            Some(column) => stated_instant(&row, column)?.unwrap_or(Timestamp::EPOCH),
            None => Timestamp::EPOCH,
        },
        last_login: stated_instant(&row, "last_login")?,
        groups: Vec::new(),
        permissions: Vec::new(),
        attributes: write(attributes(layout, row, username.is_empty())),
        email: (!email.is_empty()).then(|| EmailAddress::from_stored(email)),
        password,
        key,
    })
}

/// The value is asked for nothing but whether it can be verified.
fn password(value: Option<Value>, verifies: &impl Fn(&str) -> bool) -> ForeignPassword {
    match value {
        None | Some(Value::Null) => ForeignPassword::Unusable,
        Some(Value::String(encoded)) => {
            let hash = PasswordHash::from_encoded(encoded);
            if !hash.is_usable() {
                ForeignPassword::Unusable
            } else if verifies(hash.as_encoded()) {
                ForeignPassword::Hash(hash)
            } else {
                ForeignPassword::MustReset
            }
        }
        Some(_) => ForeignPassword::MustReset,
    }
}

fn full_name(layout: &Layout, row: &Map<String, Value>) -> Result<String, Unreadable> {
    if let Some(column) = &layout.full_name {
        return Ok(text(row, column)?.unwrap_or_default());
    }
    let (first, last) = (text(row, "first_name")?, text(row, "last_name")?);
    Ok(names::join(first.as_deref().unwrap_or_default(), last.as_deref().unwrap_or_default()))
}

/// Columns without a place of their own. An empty `username` and an `email` that is NULL are among
/// them, since nothing else tells them from others.
fn attributes(layout: &Layout, mut row: Map<String, Value>, username_is_empty: bool) -> Members {
    let mut kept = Members::new();
    for column in &layout.columns {
        let value = row.remove(&column.name).unwrap_or(Value::Null);
        let is_odd_username = column.name == layout.username && username_is_empty;
        let is_odd_email = column.name == "email" && value.is_null();
        if layout.is_attribute(&column.name) || is_odd_username || is_odd_email {
            kept.insert(column.name.clone(), attribute(column.kind, value));
        }
    }
    kept
}

fn text(row: &Map<String, Value>, column: &str) -> Result<Option<String>, Unreadable> {
    match row.get(column) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if !text.contains('\0') => Ok(Some(text.clone())),
        Some(_) => Err(Unreadable::Text(column.to_owned())),
    }
}

fn stated_flag(
    layout: &Layout,
    row: &Map<String, Value>,
    column: &str,
    default: bool,
) -> Result<bool, Unreadable> {
    if !layout.has(column) {
        return Ok(default);
    }
    flag(row.get(column).unwrap_or(&Value::Null)).ok_or_else(|| Unreadable::Flag(column.to_owned()))
}

fn stated_instant(row: &Map<String, Value>, column: &str) -> Result<Option<Timestamp>, Unreadable> {
    match row.get(column) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => instant(value).map(Some).ok_or_else(|| Unreadable::Instant(column.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doubles::{DJANGO, Recorded};
    use crate::layout::Choice;
    use crate::{catalog::Catalog, rows::Dialect};
    use serde_json::json;

    fn read(tables: &[(&str, &[&str])], key: ForeignKey, row: Value) -> Result<ForeignAccount, Unreadable> {
        let catalog = Catalog::read(&mut Recorded::with_tables(tables), Dialect::Sqlite).unwrap();
        let layout = Layout::find(&catalog, &Choice::default()).unwrap();
        let Value::Object(row) = row else { panic!("a row is an object") };
        account(&layout, key, row, &|encoded| encoded.starts_with("pbkdf2_sha256$"))
    }

    fn ada(changes: Value) -> Result<ForeignAccount, Unreadable> {
        let mut row = json!({
            "id": 7, "password": "pbkdf2_sha256$1$a$b", "last_login": "2024-05-01 12:00:00.123456",
            "is_superuser": 0, "username": "Ada", "last_name": "Lovelace", "email": "Ada@Example.com",
            "is_staff": 1, "is_active": 1, "date_joined": "2023-01-02 03:04:05", "first_name": "Ada"
        });
        let (Value::Object(row_members), Value::Object(changes)) = (&mut row, changes) else {
            panic!("objects")
        };
        row_members.extend(changes);
        read(DJANGO, ForeignKey::Number(7), row)
    }

    #[test]
    fn a_row_of_django_is_an_account() {
        let ada = ada(json!({})).unwrap();
        assert_eq!((ada.username.as_str(), ada.full_name.as_str()), ("Ada", "Ada Lovelace"));
        assert_eq!(ada.email.unwrap().as_str(), "Ada@Example.com");
        assert_eq!((ada.is_active, ada.is_staff, ada.is_superuser), (true, true, false));
        assert_eq!(ada.date_joined, Timestamp::from_seconds(1_672_628_645));
        assert_eq!(ada.last_login, Some(Timestamp::from_micros(1_714_564_800_123_456)));
        assert_eq!(ada.attributes.as_json(), r#"{"first_name":"Ada","last_name":"Lovelace"}"#);
    }

    #[test]
    fn passwords_are_told_apart() {
        let password = |stored: Value| ada(json!({ "password": stored })).unwrap().password;
        let hash = "pbkdf2_sha256$1$a$b";
        assert_eq!(password(json!(hash)), ForeignPassword::Hash(PasswordHash::from_encoded(hash)));
        for stored in [json!("!"), json!("!x7Gh"), json!(""), json!(null)] {
            assert_eq!(password(stored), ForeignPassword::Unusable);
        }
        for stored in
            [json!("md5$s$1"), json!("c88e9c67041a74e0357befdff93f87dd"), json!("hunter2"), json!(5)]
        {
            assert_eq!(password(stored), ForeignPassword::MustReset);
        }
    }

    #[test]
    fn a_row_that_is_no_account_says_which_column_and_nothing_of_what_it_holds() {
        for (changes, reason) in [
            (json!({"username": null, "email": null}), "it has no username"),
            (json!({"username": "", "email": ""}), "it has no username"),
            (json!({"username": "s3cret\0"}), "its username is no text that can be stored"),
            (json!({"email": "s3cret\0"}), "its email is no text that can be stored"),
            (json!({"first_name": "s3cret\0"}), "its first_name is no text that can be stored"),
            (json!({"is_staff": "s3cret"}), "its is_staff is neither true nor false"),
            (json!({"last_login": "s3cret"}), "its last_login is no date and time from the years 1 to 9999"),
            (
                json!({"date_joined": i64::MAX}),
                "its date_joined is no date and time from the years 1 to 9999",
            ),
        ] {
            assert_eq!(ada(changes).unwrap_err().to_string(), reason);
        }
    }

    #[test]
    fn keys_that_no_account_can_have_are_refused() {
        let row = || json!({"username": "a"});
        for key in [
            ForeignKey::Number(0),
            ForeignKey::Number(-1),
            ForeignKey::Number(1 << 53),
            ForeignKey::Text(String::new()),
            ForeignKey::Text("a\0".to_owned()),
        ] {
            let reason = read(DJANGO, key, row()).unwrap_err().to_string();
            assert_eq!(reason, "its id is no key that an account can have");
        }
        assert!(read(DJANGO, ForeignKey::Number((1 << 53) - 1), row()).is_ok());
    }

    #[test]
    fn columns_that_are_missing_have_djangos_defaults() {
        let tables: &[(&str, &[&str])] =
            &[("api_user", &["id integer key", "email text", "password text", "is_superuser bool"])];
        let bare = json!({"id": 1, "email": "a@b.cz", "password": "!", "is_superuser": null});
        let account = read(tables, ForeignKey::Number(1), bare).unwrap();
        assert_eq!(account.username.as_str(), "a@b.cz");
        assert_eq!(account.email.unwrap().as_str(), "a@b.cz");
        assert_eq!((account.is_active, account.is_staff, account.is_superuser), (true, false, false));
        assert_eq!((account.last_login, account.date_joined), (None, Timestamp::EPOCH));
        assert_eq!((account.full_name.as_str(), account.attributes.as_json()), ("", "{}"));
    }

    #[test]
    fn an_account_without_a_username_goes_by_its_address_and_keeps_that_it_had_none() {
        let ada = ada(json!({"username": null})).unwrap();
        assert_eq!(ada.username.as_str(), "Ada@Example.com");
        assert_eq!(
            ada.attributes.as_json(),
            r#"{"first_name":"Ada","last_name":"Lovelace","username":null}"#
        );
    }

    #[test]
    fn an_address_that_is_null_is_kept_apart_from_an_empty_one() {
        let (null, empty) = (ada(json!({"email": null})).unwrap(), ada(json!({"email": ""})).unwrap());
        assert_eq!((null.email, empty.email), (None, None));
        assert!(null.attributes.as_json().contains(r#""email":null"#));
        assert!(!empty.attributes.as_json().contains("email"));
    }
}
