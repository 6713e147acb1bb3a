//! The domain's [`Lookup`] and [`Transaction`] on a connection.

use super::{
    accounts, addresses, changes, foreign_tokens, groups, instance, keys, letters, secrets, sessions, users,
};
use crate::connection::AnyConnection;
use crate::error::store_error;
use diesel::QueryResult;
use doorward_domain::identity::{CanonicalName, EmailAddress};
use doorward_domain::keys::{KeyId, KeyRecord};
use doorward_domain::mail::{LetterId, OutboxEntry};
use doorward_domain::one_time::{OneTimeSecret, Purpose, SecretDigest};
use doorward_domain::password::PasswordHash;
use doorward_domain::sealing::Fingerprint;
use doorward_domain::session::{End, Rotation, Session, SessionId};
use doorward_domain::standing::{ChangeNumber, Changes, SignedIn, Standing};
use doorward_domain::store::{
    Archive, Held, LetterFilter, Lookup, MailDue, Mailroom, StoreError, Swept, Taken, Transaction, Vault,
};
use doorward_domain::takeover::{AccountRecord, ForeignToken, ForeignTokenId, Group};
use doorward_domain::time::Timestamp;
use doorward_domain::user::{
    Credential, CredentialVersion, FullName, NewUser, Profile, Subject, User, UserId,
};
use std::collections::HashSet;

/// One unit of work on a connection.
///
/// It remembers its first failure: after one, PostgreSQL turns a commit into a rollback and says so
/// to nobody, so what met a failure must not be committed, whatever the step answers.
pub(crate) struct Unit<'a> {
    connection: &'a mut AnyConnection,
    failure: Option<StoreError>,
    changed: Vec<UserId>,
    is_changed: HashSet<UserId>,
}

impl<'a> Unit<'a> {
    /// A unit of work; who makes it begins and ends its transaction.
    pub(crate) fn new(connection: &'a mut AnyConnection) -> Self {
        Self { connection, failure: None, changed: Vec::new(), is_changed: HashSet::new() }
    }

    /// The accounts whose standing it changed; or the first failure that it met.
    pub(crate) fn into_changed(self) -> Result<Vec<UserId>, StoreError> {
        self.failure.map_or(Ok(self.changed), Err)
    }

    /// Runs a query and remembers its failure.
    pub(crate) fn run<T>(
        &mut self,
        query: impl FnOnce(&mut AnyConnection) -> QueryResult<T>,
    ) -> Result<T, StoreError> {
        query(self.connection).map_err(|error| {
            let error = store_error(&error);
            self.failure.get_or_insert_with(|| error.clone());
            error
        })
    }

    /// Runs a write to an account's standing, and remembers the account if it found one.
    pub(super) fn change<T: Copy + PartialEq + Default>(
        &mut self,
        id: UserId,
        query: impl FnOnce(&mut AnyConnection) -> QueryResult<T>,
    ) -> Result<T, StoreError> {
        let found = self.run(query)?;
        if found != T::default() {
            self.has_changed(id);
        }
        Ok(found)
    }

    fn has_changed(&mut self, id: UserId) {
        if self.is_changed.insert(id) {
            self.changed.push(id);
        }
    }
}

