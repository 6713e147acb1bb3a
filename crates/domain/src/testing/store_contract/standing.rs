//! What requests are judged by, and the numbers of its changes.

use super::Case;
use super::support::{
    NOW, address, end, find, insert, insert_session, later, new_user, read, rotation, session_of, try_insert,
    write,
};
use crate::password::PasswordHash;
use crate::session::{EndReason, Generation, Session};
use crate::standing::{ChangeNumber, Changes, SignedIn};
use crate::store::{Store, StoreError, Transaction, Verdict};
use crate::testing::block_on;
use crate::user::{CredentialVersion, FullName, User, UserId};
use std::collections::BTreeSet;
use std::thread;

pub(super) const CASES: &[Case] = &[
    ("standing_is_the_account_and_its_own_live_session", standing_is_account_and_session),
    ("standing_is_told_as_it_is_after_every_change", standing_follows_every_change),
    ("accounts_are_told_with_their_live_sessions_from_the_last_one_on", signed_in_from_the_last_on),
    ("every_change_of_standing_is_numbered_without_a_gap", every_change_is_numbered),
    ("what_leaves_standing_as_it_is_is_not_numbered", what_is_no_change_is_not_numbered),
    ("a_unit_tells_whose_standing_it_changed", a_unit_tells_whose_standing_it_changed),
    ("a_unit_that_rolls_back_numbers_nothing", a_rollback_numbers_nothing),
    ("whoever_looks_often_misses_no_change_of_many_at_once", a_follower_misses_nothing),
    ("whoever_looks_too_late_is_told_so", whoever_looks_too_late),
];

fn changes(store: &dyn Store, seen: ChangeNumber) -> Changes {
    read(store, move |db| db.changes_since(seen))
}

fn standing_is_account_and_session(store: &dyn Store) {
    let (alice, bob) = (insert(store, "alice"), insert(store, "bob"));
    let (own, foreign) = (insert_session(store, &alice, 1, NOW), insert_session(store, &bob, 2, NOW));
    let id = alice.id;
    let until = |session: Option<&Session>| {
        let session = session.map(|session| session.id);
        let standing = block_on(store.standing(id, session, NOW)).unwrap().unwrap();
        assert_eq!(*standing.user, alice);
        standing.session_until
    };
    assert_eq!(until(None), None);
    assert_eq!(until(Some(&own)), Some(own.expires_at));
    assert_eq!(until(Some(&foreign)), None);
    assert_eq!(until(Some(&session_of(&alice, 9, NOW))), None);
}

fn standing_follows_every_change(store: &dyn Store) {
    let user = insert(store, "alice");
    let (id, session) = (user.id, insert_session(store, &user, 1, NOW).id);
    let standing = || block_on(store.standing(id, Some(session), NOW)).unwrap();
    // Asked before each change too, so that what a store may remember would be stale.
    assert!(standing().unwrap().session_until.is_some());
    let name = FullName::parse("Alice Liddell").unwrap();
    write(store, move |tx| tx.set_full_name(id, &name));
    assert_eq!(standing().unwrap().user.full_name.as_str(), "Alice Liddell");
    write(store, move |tx| tx.invalidate_tokens(id, later(3)));
    assert_eq!(standing().unwrap().user.tokens_valid_after, later(3));
    write(store, move |tx| tx.set_email(id, &address("alice@example.com"), later(3)).map(drop));
    assert_eq!(standing().unwrap().user.email, Some(address("alice@example.com")));
    write(store, move |tx| tx.verify_email(id, &address("alice@example.com"), later(4)));
    assert_eq!(standing().unwrap().user.email_verified_at, Some(later(4)));
    write(store, move |tx| tx.set_active(id, false));
    assert!(!standing().unwrap().user.is_active);
    write(store, move |tx| tx.set_active(id, true));
    assert!(standing().unwrap().user.is_active);
    write(store, move |tx| tx.set_password(id, &PasswordHash::unusable(), later(4)));
    assert_eq!(standing().unwrap().user.tokens_valid_after, later(4));
    write(store, move |tx| tx.end_session(id, session, end(EndReason::Logout)));
    assert_eq!(standing().unwrap().session_until, None);

    let second = insert_session(store, &find(store, id).unwrap(), 2, NOW).id;
    let second_until = || block_on(store.standing(id, Some(second), NOW)).unwrap().unwrap().session_until;
    assert!(second_until().is_some());
    write(store, move |tx| tx.end_sessions(id, None, end(EndReason::Revoked)));
    assert_eq!(second_until(), None);
    write(store, move |tx| tx.delete_user(id));
    assert_eq!(standing(), None);
}

