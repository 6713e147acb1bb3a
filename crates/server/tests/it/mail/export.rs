//! All that is stored about an account, for its owner.

use crate::harness::bodies::not_authenticated;
use crate::harness::{Place, VERIFIED};
use diesel::sql_types::Text;
use diesel::{Connection, QueryableByName, RunQueryDsl, SqliteConnection, sql_query};
use doorward_testkit::{Case, Database, Postgres, cases};
use serde_json::Value;
use std::collections::BTreeMap;

pub(super) fn cases() -> Vec<Case<Place>> {
    cases![
        export: every_column_about_an_account_is_told_or_is_known_to_be_none_of_its_data,
        nothing_that_opens_the_account_is_in_it,
        it_is_the_callers_alone_and_a_file,
    ]
}

/// Where an export tells what is in a column.
const TOLD: &[(&str, &str)] = &[
    ("users.subject", "/account/subject"),
    ("users.username", "/account/username"),
    ("users.email", "/account/email"),
    ("users.email_verified_at", "/account/email_verified_at"),
    ("users.full_name", "/account/full_name"),
    ("users.credential_version", "/password_changes"),
    ("users.tokens_valid_after", "/account/tokens_valid_after"),
    ("users.is_active", "/account/is_active"),
    ("users.is_staff", "/account/is_staff"),
    ("users.is_superuser", "/account/is_superuser"),
    ("users.is_imported", "/account/is_imported"),
    ("users.date_joined", "/account/date_joined"),
    ("users.last_login", "/account/last_login"),
    ("users.groups", "/account/groups"),
    ("account_details.permissions", "/permissions"),
    ("account_details.attributes", "/attributes"),
    ("sessions.id", "/sessions/0/id"),
    ("sessions.created_at", "/sessions/0/created"),
    ("sessions.rotated_at", "/sessions/0/last_used"),
    ("sessions.expires_at", "/sessions/0/expires"),
    ("sessions.ends_at", "/sessions/0/ends"),
    ("sessions.address", "/sessions/0/address"),
    ("sessions.user_agent", "/sessions/0/user_agent"),
    ("sessions.ended_at", "/sessions/0/ended"),
    ("sessions.end_reason", "/sessions/0/ended_by"),
    ("one_time_secrets.purpose", "/one_time_secrets/0/purpose"),
    ("one_time_secrets.address", "/one_time_secrets/0/address"),
    ("one_time_secrets.created_at", "/one_time_secrets/0/created_at"),
    ("one_time_secrets.expires_at", "/one_time_secrets/0/expires_at"),
    ("letters.id", "/letters/0/id"),
    ("letters.kind", "/letters/0/kind"),
    ("letters.recipient", "/letters/0/to"),
    ("letters.written_at", "/letters/0/written_at"),
    ("letters.expires_at", "/letters/0/expires_at"),
    ("letters.state", "/letters/0/state"),
    ("letters.attempts", "/letters/0/attempts"),
    ("letters.settled_at", "/letters/0/settled_at"),
];

/// Columns whose contents an export leaves out: they open the account, are another form of what is
/// told, or are about the work of the server.
const UNTOLD: &[&str] = &[
    "users.id",
    "users.username_canonical",
    "users.email_canonical",
    "users.is_known_by_subject",
    "users.password",
    "login_names.name",
    "sessions.generation",
    "sessions.sweep_at",
    "changes.number",
    "imports.key_number",
    "imports.key_text",
    "imports.seen",
    "one_time_secrets.slot",
    "one_time_secrets.digest",
    "one_time_secrets.code_digest",
    "one_time_secrets.code_expires_at",
    "one_time_secrets.address_canonical",
    "one_time_secrets.credential_version",
    "letters.sealed",
    "letters.next_attempt_at",
    "letters.last_error",
];

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    relation: String,
    #[diesel(sql_type = Text)]
    name: String,
}

