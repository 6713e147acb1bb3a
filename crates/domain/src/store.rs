//! The port to the database: units of work that say how they end.
//!
//! A *step* is a plain function over a [`Transaction`] that answers with a [`Verdict`]: commit and
//! answer this, or roll back and answer that. It never waits and knows no database. The [`Store`]
//! runs steps as jobs, wherever it likes (SQLite's one writer batches them), and releases the
//! answer only when the commit is durable.
//!
//! ```
//! use doorward_domain::store::{Store, Transaction, Verdict};
//! use doorward_domain::testing::{MemoryStore, block_on};
//!
//! let store: &dyn Store = &MemoryStore::new();
//! let first = block_on(store.transact(|tx| {
//!     let version = tx.key_ring_version()?;
//!     Ok(if tx.advance_key_ring(version)? { Verdict::Commit(version) } else { Verdict::RollBack(version) })
//! }));
//! assert_eq!(first.unwrap(), 0);
//! assert_eq!(block_on(store.query(|db| db.key_ring_version())).unwrap(), 1);
//! ```

use crate::identity::{CanonicalName, EmailAddress};
use crate::keys::{KeyId, KeyRecord};
use crate::mail::{LetterId, LetterState, MailBucket, MailRequest, Mailings, OutboxEntry, Settled};
use crate::one_time::{Attempts, OneTimeSecret, Purpose, SecretDigest};
use crate::password::PasswordHash;
use crate::sealing::Fingerprint;
use crate::session::{End, Rotation, Session, SessionId};
use crate::standing::{ChangeNumber, Changes, SignedIn, Standing};
use crate::takeover::{
    AccountRecord, Amendment, ForeignKey, ForeignToken, ForeignTokenId, Group, ImportRecord, ImportedAccount,
    NameOwner,
};
use crate::time::Timestamp;
use crate::user::{Credential, CredentialVersion, FullName, NewUser, Profile, Subject, User, UserId};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

/// The database did not do what it was asked: it is away, full, or broken. Never "not found".
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// It cannot be reached, is overloaded, or refuses writes; the same request may succeed later.
    #[error("the database is unavailable: {0}")]
    Unavailable(Arc<str>),
    /// The unit of work met another one and lost; the store MUST run the job again itself, a
    /// bounded number of times, before a caller sees this.
    #[error("the database asks to try again: {0}")]
    Conflict(Arc<str>),
    /// Anything else: a bug, or a damaged database.
    #[error("the database failed: {0}")]
    Failed(Arc<str>),
}

#[expect(clippy::needless_pass_by_value, reason = "so that `map_err(StoreError::failed)` can be written")]
impl StoreError {
    /// The database is away.
    pub fn unavailable(cause: impl ToString) -> Self {
        Self::Unavailable(cause.to_string().into())
    }

    /// The database failed.
    pub fn failed(cause: impl ToString) -> Self {
        Self::Failed(cause.to_string().into())
    }
}

/// Which of a new account's names belongs to somebody else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// The username.
    Username,
    /// The e-mail address.
    Email,
}

