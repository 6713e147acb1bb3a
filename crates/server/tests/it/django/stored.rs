//! What Doorward has stored, asked of the database itself.

use crate::processes::Site;
use diesel::{Connection, RunQueryDsl, SqliteConnection, dsl::sql, sql_types::Text};
use doorward_testkit::{Database, Postgres};
use serde_json::Value;

const COLUMNS: [&str; 16] = [
    "id",
    "subject",
    "username",
    "email",
    "full_name",
    "password",
    "credential_version",
    "is_active",
    "is_staff",
    "is_superuser",
    "date_joined",
    "last_login",
    "groups",
    "is_known_by_subject",
    "permissions",
    "attributes",
];

/// Every account, in the order of the numbers, with the columns' names for keys. Flags are booleans;
/// what is JSON in a text is read.
#[track_caller]
pub(super) fn accounts(site: &Site) -> Vec<Value> {
    let mut rows = rows(
        site,
        &COLUMNS,
        "FROM users LEFT JOIN account_details ON account_details.user_id = users.id ORDER BY id",
    );
    for row in &mut rows {
        for flag in ["is_active", "is_staff", "is_superuser", "is_known_by_subject"] {
            row[flag] = (row[flag] == 1 || row[flag] == true).into();
        }
        for json in ["groups", "permissions", "attributes"] {
            let text = row[json].as_str();
            row[json] = text.map_or(Value::Null, |text| serde_json::from_str(text).expect("JSON"));
        }
    }
    rows
}

/// These columns of what a query is about, one object a row.
#[track_caller]
pub(super) fn rows(site: &Site, columns: &[&str], about: &str) -> Vec<Value> {
    let pairs: Vec<_> = columns.iter().map(|column| format!("'{column}', {column}")).collect();
    let pairs = pairs.join(", ");
    let lines: Vec<String> = match site.database() {
        Database::Sqlite => {
            let path = super::peer::path_of(site.scratch().url()).to_str().expect("a path in UTF-8");
            let mut connection = SqliteConnection::establish(path).expect("the file");
            sql::<Text>(&format!("SELECT json_object({pairs}) {about}")).load(&mut connection).expect("rows")
        }
        Database::Postgres => {
            let name = site.scratch().name().expect("a name");
            let query = format!("SELECT json_build_object({pairs})::text {about}");
            let rows = Postgres::shared().query(name, &query).expect("rows");
            rows.into_iter().filter_map(|mut row| row.pop().flatten()).collect()
        }
    };
    lines.iter().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}
