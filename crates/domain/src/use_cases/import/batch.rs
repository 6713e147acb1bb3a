use super::merge::{Merged, Rivals, merge};
use super::names::{Names, Who};
use super::report::{Change, Outcome, Remark};
use super::{ImportRules, to_store};
use crate::identity::EmailAddress;
use crate::random::Random;
use crate::session::{End, EndReason};
use crate::store::{StoreError, Transaction};
use crate::takeover::{
    AccountRecord, Amendment, ForeignAccount, ForeignKey, ForeignPassword, ImportRecord, ImportedAccount,
    Seen,
};
use crate::time::Timestamp;
use crate::use_cases::set_account_active;
use crate::user::{CredentialVersion, Subject, UserId};
use std::collections::{BTreeSet, HashMap, HashSet};

/// The step: takes a batch of accounts in, one after the other, and tells what became of each. An
/// account that came in earlier and lost something to one of these has an outcome of its own.
///
/// What is new is stored at the end and at once; what is changed, which is rare, is changed on the
/// way.
///
/// # Errors
/// The database failed.
pub fn import_batch(
    tx: &mut dyn Transaction,
    accounts: &[ForeignAccount],
    rules: &ImportRules,
    random: &dyn Random,
    now: Timestamp,
) -> Result<Vec<Outcome>, StoreError> {
    let mut batch = Batch::load(tx, accounts, rules, random, now)?;
    for account in accounts {
        batch.take_in(account)?;
    }
    batch.store()
}

/// The highest key that is taken for a number: 2⁵³ - 1, the last whole number that every reader of
/// JSON tells from the next (RFC 8259, section 6). Numbers that are drawn here follow the highest that
/// came in, so one near the end of a column would leave none to draw.
const HIGHEST_NUMBER: i64 = (1 << 53) - 1;

pub(super) struct Batch<'a> {
    pub(super) tx: &'a mut dyn Transaction,
    pub(super) rules: &'a ImportRules,
    random: &'a dyn Random,
    now: Timestamp,
    /// Of the batch's accounts, and of those who have their names.
    pub(super) records: HashMap<ForeignKey, ImportRecord>,
    /// Those records that have changed.
    unsaved: BTreeSet<ForeignKey>,
    /// Likewise; also those whose numbers are the keys of new ones.
    pub(super) accounts: HashMap<UserId, AccountRecord>,
    pub(super) names: Names,
    /// `None` for one that gave way.
    pub(super) new: Vec<Option<Newcomer>>,
    new_keys: HashSet<ForeignKey>,
    /// Those of the batch's keys that are subjects of accounts.
    subjects: HashSet<Subject>,
    /// Accounts that were here and gave way to one of the batch.
    pub(super) removed: HashSet<ForeignKey>,
    pub(super) outcomes: Vec<Outcome>,
}

pub(super) struct Newcomer {
    pub(super) account: ImportedAccount,
    /// Where its outcome is.
    pub(super) outcome: usize,
}

impl<'a> Batch<'a> {
    fn load(
        tx: &'a mut dyn Transaction,
        accounts: &[ForeignAccount],
        rules: &'a ImportRules,
        random: &'a dyn Random,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let keys: Vec<_> = accounts.iter().map(|account| account.key.clone()).collect();
        let names: BTreeSet<_> = accounts
            .iter()
            .flat_map(|account| {
                let address = account.email.as_ref().map(EmailAddress::canonical);
                [Some(account.username.canonical()), address]
            })
            .flatten()
            .cloned()
            .collect();
        let names: Vec<_> = names.into_iter().collect();
        let archive = tx.archive();
        let records = archive.imports(&keys)?;
        let owners = archive.owners(&names)?;
        let subjects = texts_of(&keys, &records);
        let subjects = if subjects.is_empty() { subjects } else { archive.subjects(&subjects)? };
        let numbers = keys.iter().filter_map(|key| match key {
            ForeignKey::Number(number) => Some(UserId(*number)),
            ForeignKey::Text(_) => None,
        });
        let known = records.iter().filter_map(|record| record.user);
        let ids: BTreeSet<_> = numbers.chain(known).chain(owners.iter().map(|owner| owner.user)).collect();
        let found = archive.accounts(&ids.into_iter().collect::<Vec<_>>())?;
        let mut records: HashMap<_, _> = records.into_iter().map(|it| (it.key.clone(), it)).collect();
        // Of those who have a name of the batch and are not in it.
        let others: Vec<_> = found
            .iter()
            .map(|it| ForeignKey::of(&it.user))
            .filter(|key| !records.contains_key(key))
            .collect();
        if !others.is_empty() {
            let of_others = archive.imports(&others)?;
            records.extend(of_others.into_iter().map(|record| (record.key.clone(), record)));
        }
        Ok(Self {
            tx,
            rules,
            random,
            now,
            records,
            unsaved: BTreeSet::new(),
            accounts: found.into_iter().map(|account| (account.user.id, account)).collect(),
            names: Names::of(owners),
            new: Vec::new(),
            new_keys: HashSet::new(),
            subjects: subjects.into_iter().collect(),
            removed: HashSet::new(),
            outcomes: Vec::new(),
        })
    }

