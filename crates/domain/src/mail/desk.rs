use super::{Bound, Envelopes, Letter, LetterId, LetterState, MailBucket, Message, OutboxEntry};
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

/// A one-time secret that is to be made and sent.
#[derive(Debug, Clone, Copy)]
pub struct Errand<'a> {
    /// Whose it is.
    pub held: &'a Held,
    /// What it does.
    pub purpose: Purpose,
    /// What it is about, and where it goes.
    pub address: &'a EmailAddress,
    /// The account that its letter is about, in what an owner is told of it.
    pub about: Option<UserId>,
    /// What keeps the mailbox from being flooded.
    pub bound: Bound,
}

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

    /// Makes a one-time secret and writes it to its address. False if the address has had letters enough
    /// ([`Bound`]): then there is no letter, and the secret that there was stays good, unless it is about
    /// another address.
    ///
    /// # Errors
    /// The database failed.
    pub fn send_secret(
        &self,
        tx: &mut dyn Transaction,
        errand: &Errand<'_>,
        now: Timestamp,
        message: impl FnOnce(SecretText, Code) -> Message,
    ) -> Result<bool, StoreError> {
        let Errand { held, purpose, address, about, bound } = *errand;
        let (stored, secret, code) = self.make_secret(errand, now)?;
        let username = held.user.username.as_str();
        let is_posted = self.post(tx, about, (address, username), message(secret, code), bound, now)?;
        if is_posted || purpose == Purpose::ChangeEmail {
            tx.vault().put_secret(&stored)?;
        }
        Ok(is_posted)
    }

    /// Stores a secret that nobody is told, as [`Desk::send_secret`] would store one.
    ///
    /// # Errors
    /// The database failed.
    pub fn withhold_secret(
        &self,
        tx: &mut dyn Transaction,
        errand: &Errand<'_>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        tx.vault().put_secret(&self.make_secret(errand, now)?.0)
    }

    /// Warns the account's owner at its address, if it has one. Where the address was never proven to be
    /// the owner's, the letter counts as what anybody can cause ([`Bound`]).
    ///
    /// # Errors
    /// The database failed.
    pub fn warn(
        &self,
        tx: &mut dyn Transaction,
        user: &User,
        message: Message,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        match &user.email {
            Some(to) => self.warn_at(tx, (Some(user.id), user), to, message, now),
            None => Ok(false),
        }
    }

    /// As [`Desk::warn`], at another address than the account's, or with a letter that outlives the account:
    /// it is `about` another one, or none.
    ///
    /// # Errors
    /// The database failed.
    pub fn warn_at(
        &self,
        tx: &mut dyn Transaction,
        (about, user): (Option<UserId>, &User),
        to: &EmailAddress,
        message: Message,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        // A stranger's mailbox is not to be told a name that somebody chose for it.
        let (bound, username) = if user.has_proven_address() {
            (Bound::Notice(user.id), user.username.as_str())
        } else {
            (Bound::Asked, "")
        };
        self.post(tx, about, (to, username), message, bound, now)
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
        (to, username): (&EmailAddress, &str),
        message: Message,
        bound: Bound,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let kind = message.kind();
        if let Some(bucket) = MailBucket::of(bound, kind, to) {
            let mailings = tx.mailroom().hold_mailings(&bucket)?;
            let Some(mailings) = mailings.one_more(kind, bound, now) else { return Ok(false) };
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

    fn make_secret(
        &self,
        errand: &Errand<'_>,
        now: Timestamp,
    ) -> Result<(OneTimeSecret, SecretText, Code), StoreError> {
        let Errand { held, purpose, address, .. } = *errand;
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
        Ok((stored, secret, code))
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
        | Message::EmailRemoved
        | Message::TokenReused { .. }
        | Message::AddressTaken
        | Message::AccountDeleted
        | Message::Test => NEWS,
    }
}
