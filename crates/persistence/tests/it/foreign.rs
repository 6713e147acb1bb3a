//! Another system's database.

use crate::fixture::{block_on, parse};
use crate::migrations::execute;
use doorward_domain::store::StoreError;
use doorward_persistence::{ForeignDatabase, ForeignKind};
use doorward_testkit::{Case, Database as Kind, Postgres, Scratch, cases};
use std::fs;

pub(crate) fn cases() -> Vec<Case<Scratch>> {
    cases![foreign:
        the_rows_of_a_select_come_in_its_order,
        nothing_can_be_written,
        a_question_that_is_not_understood_leaves_it_usable,
        it_can_be_used_and_dropped_within_a_runtime,
    ]
}

pub(crate) fn cases_of_sqlite() -> Vec<Case<Scratch>> {
    cases![foreign:
        a_file_in_use_is_read_up_to_its_last_commit,
        a_file_of_any_name_is_found,
        a_file_that_is_missing_is_not_made,
        a_file_that_is_no_database_is_told_when_it_is_opened,
        a_file_that_nobody_may_write_is_read,
    ]
}

pub(crate) fn cases_of_postgres() -> Vec<Case<Scratch>> {
    cases![foreign: a_server_that_takes_no_writes_will_do, a_database_that_is_not_there_is_told_when_it_is_opened]
}

/// A table with a few rows, opened.
fn filled(scratch: &Scratch) -> ForeignDatabase {
    execute(
        scratch,
        "CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT);
         INSERT INTO person VALUES (2, 'Bob'), (1, 'Ann'), (3, 'Çelik')",
    );
    ForeignDatabase::open(&parse(scratch.url())).unwrap()
}

const ALL: &str = "SELECT name FROM person ORDER BY id";

fn the_rows_of_a_select_come_in_its_order(scratch: &Scratch) {
    let mut database = filled(scratch);
    let expected = match scratch.database() {
        Kind::Sqlite => ForeignKind::Sqlite,
        Kind::Postgres => ForeignKind::Postgres,
    };
    assert_eq!(database.kind(), expected);
    assert_eq!(database.texts(ALL).unwrap(), ["Ann", "Bob", "Çelik"]);
    assert_eq!(database.texts("SELECT name FROM person ORDER BY id DESC LIMIT 1").unwrap(), ["Çelik"]);
    assert!(database.texts("SELECT name FROM person WHERE id > 3").unwrap().is_empty());
}

fn nothing_can_be_written(scratch: &Scratch) {
    let mut database = filled(scratch);
    for statement in [
        "DELETE FROM person RETURNING name",
        "INSERT INTO person VALUES (4, 'Dan') RETURNING name",
        "UPDATE person SET name = 'Eve' RETURNING name",
    ] {
        let answer = database.texts(statement);
        assert!(answer.is_err(), "{statement}: {answer:?}");
    }
    assert_eq!(database.texts(ALL).unwrap(), ["Ann", "Bob", "Çelik"]);
}

fn a_question_that_is_not_understood_leaves_it_usable(scratch: &Scratch) {
    let mut database = filled(scratch);
    for question in ["SELECT nothing FROM person", "SELECT name FROM nowhere", "SELECT", "SELECT NULL"] {
        let answer = database.texts(question);
        assert!(matches!(answer, Err(StoreError::Failed(_))), "{question}: {answer:?}");
    }
    assert_eq!(database.texts(ALL).unwrap().len(), 3);
}

fn it_can_be_used_and_dropped_within_a_runtime(scratch: &Scratch) {
    let mut database = filled(scratch);
    let rows = block_on(async move { database.texts(ALL).unwrap() });
    assert_eq!(rows.len(), 3);
}

fn connect(scratch: &Scratch) -> diesel::SqliteConnection {
    diesel::Connection::establish(parse(scratch.url()).path().unwrap().to_str().unwrap()).unwrap()
}

