//! The domain's [`Archive`] on a unit of work.

use super::unit::Unit;
use super::{accounts, amendments, foreign_tokens, groups, imports, users};
use doorward_domain::identity::CanonicalName;
use doorward_domain::password::PasswordHash;
use doorward_domain::store::{Archive, StoreError};
use doorward_domain::takeover::{
    AccountRecord, Amendment, ForeignKey, ForeignToken, Group, ImportRecord, ImportedAccount, NameOwner,
};
use doorward_domain::user::{Subject, UserId};

impl Archive for Unit<'_> {
    fn imports(&mut self, keys: &[ForeignKey]) -> Result<Vec<ImportRecord>, StoreError> {
        self.run(|c| imports::under(c, keys))
    }

    fn imports_after(
        &mut self,
        after: Option<&ForeignKey>,
        limit: u32,
    ) -> Result<Vec<ImportRecord>, StoreError> {
        self.run(|c| imports::after(c, after, limit))
    }

    fn accounts(&mut self, ids: &[UserId]) -> Result<Vec<AccountRecord>, StoreError> {
        self.run(|c| accounts::of(c, ids))
    }

    fn owners(&mut self, names: &[CanonicalName]) -> Result<Vec<NameOwner>, StoreError> {
        self.run(|c| accounts::owners(c, names))
    }

    fn subjects(&mut self, subjects: &[Subject]) -> Result<Vec<Subject>, StoreError> {
        self.run(|c| accounts::subjects(c, subjects))
    }

    fn insert_accounts(&mut self, new: &[ImportedAccount]) -> Result<(), StoreError> {
        self.run(|c| accounts::insert(c, new))
    }

    fn put_imports(&mut self, records: &[ImportRecord]) -> Result<(), StoreError> {
        self.run(|c| imports::put(c, records))
    }

    fn amend(&mut self, id: UserId, amendment: &Amendment) -> Result<bool, StoreError> {
        self.change(id, |c| amendments::amend(c, id, amendment))
    }

    fn replace_password(&mut self, id: UserId, hash: &PasswordHash) -> Result<bool, StoreError> {
        self.change(id, |c| users::replace_password(c, id, hash))
    }

    fn put_groups(&mut self, all: &[Group]) -> Result<(), StoreError> {
        self.run(|c| groups::put(c, all))
    }

    fn note_foreign_tokens(&mut self, tokens: &[ForeignToken]) -> Result<(), StoreError> {
        self.run(|c| foreign_tokens::note(c, tokens))
    }
}
