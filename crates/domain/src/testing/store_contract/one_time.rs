//! One-time secrets, and the tries of codes.

use super::Case;
use super::support::{NOW, address, from_32_threads, insert, later, new_user, read, try_insert, write};
use crate::identity::CanonicalName;
use crate::one_time::{Attempts, Code, OneTimeSecret, Purpose, SecretDigest, StoredCode};
use crate::store::{Store, StoreError, Transaction, Verdict};
use crate::testing::block_on;
use crate::time::Timestamp;
use crate::user::{CredentialVersion, UserId};

pub(super) const CASES: &[Case] = &[
    ("a_secret_is_found_by_its_digest_for_its_purpose", a_secret_is_found),
    ("a_newer_secret_takes_the_place_of_the_one_for_the_same_purpose", a_newer_secret_replaces),
    ("secrets_that_undo_stand_beside_one_another_by_address", secrets_that_undo_stand_beside),
    ("a_secret_is_taken_once_and_by_its_owner_purpose_and_digest", a_secret_is_taken_once),
    ("a_secret_that_is_taken_and_rolled_back_is_there_again", a_taken_secret_rolls_back),
    ("of_32_who_take_a_secret_one_is_answered_it", of_32_one_takes),
    ("a_secret_needs_an_account_and_goes_with_it", a_secret_goes_with_its_account),
    ("dropping_an_accounts_secrets_leaves_those_that_undo", dropping_leaves_the_undo),
    ("secrets_that_undo_are_dropped_from_a_moment_on", undo_secrets_are_dropped),
    ("an_address_is_reserved_while_a_change_of_it_can_be_undone", an_address_is_reserved),
    ("tries_are_kept_for_each_purpose_and_address", tries_are_kept),
    ("of_32_who_try_a_code_at_once_five_may", of_32_tries_five_may),
    ("a_sweep_deletes_expired_secrets_and_old_tries_up_to_its_limit", a_sweep_deletes),
];

fn secret(user: UserId, purpose: Purpose, number: u8) -> OneTimeSecret {
    OneTimeSecret {
        user,
        purpose,
        digest: SecretDigest([number; 32]),
        code: Some(StoredCode { digest: SecretDigest([number; 32]), expires_at: later(600) }),
        address: address(&format!("Address{number}@example.com")),
        version: CredentialVersion(3),
        created_at: later(number.into()),
        expires_at: later(3600),
    }
}

fn put(store: &dyn Store, secret: &OneTimeSecret) {
    let secret = secret.clone();
    write(store, move |tx| tx.vault().put_secret(&secret));
}

fn find(store: &dyn Store, purpose: Purpose, numbers: &[u8]) -> Option<OneTimeSecret> {
    let digests: Vec<_> = numbers.iter().map(|number| SecretDigest([*number; 32])).collect();
    read(store, move |db| db.one_time_secret(purpose, &digests))
}

fn all_of(store: &dyn Store, user: UserId) -> Vec<OneTimeSecret> {
    read(store, move |db| db.one_time_secrets(user))
}

fn take(store: &dyn Store, user: UserId, purpose: Purpose, number: u8) -> Option<OneTimeSecret> {
    write(store, move |tx| tx.vault().take_secret(user, purpose, &SecretDigest([number; 32])))
}

fn a_secret_is_found(store: &dyn Store) {
    let user = insert(store, "alice").id;
    let with_code = secret(user, Purpose::VerifyEmail, 1);
    let without = OneTimeSecret { code: None, ..secret(user, Purpose::ChangeEmail, 2) };
    // Whether it still works is not for the store to say.
    let expired = OneTimeSecret { expires_at: Timestamp::EPOCH, ..secret(user, Purpose::ResetPassword, 3) };
    for stored in [&expired, &without, &with_code] {
        put(store, stored);
    }
    for stored in [&with_code, &without, &expired] {
        let number = stored.digest.0[0];
        assert_eq!(find(store, stored.purpose, &[number]).as_ref(), Some(stored));
        assert_eq!(find(store, stored.purpose, &[9, number, 8]).as_ref(), Some(stored));
        assert_eq!(find(store, stored.purpose, &[9]), None);
        assert_eq!(find(store, stored.purpose, &[]), None);
    }
    assert_eq!(find(store, Purpose::UndoEmailChange, &[1, 2, 3]), None);
    // The first made comes first.
    assert_eq!(all_of(store, user), [with_code, without, expired]);
    assert_eq!(all_of(store, UserId(404)), []);
}

