//! One job, and how it is run once.

use crate::connection::AnyConnection;
use crate::migrations;
use crate::queries::Unit;
use doorward_domain::store::{Done, Ending, ReadJob, StoreError, WriteJob};
use std::panic::{AssertUnwindSafe, catch_unwind};
use tokio::sync::oneshot;

/// What is to be done.
pub(crate) enum Work {
    /// A unit of work.
    Write(WriteJob),
    /// A look-up.
    Read(ReadJob),
    /// A look at whether the database answers and has this program's schema.
    Health,
}

/// Work, and where its answer goes.
pub(crate) struct Job {
    pub(super) work: Work,
    reply: oneshot::Sender<Result<(), StoreError>>,
}

impl Job {
    /// A job, and what resolves when it has ended.
    pub(crate) fn new(work: Work) -> (Self, Done) {
        let (reply, answer) = oneshot::channel();
        let lost = || Err(StoreError::failed("the store's thread ended before it answered"));
        (Self { work, reply }, Box::pin(async move { answer.await.unwrap_or_else(|_| lost()) }))
    }

    /// Ends the job. Nobody may be waiting any more: that is their business.
    pub(crate) fn answer(self, result: Result<(), StoreError>) {
        drop(self.reply.send(result));
    }
}

impl Work {
    /// Runs the work once, inside whatever transaction the connection is in. A panic is a failure
    /// of this job and of nothing else.
    pub(super) fn attempt(&mut self, connection: &mut AnyConnection) -> Result<Ending, StoreError> {
        let mut unit = Unit::new(connection);
        let ended = catch_unwind(AssertUnwindSafe(|| match self {
            Self::Write(job) => job(&mut unit),
            Self::Read(job) => job(&mut unit).map(|()| Ending::RollBack),
            Self::Health => {
                unit.run(migrations::check).and_then(|verdict| verdict).map(|()| Ending::RollBack)
            }
        }));
        match (ended, unit.into_failure()) {
            (Err(_panic), _) => Err(StoreError::failed("a unit of work panicked")),
            (Ok(Ok(Ending::Commit)), Some(failure)) => Err(failure),
            (Ok(ended), _) => ended,
        }
    }
}