/// Look-ups. Absence is `Ok(None)`; an `Err` is a failure of the database.
pub trait Lookup {
    /// The account of that number.
    fn user(&mut self, id: UserId) -> Result<Option<User>, StoreError>;
    /// The account of that number, as its owner is shown it.
    fn profile(&mut self, id: UserId) -> Result<Option<Profile>, StoreError>;
    /// The account that logs in with `name`, be it its username or its e-mail address.
    fn user_by_login_name(&mut self, name: &CanonicalName) -> Result<Option<User>, StoreError>;
    /// What a login with `name` is checked against.
    fn credential(&mut self, name: &CanonicalName) -> Result<Option<Credential>, StoreError>;
    /// The session of that id, ended or not, with its account.
    fn session(&mut self, id: SessionId) -> Result<Option<(Session, User)>, StoreError>;
    /// What a token of the account `user` stands on, if there is such an account.
    fn standing(&mut self, user: UserId, session: Option<SessionId>) -> Result<Option<Standing>, StoreError>;
    /// The accounts with the next lower numbers below `before`, at most `limit`, the highest first, each
    /// with its sessions that are live at `now`.
    fn signed_in_before(
        &mut self,
        before: UserId,
        limit: u32,
        now: Timestamp,
    ) -> Result<Vec<SignedIn>, StoreError>;
    /// What changed about accounts' standing after the change `seen`.
    fn changes_since(&mut self, seen: ChangeNumber) -> Result<Changes, StoreError>;
    /// The account's sessions that are live at `now`, the last used first.
    fn live_sessions(&mut self, user: UserId, now: Timestamp) -> Result<Vec<Session>, StoreError>;
    /// Every signing key, the first made first.
    fn keys(&mut self) -> Result<Vec<KeyRecord>, StoreError>;
    /// A number that grows by one with every change to the keys; 0 in a new database.
    fn key_ring_version(&mut self) -> Result<i64, StoreError>;
    /// The fingerprint of the root secret that the database is sealed under.
    fn root_fingerprint(&mut self) -> Result<Option<Fingerprint>, StoreError>;

    /// The number of the account with that subject.
    fn account_of(&mut self, subject: &Subject) -> Result<Option<UserId>, StoreError>;
    /// What is known of another system's refresh token.
    fn foreign_token(&mut self, id: &ForeignTokenId) -> Result<Option<ForeignToken>, StoreError>;
    /// Everything about the accounts with the next higher numbers after `after`, at most `limit`, in
    /// order.
    fn accounts_after(&mut self, after: UserId, limit: u32) -> Result<Vec<AccountRecord>, StoreError>;
    /// Every group, in the order of their numbers.
    fn groups(&mut self) -> Result<Vec<Group>, StoreError>;

    /// All of the account's sessions that are stored, over or not, the last used first.
    fn sessions(&mut self, user: UserId) -> Result<Vec<Session>, StoreError>;
    /// The secret for that purpose with one of these digests, be it expired.
    fn one_time_secret(
        &mut self,
        purpose: Purpose,
        digests: &[SecretDigest],
    ) -> Result<Option<OneTimeSecret>, StoreError>;
    /// The account's secrets, be they expired, in the order of their making.
    fn one_time_secrets(&mut self, user: UserId) -> Result<Vec<OneTimeSecret>, StoreError>;
    /// Whose address this was and can still become again: who has a secret that undoes a change of it
    /// ([`Purpose::UndoEmailChange`]) and that has not expired at `now`.
    fn reserved_for(&mut self, address: &CanonicalName, now: Timestamp)
    -> Result<Option<UserId>, StoreError>;
    /// The letters that `filter` lets through, the last written first, at most `limit`.
    fn letters(&mut self, filter: LetterFilter, limit: u32) -> Result<Vec<OutboxEntry>, StoreError>;
    /// The letter of that id.
    fn letter(&mut self, id: LetterId) -> Result<Option<OutboxEntry>, StoreError>;
    /// Whether a request is there, and whether a letter is due ([`Mailroom::claim`]).
    fn mail_due(&mut self, now: Timestamp) -> Result<MailDue, StoreError>;
}

/// Which letters to look at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LetterFilter {
    /// Those in this state; all if `None`.
    pub state: Option<LetterState>,
    /// Those about this account; all if `None`.
    pub user: Option<UserId>,
}

/// What there is to do with mail.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MailDue {
    /// Somebody asked for a letter.
    pub request: bool,
    /// A letter waits to be sent.
    pub letter: bool,
}

/// An account that nobody else changes until the unit of work ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The account.
    pub user: User,
    /// The version of its password.
    pub version: CredentialVersion,
}

