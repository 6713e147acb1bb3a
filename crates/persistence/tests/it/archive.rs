//! Accounts in bulk, where there are many of them or others are at work too.

use crate::connections::on_server;
use crate::fixture::{Fixture, NOW, all_at_once, block_on, new_user};
use doorward_domain::identity::{CanonicalName, EmailAddress, Username};
use doorward_domain::password::PasswordHash;
use doorward_domain::session::SessionId;
use doorward_domain::standing::ChangeNumber;
use doorward_domain::store::{StoreError, Transaction, Verdict};
use doorward_domain::takeover::{
    Amendment, Attributes, ForeignAccount, ForeignKey, ForeignPassword, ForeignToken, ForeignTokenId, Group,
    ImportRecord, ImportedAccount, Permission, Seen, Spent,
};
use doorward_domain::user::{CredentialVersion, FullName, Subject, UserId};
use doorward_testkit::{Case, cases};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::thread;

pub(crate) fn cases() -> Vec<Case<Fixture>> {
    cases![archive:
        thousands_of_accounts_come_in_together_and_are_found_again,
        what_is_carried_is_kept_as_it_was_unless_amended,
        an_account_that_is_renamed_gives_its_old_names_back,
        an_amendment_to_a_name_of_another_is_a_conflict,
        imports_at_once_store_each_account_once,
        people_register_while_an_import_runs,
        of_two_records_or_tokens_in_one_call_the_last_or_the_spent_counts,
        records_come_in_the_order_of_their_keys_page_by_page,
        what_no_column_can_hold_is_not_found,
    ]
}

pub(crate) fn cases_of_postgres() -> Vec<Case<Fixture>> {
    cases![archive:
        an_import_that_meets_a_registration_is_run_again,
        a_number_that_an_import_has_taken_is_drawn_again,
        a_sequence_that_is_ahead_is_not_set_back,
        what_an_import_judges_stays_as_it_is_until_the_import_ends,
        a_password_that_changes_meanwhile_is_seen_before_it_is_judged,
    ]
}

/// More than a statement stores at once, and no multiple of that.
const MANY: i64 = 2_501;

fn foreign(key: ForeignKey) -> ForeignAccount {
    ForeignAccount {
        username: Username::from_stored(format!("Person {key}")),
        email: Some(EmailAddress::from_stored(format!("P{key}@example.com"))),
        password: ForeignPassword::Unusable,
        full_name: FullName::from_stored(format!("The person {key}")),
        is_active: true,
        is_staff: false,
        is_superuser: true,
        date_joined: NOW,
        last_login: None,
        groups: Vec::new(),
        permissions: Vec::new(),
        attributes: Attributes::default(),
        key,
    }
}

fn imported(account: ForeignAccount) -> ImportedAccount {
    let (id, subject) = match &account.key {
        ForeignKey::Number(number) => (Some(UserId(*number)), format!("subject {number}")),
        ForeignKey::Text(text) => (None, text.clone()),
    };
    ImportedAccount {
        id,
        subject: Subject::from_stored(subject),
        password: PasswordHash::from_encoded("encoded"),
        seen: Seen::of_foreign(&account, CredentialVersion(0)),
        account,
    }
}

fn numbered(number: i64) -> ImportedAccount {
    imported(foreign(ForeignKey::Number(number)))
}

fn keyed(text: &str) -> ImportedAccount {
    imported(foreign(ForeignKey::Text(text.to_owned())))
}

fn import(f: &Fixture, accounts: Vec<ImportedAccount>) -> Result<(), StoreError> {
    f.write(move |tx| Ok(Verdict::Commit(tx.archive().insert_accounts(&accounts)?)))
}

/// Asks within a unit of work that changes nothing.
fn ask<T: Send + 'static>(
    f: &Fixture,
    mut question: impl FnMut(&mut dyn Transaction) -> Result<T, StoreError> + Send + 'static,
) -> T {
    f.write(move |tx| Ok(Verdict::RollBack(question(tx)?))).unwrap()
}

