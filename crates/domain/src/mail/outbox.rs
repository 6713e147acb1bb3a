use super::{LetterId, LetterKind};
use crate::identity::EmailAddress;
use crate::time::Timestamp;
use crate::user::UserId;

/// A letter as the outbox has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxEntry {
    /// Its name.
    pub id: LetterId,
    /// The account that it is about; it is deleted with that. `None` for one that outlives it.
    pub user: Option<UserId>,
    /// What kind it is.
    pub kind: LetterKind,
    /// Where it goes.
    pub to: EmailAddress,
    /// The letter, sealed; `None` once it was sent: what it held is needed no more.
    pub sealed: Option<Vec<u8>>,
    /// When it was written.
    pub written_at: Timestamp,
    /// When nobody needs it any more. It is not sent after that.
    pub expires_at: Timestamp,
    /// What became of it.
    pub state: LetterState,
    /// How often somebody began to deliver it.
    pub attempts: u32,
    /// When the next attempt is due, while it is queued.
    pub next_attempt_at: Timestamp,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
    /// When it was sent, kept or given up.
    pub settled_at: Option<Timestamp>,
}

/// What became of a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LetterState {
    /// It waits for its next attempt, or somebody delivers it now.
    Queued,
    /// Somebody else has it.
    Sent,
    /// It is here to be read, and goes nowhere.
    Kept,
    /// Nobody will take it.
    Failed,
}

impl LetterState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Queued, Self::Sent, Self::Kept, Self::Failed];

    /// Its name in a database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Kept => "kept",
            Self::Failed => "failed",
        }
    }

    /// From its name in a database.
    pub fn from_stored(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

/// What an attempt to deliver a letter came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// It was sent; its contents are forgotten.
    Sent,
    /// It stays to be read.
    Kept,
    /// There will be another attempt.
    PutOff {
        /// When.
        until: Timestamp,
        /// Why.
        error: String,
    },
    /// There will be none, unless an operator says so.
    Failed {
        /// Why.
        error: String,
    },
}