/// What a sweep came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Swept {
    /// How many it deleted.
    pub deleted: u64,
    /// Whether it stopped at its limit, so that there may be more to delete, even if it deleted none.
    pub has_more: bool,
}

/// A unit of work. Writes that race are *guarded*: they say in one statement what must still be
/// true, and tell whether it was. Two units of work that race for one guard MUST NOT both win.
///
/// What changes an account's [`Standing`] MUST be numbered with the commit, in the order of the
/// commits ([`ChangeNumber`]): `set_password`, `invalidate_tokens`, `set_active`, `set_full_name`,
/// `set_email`, `verify_email`, `delete_user`, `end_session`, `end_sessions`, [`Archive::amend`],
/// [`Archive::replace_password`], each where it found its row.
pub trait Transaction: Lookup {
    /// Stores an account and gives it its number. No login name (a username or an address) may
    /// belong to two accounts. After `Taken` the caller MUST roll back.
    fn insert_user(&mut self, user: &NewUser) -> Result<Result<User, Taken>, StoreError>;
    /// The account, which no other unit of work changes until this one ends: what is decided about it
    /// holds when it is written.
    fn hold(&mut self, id: UserId) -> Result<Option<Held>, StoreError>;
    /// Records a login, if the account is active and its credential is still of `version`.
    /// Until the unit of work ends, no other one changes the account's credential or activity.
    fn record_login(
        &mut self,
        id: UserId,
        version: CredentialVersion,
        now: Timestamp,
    ) -> Result<bool, StoreError>;
    /// Puts another hash of the same password in place of `old`, if that is still stored. The
    /// credential's version stays.
    fn replace_hash(
        &mut self,
        id: UserId,
        old: &PasswordHash,
        new: &PasswordHash,
    ) -> Result<bool, StoreError>;
    /// Stores the hash of a new password, advances the credential's version and refuses tokens
    /// from before `now`. False if there is no such account.
    fn set_password(&mut self, id: UserId, hash: &PasswordHash, now: Timestamp) -> Result<bool, StoreError>;
    /// Refuses the account's session-less tokens from before `now`. False if there is none.
    fn invalidate_tokens(&mut self, id: UserId, now: Timestamp) -> Result<bool, StoreError>;
    /// Activates or deactivates an account. False if there is no such account.
    fn set_active(&mut self, id: UserId, is_active: bool) -> Result<bool, StoreError>;
    /// Changes an account's full name. False if there is no such account.
    fn set_full_name(&mut self, id: UserId, full_name: &FullName) -> Result<bool, StoreError>;
    /// Gives an account another address, which logs in from then on, and which is verified; the one
    /// before is free. False if there is no such account. After `Taken` the caller MUST roll back.
    fn set_email(
        &mut self,
        id: UserId,
        address: &EmailAddress,
        verified_at: Timestamp,
    ) -> Result<Result<bool, Taken>, StoreError>;
    /// Marks the address of an account as verified at `at`, if it is `address`, exactly.
    fn verify_email(&mut self, id: UserId, address: &EmailAddress, at: Timestamp)
    -> Result<bool, StoreError>;
    /// Deletes an account with its sessions, its one-time secrets, the letters about it and everything
    /// else that is stored of it, but for its [`ImportRecord`]; its number is not used again. False if
    /// there is none.
    fn delete_user(&mut self, id: UserId) -> Result<bool, StoreError>;

    /// Stores a new session.
    fn insert_session(&mut self, session: &Session) -> Result<(), StoreError>;
    /// Rotates, with one statement, a session of the active account `user` that has neither ended nor
    /// expired and whose generation is still `rotation.from`; answers the session as it then is. It
    /// expires at `rotation.expires_at`, but at the session's own end at the latest.
    fn rotate_session(
        &mut self,
        user: UserId,
        id: SessionId,
        rotation: &Rotation,
    ) -> Result<Option<Session>, StoreError>;
    /// Ends a session of the account `user` that has not ended.
    fn end_session(&mut self, user: UserId, id: SessionId, end: End) -> Result<bool, StoreError>;
    /// Ends every session of an account that has not ended, but for `except`, and tells how many those
    /// were.
    fn end_sessions(&mut self, user: UserId, except: Option<SessionId>, end: End) -> Result<u64, StoreError>;
    /// Looks at no more than `limit` sessions that may be due, and deletes those whose refresh token
    /// expired before `before`. Called again while it has more, it MUST come to an end, and no such
    /// session is left then but one that another unit of work has.
    fn sweep_sessions(&mut self, before: Timestamp, limit: u32) -> Result<Swept, StoreError>;