fn a_newer_secret_replaces(store: &dyn Store) {
    let (alice, bob) = (insert(store, "alice").id, insert(store, "bob").id);
    let (of_bob, other) = (secret(bob, Purpose::ResetPassword, 8), secret(alice, Purpose::VerifyEmail, 9));
    let old = secret(alice, Purpose::ResetPassword, 1);
    let new = OneTimeSecret {
        code: None,
        version: CredentialVersion(4),
        ..secret(alice, Purpose::ResetPassword, 2)
    };
    for stored in [&of_bob, &other, &old, &new] {
        put(store, stored);
    }
    assert_eq!(find(store, Purpose::ResetPassword, &[1]), None);
    assert_eq!(all_of(store, alice), [new.clone(), other]);
    assert_eq!(all_of(store, bob), [of_bob]);
    // The same secret again, told otherwise.
    let again = OneTimeSecret { expires_at: later(9), ..new };
    put(store, &again);
    assert_eq!(find(store, Purpose::ResetPassword, &[2]), Some(again));
}

fn secrets_that_undo_stand_beside(store: &dyn Store) {
    let user = insert(store, "alice").id;
    let undo = |number, text| OneTimeSecret {
        address: address(text),
        ..secret(user, Purpose::UndoEmailChange, number)
    };
    let (first, second) = (undo(1, "one@example.com"), undo(2, "two@example.com"));
    put(store, &first);
    put(store, &second);
    assert_eq!(all_of(store, user), [first, second.clone()]);
    let newer = undo(3, "ONE@example.com");
    put(store, &newer);
    assert_eq!(all_of(store, user), [second, newer]);
}

fn a_secret_is_taken_once(store: &dyn Store) {
    let (alice, bob) = (insert(store, "alice").id, insert(store, "bob").id);
    let [stored, of_bob] =
        [(alice, 1), (bob, 2)].map(|(user, number)| secret(user, Purpose::ResetPassword, number));
    // An expired one is answered, too.
    let expired =
        OneTimeSecret { expires_at: Timestamp::EPOCH, ..secret(alice, Purpose::UndoEmailChange, 3) };
    for secret in [&stored, &of_bob, &expired] {
        put(store, secret);
    }
    let missed = [
        (bob, Purpose::ResetPassword, 1),
        (alice, Purpose::VerifyEmail, 1),
        (alice, Purpose::ResetPassword, 2),
    ];
    for (user, purpose, number) in missed {
        assert_eq!(take(store, user, purpose, number), None);
    }
    assert_eq!(take(store, alice, Purpose::ResetPassword, 1), Some(stored));
    assert_eq!(take(store, alice, Purpose::ResetPassword, 1), None);
    assert_eq!(find(store, Purpose::ResetPassword, &[1]), None);
    assert_eq!(take(store, alice, Purpose::UndoEmailChange, 3), Some(expired));
    assert_eq!(find(store, Purpose::ResetPassword, &[2]), Some(of_bob));
}

fn a_taken_secret_rolls_back(store: &dyn Store) {
    let user = insert(store, "alice").id;
    let stored = secret(user, Purpose::ResetPassword, 1);
    put(store, &stored);
    let taken = block_on(store.transact(move |tx| {
        let digest = SecretDigest([1; 32]);
        Ok(Verdict::RollBack(tx.vault().take_secret(user, Purpose::ResetPassword, &digest)?))
    }));
    assert_eq!(taken.unwrap().as_ref(), Some(&stored));
    assert_eq!(find(store, Purpose::ResetPassword, &[1]), Some(stored));
}

