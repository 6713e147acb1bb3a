//! Accounts that come from another system.

use super::Case;
use super::support::{
    NOW, find, find_by_name, insert, insert_session, later, new_user, read, try_insert, write,
};
use crate::identity::{CanonicalName, EmailAddress, Username};
use crate::password::PasswordHash;
use crate::standing::ChangeNumber;
use crate::store::{Store, StoreError, Taken, Verdict};
use crate::takeover::{
    AccountRecord, Amendment, Attributes, ForeignAccount, ForeignKey, Group, ImportRecord, ImportedAccount,
    NameOwner, Permission, Seen,
};
use crate::testing::{block_on, foreign};
use crate::user::{CredentialVersion, FullName, Subject, User, UserId};

pub(super) const CASES: &[Case] = &[
    ("imported_accounts_come_back_as_they_were", imported_accounts_come_back),
    ("imported_accounts_keep_their_numbers_and_drawn_ones_are_higher", imported_accounts_keep_their_numbers),
    ("an_account_with_a_key_of_text_is_found_by_it", an_account_is_found_by_its_subject),
    ("imported_accounts_log_in_and_have_standing", imported_accounts_log_in),
    ("of_accounts_that_collide_with_others_none_is_stored", colliding_accounts_are_refused),
    ("many_accounts_are_stored_at_once", many_accounts_at_once),
    ("the_owners_of_names_are_told_in_bulk", owners_are_told),
    ("import_records_are_found_by_key_and_replaced", import_records_by_key),
    ("import_records_are_paged_numbers_first", import_records_are_paged),
    ("an_amendment_changes_what_it_names_and_nothing_else", an_amendment_changes_what_it_names),
    ("an_amendment_moves_login_names", an_amendment_moves_login_names),
    ("another_address_by_an_amendment_is_not_verified", an_amended_address_is_not_verified),
    ("an_amendment_is_a_change_of_standing", an_amendment_is_numbered),
    ("a_replaced_password_advances_the_version_and_refuses_no_token", a_password_is_replaced),
    ("subjects_that_are_taken_are_told_in_bulk", subjects_are_told),
    ("an_account_is_imported_if_it_came_in_and_stays_so", an_account_is_imported),
    ("accounts_are_paged_by_their_numbers", accounts_are_paged),
    ("groups_are_stored_and_replaced_by_name_and_by_number", groups_are_stored),
    ("deleting_an_account_keeps_its_import_record_alone", deleting_keeps_the_record),
    ("a_batch_that_rolls_back_leaves_nothing", a_batch_that_rolls_back),
];