impl Lookup for Unit<'_> {
    fn user(&mut self, id: UserId) -> Result<Option<User>, StoreError> {
        self.run(|c| users::by_id(c, id))
    }

    fn profile(&mut self, id: UserId) -> Result<Option<Profile>, StoreError> {
        self.run(|c| users::profile(c, id))
    }

    fn user_by_login_name(&mut self, name: &CanonicalName) -> Result<Option<User>, StoreError> {
        self.run(|c| users::by_login_name(c, name))
    }

    fn credential(&mut self, name: &CanonicalName) -> Result<Option<Credential>, StoreError> {
        self.run(|c| users::credential(c, name))
    }

    fn session(&mut self, id: SessionId) -> Result<Option<(Session, User)>, StoreError> {
        self.run(|c| sessions::by_id(c, id))
    }

    fn standing(&mut self, user: UserId, session: Option<SessionId>) -> Result<Option<Standing>, StoreError> {
        self.run(|c| sessions::standing(c, user, session))
    }

    fn signed_in_before(
        &mut self,
        before: UserId,
        limit: u32,
        now: Timestamp,
    ) -> Result<Vec<SignedIn>, StoreError> {
        self.run(|c| sessions::signed_in_before(c, before, limit, now))
    }

    fn changes_since(&mut self, seen: ChangeNumber) -> Result<Changes, StoreError> {
        self.run(|c| changes::since(c, seen))
    }

    fn live_sessions(&mut self, user: UserId, now: Timestamp) -> Result<Vec<Session>, StoreError> {
        self.run(|c| sessions::live(c, user, now))
    }

    fn keys(&mut self) -> Result<Vec<KeyRecord>, StoreError> {
        self.run(keys::all)
    }

    fn key_ring_version(&mut self) -> Result<i64, StoreError> {
        self.run(instance::key_ring_version)
    }

    fn root_fingerprint(&mut self) -> Result<Option<Fingerprint>, StoreError> {
        self.run(instance::root_fingerprint)
    }

    fn account_of(&mut self, subject: &Subject) -> Result<Option<UserId>, StoreError> {
        self.run(|c| users::by_subject(c, subject))
    }

    fn foreign_token(&mut self, id: &ForeignTokenId) -> Result<Option<ForeignToken>, StoreError> {
        self.run(|c| foreign_tokens::by_id(c, id))
    }

    fn accounts_after(&mut self, after: UserId, limit: u32) -> Result<Vec<AccountRecord>, StoreError> {
        self.run(|c| accounts::after(c, after, limit))
    }

    fn groups(&mut self) -> Result<Vec<Group>, StoreError> {
        self.run(groups::all)
    }

    fn sessions(&mut self, user: UserId) -> Result<Vec<Session>, StoreError> {
        self.run(|c| sessions::of(c, user))
    }

    fn one_time_secret(
        &mut self,
        purpose: Purpose,
        digests: &[SecretDigest],
    ) -> Result<Option<OneTimeSecret>, StoreError> {
        self.run(|c| secrets::by_digest(c, purpose, digests))
    }

    fn one_time_secrets(&mut self, user: UserId) -> Result<Vec<OneTimeSecret>, StoreError> {
        self.run(|c| secrets::of(c, user))
    }

    fn reserved_for(
        &mut self,
        address: &CanonicalName,
        now: Timestamp,
    ) -> Result<Option<UserId>, StoreError> {
        self.run(|c| secrets::reserved_for(c, address, now))
    }

    fn letters(&mut self, filter: LetterFilter, limit: u32) -> Result<Vec<OutboxEntry>, StoreError> {
        self.run(|c| letters::all(c, filter, limit))
    }

    fn letter(&mut self, id: LetterId) -> Result<Option<OutboxEntry>, StoreError> {
        self.run(|c| letters::by_id(c, id))
    }

    fn mail_due(&mut self, now: Timestamp) -> Result<MailDue, StoreError> {
        self.run(|c| letters::is_due(c, now))
    }
}

