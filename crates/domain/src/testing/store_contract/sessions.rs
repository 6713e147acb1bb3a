//! Sessions: rotation, ends, sweeps.

use super::Case;
use super::support::{
    NOW, end, find, find_session, insert, insert_session, later, read, rotation, session_of, write,
};
use crate::password::PasswordHash;
use crate::session::{EndReason, Generation, Session, SessionId};
use crate::store::{Store, Swept, Transaction, Verdict};
use crate::testing::block_on;
use crate::user::{CredentialVersion, User, UserId};
use std::thread;

pub(super) const CASES: &[Case] = &[
    ("a_session_is_stored_as_it_is", a_session_is_stored_as_it_is),
    ("a_session_rotates_from_its_current_generation_only", a_session_rotates_by_guard),
    ("a_rotation_by_itself_is_guarded_alike", a_rotation_by_itself),
    ("a_rotation_stops_at_the_sessions_own_end", a_rotation_stops_at_the_sessions_end),
    ("what_expired_or_is_of_an_inactive_account_does_not_rotate", what_is_over_does_not_rotate),
    ("of_64_rotations_of_one_generation_one_wins", of_64_rotations_one_wins),
    ("a_session_ends_once_and_then_rotates_no_more", a_session_ends_once),
    ("ending_all_sessions_leaves_those_of_others", ending_all_sessions),
    ("ending_all_sessions_spares_the_one_that_is_excepted", ending_all_but_one),
    ("a_login_against_a_password_change_leaves_no_live_session", login_against_password_change),
    ("live_sessions_are_listed_the_last_used_first", live_sessions_are_listed),
    ("the_record_of_sessions_has_those_that_are_over_too", the_record_of_sessions),
    ("a_sweep_deletes_expired_sessions_up_to_its_limit", a_sweep_deletes_expired_sessions),
    ("a_sweep_leaves_what_was_rotated_until_its_new_end", a_sweep_leaves_what_was_rotated),
];

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
    let (user, other) = (insert(store, "alice"), insert(store, "bob"));
    let session = insert_session(store, &user, 1, NOW);
    let id = session.id;
    let rotate = |user: UserId, from, seconds| {
        write(store, move |tx| tx.rotate_session(user, id, &rotation(from, seconds)))
    };
    assert_eq!(rotate(user.id, Generation(1), 1), None);
    assert_eq!(rotate(other.id, Generation::FIRST, 1), None);
    let expected = session.rotated(rotation(Generation::FIRST, 2));
    assert_eq!(rotate(user.id, Generation::FIRST, 2), Some(expected.clone()));
    assert_eq!(rotate(user.id, Generation::FIRST, 3), None);
    assert_eq!(find_session(store, id), Some(expected));
}

fn a_rotation_by_itself(store: &dyn Store) {
    let user = insert(store, "alice");
    let session = insert_session(store, &user, 1, NOW);
    let rotate =
        |from, seconds| block_on(store.rotate(user.id, session.id, rotation(from, seconds))).unwrap();
    let first = session.clone().rotated(rotation(Generation::FIRST, 1));
    assert_eq!(rotate(Generation::FIRST, 1), Some(first.clone()));
    assert_eq!(rotate(Generation::FIRST, 2), None);
    assert_eq!(find_session(store, session.id), Some(first.clone()));
    let second = first.rotated(rotation(Generation(1), 3));
    assert_eq!(rotate(Generation(1), 3), Some(second.clone()));
    assert_eq!(find_session(store, session.id), Some(second));
}

fn a_rotation_stops_at_the_sessions_end(store: &dyn Store) {
    let user = insert(store, "alice");
    for (number, ends_at, expires_at) in
        [(1, Some(later(30)), later(30)), (2, Some(later(90)), later(61)), (3, None, later(61))]
    {
        let session = Session { ends_at, ..session_of(&user, number, NOW) };
        let id = session.id;
        write(store, move |tx| tx.insert_session(&session));
        let rotated = block_on(store.rotate(user.id, id, rotation(Generation::FIRST, 1))).unwrap().unwrap();
        assert_eq!((rotated.expires_at, rotated.ends_at), (expires_at, ends_at));
    }
}

