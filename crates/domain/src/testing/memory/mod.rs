mod archive;
mod mail;
mod vault;

use crate::identity::{CanonicalName, EmailAddress};
use crate::keys::{KeyId, KeyRecord};
use crate::mail::{LetterId, MailBucket, MailRequest, Mailings, OutboxEntry};
use crate::one_time::{Attempts, OneTimeSecret, Purpose, SecretDigest};
use crate::password::PasswordHash;
use crate::sealing::Fingerprint;
use crate::session::{End, Rotation, Session, SessionId};
use crate::standing::{ChangeNumber, Changes, SignedIn, Standing};
use crate::store::{
    Archive, Done, Ending, Held, LetterFilter, Lookup, MailDue, Mailroom, ReadJob, Rotated, Store,
    StoreError, Swept, Taken, Transaction, Vault, WriteJob,
};
use crate::takeover::{
    AccountRecord, Attributes, ForeignKey, ForeignToken, ForeignTokenId, Group, ImportRecord,
};
use crate::time::Timestamp;
use crate::user::{Credential, CredentialVersion, FullName, NewUser, Profile, Subject, User, UserId};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::future::ready;
use std::ops::Bound;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// A store in memory: one unit of work after another, each on a copy that replaces the original
/// when it commits.
#[derive(Debug, Default)]
pub struct MemoryStore {
    tables: Mutex<Tables>,
    down: AtomicBool,
}

#[derive(Debug, Clone, Default)]
struct Tables {
    users: BTreeMap<UserId, AccountRecord>,
    last_user: i64,
    sessions: BTreeMap<SessionId, Session>,
    keys: Vec<KeyRecord>,
    key_ring_version: i64,
    root: Option<Fingerprint>,
    groups: Vec<Group>,
    imports: BTreeMap<ForeignKey, ImportRecord>,
    foreign_tokens: HashMap<ForeignTokenId, ForeignToken>,
    secrets: Vec<OneTimeSecret>,
    attempts: BTreeMap<(Purpose, CanonicalName), Attempts>,
    requests: VecDeque<MailRequest>,
    letters: BTreeMap<LetterId, OutboxEntry>,
    mailings: BTreeMap<MailBucket, Mailings>,
    /// The kept changes; the last one has the number `last_change`.
    changes: VecDeque<UserId>,
    last_change: i64,
    /// What the unit of work changed that is under way.
    changed: Vec<UserId>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// From now on every job fails, as if the database were away.
    pub fn go_down(&self) {
        self.down.store(true, Ordering::SeqCst);
    }

    /// Answers again.
    pub fn come_back(&self) {
        self.down.store(false, Ordering::SeqCst);
    }

    /// Forgets every session, as a sweep would in time.
    pub fn clear_sessions(&self) {
        self.tables.lock().unwrap().sessions.clear();
    }

    fn check_up(&self) -> Result<(), StoreError> {
        let down = self.down.load(Ordering::SeqCst);
        if down { Err(StoreError::unavailable("switched off by the test")) } else { Ok(()) }
    }

    fn write(&self, mut job: WriteJob) -> Result<(), StoreError> {
        self.check_up()?;
        let mut tables = self.tables.lock().unwrap();
        let mut copy = tables.clone();
        if job(&mut copy)? == Ending::Commit {
            copy.number_changes();
            *tables = copy;
        } else {
            // What a database never uses again stays used after a rollback too.
            tables.last_user = copy.last_user;
        }
        Ok(())
    }
}

impl Store for MemoryStore {
    fn run_write(&self, job: WriteJob) -> Done {
        Box::pin(ready(self.write(job)))
    }

    fn rotate(&self, user: UserId, id: SessionId, rotation: Rotation) -> Rotated {
        let rotated =
            self.check_up().and_then(|()| self.tables.lock().unwrap().rotate_session(user, id, &rotation));
        Box::pin(ready(rotated))
    }

    fn remembered(&self, _: UserId, _: Option<SessionId>, _: Timestamp) -> Option<Standing> {
        None
    }

    fn run_read(&self, mut job: ReadJob) -> Done {
        let read = self.check_up().and_then(|()| job(&mut *self.tables.lock().unwrap()));
        Box::pin(ready(read))
    }

