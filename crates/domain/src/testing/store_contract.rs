//! What every [`Store`] must do, whatever it stores in.
//!
//! Each case gets a store of its own, empty and migrated, and panics if the store breaks the
//! contract. A harness lists [`CASES`] and runs each once per adapter.

use super::{SeededRandom, block_on};
use crate::identity::{CanonicalName, EmailAddress, Username};
use crate::keys::{Algorithm, KeyId, KeyRecord, KeyTimes};
use crate::password::PasswordHash;
use crate::sealing::Fingerprint;
use crate::session::{Client, End, EndReason, Generation, Rotation, Session, SessionId, SessionPolicy};
use crate::store::{Lookup, Store, StoreError, Taken, Transaction, Verdict};
use crate::time::Timestamp;
use crate::user::{CredentialVersion, FullName, NewUser, Subject, User, UserId};
use std::thread;
use std::time::Duration;

/// One case: the behaviour it asks for, and the function that asks.
pub type Case = (&'static str, fn(&dyn Store));

/// Every case of the contract.
pub const CASES: &[Case] = &[
    ("a_new_user_is_found_by_id_and_by_each_login_name", a_new_user_is_found),
    ("absence_is_not_an_error", absence_is_not_an_error),
    ("a_login_name_belongs_to_one_account", a_login_name_belongs_to_one_account),
    ("one_account_may_have_the_same_username_and_address", same_username_and_address),
    ("accounts_without_an_address_do_not_collide", accounts_without_an_address),
    ("of_64_inserts_of_one_name_one_wins", of_64_inserts_one_wins),
    ("user_ids_are_not_used_again", user_ids_are_not_used_again),
    ("a_step_that_rolls_back_leaves_nothing", a_step_that_rolls_back_leaves_nothing),
    ("a_step_that_fails_leaves_nothing", a_step_that_fails_leaves_nothing),
    ("a_read_sees_every_write_that_was_answered", a_read_sees_answered_writes),
    ("a_login_is_recorded_for_the_version_that_was_checked", a_login_is_guarded),
    ("a_hash_is_replaced_only_while_it_is_the_stored_one", a_hash_is_replaced_by_guard),
    ("a_password_change_advances_the_version", a_password_change_advances_the_version),
    ("flags_and_names_are_changed", flags_and_names_are_changed),
    ("a_session_is_stored_as_it_is", a_session_is_stored_as_it_is),
    ("a_session_rotates_from_its_current_generation_only", a_session_rotates_by_guard),
    ("of_64_rotations_of_one_generation_one_wins", of_64_rotations_one_wins),
    ("a_session_ends_once_and_then_rotates_no_more", a_session_ends_once),
    ("ending_all_sessions_leaves_those_of_others", ending_all_sessions),
    ("a_login_against_a_password_change_leaves_no_live_session", login_against_password_change),
    ("live_sessions_are_listed_the_last_used_first", live_sessions_are_listed),
    ("deleting_a_user_deletes_its_sessions_and_frees_its_names", deleting_a_user),
    ("a_sweep_deletes_expired_sessions_up_to_its_limit", a_sweep_deletes_expired_sessions),
    ("keys_are_stored_changed_and_deleted", keys_are_stored),
    ("the_key_ring_advances_by_compare_and_swap", the_key_ring_advances),
    ("the_root_fingerprint_is_set_by_compare_and_swap", the_root_fingerprint_is_guarded),
    ("text_of_every_script_comes_back_as_it_was", text_comes_back),
    ("health_is_good", health_is_good),
];

const NOW: Timestamp = Timestamp::from_micros(1_767_225_600_123_456);

/// Every account gets a subject of its own.
static SUBJECTS: SeededRandom = SeededRandom::new(0);

fn later(seconds: u64) -> Timestamp {
    NOW.plus(Duration::from_secs(seconds))
}

fn new_user(username: &str, email: Option<&str>) -> NewUser {
    NewUser {
        subject: Subject::generate(&SUBJECTS, NOW),
        username: Username::parse(username).unwrap(),
        email: email.map(|address| EmailAddress::parse(address).unwrap()),
        password: PasswordHash::from_encoded(format!("plain${username}")),
        is_staff: false,
        is_superuser: false,
        date_joined: NOW,
    }
}

fn write<T: Send + 'static>(
    store: &dyn Store,
    mut work: impl FnMut(&mut dyn Transaction) -> Result<T, StoreError> + Send + 'static,
) -> T {
    block_on(store.transact(move |tx| work(tx).map(Verdict::Commit))).unwrap()
}

