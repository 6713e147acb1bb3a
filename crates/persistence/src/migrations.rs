//! The schema's migrations, compiled in.

use crate::connection::{Access, AnyConnection, PurePg, on_either, open_sqlite};
use crate::schema::__diesel_schema_migrations as history;
use crate::url::DatabaseUrl;
use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::dsl::sql;
use diesel::migration::{Migration, MigrationSource};
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use doorward_domain::store::StoreError;
use std::collections::BTreeSet;
use std::thread;

const SQLITE: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");

/// Under this number instances agree on who migrates: the first 63 bits of SHA-256("doorward").
const LOCK: &str = "SELECT pg_advisory_lock(3719839814410239802)";

/// Brings a database to the schema of this program, and back.
///
/// Its functions block, and may be called in an async runtime only where blocking is allowed.
/// Several instances may migrate at once: one does the work, the others wait for it.
#[derive(Debug, Clone)]
pub struct Migrator {
    url: DatabaseUrl,
}

/// One migration, and whether the database has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationStatus {
    /// Its name: the time it was written, and what it is about. Only the time, where this program
    /// does not know it.
    pub name: String,
    /// Whether the database has it.
    pub applied: bool,
    /// Whether this program has it; false for those of a newer program.
    pub known: bool,
}

/// The database could not be migrated, or asked about its migrations.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// No connection.
    #[error("the database cannot be opened: {0}")]
    Open(String),
    /// The database was migrated by a newer program.
    #[error("the database has migrations that this program does not know ({}); it belongs to a newer version", .0.join(", "))]
    Newer(Vec<String>),
    /// A migration failed, and was rolled back.
    #[error("the migration failed: {0}")]
    Failed(String),
}

impl Migrator {
    /// A migrator of the database there.
    pub fn new(url: &DatabaseUrl) -> Self {
        Self { url: url.clone() }
    }

    /// Applies what is missing, and tells the names of what it applied. A `SQLite` file is created.
    ///
    /// # Errors
    /// The database cannot be opened, is of a newer program, or a migration failed.
    pub fn run(&self) -> Result<Vec<String>, MigrateError> {
        self.connected(Access::Write, |connection| {
            // Nearly always there is nothing to do, and nobody to wait for.
            if missing(connection)?.is_empty() {
                return Ok(Vec::new());
            }
            locked(connection, |connection| {
                let missing = missing(connection)?;
                match connection {
                    AnyConnection::Sqlite(c) => c.run_pending_migrations(SQLITE).map(drop),
                    AnyConnection::Postgresql(c) => c.run_pending_migrations(POSTGRES).map(drop),
                }
                .map_err(failed)?;
                Ok(missing)
            })
        })
    }

    /// Every migration that this program or the database has, the oldest first.
    ///
    /// # Errors
    /// The database cannot be opened or asked.
    pub fn status(&self) -> Result<Vec<MigrationStatus>, MigrateError> {
        if self.url.path().is_some_and(|path| !path.exists()) {
            return Ok(compare(&BTreeSet::new(), known(&self.url)));
        }
        self.connected(Access::Read, status)
    }

    /// Reverts the last migration and tells its name; `None` where there is none left. The data in
    /// the tables that it drops is lost.
    ///
    /// # Errors
    /// The database cannot be opened, the last migration is of a newer program, or it failed.
    pub fn revert(&self) -> Result<Option<String>, MigrateError> {
        self.connected(Access::Write, |connection| locked(connection, revert_last))
    }

    /// Runs `action` on a connection, on a thread of its own: a PostgreSQL connection waits in its
    /// own runtime, which must not happen inside the caller's.
    fn connected<T: Send>(
        &self,
        access: Access,
        action: impl FnOnce(&mut AnyConnection) -> Result<T, MigrateError> + Send,
    ) -> Result<T, MigrateError> {
        let work = || {
            let opened = match &self.url {
                DatabaseUrl::Sqlite(path) => open_sqlite(path, access).map(AnyConnection::Sqlite),
                DatabaseUrl::Postgres(url) => PurePg::connect(url, None).map(AnyConnection::Postgresql),
            };
            action(&mut opened.map_err(|error| MigrateError::Open(error.to_string()))?)
        };
        thread::scope(|scope| scope.spawn(work).join())
            .unwrap_or_else(|_| Err(MigrateError::Failed("the migrating thread panicked".to_owned())))
    }
}

/// Runs `action` while no other instance migrates.
fn locked<T>(
    connection: &mut AnyConnection,
    action: impl FnOnce(&mut AnyConnection) -> Result<T, MigrateError>,
) -> Result<T, MigrateError> {
    match connection {
        AnyConnection::Sqlite(c) => {
            c.batch_execute("PRAGMA busy_timeout = 120000").map_err(failed)?;
            AnsiTransactionManager::begin_transaction_sql(c, "BEGIN IMMEDIATE").map_err(failed)?;
            let result = action(connection);
            let end = if result.is_ok() {
                AnyConnection::commit_transaction
            } else {
                AnyConnection::rollback_transaction
            };
            end(connection).map_err(failed)?;
            result
        }
        AnyConnection::Postgresql(_) => {
            // Held until the connection closes.
            connection.batch_execute("SET lock_timeout = '120s'").map_err(failed)?;
            connection.batch_execute(LOCK).map_err(failed)?;
            action(connection)
        }
    }
}

