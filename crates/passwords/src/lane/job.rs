//! What waits in the queue.

use super::contained;
use super::oneshot::Sender;
use crate::computation::Computation;
use crate::cost::Cost;
use crate::hasher::{Begun, DjangoHasher};
use crate::schemes::Encoded;
use doorward_domain::hashing::{HashError, Verification};
use doorward_domain::password::{Password, PasswordHash};
use std::time::Duration;

/// What is to be computed, since when it waits, and where its result goes. Dropped without a
/// result, it answers [`HashError::Failed`].
pub(super) struct Job {
    task: Task,
    bcrypt_cost: Option<Cost>,
    /// On the monotonic clock.
    pub(super) queued_at: Duration,
}

type Answer<T> = Sender<Result<T, HashError>>;

enum Task {
    Hash(Password, Answer<PasswordHash>),
    Verify(Password, Option<Encoded>, Answer<Verification>),
}

impl Job {
    pub(super) fn hash(
        hasher: &DjangoHasher,
        password: Password,
        answer: Answer<PasswordHash>,
        now: Duration,
    ) -> Self {
        let task = Task::Hash(password, answer);
        Self { task, bcrypt_cost: Some(hasher.cost()), queued_at: now }
    }

    pub(super) fn verify(
        hasher: &DjangoHasher,
        password: Password,
        hash: Option<&PasswordHash>,
        answer: Answer<Verification>,
        now: Duration,
    ) -> Self {
        let stored = hash.and_then(Encoded::parse);
        let bcrypt_cost = hasher.bcrypt_cost(stored.as_ref());
        Self { task: Task::Verify(password, stored, answer), bcrypt_cost, queued_at: now }
    }

    /// Whether the one who asked still waits.
    pub(super) fn is_wanted(&self) -> bool {
        match &self.task {
            Task::Hash(_, answer) => !answer.is_abandoned(),
            Task::Verify(_, _, answer) => !answer.is_abandoned(),
        }
    }

    /// Whether `other` may be computed together with this one.
    pub(super) fn goes_with(&self, other: &Self) -> bool {
        self.bcrypt_cost.is_some() && self.bcrypt_cost == other.bcrypt_cost && other.is_wanted()
    }

    /// Computes all of them. A panic over one of them alone costs no other its result.
    pub(super) fn run_all(jobs: Vec<Self>, hasher: &DjangoHasher) -> Vec<Done> {
        let mut done = Vec::with_capacity(jobs.len());
        let mut begun = Vec::with_capacity(jobs.len());
        for job in jobs {
            match contained(|| job.begin(hasher)) {
                Some(Step::Done(settled)) => done.push(settled),
                Some(Step::Bcrypt(computation, asker)) => begun.push((computation, asker)),
                None => {}
            }
        }
        let computations: Vec<_> = begun.iter().map(|(computation, _)| computation).collect();
        let checksums = hasher.compute(&computations);
        done.extend(begun.into_iter().zip(&checksums).map(|((computation, asker), checksum)| match asker {
            Asker::OfHash(answer) => Done::Hash(Ok(computation.encoded(checksum)), answer),
            Asker::OfVerification(answer) => Done::Verify(Ok(computation.verification(checksum)), answer),
        }));
        done
    }

    fn begin(self, hasher: &DjangoHasher) -> Step {
        match self.task {
            Task::Hash(password, answer) => Step::Bcrypt(hasher.begin_hash(&password), Asker::OfHash(answer)),
            Task::Verify(password, stored, answer) => match hasher.begin_verify(&password, stored.as_ref()) {
                Ok(Begun::Bcrypt(computation)) => Step::Bcrypt(computation, Asker::OfVerification(answer)),
                Ok(Begun::Settled(verification)) => Step::Done(Done::Verify(Ok(verification), answer)),
                Err(error) => Step::Done(Done::Verify(Err(error), answer)),
            },
        }
    }

    pub(super) fn refuse(self, error: HashError) -> Done {
        match self.task {
            Task::Hash(_, answer) => Done::Hash(Err(error), answer),
            Task::Verify(_, _, answer) => Done::Verify(Err(error), answer),
        }
    }
}

/// A job that has begun.
enum Step {
    Done(Done),
    Bcrypt(Computation, Asker),
}

enum Asker {
    OfHash(Answer<PasswordHash>),
    OfVerification(Answer<Verification>),
}

/// A result that is not yet handed over; the plaintext is gone.
pub(super) enum Done {
    Hash(Result<PasswordHash, HashError>, Answer<PasswordHash>),
    Verify(Result<Verification, HashError>, Answer<Verification>),
}

impl Done {
    pub(super) fn send(self) {
        match self {
            Self::Hash(result, answer) => answer.send(result),
            Self::Verify(result, answer) => answer.send(result),
        }
    }
}
