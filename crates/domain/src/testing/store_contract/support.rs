//! What the cases share: a moment, accounts, sessions, and short words for units of work.

use crate::identity::{CanonicalName, EmailAddress, Username};
use crate::password::PasswordHash;
use crate::session::{Client, End, EndReason, Generation, Rotation, Session, SessionId, SessionPolicy};
use crate::store::{Lookup, Store, StoreError, Taken, Transaction, Verdict};
use crate::testing::{SeededRandom, block_on};
use crate::time::Timestamp;
use crate::user::{NewUser, Subject, User, UserId};
use std::thread;
use std::time::Duration;

pub(super) const NOW: Timestamp = Timestamp::from_micros(1_767_225_600_123_456);

/// Every account gets a subject of its own.
static SUBJECTS: SeededRandom = SeededRandom::new(0);

pub(super) fn later(seconds: u64) -> Timestamp {
    NOW.plus(Duration::from_secs(seconds))
}

pub(super) fn address(text: &str) -> EmailAddress {
    EmailAddress::parse(text).unwrap()
}

pub(super) fn new_user(username: &str, email: Option<&str>) -> NewUser {
    NewUser {
        subject: Subject::generate(&SUBJECTS, NOW),
        username: Username::parse(username).unwrap(),
        email: email.map(address),
        email_verified_at: None,
        is_active: true,
        password: PasswordHash::from_encoded(format!("plain${username}")),
        is_staff: false,
        is_superuser: false,
        date_joined: NOW,
    }
}

pub(super) fn write<T: Send + 'static>(
    store: &dyn Store,
    mut work: impl FnMut(&mut dyn Transaction) -> Result<T, StoreError> + Send + 'static,
) -> T {
    block_on(store.transact(move |tx| work(tx).map(Verdict::Commit))).unwrap()
}

pub(super) fn read<T: Send + 'static>(
    store: &dyn Store,
    look: impl FnMut(&mut dyn Lookup) -> Result<T, StoreError> + Send + 'static,
) -> T {
    block_on(store.query(look)).unwrap()
}

pub(super) fn try_insert(store: &dyn Store, new: NewUser) -> Result<User, Taken> {
    block_on(store.transact(move |tx| {
        Ok(match tx.insert_user(&new)? {
            Ok(user) => Verdict::Commit(Ok(user)),
            Err(taken) => Verdict::RollBack(Err(taken)),
        })
    }))
    .unwrap()
}

pub(super) fn insert(store: &dyn Store, username: &str) -> User {
    try_insert(store, new_user(username, None)).unwrap()
}

pub(super) fn find(store: &dyn Store, id: UserId) -> Option<User> {
    read(store, move |db| db.user(id))
}

pub(super) fn find_by_name(store: &dyn Store, name: &str) -> Option<UserId> {
    let name = CanonicalName::of(name);
    read(store, move |db| db.user_by_login_name(&name)).map(|user| user.id)
}

pub(super) fn session_of(user: &User, number: u8, at: Timestamp) -> Session {
    let client = Client::new("2001:db8::1", "Mozilla/5.0 (テスト)");
    Session::begin(SessionId::from_bytes([number; 16]), user.id, client, at, &SessionPolicy::default())
}

pub(super) fn insert_session(store: &dyn Store, user: &User, number: u8, at: Timestamp) -> Session {
    let session = session_of(user, number, at);
    let stored = session.clone();
    write(store, move |tx| tx.insert_session(&stored));
    session
}

pub(super) fn find_session(store: &dyn Store, id: SessionId) -> Option<Session> {
    read(store, move |db| db.session(id)).map(|(session, _)| session)
}

pub(super) fn rotation(from: Generation, seconds: u64) -> Rotation {
    let at = later(seconds);
    Rotation {
        from,
        at,
        expires_at: at.plus(Duration::from_secs(60)),
        client: Client::new("192.0.2.1", "curl"),
    }
}

pub(super) fn end(reason: EndReason) -> End {
    End { at: later(7), reason }
}

/// Asks from 32 threads at once, and answers what each was told.
pub(super) fn from_32_threads<T: Send>(ask: impl Fn() -> T + Sync) -> Vec<T> {
    thread::scope(|scope| {
        let rivals: Vec<_> = (0..32).map(|_| scope.spawn(&ask)).collect();
        rivals.into_iter().map(|rival| rival.join().unwrap()).collect()
    })
}