fn of_32_one_takes(store: &dyn Store) {
    let user = insert(store, "alice").id;
    let stored = secret(user, Purpose::ResetPassword, 1);
    put(store, &stored);
    let taken = from_32_threads(|| take(store, user, Purpose::ResetPassword, 1));
    assert_eq!(taken.into_iter().flatten().collect::<Vec<_>>(), [stored]);
}

fn a_secret_goes_with_its_account(store: &dyn Store) {
    let orphan = secret(UserId(404), Purpose::VerifyEmail, 1);
    let stored = block_on(store.transact(move |tx| tx.vault().put_secret(&orphan).map(Verdict::Commit)));
    assert!(matches!(stored, Err(StoreError::Failed(_))), "{stored:?}");
    let (alice, bob) = (insert(store, "alice").id, insert(store, "bob").id);
    put(store, &secret(alice, Purpose::VerifyEmail, 1));
    put(store, &secret(alice, Purpose::UndoEmailChange, 2));
    let of_bob = secret(bob, Purpose::VerifyEmail, 3);
    put(store, &of_bob);
    assert!(write(store, move |tx| tx.delete_user(alice)));
    assert_eq!(all_of(store, alice), []);
    assert_eq!(find(store, Purpose::UndoEmailChange, &[2]), None);
    assert_eq!(all_of(store, bob), [of_bob]);
}

fn dropping_leaves_the_undo(store: &dyn Store) {
    let (alice, bob) = (insert(store, "alice").id, insert(store, "bob").id);
    let secrets: Vec<_> =
        (1..).zip(Purpose::ALL).map(|(number, purpose)| secret(alice, purpose, number)).collect();
    let of_bob = secret(bob, Purpose::VerifyEmail, 9);
    secrets.iter().chain([&of_bob]).for_each(|stored| put(store, stored));
    assert_eq!(all_of(store, alice), secrets);
    write(store, move |tx| tx.vault().drop_secrets(alice));
    let left = all_of(store, alice);
    assert_eq!(left.iter().map(|secret| secret.purpose).collect::<Vec<_>>(), [Purpose::UndoEmailChange]);
    assert_eq!(all_of(store, bob), [of_bob]);
}

fn undo_secrets_are_dropped(store: &dyn Store) {
    let (alice, bob) = (insert(store, "alice").id, insert(store, "bob").id);
    // Each was made as many seconds later as its number says.
    let [first, second, third] = [1, 2, 3].map(|number| secret(alice, Purpose::UndoEmailChange, number));
    let other = secret(alice, Purpose::ResetPassword, 4);
    let of_bob = secret(bob, Purpose::UndoEmailChange, 5);
    for stored in [&first, &second, &third, &other, &of_bob] {
        put(store, stored);
    }
    write(store, move |tx| tx.vault().drop_undo_secrets(alice, later(2)));
    assert_eq!(all_of(store, alice), [first, other]);
    assert_eq!(all_of(store, bob), [of_bob]);
}

fn an_address_is_reserved(store: &dyn Store) {
    let user = insert(store, "alice").id;
    let undo =
        OneTimeSecret { address: address("Old@example.com"), ..secret(user, Purpose::UndoEmailChange, 1) };
    let change =
        OneTimeSecret { address: address("new@example.com"), ..secret(user, Purpose::ChangeEmail, 2) };
    put(store, &undo);
    put(store, &change);
    let reserved_for = |name: &str, seconds| {
        let name = CanonicalName::of(name);
        read(store, move |db| db.reserved_for(&name, later(seconds)))
    };
    assert_eq!(reserved_for("old@example.com", 0), Some(user));
    assert_eq!(reserved_for("OLD@Example.com", 3599), Some(user));
    assert_eq!(reserved_for("old@example.com", 3600), None);
    assert_eq!(reserved_for("new@example.com", 0), None);
    assert_eq!(reserved_for("a\0b", 0), None);
    take(store, user, Purpose::UndoEmailChange, 1).unwrap();
    assert_eq!(reserved_for("old@example.com", 0), None);
}

