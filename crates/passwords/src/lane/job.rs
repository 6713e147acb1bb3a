//! What waits in the queue.

use super::oneshot::Sender;
use crate::hasher::DjangoHasher;
use doorward_domain::hashing::{HashError, Verification};
use doorward_domain::password::{Password, PasswordHash};
use doorward_domain::time::Timestamp;

/// A computation, since when it waits, and where its result goes. Dropped without a result, it
/// answers [`HashError::Failed`].
pub(super) struct Job {
    task: Task,
    pub(super) queued_at: Timestamp,
}

type Answer<T> = Sender<Result<T, HashError>>;

enum Task {
    Hash(Password, Answer<PasswordHash>),
    Verify(Password, Option<PasswordHash>, Answer<Verification>),
}

impl Job {
    pub(super) fn hash(password: Password, answer: Answer<PasswordHash>, now: Timestamp) -> Self {
        Self { task: Task::Hash(password, answer), queued_at: now }
    }

    pub(super) fn verify(
        password: Password,
        hash: Option<PasswordHash>,
        answer: Answer<Verification>,
        now: Timestamp,
    ) -> Self {
        Self { task: Task::Verify(password, hash, answer), queued_at: now }
    }

    /// Whether the one who asked still waits.
    pub(super) fn is_wanted(&self) -> bool {
        match &self.task {
            Task::Hash(_, answer) => !answer.is_abandoned(),
            Task::Verify(_, _, answer) => !answer.is_abandoned(),
        }
    }

    pub(super) fn run(self, hasher: &DjangoHasher) -> Done {
        match self.task {
            Task::Hash(password, answer) => Done::Hash(hasher.hash(&password), answer),
            Task::Verify(password, hash, answer) => {
                Done::Verify(hasher.verify(&password, hash.as_ref()), answer)
            }
        }
    }

    pub(super) fn refuse(self, error: HashError) -> Done {
        match self.task {
            Task::Hash(_, answer) => Done::Hash(Err(error), answer),
            Task::Verify(_, _, answer) => Done::Verify(Err(error), answer),
        }
    }
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
