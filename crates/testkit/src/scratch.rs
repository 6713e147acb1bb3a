use crate::{Database, Postgres};
use std::path::Path;
use tempfile::TempDir;

/// A database for one test, deleted when dropped.
pub struct Scratch {
    database: Database,
    url: String,
    name: Option<String>,
    directory: TempDir,
}

impl Scratch {
    /// A database with nothing in it.
    ///
    /// # Panics
    /// If it cannot be made.
    pub fn empty(database: Database) -> Self {
        Self::new(database, Postgres::create_database)
    }

    /// A database that `fill` has filled; it gets the URL. On PostgreSQL that is done once, and the
    /// result is cloned.
    ///
    /// # Panics
    /// If it cannot be made.
    pub fn filled(database: Database, fill: fn(&str)) -> Self {
        let scratch = Self::new(database, |server| server.create_database_from_template(fill));
        if database == Database::Sqlite {
            fill(&scratch.url);
        }
        scratch
    }

    fn new(database: Database, create: impl FnOnce(&Postgres) -> anyhow::Result<String>) -> Self {
        let directory = tempfile::tempdir().expect("no temporary directory");
        let (url, name) = match database {
            Database::Sqlite => (format!("sqlite://{}", directory.path().join("test.db").display()), None),
            Database::Postgres => {
                let server = Postgres::shared();
                let name = create(server).expect("PostgreSQL makes no database");
                (server.url(&name), Some(name))
            }
        };
        Self { database, url, name, directory }
    }

    /// Its kind.
    pub fn database(&self) -> Database {
        self.database
    }

    /// Its URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its name on the shared PostgreSQL server.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// A directory that goes with it.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Some(name) = &self.name {
            // The server may be stopped; then all of it goes.
            drop(Postgres::shared().drop_database(name));
        }
    }
}
