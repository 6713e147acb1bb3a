//! Migrations.

use crate::fixture::{block_on, open_database, parse};
use doorward_domain::store::{Swept, Transaction, Verdict};
use doorward_domain::time::Timestamp;
use doorward_persistence::{MigrateError, MigrationStatus, Migrator};
use doorward_testkit::{Case, Database, Postgres, Scratch, cases};
use std::collections::BTreeSet;
use std::path::Path;

pub(crate) fn cases() -> Vec<Case<Scratch>> {
    cases![migrations:
        up_down_and_up_again,
        what_came_up_goes_down_and_leaves_the_accounts,
        migrators_that_start_together_do_not_race,
        who_has_nothing_to_migrate_waits_for_no_writer,
        a_database_that_is_not_migrated_is_not_healthy,
        a_newer_database_is_refused_by_its_name,
        both_trees_have_the_same_names,
        both_schemas_have_the_same_columns,
        sessions_of_an_older_program_are_swept_when_they_are_over,
    ]
}

fn migrator(scratch: &Scratch) -> Migrator {
    Migrator::new(&parse(scratch.url()))
}

fn names(status: Vec<MigrationStatus>, applied: bool) -> Vec<String> {
    status.into_iter().filter(|one| one.applied == applied).map(|one| one.name).collect()
}

/// Runs statements on the database, past the store.
pub(crate) fn execute(scratch: &Scratch, statements: &str) {
    use diesel::connection::{Connection, SimpleConnection};
    if let Some(name) = scratch.name() {
        Postgres::shared().query(name, statements).unwrap();
    } else {
        let path = parse(scratch.url()).path().unwrap().to_str().unwrap().to_owned();
        diesel::SqliteConnection::establish(&path).unwrap().batch_execute(statements).unwrap();
    }
}

/// What a query finds, whose one column is `shown`.
pub(crate) fn shown(scratch: &Scratch, query: &str) -> BTreeSet<String> {
    use diesel::prelude::*;
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = diesel::sql_types::Text)]
        shown: String,
    }

    if let Some(name) = scratch.name() {
        return Postgres::shared().query(name, query).unwrap().into_iter().flatten().flatten().collect();
    }
    let path = parse(scratch.url()).path().unwrap().to_str().unwrap().to_owned();
    let mut connection = diesel::SqliteConnection::establish(&path).unwrap();
    let rows: Vec<Row> = diesel::sql_query(query).load(&mut connection).unwrap();
    rows.into_iter().map(|row| row.shown).collect()
}

/// The columns of sessions that an index has.
pub(crate) fn indexed_columns_of_sessions(scratch: &Scratch) -> BTreeSet<String> {
    let query = match scratch.database() {
        Database::Sqlite => {
            "SELECT c.name AS shown FROM pragma_index_list('sessions') i, pragma_index_info(i.name) c"
        }
        Database::Postgres => {
            "SELECT attname FROM pg_attribute JOIN pg_index ON attrelid = indrelid AND attnum = ANY (indkey)
            WHERE indrelid = 'sessions'::regclass"
        }
    };
    shown(scratch, query)
}

fn health(scratch: &Scratch) -> Result<(), String> {
    let database = open_database(scratch.url());
    let answer = block_on(database.store().health());
    database.close();
    answer.map_err(|error| error.to_string())
}

fn up_down_and_up_again(scratch: &Scratch) {
    let migrator = migrator(scratch);
    let all = names(migrator.status().unwrap(), false);
    assert!(!all.is_empty());
    assert_eq!(migrator.run().unwrap(), all);
    assert_eq!(names(migrator.status().unwrap(), true), all);
    assert!(migrator.run().unwrap().is_empty());
    assert_eq!(health(scratch), Ok(()));
    for name in all.iter().rev() {
        assert_eq!(migrator.revert().unwrap().as_ref(), Some(name));
    }
    assert_eq!(migrator.revert().unwrap(), None);
    assert_eq!(migrator.run().unwrap(), all);
    assert_eq!(health(scratch), Ok(()));
}

fn what_came_up_goes_down_and_leaves_the_accounts(scratch: &Scratch) {
    let migrator = migrator(scratch);
    migrator.run().unwrap();
    execute(
        scratch,
        "INSERT INTO users (subject, username, username_canonical, password, date_joined)
        VALUES ('s', 'Ann', 'ann', 'p', 0)",
    );
    let all = columns(scratch);
    let mut left = all.len();
    while migrator.status().unwrap().iter().filter(|one| one.applied).count() > 1 {
        migrator.revert().unwrap();
        let now = columns(scratch);
        assert!(now.is_subset(&all) && now.len() < left);
        left = now.len();
        execute(scratch, "UPDATE users SET username = 'Bob' WHERE username = 'Ann' OR username = 'Bob'");
        execute(scratch, "SELECT 1 / (SELECT count(*) FROM users WHERE username = 'Bob')");
    }
    migrator.revert().unwrap();
    let kept: Vec<_> = columns(scratch).into_iter().collect();
    assert!(kept.iter().all(|column| column.starts_with("__diesel_schema_migrations.")), "{kept:?}");
}

fn migrators_that_start_together_do_not_race(scratch: &Scratch) {
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let migrator = migrator(scratch);
            std::thread::spawn(move || migrator.run().unwrap().len())
        })
        .collect();
    let applied: usize = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
    assert_eq!(applied, migrator(scratch).status().unwrap().len());
}