    fn health(&self) -> Done {
        Box::pin(ready(self.check_up()))
    }
}

impl Tables {
    fn owner(&self, name: &CanonicalName) -> Option<&AccountRecord> {
        self.users.values().find(|account| {
            let address = account.user.email.as_ref().map(EmailAddress::canonical);
            account.user.username.canonical() == name || address == Some(name)
        })
    }

    /// Changes an account and thereby its standing.
    fn change(&mut self, id: UserId, change: impl FnOnce(&mut AccountRecord)) -> bool {
        let found = self.users.get_mut(&id).map(change).is_some();
        self.has_changed(id, found)
    }

    fn has_changed(&mut self, id: UserId, found: bool) -> bool {
        if found && !self.changed.contains(&id) {
            self.changed.push(id);
        }
        found
    }

    /// Numbers what the unit of work changed that commits.
    fn number_changes(&mut self) {
        self.last_change += i64::try_from(self.changed.len()).unwrap();
        self.changes.extend(self.changed.drain(..));
    }

    fn change_if(
        &mut self,
        id: UserId,
        guard: impl FnOnce(&AccountRecord) -> bool,
        change: impl FnOnce(&mut AccountRecord),
    ) -> bool {
        self.users.get_mut(&id).filter(|account| guard(account)).map(change).is_some()
    }
}

impl Lookup for Tables {
    fn user(&mut self, id: UserId) -> Result<Option<User>, StoreError> {
        Ok(self.users.get(&id).map(|account| account.user.clone()))
    }

    fn profile(&mut self, id: UserId) -> Result<Option<Profile>, StoreError> {
        Ok(self.users.get(&id).map(|AccountRecord { user, last_login, .. }| Profile {
            user: user.clone(),
            last_login: *last_login,
        }))
    }

    fn user_by_login_name(&mut self, name: &CanonicalName) -> Result<Option<User>, StoreError> {
        Ok(self.owner(name).map(|account| account.user.clone()))
    }

    fn credential(&mut self, name: &CanonicalName) -> Result<Option<Credential>, StoreError> {
        Ok(self.owner(name).map(|account| Credential {
            user_id: account.user.id,
            password: account.password.clone(),
            version: account.credential_version,
            is_active: account.user.is_active,
            is_verified: account.user.is_verified(),
        }))
    }

    fn session(&mut self, id: SessionId) -> Result<Option<(Session, User)>, StoreError> {
        let session = self.sessions.get(&id).cloned();
        Ok(session.and_then(|session| {
            let user = self.users.get(&session.user_id)?.user.clone();
            Some((session, user))
        }))
    }

    fn standing(&mut self, user: UserId, session: Option<SessionId>) -> Result<Option<Standing>, StoreError> {
        let own = |session: &&Session| session.user_id == user && session.ended.is_none();
        let session = session.and_then(|id| self.sessions.get(&id)).filter(own);
        let session_until = session.map(|session| session.expires_at);
        let account = self.users.get(&user);
        Ok(account.map(|account| Standing { user: Arc::new(account.user.clone()), session_until }))
    }

    fn signed_in_before(
        &mut self,
        before: UserId,
        limit: u32,
        now: Timestamp,
    ) -> Result<Vec<SignedIn>, StoreError> {
        let signed_in = |user: &User| SignedIn {
            user: Arc::new(user.clone()),
            sessions: self
                .sessions
                .values()
                .filter(|session| session.user_id == user.id && session.is_live(now))
                .map(|session| (session.id, session.expires_at))
                .collect(),
        };
        let next = self.users.range(..before).rev().take(size(limit));
        Ok(next.map(|(_, account)| signed_in(&account.user)).collect())
    }

    fn changes_since(&mut self, seen: ChangeNumber) -> Result<Changes, StoreError> {
        let new = usize::try_from(self.last_change - seen.0).ok();
        let new = new.filter(|new| *new <= usize::try_from(Changes::MOST).unwrap());
        let known = new.and_then(|new| self.changes.len().checked_sub(new));
        let accounts = known.map(|known| self.changes.iter().skip(known).copied().collect());
        Ok(Changes { last: ChangeNumber(self.last_change), accounts })
    }