    fn take_in(&mut self, account: &ForeignAccount) -> Result<(), StoreError> {
        let Some(record) = self.records.get(&account.key).cloned() else {
            return self.welcome(account);
        };
        match record.user.map(|id| self.accounts.get(&id).cloned()) {
            Some(Some(stored)) => self.look_again(account, stored, record),
            Some(None) => {
                self.skip(account, Remark::DeletedHere);
                Ok(())
            }
            None => {
                // One that has just given way has its outcome already.
                if !self.removed.contains(&account.key) {
                    self.skip(account, Remark::GaveWayBefore);
                }
                Ok(())
            }
        }
    }

    /// An account that was never here.
    fn welcome(&mut self, account: &ForeignAccount) -> Result<(), StoreError> {
        if let Some(remark) = self.obstacle(account) {
            self.skip(account, remark);
            return Ok(());
        }
        if let Some(owner) = self.names.owner(account.username.canonical())
            && !self.yields_username(account, owner)?
        {
            let by = self.username_of(owner.who);
            self.skip(account, Remark::UsernameTaken { by });
            return Ok(());
        }
        let mut account = account.clone();
        let mut remarks = Vec::new();
        if let Some(address) = account.email.clone()
            && let Some(owner) = self.names.owner(address.canonical())
            && !self.yields_address(&account, owner)?
        {
            account.attributes = (self.rules.keep_address)(&account.attributes, address.as_str());
            account.email = None;
            remarks.push(Remark::AddressTaken { by: self.username_of(owner.who) });
        }
        if account.password == ForeignPassword::MustReset {
            remarks.push(Remark::MustReset);
        }
        self.names.enter(Who::New(self.new.len()), &account.username, account.email.as_ref());
        self.new_keys.insert(account.key.clone());
        let (id, subject) = match &account.key {
            ForeignKey::Number(number) => (Some(UserId(*number)), Subject::generate(self.random, self.now)),
            ForeignKey::Text(text) => (None, Subject::from_stored(text.clone())),
        };
        let password = to_store(&account.password);
        let seen = Seen::of_foreign(&account, CredentialVersion::FIRST);
        let outcome = self.outcomes.len();
        self.tell(&account.key, account.username.as_str(), Change::Added, remarks);
        let account = ImportedAccount { id, subject, account, password, seen };
        self.new.push(Some(Newcomer { account, outcome }));
        Ok(())
    }

    /// Why the account cannot be stored under its key.
    fn obstacle(&self, account: &ForeignAccount) -> Option<Remark> {
        match &account.key {
            ForeignKey::Number(number) if *number > HIGHEST_NUMBER => Some(Remark::NumberTooHigh),
            ForeignKey::Number(number) => {
                let is_taken = self.accounts.contains_key(&UserId(*number));
                (is_taken || self.new_keys.contains(&account.key)).then_some(Remark::NumberTaken)
            }
            ForeignKey::Text(text) if text.parse::<i64>().is_ok() => Some(Remark::AmbiguousKey),
            ForeignKey::Text(text) => {
                let is_taken = self.subjects.contains(&Subject::from_stored(text.clone()));
                (is_taken || self.new_keys.contains(&account.key)).then_some(Remark::SubjectTaken)
            }
        }
    }

