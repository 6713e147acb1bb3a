//! Accounts, their names and their credentials.

use super::Case;
use super::support::{
    NOW, address, find, find_by_name, find_session, insert, insert_session, later, new_user, read,
    try_insert, write,
};
use crate::identity::CanonicalName;
use crate::password::PasswordHash;
use crate::store::{Held, Store, Taken, Verdict};
use crate::testing::block_on;
use crate::time::Timestamp;
use crate::user::{CredentialVersion, FullName, NewUser, Profile, User, UserId};
use std::thread;

pub(super) const CASES: &[Case] = &[
    ("a_new_user_is_found_by_id_and_by_each_login_name", a_new_user_is_found),
    ("a_login_name_belongs_to_one_account", a_login_name_belongs_to_one_account),
    ("one_account_may_have_the_same_username_and_address", same_username_and_address),
    ("accounts_without_an_address_do_not_collide", accounts_without_an_address),
    ("of_64_inserts_of_one_name_one_wins", of_64_inserts_one_wins),
    ("user_ids_are_not_used_again", user_ids_are_not_used_again),
    ("a_login_is_recorded_for_the_version_that_was_checked", a_login_is_guarded),
    ("a_hash_is_replaced_only_while_it_is_the_stored_one", a_hash_is_replaced_by_guard),
    ("a_password_change_advances_the_version", a_password_change_advances_the_version),
    ("flags_and_names_are_changed", flags_and_names_are_changed),
    ("an_account_may_begin_inactive_or_verified", an_account_may_begin_verified),
    ("a_held_account_is_told_with_its_version", a_held_account_is_told),
    ("another_address_logs_in_and_the_one_before_is_free", another_address_logs_in),
    ("an_address_of_somebody_else_is_not_given", a_taken_address_is_not_given),
    ("an_address_may_change_its_spelling_or_be_the_username", an_address_of_its_own),
    ("only_the_address_that_an_account_has_is_verified", only_its_address_is_verified),
    ("of_32_accounts_that_want_one_address_one_gets_it", of_32_accounts_one_gets_it),
    ("deleting_a_user_deletes_its_sessions_and_frees_its_names", deleting_a_user),
    ("text_of_every_script_comes_back_as_it_was", text_comes_back),
];

