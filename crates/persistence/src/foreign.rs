//! Another system's database, which is only read.

use crate::connection::{AnyConnection, PurePg, on_either, open_foreign_sqlite};
use crate::error::store_error;
use crate::url::DatabaseUrl;
use diesel::ConnectionResult;
use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Text;
use doorward_domain::store::StoreError;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

/// What a PostgreSQL server is told: to refuse every write, and to let nothing take for ever. A scan of
/// a large table takes a while.
const SETTINGS: &str = "
    SET default_transaction_read_only = on;
    SET statement_timeout = '300s';
    SET lock_timeout = '30s';
";

/// How long the server may take for one answer; a little more than it allows itself.
const PATIENCE: Duration = Duration::from_secs(310);

/// Another system's database, opened so that it cannot be changed. That system may go on using it.
///
/// Its functions block, and may be called in an async runtime only where blocking is allowed. It has
/// one connection, on a thread of its own, which ends when this is dropped.
///
/// ```
/// use doorward_persistence::{DatabaseUrl, ForeignDatabase, ForeignKind};
/// # use diesel::connection::{Connection, SimpleConnection};
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("db.sqlite3");
/// # diesel::SqliteConnection::establish(path.to_str().unwrap())?
/// #     .batch_execute("CREATE TABLE auth_user (id, username); INSERT INTO auth_user VALUES (1, 'ann')")?;
///
/// let url = DatabaseUrl::parse(&format!("sqlite://{}", path.display()))?;
/// let mut django = ForeignDatabase::open(&url)?;
/// assert_eq!(django.kind(), ForeignKind::Sqlite);
/// let rows = django.texts("SELECT json_array(id, username) FROM auth_user ORDER BY id")?;
/// assert_eq!(rows, [r#"[1,"ann"]"#]);
/// assert!(django.texts("DELETE FROM auth_user RETURNING username").is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ForeignDatabase {
    kind: ForeignKind,
    questions: SyncSender<Question>,
}

/// Which SQL it speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForeignKind {
    /// SQLite's.
    Sqlite,
    /// PostgreSQL's.
    Postgres,
}

impl ForeignDatabase {
    /// Opens the file or connects to the server, with the same rules about TLS as our own database. A
    /// server may be a standby.
    ///
    /// A SQLite file is never written to. Where its system left something half done when it crashed,
    /// it has to be opened by that system first.
    ///
    /// # Errors
    /// There is no such file, it is none of SQLite's, or the server lets nobody in.
    pub fn open(url: &DatabaseUrl) -> Result<Self, StoreError> {
        let kind = match url {
            DatabaseUrl::Sqlite(_) => ForeignKind::Sqlite,
            DatabaseUrl::Postgres(_) => ForeignKind::Postgres,
        };
        let url = url.clone();
        let (opened, is_open) = sync_channel(1);
        let (questions, asked) = sync_channel(0);
        let serve = move || match connect(&url) {
            Ok(connection) => {
                let _ = opened.send(Ok(()));
                answer_all(connection, &asked);
            }
            // Nobody waits any more, where it cannot be told.
            Err(error) => drop(opened.send(Err(StoreError::unavailable(error)))),
        };
        thread::Builder::new()
            .name("foreign-database".to_owned())
            .spawn(serve)
            .map_err(StoreError::unavailable)?;
        is_open.recv().unwrap_or_else(|_| Err(gone()))?;
        Ok(Self { kind, questions })
    }

    /// Which SQL [`ForeignDatabase::texts`] takes.
    pub fn kind(&self) -> ForeignKind {
        self.kind
    }

    /// Runs a `SELECT` with one column, of type `text` (on PostgreSQL exactly that, so `::text` where
    /// it is another), and answers its rows.
    ///
    /// # Errors
    /// The database does not understand it, or is away. A row has a null.
    pub fn texts(&mut self, select: &str) -> Result<Vec<String>, StoreError> {
        let (answer, answered) = sync_channel(1);
        let question = Question { select: select.to_owned(), answer };
        self.questions.send(question).map_err(|_| gone())?;
        answered.recv().unwrap_or_else(|_| Err(gone()))
    }
}

/// What the thread is asked. It has the connection, since one to PostgreSQL must be neither used nor
/// dropped within a runtime of the caller's.
struct Question {
    select: String,
    answer: SyncSender<Result<Vec<String>, StoreError>>,
}

fn answer_all(mut connection: AnyConnection, questions: &Receiver<Question>) {
    for Question { select, answer } in questions {
        let rows: QueryResult<Vec<String>> = on_either!(&mut connection, |c| sql::<Text>(&select).load(c));
        // Who asked waits for it, unless it panicked.
        let _ = answer.send(rows.map_err(|error| store_error(&error)));
    }
}

fn connect(url: &DatabaseUrl) -> ConnectionResult<AnyConnection> {
    match url {
        DatabaseUrl::Sqlite(path) => open_foreign_sqlite(path).map(AnyConnection::Sqlite),
        DatabaseUrl::Postgres(url) => {
            let mut connection = PurePg::connect(&url.of_any_server(), Some(PATIENCE))?;
            connection.batch_execute(SETTINGS).map_err(ConnectionError::CouldntSetupConfiguration)?;
            Ok(AnyConnection::Postgresql(connection))
        }
    }
}

fn gone() -> StoreError {
    StoreError::failed("the thread of the foreign database ended")
}
