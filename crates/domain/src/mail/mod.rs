//! Letters: what accounts' owners are told by mail, and the ports that carry it.
//!
//! A letter is written into the outbox in the unit of work that it tells of ([`Desk::post`]), sealed,
//! since it holds a secret that opens an account. A worker sends it later
//! ([`Post`](crate::use_cases::Post)): no request waits for a mail server, and a letter is lost only
//! with the database.

mod desk;
mod limits;
mod outbox;

pub use desk::{Desk, Errand};
pub use limits::{Bound, MailBucket, Mailings};
pub use outbox::{LetterState, OutboxEntry, Settled};

use crate::identity::EmailAddress;
use crate::one_time::{Code, SecretText};
use crate::random::{Random, uuid_v7};
use crate::sealing::DoesNotOpen;
use crate::session::Client;
use crate::time::Timestamp;
use crate::user::Subject;
use std::fmt;
use std::pin::Pin;
use uuid::Uuid;

/// Names a letter. Not a secret; it is in the letter's `Message-ID`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LetterId(Uuid);

impl LetterId {
    /// A new, unique id.
    pub fn generate(random: &dyn Random, now: Timestamp) -> Self {
        Self(uuid_v7(random, now))
    }

    /// From its 16 bytes.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }

    /// Parses the hyphenated text form of a UUID, and no other form.
    pub fn parse(text: &str) -> Option<Self> {
        let uuid = Uuid::try_parse(text).ok()?;
        (text.len() == uuid::fmt::Hyphenated::LENGTH).then_some(Self(uuid))
    }

    /// Its 16 bytes.
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
}

impl fmt::Display for LetterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a letter tells, with what it needs for that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Prove that you read this address's mail.
    VerifyEmail {
        /// Of the link.
        secret: SecretText,
        /// The alternative to it.
        code: Code,
    },
    /// Set a new password.
    ResetPassword {
        /// Whose password it is.
        uid: Subject,
        /// Of the link.
        secret: SecretText,
        /// The alternative to it.
        code: Code,
    },
    /// Prove that you read this address's mail, and it becomes your account's.
    ConfirmEmailChange {
        /// Of the link.
        secret: SecretText,
        /// The alternative to it.
        code: Code,
    },
    /// Your account has another address now.
    EmailChanged {
        /// The other address.
        new: EmailAddress,
        /// Of the link that undoes it.
        undo: SecretText,
    },
    /// This address is no longer that of an account. It tells nothing else: who reads it was never known,
    /// or is not known any more.
    EmailRemoved,
    /// Your account has another password now.
    PasswordChanged {
        /// Who changed it; `None` for an operator.
        client: Option<Client>,
    },
    /// A refresh token of yours was used twice: somebody may have a copy. Its session was ended.
    TokenReused {
        /// Who presented it last.
        client: Client,
    },
    /// Somebody, perhaps you, wanted to register with your address.
    AddressTaken,
    /// Your account is gone.
    AccountDeleted,
    /// An operator tries whether mail arrives.
    Test,
}

/// What kind of letter it is: a [`Message`] without its contents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LetterKind {
    /// [`Message::VerifyEmail`].
    VerifyEmail,
    /// [`Message::ResetPassword`].
    ResetPassword,
    /// [`Message::ConfirmEmailChange`].
    ConfirmEmailChange,
    /// [`Message::EmailChanged`].
    EmailChanged,
    /// [`Message::EmailRemoved`].
    EmailRemoved,
    /// [`Message::PasswordChanged`].
    PasswordChanged,
    /// [`Message::TokenReused`].
    TokenReused,
    /// [`Message::AddressTaken`].
    AddressTaken,
    /// [`Message::AccountDeleted`].
    AccountDeleted,
    /// [`Message::Test`].
    Test,
}

impl LetterKind {
    /// Every kind.
    pub const ALL: [Self; 10] = [
        Self::VerifyEmail,
        Self::ResetPassword,
        Self::ConfirmEmailChange,
        Self::EmailChanged,
        Self::EmailRemoved,
        Self::PasswordChanged,
        Self::TokenReused,
        Self::AddressTaken,
        Self::AccountDeleted,
        Self::Test,
    ];

