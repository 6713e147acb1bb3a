//! A blocking diesel connection over tokio-postgres.

use super::tls;
use crate::url::PostgresUrl;
use diesel::connection::{
    AnsiTransactionManager, CacheSize, Connection, ConnectionSealed, Instrumentation, LoadConnection,
    MultiConnectionHelper, SimpleConnection, TransactionManager,
};
use diesel::expression::QueryMetadata;
use diesel::migration::{CREATE_MIGRATIONS_TABLE, MigrationConnection};
use diesel::pg::{Pg, PgMetadataLookup, PgTypeMetadata};
use diesel::query_builder::{Query, QueryFragment, QueryId};
use diesel::result::{DatabaseErrorKind, Error};
use diesel::sql_types::TypeMetadata;
use diesel::{ConnectionError, ConnectionResult, QueryResult};
use diesel_async::{AsyncConnection, AsyncConnectionCore, AsyncPgConnection, SimpleAsyncConnection};
use futures_util::TryStreamExt;
use std::any::Any;
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::task::yield_now;

/// How long connecting may take, all in all.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Opens a connection; its task runs on the current runtime.
pub(crate) async fn connect(url: &PostgresUrl) -> ConnectionResult<AsyncPgConnection> {
    let connected = tokio::time::timeout(CONNECT_TIMEOUT, tls::connect(url)).await;
    connected.unwrap_or_else(|_| Err(ConnectionError::BadConnection("connecting took too long".into())))
}

/// A connection to PostgreSQL that blocks the thread it is used on.
///
/// It has its own small runtime, on which it waits for the server: there is no other thread, and
/// nothing is left to run when it is dropped. It must not be used inside another runtime.
pub(crate) struct PurePg {
    // Before the runtime: its task lives there.
    inner: Box<AsyncPgConnection>,
    runtime: Runtime,
    transactions: AnsiTransactionManager,
    patience: Option<Duration>,
    given_up: bool,
}

impl PurePg {
    /// Connects. `patience` is how long any one answer of the server may take before the connection
    /// counts as lost.
    pub(crate) fn connect(url: &PostgresUrl, patience: Option<Duration>) -> ConnectionResult<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| ConnectionError::BadConnection(error.to_string()))?;
        match runtime.block_on(connect(url)) {
            Ok(inner) => Ok(Self {
                inner: Box::new(inner),
                runtime,
                transactions: AnsiTransactionManager::default(),
                patience,
                given_up: false,
            }),
            Err(error) => {
                // Dropping it would wait for a look-up of the host's name that hangs.
                runtime.shutdown_background();
                Err(error)
            }
        }
    }

    /// Whether the connection still stands, as far as the system has heard.
    pub(crate) fn is_open(&mut self) -> bool {
        // While nobody waits, nobody hears either: one turn lets the runtime hear what has come, and
        // one lets the connection's task, which is its only one, act on it.
        self.runtime.block_on(async {
            yield_now().await;
            yield_now().await;
        });
        !self.given_up && self.runtime.metrics().num_alive_tasks() > 0
    }

    /// Waits for an answer. One that did not come in time may come later, in place of the next
    /// one's: the connection is not used any more.
    fn wait<'c, T, F>(&'c mut self, ask: impl FnOnce(&'c mut AsyncPgConnection) -> F) -> QueryResult<T>
    where
        F: Future<Output = QueryResult<T>> + 'c,
    {
        if self.given_up {
            return Err(closed("the connection was given up"));
        }
        let question = ask(&mut self.inner);
        let Some(patience) = self.patience else { return self.runtime.block_on(question) };
        let answer = self.runtime.block_on(async { tokio::time::timeout(patience, question).await });
        answer.unwrap_or_else(|_| {
            self.given_up = true;
            Err(closed("the server did not answer in time"))
        })
    }
}

fn closed(message: &str) -> Error {
    Error::DatabaseError(DatabaseErrorKind::ClosedConnection, Box::new(message.to_owned()))
}

impl SimpleConnection for PurePg {
    fn batch_execute(&mut self, query: &str) -> QueryResult<()> {
        self.wait(|inner| inner.batch_execute(query))
    }
}

impl ConnectionSealed for PurePg {}

impl Connection for PurePg {
    type Backend = Pg;
    type TransactionManager = AnsiTransactionManager;

    fn establish(database_url: &str) -> ConnectionResult<Self> {
        let url = PostgresUrl::parse(database_url)
            .map_err(|error| ConnectionError::InvalidConnectionUrl(error.to_string()))?;
        Self::connect(&url, None)
    }

    fn execute_returning_count<T>(&mut self, source: &T) -> QueryResult<usize>
    where
        T: QueryFragment<Pg> + QueryId,
    {
        self.wait(|inner| inner.execute_returning_count(source))
    }

    fn transaction_state(
        &mut self,
    ) -> &mut <Self::TransactionManager as TransactionManager<Self>>::TransactionStateData {
        &mut self.transactions
    }

    fn instrumentation(&mut self) -> &mut dyn Instrumentation {
        self.inner.instrumentation()
    }

    fn set_instrumentation(&mut self, instrumentation: impl Instrumentation) {
        self.inner.set_instrumentation(instrumentation);
    }

    fn set_prepared_statement_cache_size(&mut self, size: CacheSize) {
        self.inner.set_prepared_statement_cache_size(size);
    }
}

impl LoadConnection for PurePg {
    type Cursor<'conn, 'query> = std::vec::IntoIter<QueryResult<Self::Row<'conn, 'query>>>;
    type Row<'conn, 'query> = <AsyncPgConnection as AsyncConnectionCore>::Row<'conn, 'query>;

    fn load<'conn, 'query, T>(&'conn mut self, source: T) -> QueryResult<Self::Cursor<'conn, 'query>>
    where
        T: Query + QueryFragment<Pg> + QueryId + 'query,
        Pg: QueryMetadata<T::SqlType>,
    {
        let rows: Vec<_> = self.wait(|inner| async {
            let rows = AsyncConnectionCore::load(inner, source).await?;
            // Up to the first error: a connection that broke would tell its own for ever.
            rows.map_ok(Ok).try_collect().await
        })?;
        Ok(rows.into_iter())
    }
}

/// Stands in for the look-up of types whose number differs from server to server. The schema has
/// none of those; 0 lets the server infer the type.
struct FixedTypes;

impl PgMetadataLookup for FixedTypes {
    fn lookup_type(&mut self, _type_name: &str, _schema: Option<&str>) -> PgTypeMetadata {
        PgTypeMetadata::new(0, 0)
    }
}

impl MultiConnectionHelper for PurePg {
    fn to_any<'a>(_lookup: &mut <Pg as TypeMetadata>::MetadataLookup) -> &mut (dyn Any + 'a) {
        // diesel-async's own look-up cannot be seen as `Any`. A value without a size is not
        // allocated, so nothing leaks.
        Box::leak(Box::new(FixedTypes))
    }

    fn from_any(lookup: &mut dyn Any) -> Option<&mut <Pg as TypeMetadata>::MetadataLookup> {
        let types: &mut dyn PgMetadataLookup = lookup.downcast_mut::<FixedTypes>()?;
        Some(types)
    }
}

impl MigrationConnection for PurePg {
    fn setup(&mut self) -> QueryResult<usize> {
        self.batch_execute(CREATE_MIGRATIONS_TABLE).map(|()| 0)
    }
}
