//! One job, and how it is run once.

use crate::connection::AnyConnection;
use crate::migrations;
use crate::queries::{Rotate, Unit};
use doorward_domain::session::Session;
use doorward_domain::store::{Done, Ending, ReadJob, Rotated, StoreError, Transaction, WriteJob};
use doorward_domain::user::UserId;
use std::panic::{AssertUnwindSafe, catch_unwind};
use tokio::sync::oneshot;

/// What is to be done.
pub(crate) enum Work {
    /// A unit of work.
    Write(WriteJob),
    /// A rotation, which is one statement.
    Rotate(Rotate),
    /// A look-up.
    Read(ReadJob),
    /// A look at whether the database answers and has this program's schema.
    Health,
}

/// What a job is answered: the session if it was a rotation that was done, and else nothing.
pub(super) type Answer = Result<Option<Session>, StoreError>;

/// What a run of work came to. It is answered when it is durable.
pub(super) enum Outcome {
    /// Make its writes durable, and number the changes of these accounts.
    Commit(Vec<UserId>),
    /// A rotation's; make it durable.
    Rotated(Option<Session>),
    /// Undo its writes, if there were any.
    RollBack,
}

/// Work, and where its answer goes.
pub(crate) struct Job {
    pub(super) work: Work,
    reply: oneshot::Sender<Answer>,
}

impl Job {
    /// A job, and what resolves when it has ended.
    pub(crate) fn new(work: Work) -> (Self, Done) {
        let (job, answer) = Self::with_answer(work);
        (job, Box::pin(async move { answer.await.map(drop) }))
    }

    /// A rotation, and what resolves with the session.
    pub(crate) fn rotation(rotate: Rotate) -> (Self, Rotated) {
        let (job, answer) = Self::with_answer(Work::Rotate(rotate));
        (job, Box::pin(answer))
    }

    fn with_answer(work: Work) -> (Self, impl Future<Output = Answer>) {
        let (reply, answer) = oneshot::channel();
        let lost = || Err(StoreError::failed("the store's thread ended before it answered"));
        (Self { work, reply }, async move { answer.await.unwrap_or_else(|_| lost()) })
    }

    /// Ends the job. Nobody may be waiting any more: that is their business.
    pub(crate) fn answer(self, answer: Answer) {
        drop(self.reply.send(answer));
    }
}

impl Outcome {
    /// What it answers.
    pub(super) fn answer(self) -> Option<Session> {
        match self {
            Self::Rotated(session) => session,
            Self::Commit(_) | Self::RollBack => None,
        }
    }
}

impl Work {
    /// Runs the work once, inside whatever transaction the connection is in. A panic is a failure
    /// of this job and of nothing else.
    pub(super) fn attempt(&mut self, connection: &mut AnyConnection) -> Result<Outcome, StoreError> {
        let mut unit = Unit::new(connection);
        let attempt = || {
            Ok(match self {
                Self::Write(job) => match job(&mut unit)? {
                    Ending::Commit => Outcome::Commit(unit.into_changed()?),
                    Ending::RollBack => Outcome::RollBack,
                },
                Self::Rotate(Rotate { user, id, rotation }) => {
                    Outcome::Rotated(unit.rotate_session(*user, *id, rotation)?)
                }
                Self::Read(job) => job(&mut unit).map(|()| Outcome::RollBack)?,
                Self::Health => unit.run(migrations::check)?.map(|()| Outcome::RollBack)?,
            })
        };
        catch_unwind(AssertUnwindSafe(attempt))
            .unwrap_or_else(|_panic| Err(StoreError::failed("a unit of work panicked")))
    }
}