    fn live_sessions(&mut self, user: UserId, now: Timestamp) -> Result<Vec<Session>, StoreError> {
        let own = |session: &&Session| session.user_id == user && session.is_live(now);
        let mut live: Vec<_> = self.sessions.values().filter(own).cloned().collect();
        live.sort_by_key(|session| std::cmp::Reverse((session.rotated_at, session.id)));
        Ok(live)
    }

    fn keys(&mut self) -> Result<Vec<KeyRecord>, StoreError> {
        Ok(self.keys.clone())
    }

    fn key_ring_version(&mut self) -> Result<i64, StoreError> {
        Ok(self.key_ring_version)
    }

    fn root_fingerprint(&mut self) -> Result<Option<Fingerprint>, StoreError> {
        Ok(self.root.clone())
    }

    fn account_of(&mut self, subject: &Subject) -> Result<Option<UserId>, StoreError> {
        Ok(self
            .users
            .values()
            .find(|account| account.user.subject == *subject)
            .map(|account| account.user.id))
    }

    fn foreign_token(&mut self, id: &ForeignTokenId) -> Result<Option<ForeignToken>, StoreError> {
        Ok(self.foreign_tokens.get(id).cloned())
    }

    fn accounts_after(&mut self, after: UserId, limit: u32) -> Result<Vec<AccountRecord>, StoreError> {
        let next = self.users.range((Bound::Excluded(after), Bound::Unbounded));
        Ok(next.map(|(_, account)| account.clone()).take(size(limit)).collect())
    }

    fn groups(&mut self) -> Result<Vec<Group>, StoreError> {
        Ok(self.groups.clone())
    }

    fn sessions(&mut self, user: UserId) -> Result<Vec<Session>, StoreError> {
        let own = self.sessions.values().filter(|session| session.user_id == user);
        let mut sessions: Vec<_> = own.cloned().collect();
        sessions.sort_by_key(|session| std::cmp::Reverse((session.rotated_at, session.id)));
        Ok(sessions)
    }

    fn one_time_secret(
        &mut self,
        purpose: Purpose,
        digests: &[SecretDigest],
    ) -> Result<Option<OneTimeSecret>, StoreError> {
        let is_meant =
            |secret: &&OneTimeSecret| secret.purpose == purpose && digests.contains(&secret.digest);
        Ok(self.secrets.iter().find(is_meant).cloned())
    }

    fn one_time_secrets(&mut self, user: UserId) -> Result<Vec<OneTimeSecret>, StoreError> {
        let mut secrets: Vec<_> = self.secrets.iter().filter(|secret| secret.user == user).cloned().collect();
        secrets.sort_by_key(|secret| (secret.created_at, secret.digest.0));
        Ok(secrets)
    }

    fn reserved_for(
        &mut self,
        address: &CanonicalName,
        now: Timestamp,
    ) -> Result<Option<UserId>, StoreError> {
        let reserves = |secret: &&OneTimeSecret| {
            secret.purpose == Purpose::UndoEmailChange
                && secret.address.canonical() == address
                && now < secret.expires_at
        };
        Ok(self.secrets.iter().find(reserves).map(|secret| secret.user))
    }

    fn letters(&mut self, filter: LetterFilter, limit: u32) -> Result<Vec<OutboxEntry>, StoreError> {
        let passes = |letter: &&OutboxEntry| {
            filter.state.is_none_or(|state| letter.state == state)
                && filter.user.is_none_or(|user| letter.user == Some(user))
        };
        let mut letters: Vec<_> = self.letters.values().filter(passes).cloned().collect();
        letters.sort_by_key(|letter| std::cmp::Reverse((letter.written_at, letter.id)));
        letters.truncate(size(limit));
        Ok(letters)
    }

    fn letter(&mut self, id: LetterId) -> Result<Option<OutboxEntry>, StoreError> {
        Ok(self.letters.get(&id).cloned())
    }

    fn mail_due(&mut self, now: Timestamp) -> Result<MailDue, StoreError> {
        Ok(MailDue { request: !self.requests.is_empty(), letter: self.due(now).is_some() })
    }
}