fn read<T: Send + 'static>(
    store: &dyn Store,
    look: impl FnMut(&mut dyn Lookup) -> Result<T, StoreError> + Send + 'static,
) -> T {
    block_on(store.query(look)).unwrap()
}

fn try_insert(store: &dyn Store, new: NewUser) -> Result<User, Taken> {
    block_on(store.transact(move |tx| {
        Ok(match tx.insert_user(&new)? {
            Ok(user) => Verdict::Commit(Ok(user)),
            Err(taken) => Verdict::RollBack(Err(taken)),
        })
    }))
    .unwrap()
}

fn insert(store: &dyn Store, username: &str) -> User {
    try_insert(store, new_user(username, None)).unwrap()
}

fn find(store: &dyn Store, id: UserId) -> Option<User> {
    read(store, move |db| db.user(id))
}

fn session_of(user: &User, number: u8, at: Timestamp) -> Session {
    let client = Client::new("2001:db8::1", "Mozilla/5.0 (テスト)");
    Session::begin(SessionId::from_bytes([number; 16]), user.id, client, at, &SessionPolicy::default())
}

fn insert_session(store: &dyn Store, user: &User, number: u8, at: Timestamp) -> Session {
    let session = session_of(user, number, at);
    let stored = session.clone();
    write(store, move |tx| tx.insert_session(&stored));
    session
}

fn find_session(store: &dyn Store, id: SessionId) -> Option<Session> {
    read(store, move |db| db.session(id)).map(|(session, _)| session)
}

fn rotation(from: Generation, seconds: u64) -> Rotation {
    let at = later(seconds);
    Rotation {
        from,
        at,
        expires_at: at.plus(Duration::from_secs(60)),
        client: Client::new("192.0.2.1", "curl"),
    }
}

fn end(reason: EndReason) -> End {
    End { at: later(7), reason }
}

fn a_new_user_is_found(store: &dyn Store) {
    let new = new_user("Alice", Some("Alice@Example.com"));
    let user = try_insert(store, new.clone()).unwrap();
    assert_eq!((&user.subject, &user.username, &user.email), (&new.subject, &new.username, &new.email));
    assert!(user.is_active && !user.is_staff && !user.is_superuser);
    assert_eq!((user.date_joined, user.last_login), (NOW, None));
    assert_eq!(user.tokens_valid_after, Timestamp::EPOCH);
    assert_eq!(find(store, user.id).as_ref(), Some(&user));
    for name in ["alice", "alice@example.com"] {
        let name = CanonicalName::of(name);
        let again = name.clone();
        assert_eq!(read(store, move |db| db.user_by_login_name(&name)).as_ref(), Some(&user));
        let credential = read(store, move |db| db.credential(&again)).unwrap();
        assert_eq!((credential.user_id, &credential.password), (user.id, &new.password));
        assert!(credential.is_active);
    }
}

fn absence_is_not_an_error(store: &dyn Store) {
    let nobody = UserId(4_000_000_000);
    let nothing = SessionId::from_bytes([9; 16]);
    assert_eq!(find(store, nobody), None);
    assert_eq!(read(store, |db| db.user_by_login_name(&CanonicalName::of("nobody"))), None);
    assert_eq!(read(store, |db| db.credential(&CanonicalName::of(""))), None);
    assert_eq!(find_session(store, nothing), None);
    assert_eq!(read(store, move |db| db.live_sessions(nobody, NOW)), []);
    assert_eq!(read(store, |db| db.keys()), []);
    assert_eq!(read(store, |db| db.key_ring_version()), 0);
    assert_eq!(read(store, |db| db.root_fingerprint()), None);
    write(store, move |tx| {
        assert!(!tx.record_login(nobody, CredentialVersion(0), NOW)?);
        assert!(!tx.set_password(nobody, &PasswordHash::unusable(), NOW)?);
        assert!(!tx.invalidate_tokens(nobody, NOW)?);
        assert!(!tx.set_active(nobody, true)?);
        assert!(!tx.set_full_name(nobody, &FullName::default())?);
        assert!(!tx.delete_user(nobody)?);
        assert!(!tx.rotate_session(nothing, &rotation(Generation::FIRST, 1))?);
        assert!(!tx.end_session(nothing, end(EndReason::Logout))?);
        assert_eq!(tx.end_sessions(nobody, end(EndReason::Logout))?, 0);
        assert_eq!(tx.sweep_sessions(NOW, 10)?, 0);
        assert!(!tx.delete_key(&KeyId("none".into()))?);
        Ok(())
    });
}

