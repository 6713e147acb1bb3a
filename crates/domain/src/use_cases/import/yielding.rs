//! Who has to leave a name to whom.

use super::CollisionPolicy;
use super::batch::{Batch, Newcomer};
use super::names::{Owner, Who};
use super::report::{Change, Remark};
use crate::store::StoreError;
use crate::takeover::{
    AccountRecord, Amendment, Field, ForeignAccount, ForeignKey, ImportRecord, ImportedAccount, Seen,
};
use crate::user::{CredentialVersion, UserId};

impl Batch<'_> {
    /// Whether the owner of a newcomer's username no longer has it.
    pub(super) fn yields_username(
        &mut self,
        newcomer: &ForeignAccount,
        owner: Owner,
    ) -> Result<bool, StoreError> {
        let Owner { who, is_username } = owner;
        if !is_username {
            let yields = self.has_unchanged_address(who);
            if yields {
                self.take_address_from(who, newcomer)?;
            }
            return Ok(yields);
        }
        let yields = self.rules.collisions == CollisionPolicy::Newest
            && self.is_newer(newcomer, who)
            && self.is_unchanged(who);
        if yields {
            self.remove(who, &newcomer.key)?;
        }
        Ok(yields)
    }

    /// Whether the owner of a newcomer's address no longer has it.
    pub(super) fn yields_address(
        &mut self,
        newcomer: &ForeignAccount,
        owner: Owner,
    ) -> Result<bool, StoreError> {
        let Owner { who, is_username } = owner;
        let yields = !is_username
            && self.rules.collisions == CollisionPolicy::Newest
            && self.is_newer(newcomer, who)
            && self.has_unchanged_address(who);
        if yields {
            self.take_address_from(who, newcomer)?;
        }
        Ok(yields)
    }

    /// Takes an account's address from it. It keeps the text, so that it can be given back.
    fn take_address_from(&mut self, who: Who, newcomer: &ForeignAccount) -> Result<(), StoreError> {
        let remark = Remark::AddressTaken { by: newcomer.username.as_str().to_owned() };
        match who {
            Who::New(at) => {
                let Some(Some(Newcomer { account, outcome })) = self.new.get_mut(at) else { return Ok(()) };
                let Some(address) = account.account.email.take() else { return Ok(()) };
                let attributes = (self.rules.keep_address)(&account.account.attributes, address.as_str());
                account.account.attributes = attributes;
                account.seen = Seen::of_foreign(&account.account, CredentialVersion::FIRST);
                self.names.leave(who);
                self.names.enter(who, &account.account.username, None);
                if let Some(outcome) = self.outcomes.get_mut(*outcome) {
                    outcome.remarks.push(remark);
                }
            }
            Who::Stored(id) => {
                let Some((stored, mut record)) = self.came_in(id) else { return Ok(()) };
                let Some(address) = stored.user.email.clone() else { return Ok(()) };
                let attributes = (self.rules.keep_address)(&stored.attributes, address.as_str());
                let amendment =
                    Amendment { email: Some(None), attributes: Some(attributes), ..Amendment::default() };
                let amended = Seen::of_record(&self.amend(stored, &amendment)?);
                let fields = vec![Field::Email, Field::Attributes];
                for field in &fields {
                    record.seen.adopt(*field, &amended);
                }
                let (key, username) = (record.key.clone(), self.username_of(who));
                self.save(record);
                self.tell(&key, &username, Change::Amended(fields), vec![remark]);
            }
        }
        Ok(())
    }

    /// An account gives way: it is deleted, and its record says so.
    fn remove(&mut self, who: Who, to: &ForeignKey) -> Result<(), StoreError> {
        let remark = Remark::GaveWay { to: to.clone() };
        match who {
            Who::New(at) => {
                let Some(Newcomer { account, outcome }) = self.new.get_mut(at).and_then(Option::take) else {
                    return Ok(());
                };
                if let Some(outcome) = self.outcomes.get_mut(outcome) {
                    outcome.change = Change::Skipped;
                    outcome.remarks = vec![remark];
                }
                let ImportedAccount { account: ForeignAccount { key, .. }, seen, .. } = account;
                self.save(ImportRecord { key, user: None, seen });
            }
            Who::Stored(id) => {
                let Some((_, record)) = self.came_in(id) else { return Ok(()) };
                let (key, username) = (record.key.clone(), self.username_of(who));
                self.tx.delete_user(id)?;
                self.accounts.remove(&id);
                self.removed.insert(key.clone());
                self.save(ImportRecord { user: None, ..record });
                self.tell(&key, &username, Change::Removed, vec![remark]);
            }
        }
        self.names.leave(who);
        Ok(())
    }

    fn is_newer(&self, newcomer: &ForeignAccount, who: Who) -> bool {
        let age = match who {
            Who::New(at) => {
                self.newcomer(at).map(|other| (other.account.date_joined, other.account.key.clone()))
            }
            Who::Stored(id) => {
                self.accounts.get(&id).map(|it| (it.user.date_joined, ForeignKey::of(&it.user)))
            }
        };
        age.is_some_and(|age| (newcomer.date_joined, newcomer.key.clone()) > age)
    }

    /// Whether the account came in and nothing of it was changed here since.
    fn is_unchanged(&self, who: Who) -> bool {
        match who {
            Who::New(_) => true,
            Who::Stored(id) => self
                .came_in(id)
                .is_some_and(|(it, record)| !record.seen.was_anything_changed_here(&Seen::of_record(&it))),
        }
    }

    /// Whether the account came in and its address was not changed here since.
    fn has_unchanged_address(&self, who: Who) -> bool {
        match who {
            Who::New(_) => true,
            Who::Stored(id) => self.came_in(id).is_some_and(|(it, record)| {
                !record.seen.was_changed_here(&Seen::of_record(&it), Field::Email)
            }),
        }
    }

    /// A stored account with its record, if it came in.
    fn came_in(&self, id: UserId) -> Option<(AccountRecord, ImportRecord)> {
        let stored = self.accounts.get(&id)?;
        let record = self.records.get(&ForeignKey::of(&stored.user))?;
        (record.user == Some(id)).then(|| (stored.clone(), record.clone()))
    }
}