/// The columns of each table of a database.
fn columns(place: &Place) -> BTreeMap<String, Vec<String>> {
    let all: Vec<(String, String)> = match place.scratch().database() {
        Database::Sqlite => {
            let path = place.scratch().url().strip_prefix("sqlite://").unwrap();
            let mut connection = SqliteConnection::establish(path).unwrap();
            let columns: Vec<Column> = sql_query(
                "SELECT t.name AS relation, c.name AS name FROM sqlite_schema t, pragma_table_info(t.name) c \
                 WHERE t.type = 'table'",
            )
            .load(&mut connection)
            .unwrap();
            columns.into_iter().map(|column| (column.relation, column.name)).collect()
        }
        Database::Postgres => {
            let name = place.scratch().name().unwrap();
            let query = "SELECT table_name, column_name FROM information_schema.columns \
                         WHERE table_schema = 'public'";
            let rows = Postgres::shared().query(name, query).unwrap();
            rows.into_iter().map(|row| (row[0].clone().unwrap(), row[1].clone().unwrap())).collect()
        }
    };
    let mut tables = BTreeMap::<_, Vec<_>>::new();
    for (relation, name) in all {
        tables.entry(relation).or_default().push(name);
    }
    tables
}

fn every_column_about_an_account_is_told_or_is_known_to_be_none_of_its_data(place: &Place) {
    let server = place.mailing_with(VERIFIED);
    server.join_and_read("alice");
    let access = server.log_in("alice").access;
    server.settle();
    let export = server.export(&access).json();
    let mut seen = 0;
    for (table, columns) in columns(place) {
        let is_about_accounts = table == "users" || columns.iter().any(|column| column == "user_id");
        for column in columns.iter().filter(|column| is_about_accounts && *column != "user_id") {
            let name = format!("{table}.{column}");
            match TOLD.iter().find(|(told, _)| *told == name) {
                Some((_, at)) => assert!(export.pointer(at).is_some(), "{name} is not at {at}: {export:#}"),
                None => assert!(UNTOLD.contains(&name.as_str()), "nobody has decided whether {name} is told"),
            }
            seen += 1;
        }
    }
    assert_eq!(seen, TOLD.len() + UNTOLD.len(), "there are no other columns");
    assert_eq!(export["account"]["username"], "alice");
    assert_eq!(export["account"]["email"], "alice@example.com");
    assert_eq!(export["sessions"][0]["address"], "127.0.0.1");
    assert_eq!(export["letters"][0]["to"], "alice@example.com");
    assert_eq!(export["letters"][0]["state"], "sent");
    assert_eq!(export["one_time_secrets"][0]["purpose"], "verify_email");
}

fn nothing_that_opens_the_account_is_in_it(place: &Place) {
    let server = place.mailing_with(VERIFIED);
    let verify = server.join_and_read("alice");
    let reset = server.reset_letter("alice");
    let pair = server.log_in("alice");
    let text = server.export(&pair.access).text();
    let secrets = [
        verify.in_link("key"),
        verify.code(),
        reset.in_link("token"),
        reset.code(),
        pair.access.clone(),
        pair.refresh.clone(),
    ];
    for secret in secrets.iter().map(String::as_str).chain(["digest", "sealed", "bcrypt", "$2b$", "hash"]) {
        assert!(!text.contains(secret), "{secret} is in {text}");
    }
    // Nor anything of that form.
    let is_digest = |word: &str| word.len() >= 40 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    assert!(!text.split(|c: char| !c.is_ascii_alphanumeric()).any(is_digest), "{text}");
}

fn it_is_the_callers_alone_and_a_file(place: &Place) {
    let server = place.mailing_with(VERIFIED);
    let [alice, bob] = ["alice", "bob"].map(|name| server.join_and_log_in(name));
    let answer = server.export(&alice.access);
    answer.must_have_status(200);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("content-disposition"), Some("attachment; filename=\"account.json\""));
    assert!(answer.text().contains("alice") && !answer.text().contains("bob"), "{}", answer.text());
    let of_bob = server.export(&bob.access).json();
    assert_eq!(of_bob["sessions"].as_array().map(Vec::len), Some(1));
    server.get("/api/auth/user/export/").send().must_be(401, &not_authenticated());
    let _: Value = answer.json();
}
