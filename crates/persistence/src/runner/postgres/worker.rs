//! The threads that run units of work and look-ups, one at a time.

use super::link::{Link, Run};
use crate::connection::AnyConnection;
use crate::error::store_error;
use crate::queries::numbering;
use crate::runner::job::Outcome;
use crate::runner::{Queue, StoreGauges, Work};
use crate::url::PostgresUrl;
use diesel::connection::SimpleConnection;
use doorward_domain::session::Session;
use std::sync::Arc;

/// One thread's work.
pub(crate) struct Worker(Link);

impl Worker {
    /// A worker that is not connected yet.
    pub(crate) fn new(url: PostgresUrl, queue: Arc<Queue>, gauges: StoreGauges) -> Self {
        Self(Link::new(url, "", queue, gauges))
    }

    /// Runs jobs until the queue is closed.
    pub(crate) fn run(mut self) {
        let Self(link) = &mut self;
        while let Some(mut job) = link.queue.pop() {
            let in_use = link.gauges.in_use();
            if matches!(job.work, Work::Write(_) | Work::Rotate(_)) {
                link.gauges.batch_of_writes(1);
            }
            let result = link.serve(|connection| run(connection, &mut job.work));
            drop(in_use);
            job.answer(result);
        }
    }
}

/// Runs work once.
pub(super) fn run(connection: &mut AnyConnection, work: &mut Work) -> Run<Option<Session>> {
    match work {
        Work::Write(_) => in_transaction(connection, work),
        Work::Rotate(_) => Run::of_statement(connection, |c| work.attempt(c).map(Outcome::answer)),
        // Each look-up is one statement, which needs no transaction: one trip in place of three.
        Work::Read(_) | Work::Health => match work.attempt(connection) {
            Ok(_) => Run::Ended(Ok(None)),
            Err(error) => Run::failed(connection, error),
        },
    }
}

fn in_transaction(connection: &mut AnyConnection, work: &mut Work) -> Run<Option<Session>> {
    if let Err(error) = connection.batch_execute("BEGIN") {
        return Run::failed(connection, store_error(&error));
    }
    match work.attempt(connection) {
        Ok(Outcome::Commit(changed)) => match connection.batch_execute(&(numbering(&changed) + "COMMIT")) {
            Ok(()) => Run::Ended(Ok(None)),
            Err(error) => Run::commit_failed(connection, store_error(&error)),
        },
        // A connection that breaks now is noticed by the next job.
        Ok(_) => {
            drop(connection.batch_execute("ROLLBACK"));
            Run::Ended(Ok(None))
        }
        Err(error) => Run::failed(connection, error),
    }
}