    /// The accounts whose standing this unit of work has changed so far.
    fn changed_accounts(&self) -> &[UserId];
    /// Deletes changes that are older than the last `keep`, and tells how many those were.
    fn sweep_changes(&mut self, keep: u32) -> Result<u64, StoreError>;

    /// Stores a new key, or other times and other sealed material for one that is there.
    fn put_key(&mut self, key: &KeyRecord) -> Result<(), StoreError>;
    /// Deletes a key. False if there is none.
    fn delete_key(&mut self, id: &KeyId) -> Result<bool, StoreError>;
    /// Advances the key ring's version, if it is still `from`. Whoever changes a key MUST win this
    /// first, so that changes come one after another and followers see each of them.
    fn advance_key_ring(&mut self, from: i64) -> Result<bool, StoreError>;
    /// Records the root secret's fingerprint, if the one on record is still `from`.
    fn set_root_fingerprint(
        &mut self,
        from: Option<&Fingerprint>,
        to: &Fingerprint,
    ) -> Result<bool, StoreError>;

    /// Marks another system's refresh token as `token.spent` says, unless it was marked before; whether
    /// it is known or not.
    fn spend_foreign_token(&mut self, token: &ForeignToken) -> Result<bool, StoreError>;
    /// Deletes at most `limit` of other systems' tokens that expired before `before`, and tells how
    /// many those were.
    fn sweep_foreign_tokens(&mut self, before: Timestamp, limit: u32) -> Result<u64, StoreError>;
    /// Accounts in bulk, within this unit of work.
    fn archive(&mut self) -> &mut dyn Archive;
    /// One-time secrets, likewise.
    fn vault(&mut self) -> &mut dyn Vault;
    /// Letters, likewise.
    fn mailroom(&mut self) -> &mut dyn Mailroom;
}

/// One-time secrets, within a unit of work.
pub trait Vault {
    /// Stores a secret in place of the one that the account has for the same purpose. Those that undo a
    /// change of address ([`Purpose::UndoEmailChange`]) stand beside one another, one for each address.
    fn put_secret(&mut self, secret: &OneTimeSecret) -> Result<(), StoreError>;
    /// Takes the secret of that account, purpose and digest away: of those who race for it, one is
    /// answered it. Whether it still works is for the caller to judge, who rolls back if not.
    fn take_secret(
        &mut self,
        user: UserId,
        purpose: Purpose,
        digest: &SecretDigest,
    ) -> Result<Option<OneTimeSecret>, StoreError>;
    /// Deletes the account's secrets, but not those that undo a change of address.
    fn drop_secrets(&mut self, user: UserId) -> Result<(), StoreError>;
    /// Deletes the account's secrets that undo a change of address and were made at `since` or later.
    fn drop_undo_secrets(&mut self, user: UserId, since: Timestamp) -> Result<(), StoreError>;
    /// The tries of codes for that purpose and address, be there such an account or not. Until the unit
    /// of work ends, no other one gets past this for the same two.
    fn hold_attempts(
        &mut self,
        purpose: Purpose,
        address: &CanonicalName,
    ) -> Result<Option<Attempts>, StoreError>;
    /// Stores the tries, after [`Vault::hold_attempts`].
    fn put_attempts(
        &mut self,
        purpose: Purpose,
        address: &CanonicalName,
        attempts: Attempts,
    ) -> Result<(), StoreError>;
    /// Deletes secrets that expired before `before` and tries that were last counted before it, at most
    /// `limit` of each, and tells how many those were.
    fn sweep_secrets(&mut self, before: Timestamp, limit: u32) -> Result<u64, StoreError>;
}

