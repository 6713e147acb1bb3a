//! Units of work that race: two for one guard never both win.

use crate::fixture::{Fixture, NOW, all_at_once, new_user};
use doorward_domain::identity::EmailAddress;
use doorward_domain::password::PasswordHash;
use doorward_domain::session::{Client, End, EndReason, Generation, Rotation};
use doorward_domain::store::{StoreError, Taken, Transaction, Verdict};
use doorward_domain::user::{CredentialVersion, Subject, User};
use doorward_testkit::{Case, cases};
use std::time::Duration;

const AT_ONCE: usize = 64;

pub(crate) fn cases() -> Vec<Case<Fixture>> {
    cases![races:
        of_64_accounts_with_one_username_one_is_stored,
        of_64_accounts_with_one_address_one_is_stored,
        of_64_accounts_that_cross_their_names_one_is_stored,
        of_64_rotations_of_one_generation_one_wins,
        nothing_rotates_a_session_after_its_end,
        a_login_that_saw_an_old_password_is_not_recorded,
        of_64_changes_to_the_keys_one_wins,
        of_64_root_secrets_one_is_recorded,
    ]
}

/// Commits what was inserted and rolls back what was not.
fn insert(
    tx: &mut dyn Transaction,
    username: &str,
    address: &str,
    number: usize,
) -> Result<Verdict<Result<User, Taken>>, StoreError> {
    let mut user = new_user(username);
    user.subject = Subject::from_stored(format!("subject {number}"));
    user.email = Some(EmailAddress::from_stored(address.to_owned()));
    let inserted = tx.insert_user(&user)?;
    Ok(if inserted.is_ok() { Verdict::Commit(inserted) } else { Verdict::RollBack(inserted) })
}

fn one_winner(answers: Vec<Result<Result<User, Taken>, StoreError>>, others: Taken) {
    let (winners, losers): (Vec<_>, Vec<_>) =
        answers.into_iter().map(Result::unwrap).partition(Result::is_ok);
    assert_eq!((winners.len(), losers.len()), (1, AT_ONCE - 1));
    assert!(losers.into_iter().all(|loser| loser.unwrap_err() == others));
}

fn of_64_accounts_with_one_username_one_is_stored(f: &Fixture) {
    let jobs = (0..AT_ONCE).map(|number| {
        let username = if number % 2 == 0 { "ann" } else { "Ann" };
        f.store.transact(move |tx| insert(tx, username, &format!("{number}@example.com"), number))
    });
    one_winner(all_at_once(jobs), Taken::Username);
}

fn of_64_accounts_with_one_address_one_is_stored(f: &Fixture) {
    let jobs = (0..AT_ONCE).map(|number| {
        f.store.transact(move |tx| insert(tx, &format!("user{number}"), "ann@example.com", number))
    });
    one_winner(all_at_once(jobs), Taken::Email);
}

fn of_64_accounts_that_cross_their_names_one_is_stored(f: &Fixture) {
    let jobs = (0..AT_ONCE).map(|number| {
        let (username, address) =
            if number % 2 == 0 { ("a@x.org", "b@x.org") } else { ("b@x.org", "a@x.org") };
        f.store.transact(move |tx| insert(tx, username, address, number))
    });
    let stored = all_at_once(jobs).into_iter().filter(|answer| answer.as_ref().unwrap().is_ok()).count();
    assert_eq!(stored, 1);
}

fn of_64_rotations_of_one_generation_one_wins(f: &Fixture) {
    let session = f.session(f.user("ann").id, 1);
    let jobs = (0..AT_ONCE).map(|number| {
        f.store.transact(move |tx| {
            let client = Client::new(format!("192.0.2.{number}"), "");
            let at = NOW.plus(Duration::from_secs(1));
            let rotation =
                Rotation { from: Generation::FIRST, at, expires_at: at.plus(Duration::from_secs(9)), client };
            Ok(Verdict::Commit(tx.rotate_session(session.user_id, session.id, &rotation)?.is_some()))
        })
    });
    let wins = all_at_once(jobs).into_iter().filter(|answer| *answer.as_ref().unwrap()).count();
    assert_eq!(wins, 1);
    let (stored, _) = f.read(move |db| db.session(session.id)).unwrap();
    assert_eq!(stored.generation, Generation(1));
}