fn a_login_name_belongs_to_one_account(store: &dyn Store) {
    try_insert(store, new_user("alice", Some("a@example.com"))).unwrap();
    let tried = [
        (new_user("ALICE", Some("b@example.com")), Taken::Username),
        (new_user("bob", Some("A@example.com")), Taken::Email),
        (new_user("a@Example.com", None), Taken::Username),
        (new_user("alice", Some("a@example.com")), Taken::Username),
    ];
    for (new, taken) in tried {
        assert_eq!(try_insert(store, new).unwrap_err(), taken);
    }
    try_insert(store, new_user("carol@example.com", None)).unwrap();
    assert_eq!(try_insert(store, new_user("dave", Some("carol@example.com"))).unwrap_err(), Taken::Email);
}

fn same_username_and_address(store: &dyn Store) {
    let user = try_insert(store, new_user("eve@example.com", Some("Eve@example.com"))).unwrap();
    let found = read(store, |db| db.user_by_login_name(&CanonicalName::of("eve@example.com")));
    assert_eq!(found, Some(user));
}

fn accounts_without_an_address(store: &dyn Store) {
    assert_ne!(insert(store, "one").id, insert(store, "two").id);
}

fn of_64_inserts_one_wins(store: &dyn Store) {
    let outcomes: Vec<_> = thread::scope(|scope| {
        let rivals: Vec<_> = (0..64)
            .map(|i| {
                let email = format!("rival{i}@example.com");
                scope.spawn(move || try_insert(store, new_user("alice", Some(&email))))
            })
            .collect();
        rivals.into_iter().map(|rival| rival.join().unwrap()).collect()
    });
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Ok(_) | Err(Taken::Username))));
}

fn user_ids_are_not_used_again(store: &dyn Store) {
    insert(store, "first");
    let last = insert(store, "last").id;
    assert!(write(store, move |tx| tx.delete_user(last)));
    assert!(insert(store, "next").id > last);
}

fn a_step_that_rolls_back_leaves_nothing(store: &dyn Store) {
    let new = new_user("alice", Some("alice@example.com"));
    let id = block_on(store.transact(move |tx| {
        let user = tx.insert_user(&new)?.unwrap();
        tx.insert_session(&session_of(&user, 1, NOW))?;
        tx.advance_key_ring(0)?;
        Ok(Verdict::RollBack(user.id))
    }))
    .unwrap();
    assert_eq!(find(store, id), None);
    assert_eq!(find_session(store, SessionId::from_bytes([1; 16])), None);
    assert_eq!(read(store, |db| db.key_ring_version()), 0);
    try_insert(store, new_user("alice", Some("alice@example.com"))).unwrap();
}

fn a_step_that_fails_leaves_nothing(store: &dyn Store) {
    let failed: Result<(), _> = block_on(store.transact(|tx| {
        tx.advance_key_ring(0)?;
        Err(StoreError::failed("on purpose"))
    }));
    assert!(matches!(failed, Err(StoreError::Failed(_))));
    assert_eq!(read(store, |db| db.key_ring_version()), 0);
}

fn a_read_sees_answered_writes(store: &dyn Store) {
    for version in 0..50 {
        assert!(write(store, move |tx| tx.advance_key_ring(version)));
        assert_eq!(read(store, |db| db.key_ring_version()), version + 1);
    }
}