/// Letters and the requests for them, within a unit of work.
pub trait Mailroom {
    /// Notes that somebody asked for a letter.
    fn ask(&mut self, request: &MailRequest) -> Result<(), StoreError>;
    /// Takes the oldest request away: of those who race for it, one is answered it.
    fn take_request(&mut self) -> Result<Option<MailRequest>, StoreError>;
    /// When letters of that bucket were written. Until the unit of work ends, no other one gets past
    /// this for the same bucket.
    fn hold_mailings(&mut self, bucket: &MailBucket) -> Result<Mailings, StoreError>;
    /// Stores when letters of that bucket were written, after [`Mailroom::hold_mailings`]. There is
    /// one at least.
    fn put_mailings(&mut self, bucket: &MailBucket, mailings: &Mailings) -> Result<(), StoreError>;
    /// Stores a letter.
    fn post(&mut self, letter: &OutboxEntry) -> Result<(), StoreError>;
    /// Of the letters that are queued, not expired at `now` and due by then, the one that has been due
    /// for longest: its next attempt is at `until`, and it has one attempt more. Of those who race for
    /// a letter, one is answered it.
    fn claim(&mut self, now: Timestamp, until: Timestamp) -> Result<Option<OutboxEntry>, StoreError>;
    /// Records what the attempt of that number came to, at `now`. False, and nothing happens, if the
    /// letter is not queued any more or another attempt has begun.
    fn settle(
        &mut self,
        id: LetterId,
        attempt: u32,
        settled: &Settled,
        now: Timestamp,
    ) -> Result<bool, StoreError>;
    /// Queues a letter that failed, or that waits for its next attempt, to be sent at `now`. False if
    /// there is no such letter, or if it was sent or kept.
    fn requeue(&mut self, id: LetterId, now: Timestamp) -> Result<bool, StoreError>;
    /// Deletes letters that expired before `before`, and buckets whose last letter was written before
    /// it, at most `limit` of each, and tells how many those were.
    fn sweep_mail(&mut self, before: Timestamp, limit: u32) -> Result<u64, StoreError>;
}

/// What an import needs of a unit of work: many accounts with few statements.
pub trait Archive {
    /// The records of the accounts that came in under these keys, in any order.
    fn imports(&mut self, keys: &[ForeignKey]) -> Result<Vec<ImportRecord>, StoreError>;
    /// The records under the next keys after `after`, at most `limit`, in the order of the keys:
    /// numbers first.
    fn imports_after(
        &mut self,
        after: Option<&ForeignKey>,
        limit: u32,
    ) -> Result<Vec<ImportRecord>, StoreError>;
    /// Everything about these accounts, in any order; those that are not there are left out. Until the
    /// unit of work ends, no other one changes them: what is decided about them holds when it is written.
    fn accounts(&mut self, ids: &[UserId]) -> Result<Vec<AccountRecord>, StoreError>;
    /// Who has these login names, in any order; those that are free are left out.
    fn owners(&mut self, names: &[CanonicalName]) -> Result<Vec<NameOwner>, StoreError>;
    /// Those of the subjects that belong to accounts, in any order.
    fn subjects(&mut self, subjects: &[Subject]) -> Result<Vec<Subject>, StoreError>;
    /// Stores accounts with their login names and records. The caller has made sure that every name,
    /// number and subject is free; where somebody was faster, this is [`StoreError::Conflict`].
    /// Numbers that the database draws later are higher than all that were given.
    fn insert_accounts(&mut self, accounts: &[ImportedAccount]) -> Result<(), StoreError>;
    /// Stores records, or replaces those under the same keys.
    fn put_imports(&mut self, records: &[ImportRecord]) -> Result<(), StoreError>;
    /// Changes an account and its login names. The caller has made sure that the names are free, as
    /// with [`Archive::insert_accounts`]. False if there is no such account. It changes the account's
    /// [`Standing`].
    fn amend(&mut self, id: UserId, amendment: &Amendment) -> Result<bool, StoreError>;
    /// Stores the hash of a password that was changed in the system that the account comes from, and
    /// advances the credential's version. Which tokens are refused stays as it is: those that the other
    /// system issued are still honoured there. False if there is no such account. It counts as a change
    /// of the account's [`Standing`].
    fn replace_password(&mut self, id: UserId, hash: &PasswordHash) -> Result<bool, StoreError>;
    /// Stores groups in place of those that have one of the names or one of the numbers: a group that
    /// was renamed keeps its number.
    fn put_groups(&mut self, groups: &[Group]) -> Result<(), StoreError>;
    /// Notes other systems' tokens. One that is marked as spent stays so.
    fn note_foreign_tokens(&mut self, tokens: &[ForeignToken]) -> Result<(), StoreError>;
}