impl Transaction for Tables {
    fn insert_user(&mut self, new: &NewUser) -> Result<Result<User, Taken>, StoreError> {
        self.last_user += 1;
        if self.owner(new.username.canonical()).is_some() {
            return Ok(Err(Taken::Username));
        }
        if new.email.as_ref().is_some_and(|address| self.owner(address.canonical()).is_some()) {
            return Ok(Err(Taken::Email));
        }
        let user = User {
            id: UserId(self.last_user),
            subject: new.subject.clone(),
            username: new.username.clone(),
            email: new.email.clone(),
            email_verified_at: new.email_verified_at,
            full_name: FullName::default(),
            is_active: new.is_active,
            is_staff: new.is_staff,
            is_superuser: new.is_superuser,
            groups: Vec::new(),
            is_known_by_subject: false,
            is_imported: false,
            date_joined: new.date_joined,
            tokens_valid_after: Timestamp::EPOCH,
        };
        let account = AccountRecord {
            user: user.clone(),
            last_login: None,
            password: new.password.clone(),
            credential_version: CredentialVersion::FIRST,
            permissions: Vec::new(),
            attributes: Attributes::default(),
        };
        self.users.insert(user.id, account);
        Ok(Ok(user))
    }

    fn hold(&mut self, id: UserId) -> Result<Option<Held>, StoreError> {
        Ok(self
            .users
            .get(&id)
            .map(|account| Held { user: account.user.clone(), version: account.credential_version }))
    }

    fn record_login(
        &mut self,
        id: UserId,
        version: CredentialVersion,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let unchanged =
            |account: &AccountRecord| account.user.is_active && account.credential_version == version;
        Ok(self.change_if(id, unchanged, |account| account.last_login = Some(now)))
    }

    fn replace_hash(
        &mut self,
        id: UserId,
        old: &PasswordHash,
        new: &PasswordHash,
    ) -> Result<bool, StoreError> {
        let unchanged = |account: &AccountRecord| account.password == *old;
        Ok(self.change_if(id, unchanged, |account| account.password = new.clone()))
    }

    fn set_password(&mut self, id: UserId, hash: &PasswordHash, now: Timestamp) -> Result<bool, StoreError> {
        Ok(self.change(id, |account| {
            account.password = hash.clone();
            account.credential_version.0 += 1;
            account.user.tokens_valid_after = now;
        }))
    }

    fn invalidate_tokens(&mut self, id: UserId, now: Timestamp) -> Result<bool, StoreError> {
        Ok(self.change(id, |account| account.user.tokens_valid_after = now))
    }

    fn set_active(&mut self, id: UserId, is_active: bool) -> Result<bool, StoreError> {
        Ok(self.change(id, |account| account.user.is_active = is_active))
    }

    fn set_full_name(&mut self, id: UserId, full_name: &FullName) -> Result<bool, StoreError> {
        Ok(self.change(id, |account| account.user.full_name = full_name.clone()))
    }

    fn set_email(
        &mut self,
        id: UserId,
        address: &EmailAddress,
        verified_at: Timestamp,
    ) -> Result<Result<bool, Taken>, StoreError> {
        if self.owner(address.canonical()).is_some_and(|owner| owner.user.id != id) {
            return Ok(Err(Taken::Email));
        }
        Ok(Ok(self.change(id, |account| {
            account.user.email = Some(address.clone());
            account.user.email_verified_at = Some(verified_at);
        })))
    }

    fn verify_email(
        &mut self,
        id: UserId,
        address: &EmailAddress,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let is_its = |account: &AccountRecord| account.user.email.as_ref() == Some(address);
        let found = self.change_if(id, is_its, |account| account.user.email_verified_at = Some(at));
        Ok(self.has_changed(id, found))
    }

    fn delete_user(&mut self, id: UserId) -> Result<bool, StoreError> {
        self.sessions.retain(|_, session| session.user_id != id);
        self.secrets.retain(|secret| secret.user != id);
        self.letters.retain(|_, letter| letter.user != Some(id));
        let found = self.users.remove(&id).is_some();
        Ok(self.has_changed(id, found))
    }

    fn insert_session(&mut self, session: &Session) -> Result<(), StoreError> {
        if !self.users.contains_key(&session.user_id) || self.sessions.contains_key(&session.id) {
            return Err(StoreError::failed("a session needs an account, and an id of its own"));
        }
        self.sessions.insert(session.id, session.clone());
        Ok(())
    }