fn a_login_is_guarded(store: &dyn Store) {
    let id = insert(store, "alice").id;
    let login = |version, seconds| write(store, move |tx| tx.record_login(id, version, later(seconds)));
    let version = read(store, |db| db.credential(&CanonicalName::of("alice"))).unwrap().version;
    assert!(login(version, 1));
    assert_eq!(find(store, id).unwrap().last_login, Some(later(1)));
    assert!(!login(CredentialVersion(version.0 + 1), 2));
    assert!(write(store, move |tx| tx.set_active(id, false)));
    assert!(!login(version, 3));
    assert!(write(store, move |tx| tx.set_active(id, true)));
    assert!(write(store, move |tx| tx.set_password(id, &PasswordHash::from_encoded("plain$new"), later(4))));
    assert!(!login(version, 5));
    assert_eq!(find(store, id).unwrap().last_login, Some(later(1)));
}

fn a_hash_is_replaced_by_guard(store: &dyn Store) {
    let id = insert(store, "alice").id;
    let before = read(store, |db| db.credential(&CanonicalName::of("alice"))).unwrap();
    let replace = |old: PasswordHash| {
        write(store, move |tx| tx.replace_hash(id, &old, &PasswordHash::from_encoded("new$alice")))
    };
    assert!(!replace(PasswordHash::from_encoded("plain$other")));
    assert!(replace(before.password.clone()));
    assert!(!replace(before.password));
    let after = read(store, |db| db.credential(&CanonicalName::of("alice"))).unwrap();
    assert_eq!(after.password.as_encoded(), "new$alice");
    assert_eq!(after.version, before.version);
}

fn a_password_change_advances_the_version(store: &dyn Store) {
    let id = insert(store, "alice").id;
    let credential = || read(store, |db| db.credential(&CanonicalName::of("alice"))).unwrap();
    let before = credential();
    assert!(write(store, move |tx| tx.set_password(id, &PasswordHash::from_encoded("plain$new"), later(9))));
    let after = credential();
    assert_ne!(after.version, before.version);
    assert_eq!(after.password.as_encoded(), "plain$new");
    assert_eq!(find(store, id).unwrap().tokens_valid_after, later(9));
}

fn flags_and_names_are_changed(store: &dyn Store) {
    let (alice, bob) = (insert(store, "alice"), insert(store, "bob"));
    let id = alice.id;
    let name = FullName::parse("Alice Liddell").unwrap();
    let stored = name.clone();
    write(store, move |tx| {
        assert!(tx.set_active(id, false)?);
        assert!(tx.set_full_name(id, &stored)?);
        assert!(tx.invalidate_tokens(id, later(3))?);
        Ok(())
    });
    let expected = User { is_active: false, full_name: name, tokens_valid_after: later(3), ..alice };
    assert_eq!(find(store, id), Some(expected));
    assert_eq!(find(store, bob.id), Some(bob));
}

fn a_session_is_stored_as_it_is(store: &dyn Store) {
    let user = insert(store, "alice");
    let session = insert_session(store, &user, 1, NOW);
    let id = session.id;
    assert_eq!(read(store, move |db| db.session(id)), Some((session, user.clone())));
    let endless = Session { ends_at: None, ..session_of(&user, 2, NOW) };
    let stored = endless.clone();
    write(store, move |tx| tx.insert_session(&stored));
    assert_eq!(find_session(store, endless.id), Some(endless));
}

fn a_session_rotates_by_guard(store: &dyn Store) {
    let user = insert(store, "alice");
    let session = insert_session(store, &user, 1, NOW);
    let id = session.id;
    let rotate = |from, seconds| write(store, move |tx| tx.rotate_session(id, &rotation(from, seconds)));
    assert!(!rotate(Generation(1), 1));
    assert!(rotate(Generation::FIRST, 2));
    assert!(!rotate(Generation::FIRST, 3));
    let expected = session.rotated(rotation(Generation::FIRST, 2));
    assert_eq!(find_session(store, id), Some(expected));
}

fn of_64_rotations_one_wins(store: &dyn Store) {
    let id = insert_session(store, &insert(store, "alice"), 1, NOW).id;
    let won = thread::scope(|scope| {
        let rotate = move || write(store, move |tx| tx.rotate_session(id, &rotation(Generation::FIRST, 1)));
        let rivals: Vec<_> = (0..64).map(|_| scope.spawn(rotate)).collect();
        rivals.into_iter().map(|rival| rival.join().unwrap()).filter(|won| *won).count()
    });
    assert_eq!(won, 1);
    assert_eq!(find_session(store, id).unwrap().generation, Generation(1));
}