fn who_has_nothing_to_migrate_waits_for_no_writer(scratch: &Scratch) {
    migrator(scratch).run().unwrap();
    let (database, url) = (open_database(scratch.url()), parse(scratch.url()));
    let meanwhile = move |_: &mut dyn Transaction| {
        Ok(Verdict::RollBack(Migrator::new(&url).run().map_err(|error| error.to_string())))
    };
    assert_eq!(block_on(database.store().transact(meanwhile)).unwrap(), Ok(Vec::new()));
    database.close();
}

fn a_database_that_is_not_migrated_is_not_healthy(scratch: &Scratch) {
    let error = health(scratch).unwrap_err();
    let first = migrator(scratch).status().unwrap().into_iter().next().unwrap().name;
    assert!(error.contains(&first), "{error}");
}

fn a_newer_database_is_refused_by_its_name(scratch: &Scratch) {
    let migrator = migrator(scratch);
    migrator.run().unwrap();
    execute(scratch, "INSERT INTO __diesel_schema_migrations (version) VALUES ('29990101000000')");
    let error = health(scratch).unwrap_err();
    assert!(error.contains("29990101000000"), "{error}");
    for refused in [migrator.run().map(drop), migrator.revert().map(drop)] {
        assert!(
            matches!(&refused, Err(MigrateError::Newer(names)) if *names == ["29990101000000"]),
            "{refused:?}"
        );
    }
}

fn both_trees_have_the_same_names(_: &Scratch) {
    let tree = |kind: &str| -> BTreeSet<_> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations").join(kind);
        std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name()).collect()
    };
    assert_eq!(tree("sqlite"), tree("postgres"));
}

/// The columns of the schema module, which both databases are held to.
fn both_schemas_have_the_same_columns(scratch: &Scratch) {
    migrator(scratch).run().unwrap();
    let schema = include_str!("../../src/schema.rs");
    let mut expected = BTreeSet::new();
    let mut table = "";
    for line in schema.lines().map(str::trim) {
        if let Some((name, _)) = line.strip_suffix(" {").and_then(|head| head.split_once(" (")) {
            table = name;
        } else if let Some((column, kind)) = line.strip_suffix(',').and_then(|line| line.split_once(" -> ")) {
            expected.insert(format!("{table}.{column} {}", kind.starts_with("Nullable")));
        }
    }
    assert!(expected.len() > 30, "{expected:?}");
    assert_eq!(columns(scratch), expected);
}

fn sessions_of_an_older_program_are_swept_when_they_are_over(scratch: &Scratch) {
    let store_as_before = |digit: u8, expires_at: &str| {
        let id = match scratch.database() {
            Database::Sqlite => format!("X'{}'", format!("0{digit}").repeat(16)),
            Database::Postgres => format!("'\\x{}'", format!("0{digit}").repeat(16)),
        };
        execute(
            scratch,
            &format!(
                "INSERT INTO sessions (id, user_id, generation, created_at, rotated_at, expires_at, address, user_agent)
                SELECT {id}, id, 0, 0, 0, {expires_at}, '', '' FROM users"
            ),
        );
    };
    let sweep_at = || {
        shown(
            scratch,
            "SELECT CAST(expires_at AS TEXT) || ' ' || CAST(sweep_at AS TEXT) AS shown FROM sessions",
        )
    };
    let set = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<BTreeSet<_>>();

    let migrator = migrator(scratch);
    migrator.run().unwrap();
    while migrator.revert().unwrap().unwrap() != "20261124000000_sweep" {}
    assert_eq!(indexed_columns_of_sessions(scratch), set(&["id", "user_id", "expires_at"]));
    execute(
        scratch,
        "INSERT INTO users (subject, username, username_canonical, password, date_joined)
        VALUES ('s', 'Ann', 'ann', 'p', 0)",
    );
    store_as_before(1, "1000");
    store_as_before(2, "2000");
    migrator.run().unwrap();
    assert_eq!(indexed_columns_of_sessions(scratch), set(&["id", "user_id", "sweep_at"]));
    store_as_before(3, "1001");
    store_as_before(4, "2001");
    assert_eq!(sweep_at(), set(&["1000 0", "2000 0", "1001 0", "2001 0"]));

    let database = open_database(scratch.url());
    let before = Timestamp::from_micros(2000);
    let store = database.store();
    let swept = block_on(store.transact(move |tx| Ok(Verdict::Commit(tx.sweep_sessions(before, 9)?))));
    assert_eq!(swept.unwrap(), Swept { deleted: 2, has_more: false });
    database.close();
    assert_eq!(sweep_at(), set(&["2000 2000", "2001 2001"]));
}

fn columns(scratch: &Scratch) -> BTreeSet<String> {
    let query = match scratch.database() {
        Database::Sqlite => {
            "SELECT m.name || '.' || c.name || iif(c.\"notnull\", ' false', ' true') AS shown
            FROM sqlite_schema m, pragma_table_info(m.name) c
            WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'"
        }
        Database::Postgres => {
            "SELECT table_name || '.' || column_name || CASE is_nullable WHEN 'YES' THEN ' true' ELSE ' false' END
            FROM information_schema.columns WHERE table_schema = 'public'"
        }
    };
    shown(scratch, query)
}
