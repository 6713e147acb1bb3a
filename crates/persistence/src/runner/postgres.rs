//! Jobs on PostgreSQL: a few threads, each with one connection.

use super::gauges::Counted;
use super::{Queue, StoreGauges, Work};
use crate::connection::{AnyConnection, PurePg};
use crate::error::store_error;
use crate::url::PostgresUrl;
use diesel::connection::SimpleConnection;
use doorward_domain::store::{Ending, StoreError};
use std::sync::Arc;
use std::time::Duration;

/// How often a job is run before its caller learns that it keeps losing.
const ATTEMPTS: u32 = 5;

/// How long the server may take for one answer; a little more than it allows itself.
const PATIENCE: Duration = Duration::from_secs(12);

/// What every connection is told. A commit is never answered before it is on the server's disk,
/// whatever the server's own default; a stronger default stays.
const SETTINGS: &str = "
    SET statement_timeout = '10s';
    SET idle_in_transaction_session_timeout = '30s';
    SELECT set_config('synchronous_commit', 'on', false)
        WHERE current_setting('synchronous_commit') IN ('off', 'local');
";

/// One thread's work: it takes jobs and keeps a connection, which it opens when a job needs it.
pub(crate) struct Worker {
    url: PostgresUrl,
    queue: Arc<Queue>,
    gauges: StoreGauges,
    connection: Option<(AnyConnection, Counted)>,
    is_away: bool,
}

/// How one run of a job ended.
enum Run {
    /// So. The connection is fine.
    Ended(Result<(), StoreError>),
    /// It was rolled back because another unit of work came first.
    Lost(StoreError),
    /// The connection broke before the commit was sent: nothing happened.
    Broken(StoreError),
    /// The connection broke after the commit was sent: nobody can know.
    InDoubt,
}

impl Worker {
    /// A worker that is not connected yet.
    pub(crate) fn new(url: PostgresUrl, queue: Arc<Queue>, gauges: StoreGauges) -> Self {
        Self { url, queue, gauges, connection: None, is_away: false }
    }

    /// Runs jobs until the queue is closed.
    pub(crate) fn run(mut self) {
        while let Some(mut job) = self.queue.pop() {
            let in_use = self.gauges.in_use();
            if matches!(job.work, Work::Write(_)) {
                self.gauges.batch_of_writes(1);
            }
            let result = self.serve(&mut job.work);
            drop(in_use);
            job.answer(result);
        }
    }

    fn serve(&mut self, work: &mut Work) -> Result<(), StoreError> {
        let mut last = StoreError::unavailable("no attempt was made");
        for _ in 0..ATTEMPTS {
            match run(self.connected()?, work) {
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
        connection.batch_execute(SETTINGS).map_err(StoreError::unavailable)?;
        Ok((AnyConnection::Postgresql(connection), self.gauges.open()))
    }

    /// Where no other worker has a connection either, what waits would only wait for its own
    /// failure. It is logged once, not with every job.
    fn give_up(&mut self, error: &StoreError) {
        if !std::mem::replace(&mut self.is_away, true) {
            log::warn!("no connection to PostgreSQL: {error}");
        }
        if self.gauges.connections() == 0 {
            self.queue.fail_all(error);
        }
    }

    fn disconnect(&mut self, error: &StoreError) {
        log::warn!("a connection to PostgreSQL broke: {error}");
        self.connection = None;
    }
}

fn run(connection: &mut AnyConnection, work: &mut Work) -> Run {
    match work {
        Work::Write(_) => in_transaction(connection, work),
        // Each look-up is one statement, which needs no transaction: one trip in place of three.
        Work::Read(_) | Work::Health => match work.attempt(connection) {
            Ok(_) => Run::Ended(Ok(())),
            Err(error) => rolled_back(connection, error),
        },
    }
}

fn in_transaction(connection: &mut AnyConnection, work: &mut Work) -> Run {
    if let Err(error) = connection.batch_execute("BEGIN") {
        return rolled_back(connection, store_error(&error));
    }
    match work.attempt(connection) {
        Ok(Ending::Commit) => match connection.batch_execute("COMMIT") {
            Ok(()) => Run::Ended(Ok(())),
            Err(error) => match rolled_back(connection, store_error(&error)) {
                Run::Broken(_) => Run::InDoubt,
                known => known,
            },
        },
        // A connection that breaks now is noticed by the next job.
        Ok(Ending::RollBack) => {
            drop(connection.batch_execute("ROLLBACK"));
            Run::Ended(Ok(()))
        }
        Err(error) => rolled_back(connection, error),
    }
}

/// How a run ended that failed with `error`. A connection that cannot even roll back is broken.
fn rolled_back(connection: &mut AnyConnection, error: StoreError) -> Run {
    match (connection.batch_execute("ROLLBACK"), &error) {
        (Err(_), _) => Run::Broken(error),
        (Ok(()), StoreError::Conflict(_)) => Run::Lost(error),
        (Ok(()), _) => Run::Ended(Err(error)),
    }
}