fn hold(store: &dyn Store, purpose: Purpose, name: &str) -> Option<Attempts> {
    let name = CanonicalName::of(name);
    write(store, move |tx| tx.vault().hold_attempts(purpose, &name))
}

fn count(store: &dyn Store, purpose: Purpose, name: &str, attempts: Attempts) {
    let name = CanonicalName::of(name);
    write(store, move |tx| {
        tx.vault().hold_attempts(purpose, &name)?;
        tx.vault().put_attempts(purpose, &name, attempts)
    });
}

fn tries_are_kept(store: &dyn Store) {
    let name = "nobody@example.com";
    // Whoever only looks counts nothing.
    assert_eq!(hold(store, Purpose::VerifyEmail, name), None);
    assert_eq!(hold(store, Purpose::VerifyEmail, name), None);
    let [one, two] = [1, 2].map(|tries| Attempts { tries, last_at: later(tries.into()) });
    count(store, Purpose::VerifyEmail, name, one);
    assert_eq!(hold(store, Purpose::VerifyEmail, name), Some(one));
    count(store, Purpose::VerifyEmail, name, two);
    assert_eq!(hold(store, Purpose::VerifyEmail, "Nobody@Example.com"), Some(two));
    assert_eq!(hold(store, Purpose::ResetPassword, name), None);
    assert_eq!(hold(store, Purpose::VerifyEmail, "another@example.com"), None);
    let held = block_on(store.transact(move |tx| {
        let name = CanonicalName::of(name);
        tx.vault().put_attempts(Purpose::VerifyEmail, &name, one)?;
        Ok(Verdict::RollBack(tx.vault().hold_attempts(Purpose::VerifyEmail, &name)?))
    }));
    assert_eq!(held.unwrap(), Some(one));
    assert_eq!(hold(store, Purpose::VerifyEmail, name), Some(two));
}

fn of_32_tries_five_may(store: &dyn Store) {
    let step = |tx: &mut dyn Transaction| {
        let (purpose, name) = (Purpose::ResetPassword, CanonicalName::of("nobody@example.com"));
        let run = tx.vault().hold_attempts(purpose, &name)?;
        let Some(run) = Attempts::one_more(run, NOW) else { return Ok(Verdict::RollBack(false)) };
        tx.vault().put_attempts(purpose, &name, run)?;
        Ok(Verdict::Commit(true))
    };
    let allowed = from_32_threads(|| block_on(store.transact(step)).unwrap());
    assert_eq!(allowed.into_iter().filter(|may| *may).count(), usize::try_from(Code::TRIES).unwrap());
}

fn a_sweep_deletes(store: &dyn Store) {
    for (number, name) in (1..).zip(["one", "two", "three", "four"]) {
        let user = try_insert(store, new_user(name, None)).unwrap().id;
        let at = later(number.into());
        put(store, &OneTimeSecret { expires_at: at, ..secret(user, Purpose::ResetPassword, number) });
        count(store, Purpose::ResetPassword, name, Attempts { tries: 1, last_at: at });
    }
    let sweep = |seconds, limit| write(store, move |tx| tx.vault().sweep_secrets(later(seconds), limit));
    assert_eq!(sweep(1, 10), 0);
    assert_eq!(sweep(4, 2), 4);
    assert_eq!(sweep(4, 2), 2);
    assert_eq!(sweep(4, 2), 0);
    assert_eq!(find(store, Purpose::ResetPassword, &[1, 2, 3]), None);
    assert!(find(store, Purpose::ResetPassword, &[4]).is_some());
    assert_eq!(hold(store, Purpose::ResetPassword, "one"), None);
    assert!(hold(store, Purpose::ResetPassword, "four").is_some());
}