/// How a unit of work ends, and what it answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict<T> {
    /// Make its writes durable, then answer.
    Commit(T),
    /// Undo its writes, then answer.
    RollBack(T),
}

/// How a job ends: a [`Verdict`] whose answer is kept elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Make its writes durable.
    Commit,
    /// Undo its writes.
    RollBack,
}

/// A step as a store takes it. It may be run again from the start after a rollback; an error rolls
/// back.
pub type WriteJob = Box<dyn FnMut(&mut dyn Transaction) -> Result<Ending, StoreError> + Send>;

/// A look-up as a store takes it.
pub type ReadJob = Box<dyn FnMut(&mut dyn Lookup) -> Result<(), StoreError> + Send>;

/// Resolves when a job has ended.
pub type Done = Pin<Box<dyn Future<Output = Result<(), StoreError>> + Send>>;

/// Resolves with a rotated session, or without one where a guard refused it.
pub type Rotated = Pin<Box<dyn Future<Output = Result<Option<Session>, StoreError>> + Send>>;

/// Resolves with what a token stands on, if there is such an account.
pub type Found = Pin<Box<dyn Future<Output = Result<Option<Standing>, StoreError>> + Send>>;

/// Runs jobs on a database. Adapters: memory, SQLite, PostgreSQL; all pass
/// [`store_contract`](crate::testing::store_contract).
///
/// An implementation MUST run a write job in one transaction, resolve `Ok` only when its commit is
/// durable, and run a job to its end once it has begun, even if nobody waits for it any more. It
/// MUST NOT block the thread that calls it, but for a glance.
pub trait Store: Send + Sync {
    /// Runs a unit of work.
    fn run_write(&self, job: WriteJob) -> Done;
    /// [`Transaction::rotate_session`] as a unit of work of its own. It is what a busy installation
    /// does most and waits for longest, and being one statement it needs no trips to begin and to
    /// commit.
    fn rotate(&self, user: UserId, id: SessionId, rotation: Rotation) -> Rotated;
    /// [`Lookup::standing`] from memory, if this store has one and it knows: as things are if they
    /// were last changed through this store, and else as they were at most a second ago. A session
    /// that is remembered to have expired by `now` is not known: a rotation may have moved its end.
    fn remembered(&self, user: UserId, session: Option<SessionId>, now: Timestamp) -> Option<Standing>;
    /// Runs a look-up that sees every write that was answered before it was handed in.
    fn run_read(&self, job: ReadJob) -> Done;
    /// Runs a look-up that finds a row or two by their keys, as [`Store::run_read`] does. A store that
    /// has them at hand may do it on the thread that calls, if it keeps that from being held up time
    /// and again: for so little, going to another thread and back is most of the wait.
    fn run_glance(&self, job: ReadJob) -> Done {
        self.run_read(job)
    }
    /// [`Lookup::standing`] as a look-up of its own, at a glance. It is what the first request with a
    /// token waits for, so a store may have a shorter way for it than for any other look-up.
    fn find_standing(&self, user: UserId, session: Option<SessionId>) -> Found {
        standing_by_job(user, session, |job| self.run_glance(job))
    }
    /// Whether the database answers and has exactly the schema that this program expects.
    fn health(&self) -> Done;
}