fn a_session_ends_once(store: &dyn Store) {
    let id = insert_session(store, &insert(store, "alice"), 1, NOW).id;
    let reasons = [
        EndReason::Logout,
        EndReason::Revoked,
        EndReason::Reuse,
        EndReason::PasswordChange,
        EndReason::Deactivation,
    ];
    for (i, reason) in reasons.into_iter().enumerate() {
        let ended = write(store, move |tx| tx.end_session(id, end(reason)));
        assert_eq!(ended, i == 0);
    }
    assert!(!write(store, move |tx| tx.rotate_session(id, &rotation(Generation::FIRST, 1))));
    assert_eq!(find_session(store, id).unwrap().ended, Some(end(EndReason::Logout)));
}

fn ending_all_sessions(store: &dyn Store) {
    let (alice, bob) = (insert(store, "alice"), insert(store, "bob"));
    let ids = [1, 2, 3].map(|number| insert_session(store, &alice, number, NOW).id);
    let of_bob = insert_session(store, &bob, 4, NOW).id;
    let [first, ..] = ids;
    assert!(write(store, move |tx| tx.end_session(first, end(EndReason::Logout))));
    let id = alice.id;
    for expected in [2, 0] {
        assert_eq!(write(store, move |tx| tx.end_sessions(id, end(EndReason::PasswordChange))), expected);
    }
    assert_eq!(find_session(store, first).unwrap().ended, Some(end(EndReason::Logout)));
    assert_eq!(find_session(store, ids[2]).unwrap().ended, Some(end(EndReason::PasswordChange)));
    assert_eq!(find_session(store, of_bob).unwrap().ended, None);
}

fn login_against_password_change(store: &dyn Store) {
    for round in 0..10_u8 {
        let user = insert(store, &format!("alice{round}"));
        let id = user.id;
        thread::scope(|scope| {
            for rival in 0..8 {
                let session = session_of(&user, round * 10 + rival, NOW);
                scope.spawn(move || {
                    let login = move |tx: &mut dyn Transaction| {
                        if !tx.record_login(id, CredentialVersion(0), NOW)? {
                            return Ok(Verdict::RollBack(()));
                        }
                        tx.insert_session(&session)?;
                        Ok(Verdict::Commit(()))
                    };
                    block_on(store.transact(login)).unwrap();
                });
            }
            scope.spawn(move || {
                write(store, move |tx| {
                    assert!(tx.set_password(id, &PasswordHash::unusable(), NOW)?);
                    tx.end_sessions(id, end(EndReason::PasswordChange))
                })
            });
        });
        assert_eq!(read(store, move |db| db.live_sessions(id, NOW)), [], "round {round}");
    }
}

fn live_sessions_are_listed(store: &dyn Store) {
    let user = insert(store, "alice");
    let other = insert(store, "bob");
    insert_session(store, &other, 9, NOW);
    let first = insert_session(store, &user, 1, later(1));
    let second = insert_session(store, &user, 2, later(2));
    let ended = insert_session(store, &user, 3, later(3)).id;
    let expired = Session { expires_at: later(5), ..session_of(&user, 4, later(4)) };
    write(store, move |tx| {
        tx.insert_session(&expired)?;
        tx.end_session(ended, end(EndReason::Logout))
    });
    let rotated = rotation(Generation::FIRST, 30);
    let expected = [first.clone().rotated(rotated.clone()), second];
    assert!(write(store, move |tx| tx.rotate_session(first.id, &rotated)));
    assert_eq!(read(store, move |db| db.live_sessions(user.id, later(31))), expected);
}

fn deleting_a_user(store: &dyn Store) {
    let user = try_insert(store, new_user("alice", Some("alice@example.com"))).unwrap();
    let session = insert_session(store, &user, 1, NOW).id;
    let id = user.id;
    assert!(write(store, move |tx| tx.delete_user(id)));
    assert_eq!(find(store, id), None);
    assert_eq!(find_session(store, session), None);
    assert!(!write(store, move |tx| tx.delete_user(id)));
    try_insert(store, new_user("alice@example.com", Some("alice@example.com"))).unwrap();
}

