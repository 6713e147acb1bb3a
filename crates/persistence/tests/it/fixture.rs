//! A migrated database with a store on it, and what the cases put there.

use doorward_domain::identity::{EmailAddress, Username};
use doorward_domain::password::PasswordHash;
use doorward_domain::session::{Client, Session, SessionId, SessionPolicy};
use doorward_domain::standing::Standing;
use doorward_domain::store::{Lookup, Store, StoreError, Transaction, Verdict};
use doorward_domain::time::Timestamp;
use doorward_domain::user::{NewUser, Subject, User, UserId};
use doorward_persistence::{Database, DatabaseUrl, Migrator, Settings, open};
use doorward_testkit::{Database as Kind, Scratch};
use std::sync::Arc;
use std::thread;
use tokio::sync::oneshot;

pub(crate) const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

pub(crate) struct Fixture {
    // Before the scratch: its connections end first.
    pub(crate) database: Database,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) scratch: Scratch,
}

impl Fixture {
    pub(crate) fn new(kind: Kind) -> Self {
        let scratch = Scratch::filled(kind, migrate);
        let database = open_database(scratch.url());
        Self { store: database.store(), database, scratch }
    }

    /// What another process has: a store of its own on the same database.
    pub(crate) fn another(&self) -> Database {
        open_database(self.scratch.url())
    }

    pub(crate) fn write<T: Send + 'static>(
        &self,
        step: impl FnMut(&mut dyn Transaction) -> Result<Verdict<T>, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        block_on(self.store.transact(step))
    }

    pub(crate) fn read<T: Send + 'static>(
        &self,
        look: impl FnMut(&mut dyn Lookup) -> Result<T, StoreError> + Send + 'static,
    ) -> T {
        block_on(self.store.query(look)).unwrap()
    }

    /// Stores an account of that name.
    pub(crate) fn user(&self, name: &'static str) -> User {
        self.write(move |tx| Ok(Verdict::Commit(tx.insert_user(&new_user(name))?))).unwrap().unwrap()
    }

    /// Stores a session of that account.
    pub(crate) fn session(&self, user: UserId, number: u8) -> Session {
        let session = new_session(user, number);
        let stored = session.clone();
        self.write(move |tx| Ok(Verdict::Commit(tx.insert_session(&stored)?))).unwrap();
        session
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        self.database.close();
    }
}

pub(crate) fn migrate(url: &str) {
    Migrator::new(&parse(url)).run().unwrap();
}

pub(crate) fn parse(url: &str) -> DatabaseUrl {
    DatabaseUrl::parse(url).unwrap()
}

pub(crate) fn open_database(url: &str) -> Database {
    open(&parse(url), &Settings::default()).unwrap()
}

pub(crate) fn new_user(name: &str) -> NewUser {
    NewUser {
        subject: Subject::from_stored(format!("subject of {name}")),
        username: Username::from_stored(name.to_owned()),
        email: Some(EmailAddress::from_stored(format!("{name}@example.com"))),
        email_verified_at: None,
        password: PasswordHash::from_encoded("first"),
        is_active: true,
        is_staff: false,
        is_superuser: false,
        date_joined: NOW,
    }
}

pub(crate) fn new_session(user: UserId, number: u8) -> Session {
    let id = SessionId::from_bytes([number; 16]);
    Session::begin(id, user, Client::new("192.0.2.1", "a browser"), NOW, &SessionPolicy::default())
}

pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
}

/// Hands in all jobs before it waits for the first.
pub(crate) fn all_at_once<T, F: Future<Output = T>>(futures: impl IntoIterator<Item = F>) -> Vec<T> {
    block_on(futures_util::future::join_all(futures))
}

/// Has this thread a connection of its own to PostgreSQL, as a thread with a runtime has, while `work`
/// is done on it.
pub(crate) fn with_a_line<T>(f: &Fixture, work: impl FnOnce() -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let handle = runtime.handle().clone();
    let (stop, stopped) = oneshot::channel::<()>();
    let driver = thread::spawn(move || runtime.block_on(stopped));
    let entered = handle.enter();
    // The first who asks is answered by another way, and has it opened.
    find_standing(f, UserId(0), SessionId::from_bytes([0; 16]));
    while f.database.gauges().lines() == 0 {
        thread::yield_now();
    }
    let result = work();
    drop((entered, stop));
    driver.join().unwrap().unwrap_err();
    result
}

/// Looks by the shortest way that this thread has.
pub(crate) fn find_standing(f: &Fixture, user: UserId, session: SessionId) -> Option<Standing> {
    doorward_domain::testing::block_on(f.store.find_standing(user, Some(session))).unwrap()
}