/// An account about which everything that can be said is said.
fn rich(number: i64, username: &str) -> ForeignAccount {
    let permission = |model: &str, codename: &str| Permission {
        app: "auth".into(),
        model: model.into(),
        codename: codename.into(),
    };
    ForeignAccount {
        full_name: FullName::parse("Zoë \"Quotes\" O'Neill").unwrap(),
        is_active: false,
        is_staff: true,
        is_superuser: true,
        date_joined: NOW,
        last_login: Some(later(5)),
        groups: vec!["editors".into(), "Größe \"A\"".into(), "a,b".into()],
        permissions: vec![permission("user", "view_user"), permission("group", "add_group")],
        attributes: Attributes::from_json(r#"{"phone":"+49 1","tags":["ä",1.50,null]}"#),
        ..foreign(number, username, Some(&format!("{username}@example.com")))
    }
}

fn imported(account: ForeignAccount) -> ImportedAccount {
    let subject = match &account.key {
        ForeignKey::Number(_) => new_user("x", None).subject,
        ForeignKey::Text(text) => Subject::from_stored(text.clone()),
    };
    ImportedAccount {
        id: match account.key {
            ForeignKey::Number(number) => Some(UserId(number)),
            ForeignKey::Text(_) => None,
        },
        subject,
        password: PasswordHash::from_encoded(format!("plain${}", account.username)),
        seen: Seen::of_foreign(&account, CredentialVersion::FIRST),
        account,
    }
}

fn with_key_of_text(key: &str, username: &str) -> ImportedAccount {
    imported(ForeignAccount { key: ForeignKey::Text(key.into()), ..foreign(1, username, None) })
}

fn bring_in(store: &dyn Store, accounts: Vec<ImportedAccount>) {
    write(store, move |tx| tx.archive().insert_accounts(&accounts));
}

/// Brings one account in, and answers what is then stored of it.
fn bring_in_one(store: &dyn Store, account: ForeignAccount) -> AccountRecord {
    let account = imported(account);
    let record = account.as_record(account.id.unwrap());
    bring_in(store, vec![account]);
    record
}

fn accounts(store: &dyn Store, ids: &[i64]) -> Vec<AccountRecord> {
    let ids: Vec<_> = ids.iter().copied().map(UserId).collect();
    let mut found = write(store, move |tx| tx.archive().accounts(&ids));
    found.sort_by_key(|account| account.user.id);
    found
}

fn account_of(store: &dyn Store, subject: &Subject) -> Option<UserId> {
    let subject = subject.clone();
    read(store, move |db| db.account_of(&subject))
}

fn imports(store: &dyn Store, keys: &[ForeignKey]) -> Vec<ImportRecord> {
    let keys = keys.to_vec();
    let mut found = write(store, move |tx| tx.archive().imports(&keys));
    found.sort_by(|a, b| a.key.cmp(&b.key));
    found
}

fn owners(store: &dyn Store, names: &[&str]) -> Vec<NameOwner> {
    let names: Vec<_> = names.iter().map(|name| CanonicalName::of(name)).collect();
    let mut found = write(store, move |tx| tx.archive().owners(&names));
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

fn imported_accounts_come_back(store: &dyn Store) {
    let full = bring_in_one(store, rich(7, "Zoë"));
    let bare = bring_in_one(store, foreign(9, "bare", None));
    assert_eq!(find(store, UserId(7)).as_ref(), Some(&full.user));
    assert_eq!(accounts(store, &[7, 9, 404]), [full.clone(), bare]);
    assert_eq!(accounts(store, &[]), []);
    let profile = read(store, |db| db.profile(UserId(7))).unwrap();
    assert_eq!((profile.user, profile.last_login), (full.user.clone(), full.last_login));
    // However an account is found, it has its groups.
    let user = read(store, |db| db.user_by_login_name(&CanonicalName::of("ZOË"))).unwrap();
    assert_eq!(user, full.user);
    let session = insert_session(store, &user, 1, NOW).id;
    assert_eq!(read(store, move |db| db.session(session)).unwrap().1, full.user);
    assert_eq!(*block_on(store.standing(UserId(7), None, NOW)).unwrap().unwrap().user, full.user);
    let made_here = insert(store, "here");
    assert!(made_here.groups.is_empty() && !made_here.is_known_by_subject);
    let made_here = accounts(store, &[made_here.id.0]).remove(0);
    assert_eq!((made_here.permissions, made_here.attributes), (vec![], Attributes::default()));
}

fn imported_accounts_keep_their_numbers(store: &dyn Store) {
    bring_in(
        store,
        [500, 12, 90].map(|number| imported(foreign(number, &format!("u{number}"), None))).into(),
    );
    assert_eq!([500, 12, 90].map(|number| find(store, UserId(number)).unwrap().id.0), [500, 12, 90]);
    assert!(insert(store, "here").id.0 > 500);
    bring_in(store, vec![imported(foreign(30, "late", None))]);
    assert!(insert(store, "there").id.0 > 501);
    bring_in(store, vec![with_key_of_text("k-1", "text"), imported(foreign(9_000, "far", None))]);
    assert!(insert(store, "last").id.0 > 9_000);
}

fn an_account_is_found_by_its_subject(store: &dyn Store) {
    let uuid = "6f9619ff-8b86-d011-b42d-00c04fc964ff";
    bring_in(store, vec![with_key_of_text(uuid, "alice"), with_key_of_text("K-2", "bob")]);
    let id = account_of(store, &Subject::from_stored(uuid.into())).unwrap();
    let alice = find(store, id).unwrap();
    assert_eq!((alice.username.as_str(), alice.subject.as_str()), ("alice", uuid));
    assert!(alice.is_known_by_subject);
    assert_eq!(account_of(store, &Subject::from_stored("k-2".into())), None);
    let record = imports(store, &[ForeignKey::Text("K-2".into())]).remove(0);
    assert_eq!(record.user, account_of(store, &Subject::from_stored("K-2".into())));
    let here = insert(store, "here");
    assert_eq!(account_of(store, &here.subject), Some(here.id));
}

fn imported_accounts_log_in(store: &dyn Store) {
    let account = bring_in_one(store, foreign(7, "Alice", Some("Alice@Example.com")));
    for name in ["alice", "alice@example.com"] {
        let credential = read(store, move |db| db.credential(&CanonicalName::of(name))).unwrap();
        assert_eq!((credential.user_id, &credential.password), (UserId(7), &account.password));
        assert_eq!((credential.version, credential.is_active), (CredentialVersion::FIRST, true));
    }
    assert!(write(store, |tx| tx.record_login(UserId(7), CredentialVersion::FIRST, NOW)));
    assert_eq!(try_insert(store, new_user("ALICE", None)).unwrap_err(), Taken::Username);
    assert_eq!(try_insert(store, new_user("x", Some("alice@example.com"))).unwrap_err(), Taken::Email);
}

fn colliding_accounts_are_refused(store: &dyn Store) {
    bring_in(store, vec![imported(foreign(1, "alice", Some("a@example.com"))), with_key_of_text("k", "key")]);
    let colliding = [
        imported(foreign(1, "other", None)),
        imported(foreign(2, "ALICE", None)),
        imported(foreign(2, "a@example.com", None)),
        imported(foreign(2, "bob", Some("a@EXAMPLE.com"))),
        with_key_of_text("k", "other"),
    ];
    for account in colliding {
        let batch = vec![imported(foreign(3, "innocent", None)), account];
        let stored =
            block_on(store.transact(move |tx| tx.archive().insert_accounts(&batch).map(Verdict::Commit)));
        assert!(matches!(stored, Err(StoreError::Conflict(_))), "{stored:?}");
        assert_eq!(find(store, UserId(3)), None);
        assert_eq!(imports(store, &[ForeignKey::Number(3)]), []);
    }
}

fn many_accounts_at_once(store: &dyn Store) {
    // More than one statement has room for, with a number of parameters that no database takes.
    let many: Vec<_> = (1..=3_000)
        .map(|i| imported(foreign(i, &format!("user{i}"), Some(&format!("user{i}@example.com")))))
        .collect();
    let keys: Vec<_> = many.iter().map(|account| account.account.key.clone()).collect();
    let names: Vec<_> = many
        .iter()
        .flat_map(|it| {
            [it.account.username.canonical().clone(), it.account.email.as_ref().unwrap().canonical().clone()]
        })
        .collect();
    bring_in(store, many);
    let ids: Vec<_> = (1..=3_000).map(UserId).collect();
    let found = write(store, move |tx| {
        let archive = tx.archive();
        Ok((archive.imports(&keys)?.len(), archive.owners(&names)?.len(), archive.accounts(&ids)?.len()))
    });
    assert_eq!(found, (3_000, 6_000, 3_000));
    assert_eq!(find_by_name(store, "USER2999@example.com"), Some(UserId(2_999)));
}

fn owners_are_told(store: &dyn Store) {
    bring_in(
        store,
        vec![
            imported(foreign(1, "alice", Some("a@example.com"))),
            imported(foreign(2, "both@example.com", Some("Both@example.com"))),
        ],
    );
    let owner = |name: &str, user, is_username| NameOwner {
        name: CanonicalName::of(name),
        user: UserId(user),
        is_username,
    };
    let told = owners(store, &["ALICE", "a@Example.com", "both@example.com", "free", "b@example.com"]);
    let expected =
        [owner("a@example.com", 1, false), owner("alice", 1, true), owner("both@example.com", 2, true)];
    assert_eq!(told, expected);
    assert_eq!(owners(store, &[]), []);
}

fn import_records_by_key(store: &dyn Store) {
    let alice = imported(foreign(1, "alice", None));
    let first = alice.as_import(UserId(1));
    let text = with_key_of_text("1", "text");
    bring_in(store, vec![alice, text.clone()]);
    let (number, text_key) = (ForeignKey::Number(1), ForeignKey::Text("1".into()));
    let found = imports(store, &[text_key.clone(), number.clone(), ForeignKey::Number(2)]);
    assert_eq!(found.len(), 2);
    assert_eq!(found[0], first);
    assert_eq!((&found[1].key, &found[1].seen), (&text_key, &text.seen));
    let seen = Seen::of_foreign(&rich(1, "other"), CredentialVersion(4));
    let changed = ImportRecord { key: number.clone(), user: None, seen: seen.clone() };
    let new = ImportRecord { key: ForeignKey::Text("new".into()), user: Some(UserId(404)), seen };
    let both = [changed.clone(), new.clone()];
    write(store, move |tx| tx.archive().put_imports(&both));
    assert_eq!(imports(store, &[number, new.key.clone()]), [changed, new]);
}

fn import_records_are_paged(store: &dyn Store) {
    let seen = imported(foreign(1, "a", None)).seen;
    let keys = [
        ForeignKey::Number(-1),
        ForeignKey::Number(2),
        ForeignKey::Number(10),
        ForeignKey::Text(String::new()),
        ForeignKey::Text("10".into()),
        ForeignKey::Text("B".into()),
        ForeignKey::Text("a".into()),
        ForeignKey::Text("é".into()),
    ];
    let records: Vec<_> = keys
        .iter()
        .rev()
        .map(|key| ImportRecord { key: key.clone(), user: None, seen: seen.clone() })
        .collect();
    write(store, move |tx| tx.archive().put_imports(&records));
    let page = |after: Option<ForeignKey>, limit| {
        let found = write(store, move |tx| tx.archive().imports_after(after.as_ref(), limit));
        found.into_iter().map(|record| record.key).collect::<Vec<_>>()
    };
    assert_eq!(page(None, 100), keys);
    for limit in 1..=4 {
        let mut paged: Vec<ForeignKey> = Vec::new();
        loop {
            let next = page(paged.last().cloned(), limit);
            if next.is_empty() {
                break;
            }
            assert!(next.len() <= usize::try_from(limit).unwrap());
            paged.extend(next);
        }
        assert_eq!(paged, keys, "{limit} at a time");
    }
}

fn an_amendment_changes_what_it_names(store: &dyn Store) {
    let (alice, bob) = (bring_in_one(store, rich(1, "alice")), bring_in_one(store, rich(2, "bob")));
    let permissions = vec![Permission { app: "a".into(), model: "b".into(), codename: "c".into() }];
    let amendments = [
        Amendment::default(),
        Amendment { username: Some(Username::parse("Alicia").unwrap()), ..Amendment::default() },
        Amendment { email: Some(None), ..Amendment::default() },
        Amendment {
            email: Some(Some(EmailAddress::parse("n@example.com").unwrap())),
            ..Amendment::default()
        },
        Amendment { full_name: Some(FullName::default()), ..Amendment::default() },
        Amendment { is_staff: Some(false), ..Amendment::default() },
        Amendment { is_superuser: Some(false), ..Amendment::default() },
        Amendment { date_joined: Some(later(9)), ..Amendment::default() },
        Amendment { last_login: Some(later(10)), ..Amendment::default() },
        Amendment { groups: Some(vec!["new".into()]), ..Amendment::default() },
        Amendment { permissions: Some(permissions), ..Amendment::default() },
        Amendment { attributes: Some(Attributes::from_json("{}")), ..Amendment::default() },
        Amendment { groups: Some(vec![]), permissions: Some(vec![]), ..Amendment::default() },
    ];
    let mut expected = alice;
    for amendment in amendments {
        expected = amendment.applied_to(expected);
        assert!(write(store, move |tx| tx.archive().amend(UserId(1), &amendment)));
        assert_eq!(accounts(store, &[1, 2]), [expected.clone(), bob.clone()]);
    }
    assert!(!write(store, |tx| tx.archive().amend(UserId(404), &Amendment::default())));
    // One that was made here has nothing stored yet of what an import brings.
    let here = insert(store, "here").id;
    let attributes = Attributes::from_json(r#"{"a":1}"#);
    let amendment = Amendment { attributes: Some(attributes.clone()), ..Amendment::default() };
    assert!(write(store, move |tx| tx.archive().amend(here, &amendment)));
    assert_eq!(accounts(store, &[here.0])[0].attributes, attributes);
}

fn an_amendment_moves_login_names(store: &dyn Store) {
    bring_in_one(store, foreign(1, "alice", Some("a@example.com")));
    let amend = |username: Option<&str>, email: Option<Option<&str>>| {
        let amendment = Amendment {
            username: username.map(|name| Username::parse(name).unwrap()),
            email: email.map(|address| address.map(|it| EmailAddress::parse(it).unwrap())),
            ..Amendment::default()
        };
        assert!(write(store, move |tx| tx.archive().amend(UserId(1), &amendment)));
    };
    let all = ["alice", "a@example.com", "alicia", "b@example.com"];
    let found = || all.map(|name| find_by_name(store, name).is_some());
    assert_eq!(found(), [true, true, false, false]);
    amend(Some("alicia"), None);
    assert_eq!(found(), [false, true, true, false]);
    amend(None, Some(Some("b@example.com")));
    assert_eq!(found(), [false, false, true, true]);
    amend(Some("b@example.com"), None);
    assert_eq!(found(), [false, false, false, true]);
    assert!(owners(store, &["b@example.com"])[0].is_username);
    amend(None, Some(None));
    assert_eq!(found(), [false, false, false, true]);
    amend(Some("Alice"), Some(Some("b@example.com")));
    assert_eq!(found(), [true, false, false, true]);
    assert!(!owners(store, &["b@example.com"])[0].is_username);
    insert(store, "a@example.com");
}

fn an_amended_address_is_not_verified(store: &dyn Store) {
    let mut expected = bring_in_one(store, foreign(1, "alice", Some("a@example.com")));
    assert_eq!(expected.user.email_verified_at, None);
    let email = |text: &str| Some(Some(EmailAddress::parse(text).unwrap()));
    let amendments = [
        Amendment { full_name: Some(FullName::default()), ..Amendment::default() },
        Amendment { email: email("a@example.com"), ..Amendment::default() },
        Amendment { email: email("b@example.com"), ..Amendment::default() },
        Amendment { email: Some(None), ..Amendment::default() },
        Amendment { email: email("A@example.com"), is_staff: Some(true), ..Amendment::default() },
        Amendment { email: email("a@example.com"), ..Amendment::default() },
    ];
    for (seconds, amendment) in (1..).zip(amendments) {
        if let Some(address) = expected.user.email.clone() {
            let at = later(seconds);
            assert!(write(store, move |tx| tx.verify_email(UserId(1), &address, at)));
            expected.user.email_verified_at = Some(at);
        }
        expected = amendment.applied_to(expected);
        write(store, move |tx| tx.archive().amend(UserId(1), &amendment));
        assert_eq!(accounts(store, &[1]), [expected.clone()], "{seconds}");
    }
    assert_eq!(expected.user.email_verified_at, None);
}

fn an_amendment_is_numbered(store: &dyn Store) {
    bring_in_one(store, foreign(1, "alice", None));
    let standing = || block_on(store.standing(UserId(1), None, NOW)).unwrap().unwrap();
    assert!(standing().user.groups.is_empty());
    assert_eq!(read(store, |db| db.changes_since(ChangeNumber(0))).last, ChangeNumber(0));
    let amendment = Amendment { groups: Some(vec!["editors".into()]), ..Amendment::default() };
    write(store, move |tx| {
        assert!(!tx.archive().amend(UserId(404), &amendment)?);
        assert_eq!(tx.changed_accounts(), []);
        assert!(tx.archive().amend(UserId(1), &amendment)?);
        assert_eq!(tx.changed_accounts(), [UserId(1)]);
        Ok(())
    });
    let told = read(store, |db| db.changes_since(ChangeNumber(0)));
    assert_eq!((told.last, told.accounts), (ChangeNumber(1), Some(vec![UserId(1)])));
    assert_eq!(standing().user.groups, ["editors"]);
}

fn a_password_is_replaced(store: &dyn Store) {
    let before = bring_in_one(store, foreign(1, "alice", None));
    let other = bring_in_one(store, foreign(2, "bob", None));
    assert!(write(store, |tx| tx.invalidate_tokens(UserId(1), later(5))));
    let last = read(store, |db| db.changes_since(ChangeNumber(0))).last;
    let replace = |id: i64| {
        let hash = PasswordHash::from_encoded("plain$new");
        write(store, move |tx| tx.archive().replace_password(UserId(id), &hash))
    };
    assert!(replace(1) && !replace(404));
    let told = read(store, move |db| db.changes_since(last));
    assert_eq!(told.accounts, Some(vec![UserId(1)]));
    let expected = AccountRecord {
        password: PasswordHash::from_encoded("plain$new"),
        credential_version: CredentialVersion(before.credential_version.0 + 1),
        user: User { tokens_valid_after: later(5), ..before.user },
        ..before
    };
    assert_eq!(accounts(store, &[1, 2]), [expected, other]);
}

fn subjects_are_told(store: &dyn Store) {
    let here = insert(store, "here").subject;
    bring_in(store, vec![with_key_of_text("K-1", "alice"), imported(foreign(7, "bob", None))]);
    let bob = find(store, UserId(7)).unwrap().subject;
    let asked = |subjects: &[&str]| {
        let subjects: Vec<_> = subjects.iter().map(|it| Subject::from_stored((*it).to_owned())).collect();
        let mut taken = write(store, move |tx| tx.archive().subjects(&subjects));
        taken.sort_by(|a, b| a.as_str().cmp(b.as_str()));
        taken
    };
    let mut expected = [here, bob, Subject::from_stored("K-1".into())];
    expected.sort_by(|a, b| a.as_str().cmp(b.as_str()));
    let [a, b, c] = &expected;
    assert_eq!(asked(&["k-1", a.as_str(), "free", b.as_str(), c.as_str(), "", "a\0b"]), expected);
    assert_eq!(asked(&[]), []);
    let many: Vec<_> = (0..3_000).map(|i| format!("free-{i}")).collect();
    let many: Vec<_> = many.iter().map(String::as_str).chain(["K-1"]).collect();
    assert_eq!(asked(&many), [Subject::from_stored("K-1".into())]);
}

fn an_account_is_imported(store: &dyn Store) {
    let here = insert(store, "here").id;
    bring_in(store, vec![imported(foreign(7, "alice", None)), with_key_of_text("k", "bob")]);
    let text = account_of(store, &Subject::from_stored("k".into())).unwrap();
    let amendment = Amendment { groups: Some(vec!["editors".into()]), ..Amendment::default() };
    write(store, move |tx| {
        for id in [here, UserId(7), text] {
            assert!(tx.archive().amend(id, &amendment)?);
        }
        Ok(())
    });
    for (id, is_imported) in [(here, false), (UserId(7), true), (text, true)] {
        assert_eq!(find(store, id).unwrap().is_imported, is_imported);
    }
}

fn accounts_are_paged(store: &dyn Store) {
    let all: Vec<_> =
        [3, 5, 8, 1_000].iter().map(|i| bring_in_one(store, rich(*i, &format!("u{i}")))).collect();
    let page = |after, limit| read(store, move |db| db.accounts_after(UserId(after), limit));
    assert_eq!(page(i64::MIN, 100), all);
    assert_eq!(page(0, 2), all[..2]);
    assert_eq!(page(5, 2), all[2..]);
    assert_eq!(page(6, 1), all[2..3]);
    assert_eq!(page(1_000, 2), []);
}

fn groups_are_stored(store: &dyn Store) {
    let group = |id, name: &str, codenames: &[&str]| Group {
        id,
        name: name.into(),
        permissions: codenames
            .iter()
            .map(|codename| Permission {
                app: "auth".into(),
                model: "user".into(),
                codename: (*codename).into(),
            })
            .collect(),
    };
    let put = |groups: Vec<Group>| write(store, move |tx| tx.archive().put_groups(&groups));
    let stored = || read(store, |db| db.groups());
    assert_eq!(stored(), []);
    let (editors, staff) = (group(10, "editors", &["b", "a"]), group(2, "staff \"é\"", &[]));
    put(vec![editors.clone(), staff.clone()]);
    assert_eq!(stored(), [staff.clone(), editors]);
    let changed = group(10, "editors", &["c"]);
    put(vec![changed.clone()]);
    assert_eq!(stored(), [staff, changed]);
    // Renamed there, and a new one of the old name.
    let (renamed, new) = (group(10, "authors", &["c"]), group(11, "editors", &[]));
    put(vec![renamed.clone(), new.clone()]);
    assert_eq!(stored()[1..], [renamed, new]);
}

fn deleting_keeps_the_record(store: &dyn Store) {
    bring_in_one(store, rich(7, "alice"));
    let before = imports(store, &[ForeignKey::Number(7)]);
    assert!(write(store, |tx| tx.delete_user(UserId(7))));
    assert_eq!(accounts(store, &[7]), []);
    assert_eq!(imports(store, &[ForeignKey::Number(7)]), before);
    assert_eq!(owners(store, &["alice", "alice@example.com"]), []);
    assert!(insert(store, "alice").id > UserId(7));
}

fn a_batch_that_rolls_back(store: &dyn Store) {
    let batch = vec![imported(rich(7, "alice")), with_key_of_text("k", "bob")];
    block_on(store.transact(move |tx| {
        let archive = tx.archive();
        archive.insert_accounts(&batch)?;
        archive.put_groups(&[Group { id: 1, name: "g".into(), permissions: vec![] }])?;
        // It sees what it has written.
        assert_eq!(archive.accounts(&[UserId(7)])?.len(), 1);
        assert_eq!(archive.imports_after(None, 10)?.len(), 2);
        Ok(Verdict::RollBack(()))
    }))
    .unwrap();
    assert_eq!(accounts(store, &[7]), []);
    assert_eq!(write(store, |tx| tx.archive().imports_after(None, 10)), []);
    assert_eq!(read(store, |db| db.groups()), []);
    bring_in_one(store, rich(7, "alice"));
}
