//! A connection that is opened when it is needed, and again when it broke.

use crate::connection::{AnyConnection, PurePg};
use crate::runner::gauges::Counted;
use crate::runner::{Queue, StoreGauges};
use crate::url::PostgresUrl;
use diesel::connection::SimpleConnection;
use doorward_domain::store::StoreError;
use std::sync::Arc;
use std::time::Duration;

/// How often a job is run before its caller learns that it keeps losing.
const ATTEMPTS: u32 = 5;

/// How long the server may take for one answer; a little more than it allows itself.
pub(super) const PATIENCE: Duration = Duration::from_secs(12);

/// What every connection is told. A commit is never answered before it is on the server's disk,
/// whatever the server's own default; a stronger default stays.
pub(super) const SETTINGS: &str = "
    SET statement_timeout = '10s';
    SET idle_in_transaction_session_timeout = '30s';
    SET default_transaction_isolation = 'read committed';
    SELECT set_config('synchronous_commit', 'on', false)
        WHERE current_setting('synchronous_commit') IN ('off', 'local');
";

/// One thread's way to the server.
pub(super) struct Link {
    url: PostgresUrl,
    /// What its connections are told, beside the common settings.
    settings: &'static str,
    /// The jobs that the thread takes.
    pub(super) queue: Arc<Queue>,
    pub(super) gauges: StoreGauges,
    connection: Option<(AnyConnection, Counted)>,
    is_away: bool,
}

/// How one run of a job ended.
pub(super) enum Run<T> {
    /// So. The connection is fine.
    Ended(Result<T, StoreError>),
    /// It was rolled back because another unit of work came first.
    Lost(StoreError),
    /// The connection broke before the commit was sent: nothing happened.
    Broken(StoreError),
    /// The connection broke after the commit was sent: nobody can know.
    InDoubt,
}

impl Link {
    /// Not connected yet.
    pub(super) fn new(
        url: PostgresUrl,
        settings: &'static str,
        queue: Arc<Queue>,
        gauges: StoreGauges,
    ) -> Self {
        Self { url, settings, queue, gauges, connection: None, is_away: false }
    }

    /// Runs a job, and again where that can mend it.
    pub(super) fn serve<T>(
        &mut self,
        mut job: impl FnMut(&mut AnyConnection) -> Run<T>,
    ) -> Result<T, StoreError> {
        let mut last = StoreError::unavailable("no attempt was made");
        for _ in 0..ATTEMPTS {
            match job(self.connected()?) {
                Run::Ended(result) => return result,
                Run::Lost(error) => last = error,
                Run::Broken(error) => {
                    self.disconnect(&error);
                    last = error;
                }
                Run::InDoubt => {
                    let error = StoreError::unavailable("the connection broke during a commit");
                    self.disconnect(&error);
                    return Err(error);
                }
            }
        }
        Err(last)
    }

    fn connected(&mut self) -> Result<&mut AnyConnection, StoreError> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => match self.connect() {
                Ok(connection) => connection,
                Err(error) => {
                    self.give_up(&error);
                    return Err(error);
                }
            },
        };
        if std::mem::take(&mut self.is_away) {
            log::info!("PostgreSQL is back");
        }
        Ok(&mut self.connection.insert(connection).0)
    }

    fn connect(&self) -> Result<(AnyConnection, Counted), StoreError> {
        let mut connection = PurePg::connect(&self.url, Some(PATIENCE)).map_err(StoreError::unavailable)?;
        let settings = [SETTINGS, self.settings].concat();
        connection.batch_execute(&settings).map_err(StoreError::unavailable)?;
        Ok((AnyConnection::Postgresql(connection), self.gauges.open()))
    }

    /// Where no other thread has a connection either, what waits would only wait for its own
    /// failure. It is logged once, not with every job.
    fn give_up(&mut self, error: &StoreError) {
        if !std::mem::replace(&mut self.is_away, true) {
            log::warn!("no connection to PostgreSQL: {error}");
        }
        if self.gauges.own_connections() == 0 {
            self.queue.fail_all(error);
        }
    }

    fn disconnect(&mut self, error: &StoreError) {
        log::warn!("a connection to PostgreSQL broke: {error}");
        self.connection = None;
    }
}

impl<T> Run<T> {
    /// How a run ended that failed with `error`. A connection that cannot even roll back is broken.
    pub(super) fn failed(connection: &mut AnyConnection, error: StoreError) -> Self {
        match (connection.batch_execute("ROLLBACK"), &error) {
            (Err(_), _) => Self::Broken(error),
            (Ok(()), StoreError::Conflict(_)) => Self::Lost(error),
            (Ok(()), _) => Self::Ended(Err(error)),
        }
    }

    /// How a run ended whose commit failed with `error`.
    pub(super) fn commit_failed(connection: &mut AnyConnection, error: StoreError) -> Self {
        match Self::failed(connection, error) {
            Self::Broken(_) => Self::InDoubt,
            known => known,
        }
    }

    /// Runs one statement that commits by itself. A connection that has broken unheard is told apart
    /// before, since a statement that was sent may have committed.
    pub(super) fn of_statement(
        connection: &mut AnyConnection,
        statement: impl FnOnce(&mut AnyConnection) -> Result<T, StoreError>,
    ) -> Self {
        if !connection.is_open() {
            return Self::Broken(StoreError::unavailable("the server closed it"));
        }
        match statement(connection) {
            Ok(answer) => Self::Ended(Ok(answer)),
            Err(error) => Self::commit_failed(connection, error),
        }
    }
}