    /// An account that came in earlier and is here.
    fn look_again(
        &mut self,
        account: &ForeignAccount,
        mut stored: AccountRecord,
        record: ImportRecord,
    ) -> Result<(), StoreError> {
        let id = stored.user.id;
        let rival = |name| self.names.owner(name).filter(|owner| owner.who != Who::Stored(id));
        let address = account.email.as_ref().map(EmailAddress::canonical);
        let rivals = Rivals {
            username: rival(account.username.canonical()).map(|owner| self.username_of(owner.who)),
            email: address.and_then(rival).map(|owner| self.username_of(owner.who)),
        };
        let Merged { amendment, password, is_active, mut seen, changed, remarks } =
            merge(account, &stored, &record.seen, rivals, self.rules);
        if let Some(hash) = password {
            // The other system goes on to honour the tokens that it issued before, so we do too:
            // it may merely have hashed the same password anew. Our own sessions end.
            self.tx.archive().replace_password(id, &hash)?;
            self.tx.end_sessions(id, None, End { at: self.now, reason: EndReason::PasswordChange })?;
            for changed in self.tx.archive().accounts(&[id])? {
                seen.set_credential_version(changed.credential_version);
                stored = changed;
            }
        }
        if let Some(is_active) = is_active {
            set_account_active(self.tx, id, is_active, self.now)?;
            stored.user.is_active = is_active;
        }
        if amendment.is_empty() {
            self.accounts.insert(id, stored);
        } else {
            self.amend(stored, &amendment)?;
        }
        if seen != record.seen {
            self.save(ImportRecord { seen, ..record });
        }
        let change = if changed.is_empty() { Change::Unchanged } else { Change::Amended(changed) };
        self.tell(&account.key, account.username.as_str(), change, remarks);
        Ok(())
    }

    pub(super) fn amend(
        &mut self,
        stored: AccountRecord,
        amendment: &Amendment,
    ) -> Result<AccountRecord, StoreError> {
        let id = stored.user.id;
        self.tx.archive().amend(id, amendment)?;
        let amended = amendment.applied_to(stored);
        self.names.leave(Who::Stored(id));
        self.names.enter(Who::Stored(id), &amended.user.username, amended.user.email.as_ref());
        self.accounts.insert(id, amended.clone());
        Ok(amended)
    }

    pub(super) fn newcomer(&self, at: usize) -> Option<&ImportedAccount> {
        self.new.get(at)?.as_ref().map(|newcomer| &newcomer.account)
    }

    pub(super) fn username_of(&self, who: Who) -> String {
        let username = match who {
            Who::New(at) => self.newcomer(at).map(|it| it.account.username.as_str()),
            Who::Stored(id) => self.accounts.get(&id).map(|it| it.user.username.as_str()),
        };
        username.unwrap_or_default().to_owned()
    }

    pub(super) fn save(&mut self, record: ImportRecord) {
        self.unsaved.insert(record.key.clone());
        self.records.insert(record.key.clone(), record);
    }

    fn skip(&mut self, account: &ForeignAccount, remark: Remark) {
        self.tell(&account.key, account.username.as_str(), Change::Skipped, vec![remark]);
    }

    pub(super) fn tell(&mut self, key: &ForeignKey, username: &str, change: Change, remarks: Vec<Remark>) {
        self.outcomes.push(Outcome { key: key.clone(), username: username.to_owned(), change, remarks });
    }

    fn store(self) -> Result<Vec<Outcome>, StoreError> {
        let Self { tx, mut records, unsaved, new, outcomes, .. } = self;
        let new: Vec<_> = new.into_iter().flatten().map(|newcomer| newcomer.account).collect();
        let changed: Vec<_> = unsaved.iter().filter_map(|key| records.remove(key)).collect();
        if !new.is_empty() {
            tx.archive().insert_accounts(&new)?;
        }
        if !changed.is_empty() {
            tx.archive().put_imports(&changed)?;
        }
        Ok(outcomes)
    }
}

/// Of these keys, those that would become subjects, unless their accounts came in before.
fn texts_of(keys: &[ForeignKey], records: &[ImportRecord]) -> Vec<Subject> {
    let known: HashSet<_> = records.iter().map(|record| &record.key).collect();
    let subject = |key: &ForeignKey| match key {
        ForeignKey::Text(text) => Some(Subject::from_stored(text.clone())),
        ForeignKey::Number(_) => None,
    };
    keys.iter().filter(|key| !known.contains(key)).filter_map(subject).collect()
}
