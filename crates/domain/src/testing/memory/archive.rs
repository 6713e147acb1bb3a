use super::{Tables, size};
use crate::identity::{CanonicalName, EmailAddress, Username};
use crate::password::PasswordHash;
use crate::store::{Archive, Lookup as _, StoreError, Transaction as _};
use crate::takeover::{
    AccountRecord, Amendment, ForeignKey, ForeignToken, Group, ImportRecord, ImportedAccount, NameOwner,
};
use crate::user::{Subject, User, UserId};
use std::ops::Bound;

impl Archive for Tables {
    fn imports(&mut self, keys: &[ForeignKey]) -> Result<Vec<ImportRecord>, StoreError> {
        Ok(keys.iter().filter_map(|key| self.imports.get(key).cloned()).collect())
    }

    fn imports_after(
        &mut self,
        after: Option<&ForeignKey>,
        limit: u32,
    ) -> Result<Vec<ImportRecord>, StoreError> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let next = self.imports.range((from, Bound::Unbounded));
        Ok(next.map(|(_, record)| record.clone()).take(size(limit)).collect())
    }

    fn accounts(&mut self, ids: &[UserId]) -> Result<Vec<AccountRecord>, StoreError> {
        Ok(ids.iter().filter_map(|id| self.users.get(id).cloned()).collect())
    }

    fn owners(&mut self, names: &[CanonicalName]) -> Result<Vec<NameOwner>, StoreError> {
        let owner = |name: &CanonicalName| {
            let user = &self.owner(name)?.user;
            Some(NameOwner {
                name: name.clone(),
                user: user.id,
                is_username: user.username.canonical() == name,
            })
        };
        Ok(names.iter().filter_map(owner).collect())
    }

    fn subjects(&mut self, subjects: &[Subject]) -> Result<Vec<Subject>, StoreError> {
        let is_taken = |subject: &&Subject| self.users.values().any(|it| it.user.subject == **subject);
        Ok(subjects.iter().filter(is_taken).cloned().collect())
    }

    fn insert_accounts(&mut self, accounts: &[ImportedAccount]) -> Result<(), StoreError> {
        let given = accounts.iter().filter_map(|new| new.id).map(|UserId(id)| id);
        self.last_user = given.chain([self.last_user]).max().unwrap();
        for new in accounts {
            let id = new.id.unwrap_or_else(|| {
                self.last_user += 1;
                UserId(self.last_user)
            });
            let record = new.as_record(id);
            let User { username, email, subject, .. } = &record.user;
            let mut names = [Some(username.canonical()), email.as_ref().map(EmailAddress::canonical)];
            let taken = names.iter_mut().flatten().any(|name| self.owner(name).is_some());
            if taken || self.users.contains_key(&id) || self.account_of(subject)?.is_some() {
                return Err(StoreError::Conflict("a name, number or subject is taken".into()));
            }
            self.users.insert(id, record);
            let import = new.as_import(id);
            self.imports.insert(import.key.clone(), import);
        }
        Ok(())
    }

    fn put_imports(&mut self, records: &[ImportRecord]) -> Result<(), StoreError> {
        self.imports.extend(records.iter().map(|record| (record.key.clone(), record.clone())));
        Ok(())
    }

    fn amend(&mut self, id: UserId, amendment: &Amendment) -> Result<bool, StoreError> {
        let email = amendment.email.iter().flatten().map(EmailAddress::canonical);
        let mut names = amendment.username.iter().map(Username::canonical).chain(email);
        if names.any(|name| self.owner(name).is_some_and(|owner| owner.user.id != id)) {
            return Err(StoreError::Conflict("a name is taken".into()));
        }
        Ok(self.change(id, |account| *account = amendment.applied_to(account.clone())))
    }

    fn replace_password(&mut self, id: UserId, hash: &PasswordHash) -> Result<bool, StoreError> {
        Ok(self.change(id, |account| {
            account.password = hash.clone();
            account.credential_version.0 += 1;
        }))
    }

    fn put_groups(&mut self, groups: &[Group]) -> Result<(), StoreError> {
        for group in groups {
            self.groups.retain(|there| there.name != group.name && there.id != group.id);
            self.groups.push(group.clone());
        }
        self.groups.sort_by_key(|group| group.id);
        Ok(())
    }

    fn note_foreign_tokens(&mut self, tokens: &[ForeignToken]) -> Result<(), StoreError> {
        for token in tokens {
            self.spend_foreign_token(token)?;
        }
        Ok(())
    }
}