fn names(all: &[&str]) -> Vec<CanonicalName> {
    all.iter().map(|name| CanonicalName::of(name)).collect()
}

fn thousands_of_accounts_come_in_together_and_are_found_again(f: &Fixture) {
    import(f, (1..=MANY).map(numbered).collect()).unwrap();
    import(f, (1..=MANY).map(|number| keyed(&format!("key-{number}"))).collect()).unwrap();
    let found = ask(f, |tx| {
        let numbers = (1..=MANY + 9).map(ForeignKey::Number);
        let texts = (1..=MANY + 9).map(|number| ForeignKey::Text(format!("key-{number}")));
        tx.archive().imports(&numbers.chain(texts).collect::<Vec<_>>())
    });
    assert_eq!(found.len(), usize::try_from(2 * MANY).unwrap());
    for record in found {
        let expected = match &record.key {
            ForeignKey::Number(number) => UserId(*number),
            ForeignKey::Text(text) => UserId(MANY + text.trim_start_matches("key-").parse::<i64>().unwrap()),
        };
        assert_eq!(record.user, Some(expected), "{:?}", record.key);
    }
    let ids: Vec<_> = (1..=2 * MANY + 9).map(UserId).collect();
    let accounts = ask(f, move |tx| tx.archive().accounts(&ids));
    assert_eq!(accounts.len(), usize::try_from(2 * MANY).unwrap());
    for record in &accounts {
        let is_text = record.user.id.0 > MANY;
        let key =
            if is_text { format!("key-{}", record.user.id.0 - MANY) } else { record.user.id.to_string() };
        assert_eq!(record.user.username.as_str(), format!("Person {key}"));
        assert_eq!(record.user.email.as_ref().unwrap().as_str(), format!("P{key}@example.com"));
        assert_eq!(record.user.is_known_by_subject, is_text);
    }
    let asked: Vec<_> = (1..=MANY + 9)
        .flat_map(|number| [format!("PERSON {number}"), format!("p{number}@example.com")])
        .collect();
    let owners =
        ask(f, move |tx| tx.archive().owners(&names(&asked.iter().map(String::as_str).collect::<Vec<_>>())));
    assert_eq!(owners.iter().filter(|owner| owner.is_username).count(), usize::try_from(MANY).unwrap());
    assert_eq!(owners.len(), usize::try_from(2 * MANY).unwrap());
    let mut pages = Vec::new();
    loop {
        let after = pages.last().copied().unwrap_or(UserId(0));
        let page = f.read(move |db| db.accounts_after(after, 1_000));
        if page.is_empty() {
            break;
        }
        pages.extend(page.into_iter().map(|record| record.user.id));
    }
    assert_eq!(pages, (1..=2 * MANY).map(UserId).collect::<Vec<_>>());
}