impl dyn Store + '_ {
    /// Runs a step as one unit of work and answers what its verdict says.
    ///
    /// # Errors
    /// The database failed; nothing of the step happened, or (rarely, where a connection broke
    /// while it committed) nobody can know.
    pub async fn transact<T, F>(&self, mut step: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnMut(&mut dyn Transaction) -> Result<Verdict<T>, StoreError> + Send + 'static,
    {
        let answer = Answer::default();
        let slot = answer.clone();
        let job = move |tx: &mut dyn Transaction| {
            let (ending, value) = match step(tx)? {
                Verdict::Commit(value) => (Ending::Commit, value),
                Verdict::RollBack(value) => (Ending::RollBack, value),
            };
            slot.put(value);
            Ok(ending)
        };
        answer.after(self.run_write(Box::new(job))).await
    }

    /// What a token stands on, from memory or from the database.
    ///
    /// # Errors
    /// The database failed.
    pub async fn standing(
        &self,
        user: UserId,
        session: Option<SessionId>,
        now: Timestamp,
    ) -> Result<Option<Standing>, StoreError> {
        match self.remembered(user, session, now) {
            Some(standing) => Ok(Some(standing)),
            None => self.find_standing(user, session).await,
        }
    }

    /// Runs a look-up.
    ///
    /// # Errors
    /// The database failed.
    pub async fn query<T, F>(&self, look: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnMut(&mut dyn Lookup) -> Result<T, StoreError> + Send + 'static,
    {
        let (job, answer) = job_of(look);
        answer.after(self.run_read(job)).await
    }

    /// Runs a look-up that finds a row or two by their keys ([`Store::run_glance`]).
    ///
    /// # Errors
    /// The database failed.
    pub async fn glance<T, F>(&self, look: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnMut(&mut dyn Lookup) -> Result<T, StoreError> + Send + 'static,
    {
        let (job, answer) = job_of(look);
        answer.after(self.run_glance(job)).await
    }
}

/// [`Store::find_standing`] by an ordinary look-up, which `run` runs.
pub fn standing_by_job(user: UserId, session: Option<SessionId>, run: impl FnOnce(ReadJob) -> Done) -> Found {
    let (job, answer) = job_of(move |db| db.standing(user, session));
    Box::pin(answer.after(run(job)))
}

/// A look-up as a job, and where its answer will be.
fn job_of<T, F>(mut look: F) -> (ReadJob, Answer<T>)
where
    T: Send + 'static,
    F: FnMut(&mut dyn Lookup) -> Result<T, StoreError> + Send + 'static,
{
    let answer = Answer::default();
    let slot = answer.clone();
    let job = move |db: &mut dyn Lookup| {
        slot.put(look(db)?);
        Ok(())
    };
    (Box::new(job), answer)
}

/// Carries a job's answer from the store's thread to the caller.
struct Answer<T>(Arc<Mutex<Option<T>>>);

impl<T> Answer<T> {
    /// What it is once the job is done.
    async fn after(self, done: Done) -> Result<T, StoreError> {
        done.await?;
        self.take()
    }

    fn put(&self, value: T) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
    }

    fn take(&self) -> Result<T, StoreError> {
        let value = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        value.ok_or_else(|| StoreError::failed("the store reported a job as done that did not run"))
    }
}

impl<T> Default for Answer<T> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(None)))
    }
}

impl<T> Clone for Answer<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}
