//! Imports from a source in memory into a store in memory.

mod collisions;
mod merging;
mod properties;
mod runs;

use super::{CollisionPolicy, ImportError, ImportRules, Imports, RemarkKind, Report};
use crate::store::{Store, Transaction, Verdict};
use crate::takeover::{AccountRecord, Attributes, ForeignAccount, ForeignKey, ImportRecord};
use crate::testing::{SeededRandom, TestSource, World, block_on};
use crate::user::UserId;
use std::sync::Arc;

/// A world that is moved to.
struct Move {
    world: World,
    imports: Imports,
}

impl Move {
    fn new() -> Self {
        Self::to(World::new(), CollisionPolicy::Skip)
    }

    fn newest() -> Self {
        Self::to(World::new(), CollisionPolicy::Newest)
    }

    fn to(world: World, collisions: CollisionPolicy) -> Self {
        let imports = Imports {
            store: world.store.clone(),
            clock: world.clock.clone(),
            random: Arc::new(SeededRandom::new(9)),
            rules: ImportRules { collisions, deactivate_missing: false, keep_address },
            batch: 100,
            shown: 3,
        };
        Self { world, imports }
    }

    /// The same with batches of one: what happens within a batch happens between two.
    fn one_by_one(self) -> Self {
        Self { imports: Imports { batch: 1, ..self.imports }, ..self }
    }

    fn run(&self, accounts: impl IntoIterator<Item = ForeignAccount>) -> Report {
        self.run_source(&mut TestSource::of(accounts)).unwrap()
    }

    fn run_source(&self, source: &mut TestSource) -> Result<Report, ImportError> {
        block_on(self.imports.run(source, |_| ()))
    }

    fn account(&self, number: i64) -> Option<AccountRecord> {
        self.write(move |tx| tx.archive().accounts(&[UserId(number)]).unwrap()).pop()
    }

    fn record(&self, number: i64) -> Option<ImportRecord> {
        self.write(move |tx| tx.archive().imports(&[ForeignKey::Number(number)]).unwrap()).pop()
    }

    /// Username and address of each account, in the order of their numbers.
    fn names(&self) -> Vec<(i64, String, Option<String>)> {
        let name = |account: AccountRecord| {
            let address = account.user.email.map(|address| address.as_str().to_owned());
            (account.user.id.0, account.user.username.as_str().to_owned(), address)
        };
        self.everything().0.into_iter().map(name).collect()
    }

    /// All accounts and records.
    fn everything(&self) -> (Vec<AccountRecord>, Vec<ImportRecord>) {
        self.write(|tx| {
            let accounts = tx.accounts_after(UserId(i64::MIN), 1_000).unwrap();
            (accounts, tx.archive().imports_after(None, 1_000).unwrap())
        })
    }

    fn write<T: Send + 'static>(
        &self,
        mut work: impl FnMut(&mut dyn Transaction) -> T + Send + 'static,
    ) -> T {
        let store: &dyn Store = &*self.world.store;
        block_on(store.transact(move |tx| Ok(Verdict::Commit(work(tx))))).unwrap()
    }
}

fn keep_address(attributes: &Attributes, address: &str) -> Attributes {
    Attributes::from_json(format!("{} and {address}", attributes.as_json()))
}

/// Added, amended, unchanged, skipped and removed accounts.
fn counts(report: &Report) -> [u64; 5] {
    let Report { added, amended, unchanged, skipped, removed, .. } = report;
    [*added, *amended, *unchanged, *skipped, *removed]
}

/// What is remarked, and of which accounts.
fn remarks(report: &Report) -> Vec<(RemarkKind, Vec<String>)> {
    let keys = |remarks: &super::Remarks| remarks.first.iter().map(|it| it.key.to_string()).collect();
    report.remarks.iter().map(|(kind, remarks)| (*kind, keys(remarks))).collect()
}

fn named(entries: &[(i64, &str, Option<&str>)]) -> Vec<(i64, String, Option<String>)> {
    entries.iter().map(|(id, name, email)| (*id, (*name).to_owned(), email.map(str::to_owned))).collect()
}

fn remarked(entries: &[(RemarkKind, &[&str])]) -> Vec<(RemarkKind, Vec<String>)> {
    entries.iter().map(|(kind, keys)| (*kind, keys.iter().map(ToString::to_string).collect())).collect()
}