fn what_is_over_does_not_rotate(store: &dyn Store) {
    let (alice, bob) = (insert(store, "alice"), insert(store, "bob"));
    let expired = Session { expires_at: later(5), ..session_of(&alice, 1, NOW) };
    let id = expired.id;
    write(store, move |tx| tx.insert_session(&expired));
    let of_inactive = insert_session(store, &bob, 2, NOW).id;
    assert!(write(store, move |tx| tx.set_active(bob.id, false)));
    let rotate = |user: &User, id, seconds| {
        block_on(store.rotate(user.id, id, rotation(Generation::FIRST, seconds))).unwrap()
    };
    assert_eq!(rotate(&alice, id, 5), None);
    assert_eq!(rotate(&bob, of_inactive, 1), None);
    assert!(rotate(&alice, id, 4).is_some());
}

fn of_64_rotations_one_wins(store: &dyn Store) {
    let user = insert(store, "alice");
    let (user, id) = (user.id, insert_session(store, &user, 1, NOW).id);
    let won = thread::scope(|scope| {
        let rivals: Vec<_> = (0..64)
            .map(|rival| {
                let rotation = rotation(Generation::FIRST, 1);
                scope.spawn(move || match rival % 2 {
                    0 => write(store, move |tx| tx.rotate_session(user, id, &rotation)),
                    _ => block_on(store.rotate(user, id, rotation)).unwrap(),
                })
            })
            .collect();
        rivals.into_iter().filter_map(|rival| rival.join().unwrap()).count()
    });
    assert_eq!(won, 1);
    assert_eq!(find_session(store, id).unwrap().generation, Generation(1));
}

fn a_session_ends_once(store: &dyn Store) {
    let (user, other) = (insert(store, "alice").id, insert(store, "bob").id);
    let id = insert_session(store, &find(store, user).unwrap(), 1, NOW).id;
    assert!(!write(store, move |tx| tx.end_session(other, id, end(EndReason::Logout))));
    let reasons = [
        EndReason::Logout,
        EndReason::Revoked,
        EndReason::Reuse,
        EndReason::PasswordChange,
        EndReason::Deactivation,
    ];
    for (i, reason) in reasons.into_iter().enumerate() {
        let ended = write(store, move |tx| tx.end_session(user, id, end(reason)));
        assert_eq!(ended, i == 0);
    }
    assert_eq!(write(store, move |tx| tx.rotate_session(user, id, &rotation(Generation::FIRST, 1))), None);
    assert_eq!(find_session(store, id).unwrap().ended, Some(end(EndReason::Logout)));
}

fn ending_all_sessions(store: &dyn Store) {
    let (alice, bob) = (insert(store, "alice"), insert(store, "bob"));
    let ids = [1, 2, 3].map(|number| insert_session(store, &alice, number, NOW).id);
    let of_bob = insert_session(store, &bob, 4, NOW).id;
    let ([first, ..], id) = (ids, alice.id);
    assert!(write(store, move |tx| tx.end_session(id, first, end(EndReason::Logout))));
    for expected in [2, 0] {
        assert_eq!(
            write(store, move |tx| tx.end_sessions(id, None, end(EndReason::PasswordChange))),
            expected
        );
    }
    assert_eq!(find_session(store, first).unwrap().ended, Some(end(EndReason::Logout)));
    assert_eq!(find_session(store, ids[2]).unwrap().ended, Some(end(EndReason::PasswordChange)));
    assert_eq!(find_session(store, of_bob).unwrap().ended, None);
}