    fn rotate_session(
        &mut self,
        user: UserId,
        id: SessionId,
        rotation: &Rotation,
    ) -> Result<Option<Session>, StoreError> {
        let active = self.users.get(&user).is_some_and(|account| account.user.is_active);
        let current = |session: &&mut Session| {
            active
                && session.user_id == user
                && session.is_live(rotation.at)
                && session.generation == rotation.from
        };
        Ok(self.sessions.get_mut(&id).filter(current).map(|session| {
            *session = session.clone().rotated(rotation.clone());
            session.clone()
        }))
    }

    fn end_session(&mut self, user: UserId, id: SessionId, end: End) -> Result<bool, StoreError> {
        let own = |session: &&mut Session| session.user_id == user && session.ended.is_none();
        let ended = self.sessions.get_mut(&id).filter(own).map(|session| session.ended = Some(end));
        Ok(self.has_changed(user, ended.is_some()))
    }

    fn end_sessions(&mut self, user: UserId, except: Option<SessionId>, end: End) -> Result<u64, StoreError> {
        let open = |session: &&mut Session| {
            session.user_id == user && session.ended.is_none() && Some(session.id) != except
        };
        let ended = self.sessions.values_mut().filter(open).map(|session| session.ended = Some(end)).count();
        self.has_changed(user, ended > 0);
        Ok(u64::try_from(ended).unwrap())
    }

    fn changed_accounts(&self) -> &[UserId] {
        &self.changed
    }

    fn sweep_changes(&mut self, keep: u32) -> Result<u64, StoreError> {
        let old = self.changes.len().saturating_sub(usize::try_from(keep).unwrap());
        self.changes.drain(..old);
        Ok(u64::try_from(old).unwrap())
    }

    fn sweep_sessions(&mut self, before: Timestamp, limit: u32) -> Result<Swept, StoreError> {
        let old = self.sessions.values().filter(|session| session.expires_at < before);
        let ids: Vec<_> = old.map(|session| session.id).take(size(limit)).collect();
        for id in &ids {
            self.sessions.remove(id);
        }
        Ok(Swept { deleted: u64::try_from(ids.len()).unwrap(), has_more: ids.len() == size(limit) })
    }

    fn put_key(&mut self, key: &KeyRecord) -> Result<(), StoreError> {
        match self.keys.iter_mut().find(|there| there.id == key.id) {
            Some(there) => *there = key.clone(),
            None => self.keys.push(key.clone()),
        }
        self.keys.sort_by_key(|key| key.times.created_at);
        Ok(())
    }

    fn delete_key(&mut self, id: &KeyId) -> Result<bool, StoreError> {
        let before = self.keys.len();
        self.keys.retain(|key| key.id != *id);
        Ok(self.keys.len() < before)
    }

    fn advance_key_ring(&mut self, from: i64) -> Result<bool, StoreError> {
        let current = self.key_ring_version == from;
        self.key_ring_version += i64::from(current);
        Ok(current)
    }

    fn set_root_fingerprint(
        &mut self,
        from: Option<&Fingerprint>,
        to: &Fingerprint,
    ) -> Result<bool, StoreError> {
        let current = self.root.as_ref() == from;
        if current {
            self.root = Some(to.clone());
        }
        Ok(current)
    }

    fn spend_foreign_token(&mut self, token: &ForeignToken) -> Result<bool, StoreError> {
        let unspent = self.foreign_tokens.get(&token.id).is_none_or(|known| known.spent.is_none());
        if unspent {
            self.foreign_tokens.insert(token.id.clone(), token.clone());
        }
        Ok(unspent)
    }

    fn sweep_foreign_tokens(&mut self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let old = self.foreign_tokens.values().filter(|token| token.expires_at < before);
        let ids: Vec<_> = old.map(|token| token.id.clone()).take(size(limit)).collect();
        for id in &ids {
            self.foreign_tokens.remove(id);
        }
        Ok(u64::try_from(ids.len()).unwrap())
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

fn size(limit: u32) -> usize {
    usize::try_from(limit).unwrap()
}