fn signed_in_from_the_last_on(store: &dyn Store) {
    let users = ["alice", "bob", "carol", "dora"].map(|name| insert(store, name));
    let [alice, bob, carol, dora] = &users;
    for (user, number) in [(alice, 1), (alice, 2), (alice, 3), (bob, 4), (dora, 5)] {
        insert_session(store, user, number, NOW);
    }
    let (ended, until) = (session_of(alice, 2, NOW).id, session_of(alice, 1, NOW).expires_at);
    let id = alice.id;
    write(store, move |tx| tx.end_session(id, ended, end(EndReason::Logout)));
    let told = |before, limit, now| {
        let told = read(store, move |db| db.signed_in_before(before, limit, now));
        let numbered = told.into_iter().map(|SignedIn { user, mut sessions }| {
            sessions.sort_unstable();
            (User::clone(&user), sessions)
        });
        numbered.collect::<Vec<_>>()
    };
    let with = |user: &User, numbers: &[u8]| {
        let sessions = numbers.iter().map(|number| (session_of(user, *number, NOW).id, until));
        (user.clone(), sessions.collect::<Vec<_>>())
    };
    let last = UserId(i64::MAX);
    assert_eq!(told(last, 2, NOW), [with(dora, &[5]), with(carol, &[])]);
    assert_eq!(told(carol.id, 2, NOW), [with(bob, &[4]), with(alice, &[1, 3])]);
    assert_eq!(told(alice.id, 2, NOW), []);
    assert_eq!(told(last, 0, NOW), []);
    assert_eq!(told(last, 9, until), users.iter().rev().map(|user| with(user, &[])).collect::<Vec<_>>());
}

type Change = fn(&mut dyn Transaction, UserId, &Session) -> Result<(), StoreError>;

fn every_change_is_numbered(store: &dyn Store) {
    let user = try_insert(store, new_user("alice", Some("alice@example.com"))).unwrap();
    let before = changes(store, ChangeNumber(0));
    assert_eq!(before, Changes { last: ChangeNumber(0), accounts: Some(vec![]) });
    let works: [Change; 9] = [
        |tx, id, _| tx.set_password(id, &PasswordHash::unusable(), later(1)).map(drop),
        |tx, id, _| tx.invalidate_tokens(id, later(2)).map(drop),
        |tx, id, _| tx.set_active(id, true).map(drop),
        |tx, id, _| tx.set_full_name(id, &FullName::default()).map(drop),
        |tx, id, _| tx.verify_email(id, &address("alice@example.com"), later(3)).map(drop),
        |tx, id, _| tx.set_email(id, &address("alice@example.org"), later(4)).map(drop),
        |tx, id, session| tx.end_session(id, session.id, end(EndReason::Logout)).map(drop),
        |tx, id, _| tx.end_sessions(id, None, end(EndReason::Logout)).map(drop),
        |tx, id, _| tx.delete_user(id).map(drop),
    ];
    for (done, work) in (1..).zip(works) {
        let (id, session) = (user.id, insert_session(store, &user, u8::try_from(done).unwrap(), NOW));
        write(store, move |tx| work(tx, id, &session));
        let last = ChangeNumber(done);
        let told = changes(store, ChangeNumber(done - 1));
        assert_eq!(told, Changes { last, accounts: Some(vec![user.id]) }, "{done}");
        assert_eq!(changes(store, last), Changes { last, accounts: Some(vec![]) });
    }
    assert_eq!(changes(store, ChangeNumber(2)).accounts, Some(vec![user.id; 7]));
}