fn what_is_carried_is_kept_as_it_was_unless_amended(f: &Fixture) {
    let permission =
        Permission { app: "blog".to_owned(), model: "post".to_owned(), codename: "add_post".to_owned() };
    let mut rich = foreign(ForeignKey::Number(1));
    rich.groups = vec!["editors".to_owned(), "\"the\" others".to_owned()];
    rich.permissions = vec![permission.clone()];
    rich.attributes = Attributes::from_json(r#"{"phone": "\u0000 1"}"#);
    rich.last_login = Some(NOW);
    import(f, vec![imported(rich.clone()), numbered(2)]).unwrap();
    let stored = || <[_; 2]>::try_from(f.read(|db| db.accounts_after(UserId(0), 9))).unwrap();
    let [first, second] = &stored();
    assert_eq!((&first.user.groups, &first.permissions), (&rich.groups, &rich.permissions));
    assert_eq!((&first.attributes, first.last_login), (&rich.attributes, Some(NOW)));
    assert_eq!((&second.permissions, &second.attributes), (&Vec::new(), &Attributes::default()));

    let amend = |id: i64, amendment: Amendment| {
        f.write(move |tx| Ok(Verdict::Commit(tx.archive().amend(UserId(id), &amendment)?))).unwrap()
    };
    assert!(amend(2, Amendment { permissions: Some(vec![permission.clone()]), ..Amendment::default() }));
    assert!(amend(1, Amendment { permissions: Some(Vec::new()), ..Amendment::default() }));
    let [first, second] = &stored();
    assert_eq!((&first.permissions, &first.attributes), (&Vec::new(), &rich.attributes));
    assert_eq!((&second.permissions, &second.attributes), (&vec![permission], &Attributes::default()));
    let nothing = Amendment {
        permissions: Some(Vec::new()),
        attributes: Some(Attributes::default()),
        groups: Some(Vec::new()),
        ..Amendment::default()
    };
    assert!(amend(1, nothing.clone()) && amend(2, nothing.clone()) && !amend(3, nothing));
    for record in stored() {
        assert!(record.permissions.is_empty() && record.user.groups.is_empty());
        assert_eq!(record.attributes, Attributes::default());
    }
}

fn an_account_that_is_renamed_gives_its_old_names_back(f: &Fixture) {
    import(f, vec![numbered(1), numbered(2)]).unwrap();
    let owners = || {
        let asked = names(&["person 1", "p1@example.com", "ann", "ann@example.com"]);
        let mut owners = ask(f, move |tx| tx.archive().owners(&asked));
        owners.sort_by(|a, b| a.name.as_str().cmp(b.name.as_str()));
        owners
            .into_iter()
            .map(|owner| (owner.name.as_str().to_owned(), owner.is_username))
            .collect::<Vec<_>>()
    };
    let amend = |username: Option<&str>, email: Option<Option<&str>>| {
        let amendment = Amendment {
            username: username.map(|name| Username::from_stored(name.to_owned())),
            email: email.map(|email| email.map(|email| EmailAddress::from_stored(email.to_owned()))),
            ..Amendment::default()
        };
        assert!(f.write(move |tx| Ok(Verdict::Commit(tx.archive().amend(UserId(1), &amendment)?))).unwrap());
        owners()
    };
    let owned =
        |all: &[(&str, bool)]| all.iter().map(|(name, is)| ((*name).to_owned(), *is)).collect::<Vec<_>>();
    assert_eq!(amend(Some("PERSON 1"), None), owned(&[("p1@example.com", false), ("person 1", true)]));
    assert_eq!(amend(Some("Ann"), None), owned(&[("ann", true), ("p1@example.com", false)]));
    assert_eq!(amend(None, Some(Some("Ann"))), owned(&[("ann", true)]));
    assert_eq!(amend(None, Some(None)), owned(&[("ann", true)]));
    let both = amend(Some("Ann@example.com"), Some(Some("ann@example.com")));
    assert_eq!(both, owned(&[("ann@example.com", true)]));
    // The two change places in one statement each.
    let swapped = amend(Some("p1@example.com"), Some(Some("person 1")));
    assert_eq!(swapped, owned(&[("p1@example.com", true), ("person 1", false)]));
    let changes = f.read(|db| db.changes_since(ChangeNumber(0))).accounts.unwrap();
    assert_eq!(changes, [UserId(1); 6]);
}

fn an_amendment_to_a_name_of_another_is_a_conflict(f: &Fixture) {
    import(f, vec![numbered(1), numbered(2)]).unwrap();
    for (username, email) in
        [(Some("PERSON 2"), None), (None, Some("person 2")), (Some("p2@example.com"), None)]
    {
        let amendment = Amendment {
            username: username.map(|name: &str| Username::from_stored(name.to_owned())),
            email: email.map(|email: &str| Some(EmailAddress::from_stored(email.to_owned()))),
            ..Amendment::default()
        };
        let answer = f.write(move |tx| Ok(Verdict::Commit(tx.archive().amend(UserId(1), &amendment)?)));
        assert!(matches!(&answer, Err(StoreError::Conflict(_))), "{answer:?}");
        // The text of a violated constraint holds the values that violate it.
        assert!(!answer.unwrap_err().to_string().to_lowercase().contains("person"));
    }
    assert_eq!(f.read(|db| db.changes_since(ChangeNumber(0))).last, ChangeNumber(0));
}

/// What an import does: it looks who is there, and stores the others.
fn import_new(tx: &mut dyn Transaction, all: &[ImportedAccount]) -> Result<Verdict<usize>, StoreError> {
    let keys: Vec<_> = all.iter().map(|one| one.account.key.clone()).collect();
    let there: BTreeSet<_> = tx.archive().imports(&keys)?.into_iter().map(|record| record.key).collect();
    let new: Vec<_> = all.iter().filter(|one| !there.contains(&one.account.key)).cloned().collect();
    tx.archive().insert_accounts(&new)?;
    Ok(Verdict::Commit(new.len()))
}

fn imports_at_once_store_each_account_once(f: &Fixture) {
    let other = f.another();
    let batches: Vec<Vec<_>> = (0..12)
        .map(|batch| {
            let numbers = batch * 50 + 1..=batch * 50 + 100;
            numbers.flat_map(|number| [numbered(number), keyed(&format!("key-{number}"))]).collect()
        })
        .collect();
    let stores = [f.store.clone(), other.store()];
    let jobs = batches.into_iter().zip(stores.iter().cycle()).map(|(batch, store)| {
        // Numbers that are drawn meet those that are given: there is room between them.
        let batch: Vec<_> = batch.into_iter().map(|one| ImportedAccount { id: far(one.id), ..one }).collect();
        store.transact(move |tx| import_new(tx, &batch))
    });
    let new: usize = all_at_once(jobs).into_iter().map(Result::unwrap).sum();
    other.close();
    assert_eq!(new, 2 * 650);
    assert_eq!(f.read(|db| db.accounts_after(UserId(0), 9_999)).len(), new);
    f.user("after");
}

/// Leaves out the accounts whose numbers belong to others by now, and tells how many came in.
fn import_free(tx: &mut dyn Transaction, all: &[ImportedAccount]) -> Result<Verdict<usize>, StoreError> {
    let ids: Vec<_> = all.iter().filter_map(|one| one.id).collect();
    let taken: BTreeSet<_> = tx.archive().accounts(&ids)?.into_iter().map(|record| record.user.id).collect();
    let new: Vec<_> =
        all.iter().filter(|one| one.id.is_none_or(|id| !taken.contains(&id))).cloned().collect();
    tx.archive().insert_accounts(&new)?;
    Ok(Verdict::Commit(new.len()))
}

fn people_register_while_an_import_runs(f: &Fixture) {
    let other = f.another();
    let store = other.store();
    let (imported, registered) = thread::scope(|scope| {
        let import = scope.spawn(|| {
            let batch = |number: i64| (number * 10 + 1..=number * 10 + 10).map(numbered).collect::<Vec<_>>();
            let one = |number| {
                let accounts = batch(number);
                block_on(store.transact(move |tx| import_free(tx, &accounts))).unwrap()
            };
            (0..40).map(one).sum::<usize>()
        });
        let registrations = (0..200).map(|number| {
            let user = new_user(&format!("user{number}"));
            f.store.transact(move |tx| Ok(Verdict::Commit(tx.insert_user(&user)?.is_ok())))
        });
        let registered = all_at_once(registrations).into_iter().filter(|answer| *answer.as_ref().unwrap());
        (import.join().unwrap(), registered.count())
    });
    other.close();
    assert_eq!(registered, 200);
    assert_eq!(f.read(|db| db.accounts_after(UserId(0), 9_999)).len(), imported + registered);
}

fn far(id: Option<UserId>) -> Option<UserId> {
    id.map(|UserId(id)| UserId(id * 1_000_000))
}

fn of_two_records_or_tokens_in_one_call_the_last_or_the_spent_counts(f: &Fixture) {
    let seen = Seen::of_foreign(&foreign(ForeignKey::Number(1)), CredentialVersion(0));
    let record =
        |key: ForeignKey, user: i64| ImportRecord { key, user: Some(UserId(user)), seen: seen.clone() };
    let keys = [ForeignKey::Number(1), ForeignKey::Text("1".to_owned())];
    let twice: Vec<_> =
        keys.iter().flat_map(|key| [record(key.clone(), 1), record(key.clone(), 2)]).collect();
    let group = |id: i64| Group { id, name: "editors".to_owned(), permissions: Vec::new() };
    let token = |second: i64, spent| ForeignToken {
        id: ForeignTokenId("jti".to_owned()),
        expires_at: doorward_domain::time::Timestamp::from_seconds(second),
        spent,
    };
    let spent = Some(Spent { at: NOW, session: Some(SessionId::from_bytes([7; 16])) });
    let expected = token(2, spent);
    let tokens = [token(1, None), expected.clone(), token(3, None)];
    f.write(move |tx| {
        tx.archive().put_imports(&twice)?;
        tx.archive().put_groups(&[group(1), group(2)])?;
        tx.archive().note_foreign_tokens(&tokens)?;
        // And again, where they are there already.
        tx.archive().note_foreign_tokens(&[token(4, None)])?;
        Ok(Verdict::Commit(tx.archive().put_imports(&twice)?))
    })
    .unwrap();
    let records = ask(f, move |tx| tx.archive().imports(&keys));
    assert_eq!(records.iter().map(|record| record.user).collect::<Vec<_>>(), [Some(UserId(2)); 2]);
    assert_eq!(f.read(|db| db.groups()), [group(2)]);
    assert_eq!(f.read(|db| db.foreign_token(&ForeignTokenId("jti".to_owned()))), Some(expected));
}

fn records_come_in_the_order_of_their_keys_page_by_page(f: &Fixture) {
    let seen = Seen::of_foreign(&foreign(ForeignKey::Number(1)), CredentialVersion(0));
    let numbers = [i64::MIN, -1, 0, 2, 10, i64::MAX].map(ForeignKey::Number);
    let texts = ["", "10", "2", "Z", "a", "b", "z", "É", "é", "\u{10000}"]
        .map(|text| ForeignKey::Text(text.to_owned()));
    let mut keys: Vec<_> = numbers.into_iter().chain(texts).collect();
    assert!(keys.is_sorted());
    keys.reverse();
    let records: Vec<_> =
        keys.iter().map(|key| ImportRecord { key: key.clone(), user: None, seen: seen.clone() }).collect();
    f.write(move |tx| Ok(Verdict::Commit(tx.archive().put_imports(&records)?))).unwrap();
    keys.reverse();
    for limit in [1, 4, 6, 100] {
        let mut found: Vec<ForeignKey> = Vec::new();
        loop {
            let after = found.last().cloned();
            let page = ask(f, move |tx| tx.archive().imports_after(after.as_ref(), limit));
            assert!(page.len() <= usize::try_from(limit).unwrap());
            if page.is_empty() {
                break;
            }
            found.extend(page.into_iter().map(|record| record.key));
        }
        assert_eq!(found, keys, "{limit} at a time");
    }
}

fn what_no_column_can_hold_is_not_found(f: &Fixture) {
    assert_eq!(f.read(|db| db.account_of(&Subject::from_stored("a\0b".to_owned()))), None);
    assert_eq!(f.read(|db| db.foreign_token(&ForeignTokenId("a\0b".to_owned()))), None);
    assert!(ask(f, |tx| tx.archive().owners(&names(&["a\0b"]))).is_empty());
    assert!(ask(f, |tx| tx.archive().imports(&[ForeignKey::Text("a\0b".to_owned())])).is_empty());
}

fn an_import_that_meets_a_registration_is_run_again(f: &Fixture) {
    let other = f.another();
    let store = other.store();
    let runs = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&runs);
    let imported = f.write(move |tx| {
        let is_free = tx.archive().owners(&names(&["person 1"]))?.is_empty();
        if count.fetch_add(1, SeqCst) == 0 {
            let user = new_user("Person 1");
            block_on(store.transact(move |tx| Ok(Verdict::Commit(tx.insert_user(&user)?)))).unwrap().unwrap();
        }
        if is_free {
            // Its number is its own: it is the name that both want.
            let person = ImportedAccount { id: Some(UserId(100)), ..numbered(1) };
            tx.archive().insert_accounts(&[person])?;
        }
        Ok(Verdict::Commit(is_free))
    });
    other.close();
    assert_eq!((imported.unwrap(), runs.load(SeqCst)), (false, 2));
}

