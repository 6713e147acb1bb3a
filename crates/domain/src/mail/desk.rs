use super::{Envelopes, Letter, LetterId, LetterState, MailBucket, Message, OutboxEntry};
use crate::identity::EmailAddress;
use crate::one_time::{Code, OneTimeSecret, Purpose, SecretDigest, SecretDigests, SecretText, StoredCode};
use crate::random::Random;
use crate::store::{Held, StoreError, Transaction};
use crate::time::Timestamp;
use crate::user::{User, UserId};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// How long news is worth telling.
const NEWS: Duration = Duration::from_secs(7 * 24 * 3600);

/// Writes letters into units of work.
#[derive(Clone)]
pub struct Desk {
    envelopes: Arc<dyn Envelopes>,
    digests: Arc<dyn SecretDigests>,
    random: Arc<dyn Random>,
}

impl Desk {
    /// A desk with these envelopes, that draws ids and secrets from `random`.
    pub fn new(
        envelopes: Arc<dyn Envelopes>,
        digests: Arc<dyn SecretDigests>,
        random: Arc<dyn Random>,
    ) -> Self {
        Self { envelopes, digests, random }
    }

    /// Makes a one-time secret for the account, about `address`, and writes it there. False if the
    /// address has had letters enough ([`MailBucket`]): then the secret that it had stays good.
    ///
    /// # Errors
    /// The database failed.
    pub fn send_secret(
        &self,
        tx: &mut dyn Transaction,
        held: &Held,
        purpose: Purpose,
        address: &EmailAddress,
        now: Timestamp,
        message: impl FnOnce(SecretText, Code) -> Message,
    ) -> Result<bool, StoreError> {
        let (secret, code) = (SecretText::generate(&*self.random), Code::generate(&*self.random));
        let stored = OneTimeSecret {
            user: held.user.id,
            purpose,
            digest: first(&self.digests.of_secret(purpose, &secret))?,
            code: match purpose {
                // Whoever needs it has lost everything but an old mailbox.
                Purpose::UndoEmailChange => None,
                Purpose::VerifyEmail | Purpose::ResetPassword | Purpose::ChangeEmail => Some(StoredCode {
                    digest: first(&self.digests.of_code(purpose, held.user.id, &code))?,
                    expires_at: now.plus(Code::LIFETIME),
                }),
            },
            address: address.clone(),
            version: held.version,
            created_at: now,
            expires_at: now.plus(purpose.lifetime()),
        };
        let username = held.user.username.as_str();
        let is_posted = self.post(tx, Some(held.user.id), address, username, message(secret, code), now)?;
        if is_posted {
            tx.vault().put_secret(&stored)?;
        }
        Ok(is_posted)
    }

    /// Writes a letter to the account's address, if it has one; see [`Desk::post`].
    ///
    /// # Errors
    /// The database failed.
    pub fn tell(
        &self,
        tx: &mut dyn Transaction,
        user: &User,
        message: Message,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        match &user.email {
            Some(to) => self.post(tx, Some(user.id), to, user.username.as_str(), message, now),
            None => Ok(false),
        }
    }

    /// Writes a letter into the outbox: it is sent if the unit of work commits. False, and no letter,
    /// if its bucket is full ([`MailBucket`]).
    ///
    /// A letter is deleted with the account that it is about, `about`.
    ///
    /// # Errors
    /// The database failed.
    pub fn post(
        &self,
        tx: &mut dyn Transaction,
        about: Option<UserId>,
        to: &EmailAddress,
        username: &str,
        message: Message,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let kind = message.kind();
        if let Some(bucket) = MailBucket::of(kind, to) {
            let Some(mailings) = tx.mailroom().hold_mailings(&bucket)?.one_more(now) else {
                return Ok(false);
            };
            tx.mailroom().put_mailings(&bucket, &mailings)?;
        }
        let letter = Letter {
            id: LetterId::generate(&*self.random, now),
            to: to.clone(),
            username: username.to_owned(),
            expires_at: now.plus(lifetime(&message)),
            message,
            written_at: now,
        };
        tx.mailroom().post(&OutboxEntry {
            id: letter.id,
            user: about,
            kind,
            to: letter.to.clone(),
            sealed: Some(self.envelopes.close(&letter)),
            written_at: now,
            expires_at: letter.expires_at,
            state: LetterState::Queued,
            attempts: 0,
            next_attempt_at: now,
            last_error: None,
            settled_at: None,
        })?;
        Ok(true)
    }
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk").finish_non_exhaustive()
    }
}

fn first(digests: &[SecretDigest]) -> Result<SecretDigest, StoreError> {
    digests.first().copied().ok_or_else(|| StoreError::failed("a secret has no digest"))
}

/// For as long as its link works.
fn lifetime(message: &Message) -> Duration {
    match message {
        Message::VerifyEmail { .. } => Purpose::VerifyEmail.lifetime(),
        Message::ResetPassword { .. } => Purpose::ResetPassword.lifetime(),
        Message::ConfirmEmailChange { .. } => Purpose::ChangeEmail.lifetime(),
        Message::EmailChanged { .. } => Purpose::UndoEmailChange.lifetime(),
        Message::PasswordChanged { .. }
        | Message::TokenReused { .. }
        | Message::AddressTaken
        | Message::AccountDeleted
        | Message::Test => NEWS,
    }
}