fn a_new_user_is_found(store: &dyn Store) {
    let new = new_user("Alice", Some("Alice@Example.com"));
    let user = try_insert(store, new.clone()).unwrap();
    assert_eq!((&user.subject, &user.username, &user.email), (&new.subject, &new.username, &new.email));
    assert!(user.is_active && !user.is_staff && !user.is_superuser);
    assert_eq!(user.date_joined, NOW);
    let id = user.id;
    let profile = Profile { user: user.clone(), last_login: None };
    assert_eq!(read(store, move |db| db.profile(id)), Some(profile));
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

fn a_login_is_guarded(store: &dyn Store) {
    let id = insert(store, "alice").id;
    let login = |version, seconds| write(store, move |tx| tx.record_login(id, version, later(seconds)));
    let last_login = || read(store, move |db| db.profile(id)).unwrap().last_login;
    let version = read(store, |db| db.credential(&CanonicalName::of("alice"))).unwrap().version;
    assert!(login(version, 1));
    assert_eq!(last_login(), Some(later(1)));
    assert!(!login(CredentialVersion(version.0 + 1), 2));
    assert!(write(store, move |tx| tx.set_active(id, false)));
    assert!(!login(version, 3));
    assert!(write(store, move |tx| tx.set_active(id, true)));
    assert!(write(store, move |tx| tx.set_password(id, &PasswordHash::from_encoded("plain$new"), later(4))));
    assert!(!login(version, 5));
    assert_eq!(last_login(), Some(later(1)));
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

fn an_account_may_begin_verified(store: &dyn Store) {
    let verified = Some(later(5));
    let new = NewUser {
        is_active: false,
        email_verified_at: verified,
        ..new_user("alice", Some("alice@example.com"))
    };
    let user = try_insert(store, new).unwrap();
    assert_eq!((user.is_active, user.email_verified_at), (false, verified));
    assert_eq!(find(store, user.id), Some(user));
    let credential = |name: &'static str| {
        let found = read(store, move |db| db.credential(&CanonicalName::of(name))).unwrap();
        (found.is_active, found.is_verified)
    };
    assert_eq!(credential("alice"), (false, true));
    try_insert(store, new_user("bob", Some("bob@example.com"))).unwrap();
    assert_eq!(credential("bob"), (true, false));
    insert(store, "carol");
    assert_eq!(credential("carol"), (true, false));
    // An operator's own account without an address needs none.
    for (name, email) in [("root", None), ("admin", Some("admin@example.com"))] {
        try_insert(store, NewUser { is_superuser: true, ..new_user(name, email) }).unwrap();
    }
    assert_eq!((credential("root"), credential("admin")), ((true, true), (true, false)));
}

fn a_held_account_is_told(store: &dyn Store) {
    let id = try_insert(store, new_user("alice", Some("alice@example.com"))).unwrap().id;
    write(store, move |tx| tx.set_password(id, &PasswordHash::unusable(), later(1)));
    let user = find(store, id).unwrap();
    let held = write(store, move |tx| {
        let held = tx.hold(id)?;
        assert_eq!(tx.hold(id)?, held);
        Ok(held)
    });
    assert_eq!(held, Some(Held { user: user.clone(), version: CredentialVersion(1) }));
    assert_eq!(write(store, |tx| tx.hold(UserId(404))), None);
    assert_eq!(find(store, id), Some(user));
}

/// Gives an account another address, or rolls back.
fn set_email(store: &dyn Store, id: UserId, to: &str, seconds: u64) -> Result<bool, Taken> {
    let to = address(to);
    block_on(store.transact(move |tx| {
        let set = tx.set_email(id, &to, later(seconds))?;
        Ok(if set.is_ok() { Verdict::Commit(set) } else { Verdict::RollBack(set) })
    }))
    .unwrap()
}

fn another_address_logs_in(store: &dyn Store) {
    let alice = try_insert(store, new_user("alice", Some("old@example.com"))).unwrap();
    let bob = insert(store, "bob");
    assert_eq!(set_email(store, alice.id, "New@Example.com", 3), Ok(true));
    assert_eq!(find_by_name(store, "new@example.com"), Some(alice.id));
    assert_eq!(find_by_name(store, "alice"), Some(alice.id));
    assert_eq!(find_by_name(store, "old@example.com"), None);
    let id = alice.id;
    let expected =
        User { email: Some(address("New@example.com")), email_verified_at: Some(later(3)), ..alice };
    assert_eq!(find(store, id), Some(expected));
    // One that had none gets its first; and it is the one that was given up.
    assert_eq!(set_email(store, bob.id, "old@example.com", 4), Ok(true));
    assert_eq!(find_by_name(store, "OLD@example.com"), Some(bob.id));
    assert_eq!(set_email(store, UserId(404), "free@example.com", 5), Ok(false));
    assert_eq!(find_by_name(store, "free@example.com"), None);
}

fn a_taken_address_is_not_given(store: &dyn Store) {
    let alice = try_insert(store, new_user("alice", Some("alice@example.com"))).unwrap();
    try_insert(store, new_user("bob", Some("bob@example.com"))).unwrap();
    insert(store, "carol@example.com");
    for taken in ["bob@example.com", "BOB@example.com", "Carol@example.com"] {
        assert_eq!(set_email(store, alice.id, taken, 1), Err(Taken::Email), "{taken}");
    }
    assert_eq!(find(store, alice.id).as_ref(), Some(&alice));
    assert_eq!(find_by_name(store, "alice@example.com"), Some(alice.id));
}

fn an_address_of_its_own(store: &dyn Store) {
    let id = try_insert(store, new_user("me@example.com", Some("alice@example.com"))).unwrap().id;
    let names = ["me@example.com", "alice@example.com"];
    let found = || names.map(|name| find_by_name(store, name));
    assert_eq!(set_email(store, id, "ALICE@example.com", 1), Ok(true));
    assert_eq!(find(store, id).unwrap().email, Some(address("ALICE@example.com")));
    assert_eq!(found(), [Some(id), Some(id)]);
    assert_eq!(set_email(store, id, "Me@example.com", 2), Ok(true));
    assert_eq!(found(), [Some(id), None]);
    assert_eq!(set_email(store, id, "Me@example.com", 3), Ok(true));
    assert_eq!(find(store, id).unwrap().email_verified_at, Some(later(3)));
    assert_eq!(set_email(store, id, "alice@example.com", 4), Ok(true));
    // The name that was its address too is still its username's.
    assert_eq!(found(), [Some(id), Some(id)]);
}

fn only_its_address_is_verified(store: &dyn Store) {
    let alice = try_insert(store, new_user("alice", Some("Alice@example.com"))).unwrap();
    let bob = insert(store, "bob");
    let verify = |id: UserId, text: &str, seconds| {
        let email = address(text);
        write(store, move |tx| tx.verify_email(id, &email, later(seconds)))
    };
    // Another spelling is another mailbox, for all that anybody knows.
    for other in ["alice@example.com", "old@example.com"] {
        assert!(!verify(alice.id, other, 1), "{other}");
    }
    assert!(!verify(bob.id, "Alice@example.com", 1) && !verify(UserId(404), "Alice@example.com", 1));
    assert_eq!(find(store, alice.id).unwrap().email_verified_at, None);
    assert!(verify(alice.id, "Alice@Example.com", 2));
    assert_eq!(find(store, alice.id), Some(User { email_verified_at: Some(later(2)), ..alice }));
    assert_eq!(find(store, bob.id), Some(bob));
    assert!(read(store, |db| db.credential(&CanonicalName::of("alice"))).unwrap().is_verified);
}

fn of_32_accounts_one_gets_it(store: &dyn Store) {
    let users: Vec<_> = (0..31).map(|i| insert(store, &format!("user{i}")).id).collect();
    let outcomes: Vec<_> = thread::scope(|scope| {
        let by_change =
            |id: UserId| scope.spawn(move || set_email(store, id, "wanted@example.com", 1).map(drop));
        let mut rivals: Vec<_> = users.into_iter().map(by_change).collect();
        rivals.push(
            scope.spawn(move || try_insert(store, new_user("new", Some("Wanted@example.com"))).map(drop)),
        );
        rivals.into_iter().map(|rival| rival.join().unwrap()).collect()
    });
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Ok(()) | Err(Taken::Email))));
    assert!(find_by_name(store, "wanted@example.com").is_some());
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
