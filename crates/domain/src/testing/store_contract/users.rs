//! Accounts, their names and their credentials.

use super::Case;
use super::support::{
    NOW, find, find_session, insert, insert_session, later, new_user, read, try_insert, write,
};
use crate::identity::CanonicalName;
use crate::password::PasswordHash;
use crate::store::{Store, Taken};
use crate::time::Timestamp;
use crate::user::{CredentialVersion, FullName, Profile, User};
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