impl Transaction for Unit<'_> {
    fn insert_user(&mut self, user: &NewUser) -> Result<Result<User, Taken>, StoreError> {
        self.run(|c| users::insert(c, user))
    }

    fn hold(&mut self, id: UserId) -> Result<Option<Held>, StoreError> {
        self.run(|c| users::hold(c, id))
    }

    fn record_login(
        &mut self,
        id: UserId,
        version: CredentialVersion,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.run(|c| users::record_login(c, id, version, now))
    }

    fn replace_hash(
        &mut self,
        id: UserId,
        old: &PasswordHash,
        new: &PasswordHash,
    ) -> Result<bool, StoreError> {
        self.run(|c| users::replace_hash(c, id, old, new))
    }

    fn set_password(&mut self, id: UserId, hash: &PasswordHash, now: Timestamp) -> Result<bool, StoreError> {
        self.change(id, |c| users::set_password(c, id, hash, now))
    }

    fn invalidate_tokens(&mut self, id: UserId, now: Timestamp) -> Result<bool, StoreError> {
        self.change(id, |c| users::invalidate_tokens(c, id, now))
    }

    fn set_active(&mut self, id: UserId, is_active: bool) -> Result<bool, StoreError> {
        self.change(id, |c| users::set_active(c, id, is_active))
    }

    fn set_full_name(&mut self, id: UserId, full_name: &FullName) -> Result<bool, StoreError> {
        self.change(id, |c| users::set_full_name(c, id, full_name))
    }

    fn set_email(
        &mut self,
        id: UserId,
        address: &EmailAddress,
        verified_at: Timestamp,
    ) -> Result<Result<bool, Taken>, StoreError> {
        let set = self.run(|c| addresses::set(c, id, address, verified_at))?;
        if set == Ok(true) {
            self.has_changed(id);
        }
        Ok(set)
    }

    fn verify_email(
        &mut self,
        id: UserId,
        address: &EmailAddress,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        self.change(id, |c| addresses::verify(c, id, address, at))
    }

    fn delete_user(&mut self, id: UserId) -> Result<bool, StoreError> {
        self.change(id, |c| users::delete(c, id))
    }

    fn insert_session(&mut self, session: &Session) -> Result<(), StoreError> {
        self.run(|c| sessions::insert(c, session))
    }

    fn rotate_session(
        &mut self,
        user: UserId,
        id: SessionId,
        rotation: &Rotation,
    ) -> Result<Option<Session>, StoreError> {
        self.run(|c| sessions::rotate(c, user, id, rotation))
    }

    fn end_session(&mut self, user: UserId, id: SessionId, end: End) -> Result<bool, StoreError> {
        self.change(user, |c| sessions::end(c, user, id, end))
    }

    fn end_sessions(&mut self, user: UserId, except: Option<SessionId>, end: End) -> Result<u64, StoreError> {
        self.change(user, |c| sessions::end_all(c, user, except, end))
    }

    fn sweep_sessions(&mut self, before: Timestamp, limit: u32) -> Result<Swept, StoreError> {
        self.run(|c| sessions::sweep(c, before, limit))
    }

    fn changed_accounts(&self) -> &[UserId] {
        &self.changed
    }

    fn sweep_changes(&mut self, keep: u32) -> Result<u64, StoreError> {
        self.run(|c| changes::sweep(c, keep))
    }

    fn put_key(&mut self, key: &KeyRecord) -> Result<(), StoreError> {
        self.run(|c| keys::put(c, key))
    }

    fn delete_key(&mut self, id: &KeyId) -> Result<bool, StoreError> {
        self.run(|c| keys::delete(c, id))
    }

    fn advance_key_ring(&mut self, from: i64) -> Result<bool, StoreError> {
        self.run(|c| instance::advance_key_ring(c, from))
    }

    fn set_root_fingerprint(
        &mut self,
        from: Option<&Fingerprint>,
        to: &Fingerprint,
    ) -> Result<bool, StoreError> {
        self.run(|c| instance::set_root_fingerprint(c, from, to))
    }

    fn spend_foreign_token(&mut self, token: &ForeignToken) -> Result<bool, StoreError> {
        self.run(|c| foreign_tokens::spend(c, token))
    }

    fn sweep_foreign_tokens(&mut self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.run(|c| foreign_tokens::sweep(c, before, limit))
    }

    fn archive(&mut self) -> &mut dyn Archive {
        self
    }

    fn vault(&mut self) -> &mut dyn Vault {
        self
    }

    fn mailroom(&mut self) -> &mut dyn Mailroom {
        self
    }
}