    /// Its name: in a database, and of its templates.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify_email",
            Self::ResetPassword => "reset_password",
            Self::ConfirmEmailChange => "confirm_email_change",
            Self::EmailChanged => "email_changed",
            Self::EmailRemoved => "email_removed",
            Self::PasswordChanged => "password_changed",
            Self::TokenReused => "token_reused",
            Self::AddressTaken => "address_taken",
            Self::AccountDeleted => "account_deleted",
            Self::Test => "test",
        }
    }

    /// From its name in a database.
    pub fn from_stored(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

impl Message {
    /// Its kind.
    pub const fn kind(&self) -> LetterKind {
        match self {
            Self::VerifyEmail { .. } => LetterKind::VerifyEmail,
            Self::ResetPassword { .. } => LetterKind::ResetPassword,
            Self::ConfirmEmailChange { .. } => LetterKind::ConfirmEmailChange,
            Self::EmailChanged { .. } => LetterKind::EmailChanged,
            Self::EmailRemoved => LetterKind::EmailRemoved,
            Self::PasswordChanged { .. } => LetterKind::PasswordChanged,
            Self::TokenReused { .. } => LetterKind::TokenReused,
            Self::AddressTaken => LetterKind::AddressTaken,
            Self::AccountDeleted => LetterKind::AccountDeleted,
            Self::Test => LetterKind::Test,
        }
    }
}

/// A letter to one address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Its name.
    pub id: LetterId,
    /// The one address that it goes to.
    pub to: EmailAddress,
    /// How its reader is called; empty where it is not known whose the address is.
    pub username: String,
    /// What it tells.
    pub message: Message,
    /// When what it tells of happened.
    pub written_at: Timestamp,
    /// When nobody needs it any more: its link is over, or its news is old.
    pub expires_at: Timestamp,
}

/// Makes of a letter what is stored, and back. An implementation MUST seal what it makes
/// ([`Sealer`](crate::sealing::Sealer)), bound to the letter's id.
pub trait Envelopes: Send + Sync {
    /// Seals a letter.
    fn close(&self, letter: &Letter) -> Vec<u8>;
    /// Opens what [`Envelopes::close`] made for the letter of that id.
    ///
    /// # Errors
    /// [`DoesNotOpen`], for whatever reason.
    fn open(&self, id: LetterId, sealed: &[u8]) -> Result<Letter, DoesNotOpen>;
}

/// How a letter was delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivered {
    /// Somebody else has it now: a mail server, or a folder.
    Sent,
    /// It stays in the outbox, where a developer reads it.
    Kept,
}

/// Why a letter was not delivered. The texts are for an operator, and hold nothing of the letter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryError {
    /// It may be later: the mail server is away, or asks for patience.
    #[error("{0}")]
    Later(String),
    /// Nobody will ever take it: there is no such mailbox, or the letter cannot be written.
    #[error("{0}")]
    Never(String),
}

/// Resolves when a letter was delivered or not.
pub type Delivery = Pin<Box<dyn Future<Output = Result<Delivered, DeliveryError>> + Send>>;

/// A letter as people see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownLetter {
    /// Who it is from, as in `Doorward <no-reply@example.org>`.
    pub from: String,
    /// What it is about.
    pub subject: String,
    /// It, as plain text.
    pub text: String,
    /// It, as HTML.
    pub html: String,
    /// The link that it has, if any.
    pub link: Option<String>,
}

/// Delivers letters. An implementation MUST answer or give up within the time that it is given at
/// its making, MUST deliver to [`Letter::to`] alone, and MUST name the letter by its id, so that a
/// receiver can tell a second delivery of the same one.
pub trait Courier: Send + Sync {
    /// Delivers a letter.
    fn deliver(&self, letter: &Letter) -> Delivery;
    /// Writes a letter out, as it would be delivered.
    ///
    /// # Errors
    /// What is wrong with its template.
    fn show(&self, letter: &Letter) -> Result<ShownLetter, DeliveryError>;
}

/// That somebody asked for a letter to an address. Whether there is an account is looked up later, by
/// the worker: the request itself takes the same time for a stranger's address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailRequest {
    /// What it is to be: only [`RequestedLetter`]s can be asked for.
    pub what: RequestedLetter,
    /// The address as it was typed, parsed.
    pub address: EmailAddress,
    /// When.
    pub asked_at: Timestamp,
}

/// What can be asked for by somebody who has nothing but an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestedLetter {
    /// [`Message::ResetPassword`].
    ResetPassword,
    /// [`Message::VerifyEmail`], once more.
    VerifyEmail,
}

impl RequestedLetter {
    /// Its name in a database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ResetPassword => "reset_password",
            Self::VerifyEmail => "verify_email",
        }
    }

    /// From its name in a database.
    pub fn from_stored(name: &str) -> Option<Self> {
        [Self::ResetPassword, Self::VerifyEmail].into_iter().find(|what| what.as_str() == name)
    }
}