fn nothing_rotates_a_session_after_its_end(f: &Fixture) {
    let session = f.session(f.user("ann").id, 1);
    let jobs = (0..AT_ONCE).map(|number| {
        f.store.transact(move |tx| {
            if number == AT_ONCE / 2 {
                let end = End { at: NOW, reason: EndReason::Logout };
                return Ok(Verdict::Commit((tx.end_session(session.user_id, session.id, end)?, true)));
            }
            let (now, _) = tx.session(session.id)?.unwrap();
            let rotation =
                Rotation { from: now.generation, at: NOW, expires_at: NOW, client: Client::default() };
            let ended = now.ended.is_some();
            let rotated = tx.rotate_session(session.user_id, session.id, &rotation)?.is_some();
            assert!(!(ended && rotated));
            Ok(Verdict::Commit((rotated, false)))
        })
    });
    let ends: Vec<_> =
        all_at_once(jobs).into_iter().map(Result::unwrap).filter(|(_, is_end)| *is_end).collect();
    assert_eq!(ends, [(true, true)]);
    let rotation = Rotation { from: Generation(0), at: NOW, expires_at: NOW, client: Client::default() };
    let late = f.write(move |tx| {
        let (session, _) = tx.session(session.id)?.unwrap();
        let rotation = Rotation { from: session.generation, ..rotation.clone() };
        Ok(Verdict::Commit(tx.rotate_session(session.user_id, session.id, &rotation)?.is_some()))
    });
    assert!(!late.unwrap());
}

fn a_login_that_saw_an_old_password_is_not_recorded(f: &Fixture) {
    let ann = f.user("ann").id;
    let jobs = (0..AT_ONCE).map(|number| {
        f.store.transact(move |tx| {
            if number == AT_ONCE / 2 {
                let changed = tx.set_password(ann, &PasswordHash::from_encoded("second"), NOW)?;
                return Ok(Verdict::Commit((changed, CredentialVersion(0))));
            }
            let recorded = tx.record_login(ann, CredentialVersion(0), NOW)?;
            let seen = tx.credential(&new_user("ann").username.canonical().clone())?.unwrap();
            // Who has recorded a login keeps the account as it was until the unit of work ends.
            Ok(Verdict::Commit((recorded == (seen.version == CredentialVersion(0)), seen.version)))
        })
    });
    for answer in all_at_once(jobs) {
        assert!(answer.unwrap().0);
    }
    let late = f.write(move |tx| Ok(Verdict::Commit(tx.record_login(ann, CredentialVersion(0), NOW)?)));
    assert!(!late.unwrap());
    let current = f.write(move |tx| Ok(Verdict::Commit(tx.record_login(ann, CredentialVersion(1), NOW)?)));
    assert!(current.unwrap());
}

fn of_64_changes_to_the_keys_one_wins(f: &Fixture) {
    let jobs = (0..AT_ONCE).map(|_| f.store.transact(|tx| Ok(Verdict::Commit(tx.advance_key_ring(0)?))));
    let wins = all_at_once(jobs).into_iter().filter(|answer| *answer.as_ref().unwrap()).count();
    assert_eq!((wins, f.read(|db| db.key_ring_version())), (1, 1));
}

fn of_64_root_secrets_one_is_recorded(f: &Fixture) {
    let jobs = (0..AT_ONCE).map(|number| {
        let root = doorward_domain::sealing::Fingerprint(number.to_string());
        f.store.transact(move |tx| Ok(Verdict::Commit(tx.set_root_fingerprint(None, &root)?)))
    });
    let wins: Vec<_> = all_at_once(jobs).into_iter().map(Result::unwrap).collect();
    let winner = wins.iter().position(|won| *won).unwrap();
    assert_eq!(wins.iter().filter(|won| **won).count(), 1);
    assert_eq!(f.read(|db| db.root_fingerprint()).unwrap().0, winner.to_string());
}
