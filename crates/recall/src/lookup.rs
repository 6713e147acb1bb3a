//! The domain's look-ups on a database whose answers are noted.

use crate::history::Since;
use crate::memory::Memory;
use doorward_domain::identity::CanonicalName;
use doorward_domain::keys::KeyRecord;
use doorward_domain::mail::{LetterId, OutboxEntry};
use doorward_domain::one_time::{OneTimeSecret, Purpose, SecretDigest};
use doorward_domain::sealing::Fingerprint;
use doorward_domain::session::{Session, SessionId};
use doorward_domain::standing::{ChangeNumber, Changes, Standing};
use doorward_domain::store::{LetterFilter, Lookup, MailDue, StoreError};
use doorward_domain::takeover::{AccountRecord, ForeignToken, ForeignTokenId, Group};
use doorward_domain::time::Timestamp;
use doorward_domain::user::{Credential, Profile, Subject, User, UserId};

/// Passes look-ups on, and notes the standings that they find.
pub(crate) struct Noting<'a> {
    pub(crate) db: &'a mut dyn Lookup,
    pub(crate) memory: &'a Memory,
    pub(crate) since: Since,
}

impl Lookup for Noting<'_> {
    fn standing(&mut self, user: UserId, session: Option<SessionId>) -> Result<Option<Standing>, StoreError> {
        let found = self.db.standing(user, session)?;
        if let Some(standing) = &found {
            self.memory.remember_standing(self.since, session, standing);
        }
        Ok(found)
    }

    fn user(&mut self, id: UserId) -> Result<Option<User>, StoreError> {
        self.db.user(id)
    }

    fn profile(&mut self, id: UserId) -> Result<Option<Profile>, StoreError> {
        self.db.profile(id)
    }

    fn user_by_login_name(&mut self, name: &CanonicalName) -> Result<Option<User>, StoreError> {
        self.db.user_by_login_name(name)
    }

    fn credential(&mut self, name: &CanonicalName) -> Result<Option<Credential>, StoreError> {
        self.db.credential(name)
    }

    fn session(&mut self, id: SessionId) -> Result<Option<(Session, User)>, StoreError> {
        self.db.session(id)
    }

    fn changes_since(&mut self, seen: ChangeNumber) -> Result<Changes, StoreError> {
        self.db.changes_since(seen)
    }

    fn live_sessions(&mut self, user: UserId, now: Timestamp) -> Result<Vec<Session>, StoreError> {
        self.db.live_sessions(user, now)
    }

    fn keys(&mut self) -> Result<Vec<KeyRecord>, StoreError> {
        self.db.keys()
    }

    fn key_ring_version(&mut self) -> Result<i64, StoreError> {
        self.db.key_ring_version()
    }

    fn root_fingerprint(&mut self) -> Result<Option<Fingerprint>, StoreError> {
        self.db.root_fingerprint()
    }

    fn account_of(&mut self, subject: &Subject) -> Result<Option<UserId>, StoreError> {
        self.db.account_of(subject)
    }

    fn foreign_token(&mut self, id: &ForeignTokenId) -> Result<Option<ForeignToken>, StoreError> {
        self.db.foreign_token(id)
    }

    fn accounts_after(&mut self, after: UserId, limit: u32) -> Result<Vec<AccountRecord>, StoreError> {
        self.db.accounts_after(after, limit)
    }

    fn groups(&mut self) -> Result<Vec<Group>, StoreError> {
        self.db.groups()
    }

    fn sessions(&mut self, user: UserId) -> Result<Vec<Session>, StoreError> {
        self.db.sessions(user)
    }

    fn one_time_secret(
        &mut self,
        purpose: Purpose,
        digests: &[SecretDigest],
    ) -> Result<Option<OneTimeSecret>, StoreError> {
        self.db.one_time_secret(purpose, digests)
    }

    fn one_time_secrets(&mut self, user: UserId) -> Result<Vec<OneTimeSecret>, StoreError> {
        self.db.one_time_secrets(user)
    }

    fn reserved_for(
        &mut self,
        address: &CanonicalName,
        now: Timestamp,
    ) -> Result<Option<UserId>, StoreError> {
        self.db.reserved_for(address, now)
    }

    fn letters(&mut self, filter: LetterFilter, limit: u32) -> Result<Vec<OutboxEntry>, StoreError> {
        self.db.letters(filter, limit)
    }

    fn letter(&mut self, id: LetterId) -> Result<Option<OutboxEntry>, StoreError> {
        self.db.letter(id)
    }

    fn mail_due(&mut self, now: Timestamp) -> Result<MailDue, StoreError> {
        self.db.mail_due(now)
    }
}