fn a_sweep_deletes_expired_sessions(store: &dyn Store) {
    let user = insert(store, "alice");
    for number in 1..=5 {
        let session = Session { expires_at: later(u64::from(number)), ..session_of(&user, number, NOW) };
        write(store, move |tx| tx.insert_session(&session));
    }
    let sweep = |seconds, limit| write(store, move |tx| tx.sweep_sessions(later(seconds), limit));
    assert_eq!(sweep(1, 10), 0);
    assert_eq!(sweep(5, 3), 3);
    assert_eq!(sweep(5, 3), 1);
    assert!(find_session(store, SessionId::from_bytes([5; 16])).is_some());
}

fn keys_are_stored(store: &dyn Store) {
    let key = |id: &str, seconds, algorithm| KeyRecord {
        id: KeyId(id.into()),
        algorithm,
        times: KeyTimes { created_at: later(seconds), activates_at: later(seconds + 5), retires_at: None },
        sealed: vec![0, 255, 128, 10],
    };
    let (second, first) = (key("b", 2, Algorithm::Hs256), key("c", 1, Algorithm::EdDsa));
    let both = (second.clone(), first.clone());
    write(store, move |tx| tx.put_key(&both.0).and_then(|()| tx.put_key(&both.1)));
    assert_eq!(read(store, |db| db.keys()), [first.clone(), second.clone()]);
    let times = KeyTimes { retires_at: Some(later(60)), ..first.times };
    let retiring = KeyRecord { times, sealed: vec![1], ..first };
    let put = retiring.clone();
    write(store, move |tx| tx.put_key(&put));
    assert_eq!(read(store, |db| db.keys()), [retiring.clone(), second]);
    assert!(write(store, |tx| tx.delete_key(&KeyId("b".into()))));
    assert_eq!(read(store, |db| db.keys()), [retiring]);
}

fn the_key_ring_advances(store: &dyn Store) {
    assert!(!write(store, |tx| tx.advance_key_ring(1)));
    let won = thread::scope(|scope| {
        let rivals: Vec<_> =
            (0..16).map(|_| scope.spawn(|| write(store, |tx| tx.advance_key_ring(0)))).collect();
        rivals.into_iter().map(|rival| rival.join().unwrap()).filter(|won| *won).count()
    });
    assert_eq!(won, 1);
    assert_eq!(read(store, |db| db.key_ring_version()), 1);
}

fn the_root_fingerprint_is_guarded(store: &dyn Store) {
    let set = |from: Option<&str>, to: &str| {
        let (from, to) = (from.map(|from| Fingerprint(from.into())), Fingerprint(to.into()));
        write(store, move |tx| tx.set_root_fingerprint(from.as_ref(), &to))
    };
    assert!(!set(Some("a"), "b"));
    assert!(set(None, "a"));
    assert!(!set(None, "b"));
    assert!(set(Some("a"), "b"));
    assert_eq!(read(store, |db| db.root_fingerprint()), Some(Fingerprint("b".into())));
}

fn text_comes_back(store: &dyn Store) {
    for name in ["Ünïcødé", "山田太郎", "иван", "x'\"\\%_;--", "😀 👩‍👩‍👧", "  spaces  ", ""]
    {
        let user = insert(store, &format!("u{}", name.len()));
        let id = user.id;
        let full_name = FullName::parse(name).unwrap();
        let stored = full_name.clone();
        assert!(write(store, move |tx| tx.set_full_name(id, &stored)));
        assert_eq!(find(store, id).unwrap().full_name, full_name);
    }
}

fn health_is_good(store: &dyn Store) {
    block_on(store.health()).unwrap();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::MemoryStore;

    #[test]
    fn the_store_in_memory_keeps_the_contract() {
        for (name, case) in CASES {
            // A thread of that name, so that a panic tells which case it was.
            let run = || case(&MemoryStore::new());
            thread::Builder::new().name((*name).into()).spawn(run).unwrap().join().unwrap();
        }
    }
}