fn revert_last(connection: &mut AnyConnection) -> Result<Option<String>, MigrateError> {
    let applied: Vec<_> = status(connection)?.into_iter().filter(|one| one.applied).collect();
    match applied.last() {
        None => return Ok(None),
        Some(last) if !last.known => return Err(MigrateError::Newer(vec![last.name.clone()])),
        Some(_) => {}
    }
    match connection {
        AnyConnection::Sqlite(c) => c.revert_last_migration(SQLITE).map(drop),
        AnyConnection::Postgresql(c) => c.revert_last_migration(POSTGRES).map(drop),
    }
    .map_err(failed)?;
    Ok(applied.into_iter().next_back().map(|one| one.name))
}

/// The migrations that the database lacks; it must not have any that this program does not know.
fn missing(connection: &mut AnyConnection) -> Result<Vec<String>, MigrateError> {
    let status = status(connection)?;
    let newer: Vec<_> = status.iter().filter(|one| !one.known).map(|one| one.name.clone()).collect();
    if !newer.is_empty() {
        return Err(MigrateError::Newer(newer));
    }
    Ok(status.into_iter().filter(|one| !one.applied).map(|one| one.name).collect())
}

/// Whether the database has exactly this program's migrations.
pub(crate) fn check(connection: &mut AnyConnection) -> QueryResult<Result<(), StoreError>> {
    let status = compare(&applied(connection)?, known_to(connection));
    Ok(match status.iter().find(|one| !one.applied || !one.known) {
        None => Ok(()),
        Some(one) if one.known => {
            Err(StoreError::failed(format!("the database lacks the migration {}", one.name)))
        }
        Some(one) => {
            Err(StoreError::failed(format!("the database has the migration {} of a newer program", one.name)))
        }
    })
}

fn status(connection: &mut AnyConnection) -> Result<Vec<MigrationStatus>, MigrateError> {
    Ok(compare(&applied(connection).map_err(failed)?, known_to(connection)))
}

/// The versions that the database has; none where it was never migrated.
fn applied(connection: &mut AnyConnection) -> QueryResult<BTreeSet<String>> {
    let migrated = sql::<Bool>(match connection {
        AnyConnection::Sqlite(_) => {
            "EXISTS (SELECT 1 FROM sqlite_schema WHERE name = '__diesel_schema_migrations')"
        }
        AnyConnection::Postgresql(_) => "to_regclass('__diesel_schema_migrations') IS NOT NULL",
    });
    if !on_either!(connection, |c| diesel::select(migrated).get_result(c))? {
        return Ok(BTreeSet::new());
    }
    let versions: Vec<String> = history::table.select(history::version).load(connection)?;
    Ok(versions.into_iter().collect())
}

/// The version and the name of a migration.
struct Known {
    version: String,
    name: String,
}

fn known(url: &DatabaseUrl) -> Vec<Known> {
    match url {
        DatabaseUrl::Sqlite(_) => names::<diesel::sqlite::Sqlite>(&SQLITE),
        DatabaseUrl::Postgres(_) => names::<diesel::pg::Pg>(&POSTGRES),
    }
}

fn known_to(connection: &AnyConnection) -> Vec<Known> {
    match connection {
        AnyConnection::Sqlite(_) => names::<diesel::sqlite::Sqlite>(&SQLITE),
        AnyConnection::Postgresql(_) => names::<diesel::pg::Pg>(&POSTGRES),
    }
}

fn names<DB: diesel::backend::Backend>(source: &impl MigrationSource<DB>) -> Vec<Known> {
    // Embedded migrations are there: the compiler read them.
    let migrations: Vec<Box<dyn Migration<DB>>> = source.migrations().unwrap_or_default();
    let known = |migration: Box<dyn Migration<DB>>| Known {
        version: migration.name().version().to_string(),
        name: migration.name().to_string(),
    };
    migrations.into_iter().map(known).collect()
}

fn compare(applied: &BTreeSet<String>, known: Vec<Known>) -> Vec<MigrationStatus> {
    let is_known = |version: &String| known.iter().any(|one| one.version == *version);
    let newer: Vec<_> = applied.iter().filter(|version| !is_known(version)).cloned().collect();
    let newer = newer.into_iter().map(|name| MigrationStatus { name, applied: true, known: false });
    let known = known.into_iter().map(|Known { version, name }| {
        let applied = applied.contains(&version);
        MigrationStatus { name, applied, known: true }
    });
    let mut all: Vec<_> = known.chain(newer).collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

fn failed(error: impl std::fmt::Display) -> MigrateError {
    MigrateError::Failed(error.to_string())
}