fn ending_all_but_one(store: &dyn Store) {
    let (alice, bob) = (insert(store, "alice"), insert(store, "bob"));
    let [first, spared, last] = [1, 2, 3].map(|number| insert_session(store, &alice, number, NOW).id);
    let of_bob = insert_session(store, &bob, 4, NOW).id;
    let end_but =
        |except| write(store, move |tx| tx.end_sessions(alice.id, except, end(EndReason::PasswordChange)));
    let is_over = || [first, spared, last, of_bob].map(|id| find_session(store, id).unwrap().ended.is_some());
    assert_eq!(end_but(Some(spared)), 2);
    assert_eq!(is_over(), [true, false, true, false]);
    // Somebody else's session excepts none of one's own.
    assert_eq!(end_but(Some(of_bob)), 1);
    assert_eq!(is_over(), [true, true, true, false]);
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
                    tx.end_sessions(id, None, end(EndReason::PasswordChange))
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
        tx.end_session(user.id, ended, end(EndReason::Logout))
    });
    let rotated = rotation(Generation::FIRST, 30);
    let expected = [first.clone().rotated(rotated.clone()), second];
    assert!(write(store, move |tx| tx.rotate_session(user.id, first.id, &rotated)).is_some());
    assert_eq!(read(store, move |db| db.live_sessions(user.id, later(31))), expected);
}

fn the_record_of_sessions(store: &dyn Store) {
    let (user, other) = (insert(store, "alice"), insert(store, "bob"));
    insert_session(store, &other, 9, NOW);
    let first = insert_session(store, &user, 1, later(1));
    let second = insert_session(store, &user, 2, later(2));
    let expired = Session { expires_at: later(5), ..session_of(&user, 3, later(3)) };
    let stored = expired.clone();
    write(store, move |tx| {
        tx.insert_session(&stored)?;
        tx.end_session(user.id, second.id, end(EndReason::Logout))
    });
    let rotated = rotation(Generation::FIRST, 30);
    let ended = Session { ended: Some(end(EndReason::Logout)), ..second };
    let expected = [first.clone().rotated(rotated.clone()), expired, ended];
    assert!(write(store, move |tx| tx.rotate_session(user.id, first.id, &rotated)).is_some());
    assert_eq!(read(store, move |db| db.sessions(user.id)), expected);
    assert_eq!(read(store, |db| db.sessions(UserId(404))), []);
}

fn a_sweep_deletes_expired_sessions(store: &dyn Store) {
    let user = insert(store, "alice");
    for number in 1..=5 {
        let session = Session { expires_at: later(u64::from(number)), ..session_of(&user, number, NOW) };
        write(store, move |tx| tx.insert_session(&session));
    }
    let sweep = |seconds, limit| write(store, move |tx| tx.sweep_sessions(later(seconds), limit));
    assert_eq!(sweep(1, 10), Swept { deleted: 0, has_more: false });
    assert_eq!(sweep(5, 3), Swept { deleted: 3, has_more: true });
    assert_eq!(sweep(5, 3), Swept { deleted: 1, has_more: false });
    assert!(find_session(store, SessionId::from_bytes([5; 16])).is_some());
}

fn a_sweep_leaves_what_was_rotated(store: &dyn Store) {
    let user = insert(store, "alice");
    let ids = [1, 2, 3, 4, 5].map(|number| {
        let session = Session { expires_at: later(number.into()), ..session_of(&user, number, NOW) };
        let id = session.id;
        write(store, move |tx| tx.insert_session(&session));
        id
    });
    let [first, _, third, _, fifth] = ids;
    assert!(block_on(store.rotate(user.id, first, rotation(Generation::FIRST, 0))).unwrap().is_some());
    for id in [third, fifth] {
        let rotate =
            move |tx: &mut dyn Transaction| tx.rotate_session(user.id, id, &rotation(Generation::FIRST, 0));
        assert!(write(store, rotate).is_some());
    }
    let sweep = |seconds, limit| write(store, move |tx| tx.sweep_sessions(later(seconds), limit));
    let sweep_all = |seconds| {
        let mut deleted = 0;
        for _ in 0..9 {
            let swept = sweep(seconds, 2);
            deleted += swept.deleted;
            if !swept.has_more {
                return Some(deleted);
            }
        }
        None
    };
    assert_eq!(sweep_all(10), Some(2));
    assert_eq!(ids.map(|id| find_session(store, id).is_some()), [true, false, true, false, true]);
    // The three that are left are not in its way again.
    assert_eq!(sweep(10, 1), Swept { deleted: 0, has_more: false });
    assert_eq!(sweep_all(60), Some(0));
    assert_eq!(sweep_all(61), Some(3));
}