fn a_number_that_an_import_has_taken_is_drawn_again(f: &Fixture) {
    import(f, vec![numbered(1), numbered(2)]).unwrap();
    // As it would be for somebody who drew a number just before the import made sure of its own.
    on_server(f, "SELECT setval('users_id_seq', 1, false)");
    assert_eq!(f.user("ann").id, UserId(3));
}

fn a_sequence_that_is_ahead_is_not_set_back(f: &Fixture) {
    on_server(f, "SELECT setval('users_id_seq', 500)");
    import(f, vec![numbered(1)]).unwrap();
    assert_eq!(f.user("ann").id, UserId(501));
}

/// Fails where the row can be had at once.
fn must_be_locked(f: &Fixture, id: i64) {
    let attempt = format!(
        "DO $$ BEGIN
             PERFORM 1 FROM users WHERE id = {id} FOR NO KEY UPDATE NOWAIT;
             RAISE EXCEPTION 'the row {id} is free';
         EXCEPTION WHEN lock_not_available THEN NULL; END $$"
    );
    on_server(f, &attempt);
}

fn what_an_import_judges_stays_as_it_is_until_the_import_ends(f: &Fixture) {
    import(f, vec![numbered(1), numbered(2), numbered(3)]).unwrap();
    thread::scope(|scope| {
        let (judged, is_judged) = mpsc::channel();
        let (end, may_end) = mpsc::channel::<()>();
        scope.spawn(move || {
            f.write(move |tx| {
                assert_eq!(tx.archive().accounts(&[UserId(2), UserId(1), UserId(2)])?.len(), 2);
                judged.send(()).unwrap();
                may_end.recv().unwrap();
                Ok(Verdict::RollBack(()))
            })
            .unwrap();
        });
        is_judged.recv().unwrap();
        must_be_locked(f, 1);
        must_be_locked(f, 2);
        // Others are free, and a session is begun without waiting.
        on_server(f, "SELECT 1 FROM users WHERE id = 3 FOR UPDATE NOWAIT");
        on_server(f, "SELECT 1 FROM users WHERE id = 1 FOR KEY SHARE NOWAIT");
        end.send(()).unwrap();
    });
    on_server(f, "SELECT 1 FROM users WHERE id = 1 FOR UPDATE NOWAIT");
}