fn what_is_no_change_is_not_numbered(store: &dyn Store) {
    let user = try_insert(store, new_user("alice", Some("alice@example.com"))).unwrap();
    let (id, nobody) = (user.id, UserId(4_000_000_000));
    let session = insert_session(store, &user, 1, NOW).id;
    write(store, move |tx| {
        assert!(tx.record_login(id, CredentialVersion(0), NOW)?);
        assert!(tx.rotate_session(id, session, &rotation(Generation::FIRST, 1))?.is_some());
        assert!(tx.hold(id)?.is_some());
        assert!(!tx.set_active(nobody, false)?);
        assert_eq!(tx.set_email(nobody, &address("free@example.com"), NOW)?, Ok(false));
        assert!(!tx.verify_email(nobody, &address("alice@example.com"), NOW)?);
        assert!(!tx.verify_email(id, &address("other@example.com"), NOW)?);
        assert!(!tx.end_session(nobody, session, end(EndReason::Logout))?);
        assert_eq!(tx.end_sessions(nobody, None, end(EndReason::Logout))?, 0);
        assert_eq!(tx.changed_accounts(), []);
        Ok(())
    });
    assert_eq!(changes(store, ChangeNumber(0)), Changes { last: ChangeNumber(0), accounts: Some(vec![]) });
}

fn a_unit_tells_whose_standing_it_changed(store: &dyn Store) {
    let (alice, bob) = (insert(store, "alice").id, insert(store, "bob").id);
    write(store, move |tx| {
        assert_eq!(tx.changed_accounts(), []);
        tx.set_active(bob, false)?;
        tx.set_active(alice, false)?;
        tx.invalidate_tokens(bob, NOW)?;
        assert_eq!(tx.changed_accounts().iter().collect::<BTreeSet<_>>(), BTreeSet::from([&alice, &bob]));
        Ok(())
    });
    let told: BTreeSet<_> = changes(store, ChangeNumber(0)).accounts.unwrap().into_iter().collect();
    assert_eq!(told, BTreeSet::from([alice, bob]));
}

fn a_rollback_numbers_nothing(store: &dyn Store) {
    let id = insert(store, "alice").id;
    block_on(store.transact(move |tx| tx.set_active(id, false).map(Verdict::RollBack))).unwrap();
    let failed: Result<(), _> = block_on(store.transact(move |tx| {
        tx.set_active(id, false)?;
        Err(StoreError::failed("on purpose"))
    }));
    assert!(failed.is_err());
    assert_eq!(changes(store, ChangeNumber(0)).last, ChangeNumber(0));
    write(store, move |tx| tx.set_active(id, false));
    assert_eq!(changes(store, ChangeNumber(0)).accounts, Some(vec![id]));
}

fn a_follower_misses_nothing(store: &dyn Store) {
    let users: Vec<_> = (0..16).map(|i| insert(store, &format!("user{i}")).id).collect();
    let mut seen = Vec::new();
    thread::scope(|scope| {
        let writers: Vec<_> = users
            .iter()
            .map(|id| {
                let id = *id;
                scope.spawn(move || {
                    for second in 0..10 {
                        write(store, move |tx| tx.invalidate_tokens(id, later(second)));
                    }
                })
            })
            .collect();
        let mut last = ChangeNumber(0);
        loop {
            // Asked first: what was committed before the last look is seen by it.
            let is_over = writers.iter().all(thread::ScopedJoinHandle::is_finished);
            let told = changes(store, last);
            seen.extend(told.accounts.unwrap());
            last = told.last;
            if is_over {
                break;
            }
        }
    });
    seen.sort_unstable();
    let expected: Vec<_> = users.iter().flat_map(|id| [*id; 10]).collect();
    assert_eq!(seen, expected);
}

fn whoever_looks_too_late(store: &dyn Store) {
    let id = insert(store, "alice").id;
    for _ in 0..5 {
        write(store, move |tx| tx.set_active(id, true));
    }
    assert_eq!(changes(store, ChangeNumber::NOTHING_SEEN).accounts, None);
    assert_eq!(write(store, |tx| tx.sweep_changes(3)), 2);
    assert_eq!(write(store, |tx| tx.sweep_changes(3)), 0);
    assert_eq!(changes(store, ChangeNumber(1)), Changes { last: ChangeNumber(5), accounts: None });
    assert_eq!(changes(store, ChangeNumber(2)).accounts, Some(vec![id; 3]));
    write(store, move |tx| {
        for _ in 0..Changes::MOST {
            tx.set_active(id, true)?;
        }
        Ok(())
    });
    assert_eq!(write(store, |tx| tx.sweep_changes(0)), 4);
    assert_eq!(changes(store, ChangeNumber(6)).accounts, Some(vec![]));
    assert_eq!(changes(store, ChangeNumber(5)).accounts, None);
    // A database that was put back to an earlier state knows less than its follower.
    assert_eq!(changes(store, ChangeNumber(7)), Changes { last: ChangeNumber(6), accounts: None });
}