fn a_file_in_use_is_read_up_to_its_last_commit(scratch: &Scratch) {
    use diesel::connection::SimpleConnection;
    for mode in ["WAL", "DELETE"] {
        execute(scratch, "DROP TABLE IF EXISTS person");
        execute(scratch, &format!("PRAGMA journal_mode = {mode}"));
        drop(filled(scratch));
        let mut django = connect(scratch);
        let mut database = ForeignDatabase::open(&parse(scratch.url())).unwrap();
        django.batch_execute("BEGIN IMMEDIATE; INSERT INTO person VALUES (4, 'Dan')").unwrap();
        assert_eq!(database.texts(ALL).unwrap().len(), 3, "{mode}");
        django.batch_execute("COMMIT").unwrap();
        assert_eq!(database.texts(ALL).unwrap().len(), 4, "{mode}");
    }
}

fn a_file_of_any_name_is_found(scratch: &Scratch) {
    drop(filled(scratch));
    let file = parse(scratch.url()).path().unwrap().to_owned();
    // A name that SQLite's URL must not take apart; in our own URL a question mark cannot stand.
    for name in ["a file.db", "100%25 #1.sqlite3", "file:mode=memory&x.db", "größe.db"] {
        let path = scratch.directory().join(name);
        fs::copy(&file, &path).unwrap();
        let url = doorward_persistence::DatabaseUrl::Sqlite(path);
        assert_eq!(ForeignDatabase::open(&url).unwrap().texts(ALL).unwrap().len(), 3, "{name}");
    }
    let path = scratch.directory().join("why?.db");
    fs::copy(&file, &path).unwrap();
    let url = doorward_persistence::DatabaseUrl::Sqlite(path);
    assert_eq!(ForeignDatabase::open(&url).unwrap().texts(ALL).unwrap().len(), 3);
}

fn refused(scratch: &Scratch, url: &str) -> StoreError {
    let opened = ForeignDatabase::open(&parse(url));
    assert!(fs::read_dir(scratch.directory()).unwrap().count() <= 1);
    opened.err().unwrap()
}

fn a_file_that_is_missing_is_not_made(scratch: &Scratch) {
    let error = refused(scratch, scratch.url());
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    assert!(!parse(scratch.url()).path().unwrap().exists());
}

fn a_file_that_is_no_database_is_told_when_it_is_opened(scratch: &Scratch) {
    let path = parse(scratch.url()).path().unwrap().to_owned();
    fs::write(&path, "no database, but long enough for a head of one".repeat(9)).unwrap();
    let error = refused(scratch, scratch.url());
    assert!(error.to_string().contains("not a database") && error.to_string().contains("test.db"), "{error}");
}

fn a_file_that_nobody_may_write_is_read(scratch: &Scratch) {
    drop(filled(scratch));
    let path = parse(scratch.url()).path().unwrap().to_owned();
    let before = fs::read(&path).unwrap();
    let mut permissions = fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions).unwrap();
    let mut database = ForeignDatabase::open(&parse(scratch.url())).unwrap();
    assert_eq!(database.texts(ALL).unwrap().len(), 3);
    drop(database);
    assert_eq!(fs::read(&path).unwrap(), before);
}

fn a_server_that_takes_no_writes_will_do(scratch: &Scratch) {
    let name = scratch.name().unwrap();
    execute(scratch, "CREATE TABLE person (id INTEGER, name TEXT); INSERT INTO person VALUES (1, 'Ann')");
    Postgres::shared()
        .query("postgres", &format!("ALTER DATABASE {name} SET default_transaction_read_only = on"))
        .unwrap();
    let mut database = ForeignDatabase::open(&parse(scratch.url())).unwrap();
    assert_eq!(database.texts(ALL).unwrap(), ["Ann"]);
}

fn a_database_that_is_not_there_is_told_when_it_is_opened(scratch: &Scratch) {
    let url = scratch.url().replace(scratch.name().unwrap(), "nobodys");
    let error = ForeignDatabase::open(&parse(&url)).err().unwrap();
    assert!(matches!(&error, StoreError::Unavailable(text) if text.contains("nobodys")), "{error:?}");
}