fn a_password_that_changes_meanwhile_is_seen_before_it_is_judged(f: &Fixture) {
    import(f, vec![numbered(1)]).unwrap();
    let other = f.another();
    let (store, reader) = (f.store.clone(), other.store());
    let judged = thread::scope(|scope| {
        let (changed, is_changed) = mpsc::channel();
        let (end, may_end) = mpsc::channel::<()>();
        scope.spawn(move || {
            let change = store.transact(move |tx| {
                assert!(tx.set_password(UserId(1), &PasswordHash::from_encoded("new"), NOW)?);
                changed.send(()).unwrap();
                may_end.recv().unwrap();
                Ok(Verdict::Commit(()))
            });
            block_on(change).unwrap();
        });
        is_changed.recv().unwrap();
        let judging = scope.spawn(move || {
            let judge =
                reader.transact(move |tx| Ok(Verdict::RollBack(tx.archive().accounts(&[UserId(1)])?)));
            block_on(judge).unwrap()
        });
        while on_server(f, "SELECT 1 FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted AND datname = current_database()").is_empty() {
            assert!(!judging.is_finished(), "it did not wait");
            thread::yield_now();
        }
        end.send(()).unwrap();
        judging.join().unwrap()
    });
    other.close();
    let account = &judged[0];
    assert_eq!(account.password.as_encoded(), "new");
    assert_eq!((account.credential_version, account.user.tokens_valid_after), (CredentialVersion(1), NOW));
}
