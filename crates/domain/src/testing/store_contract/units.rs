//! Units of work: what commits, what rolls back, what is seen.

use super::Case;
use super::support::{NOW, end, find, find_session, new_user, read, rotation, session_of, try_insert, write};
use crate::identity::CanonicalName;
use crate::keys::KeyId;
use crate::password::PasswordHash;
use crate::session::{EndReason, Generation, SessionId};
use crate::store::{Store, StoreError, Swept, Verdict};
use crate::testing::block_on;
use crate::user::{CredentialVersion, FullName, UserId};

pub(super) const CASES: &[Case] = &[
    ("absence_is_not_an_error", absence_is_not_an_error),
    ("a_step_that_rolls_back_leaves_nothing", a_step_that_rolls_back_leaves_nothing),
    ("a_step_that_fails_leaves_nothing", a_step_that_fails_leaves_nothing),
    ("a_read_sees_every_write_that_was_answered", a_read_sees_answered_writes),
    ("health_is_good", health_is_good),
];

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
    assert_eq!(read(store, move |db| db.profile(nobody)), None);
    assert_eq!(read(store, move |db| db.standing(nobody, Some(nothing))), None);
    assert_eq!(block_on(store.rotate(nobody, nothing, rotation(Generation::FIRST, 1))).unwrap(), None);
    write(store, move |tx| {
        assert!(!tx.record_login(nobody, CredentialVersion(0), NOW)?);
        assert!(!tx.set_password(nobody, &PasswordHash::unusable(), NOW)?);
        assert!(!tx.invalidate_tokens(nobody, NOW)?);
        assert!(!tx.set_active(nobody, true)?);
        assert!(!tx.set_full_name(nobody, &FullName::default())?);
        assert!(!tx.delete_user(nobody)?);
        assert_eq!(tx.rotate_session(nobody, nothing, &rotation(Generation::FIRST, 1))?, None);
        assert!(!tx.end_session(nobody, nothing, end(EndReason::Logout))?);
        assert_eq!(tx.end_sessions(nobody, None, end(EndReason::Logout))?, 0);
        assert_eq!(tx.sweep_sessions(NOW, 10)?, Swept { deleted: 0, has_more: false });
        assert!(!tx.delete_key(&KeyId("none".into()))?);
        Ok(())
    });
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
        assert_eq!(block_on(store.glance(|db| db.key_ring_version())).unwrap(), version + 1);
    }
}

fn health_is_good(store: &dyn Store) {
    block_on(store.health()).unwrap();
}
