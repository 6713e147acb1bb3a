//! One-time secrets, letters and addresses, where several units of work want the same.

use crate::connections::on_server;
use crate::fixture::{Fixture, NOW, all_at_once, block_on};
use doorward_domain::identity::{CanonicalName, EmailAddress};
use doorward_domain::mail::{
    Bound, LetterId, LetterKind, LetterState, MailBucket, MailRequest, Mailings, OutboxEntry,
    RequestedLetter, Settled,
};
use doorward_domain::one_time::{Attempts, Code, OneTimeSecret, Purpose, SecretDigest};
use doorward_domain::password::PasswordHash;
use doorward_domain::store::{Held, StoreError, Taken, Transaction, Verdict};
use doorward_domain::time::Timestamp;
use doorward_domain::user::{CredentialVersion, UserId};
use doorward_persistence::Database;
use doorward_testkit::{Case, cases};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

pub(crate) fn cases() -> Vec<Case<Fixture>> {
    cases![lifecycle:
        of_32_who_take_a_secret_in_two_processes_one_gets_it,
        of_32_who_claim_in_two_processes_each_gets_another_letter,
        of_32_who_take_requests_in_two_processes_each_gets_another_one,
        the_first_letters_of_a_bucket_are_counted_in_two_processes,
        the_first_tries_for_an_address_are_counted_in_two_processes,
        of_32_who_want_an_address_in_two_processes_one_gets_it,
        two_who_change_places_are_both_refused,
        what_a_mail_server_says_is_kept_whatever_it_is,
        a_name_that_no_column_can_hold_is_tried_in_vain,
    ]
}

pub(crate) fn cases_of_postgres() -> Vec<Case<Fixture>> {
    cases![lifecycle:
        a_request_that_somebody_has_is_passed_over_and_comes_back,
        a_letter_that_somebody_claims_is_passed_over_and_comes_back,
        the_second_letter_of_a_new_bucket_waits_for_the_first,
        the_second_try_for_a_new_address_waits_for_the_first,
        a_held_account_is_told_as_the_last_change_left_it,
        a_held_account_is_locked_and_sessions_are_not,
        whoever_finds_an_address_free_and_loses_it_is_told_so,
        what_was_just_counted_or_replaced_is_not_swept,
    ]
}

const AT_ONCE: u8 = 32;

fn address(text: &str) -> EmailAddress {
    EmailAddress::from_stored(text.to_owned())
}

fn later(seconds: u64) -> Timestamp {
    NOW.plus(Duration::from_secs(seconds))
}

fn secret(user: UserId) -> OneTimeSecret {
    OneTimeSecret {
        user,
        purpose: Purpose::ResetPassword,
        digest: SecretDigest([7; 32]),
        code: None,
        address: address("ann@example.com"),
        version: CredentialVersion::FIRST,
        created_at: NOW,
        expires_at: later(60),
    }
}

fn letter(number: u8) -> OutboxEntry {
    OutboxEntry {
        id: LetterId::from_bytes([number; 16]),
        user: None,
        kind: LetterKind::Test,
        to: address("ann@example.com"),
        sealed: Some(vec![number]),
        written_at: NOW,
        expires_at: later(600),
        state: LetterState::Queued,
        attempts: 0,
        next_attempt_at: NOW,
        last_error: None,
        settled_at: None,
    }
}

fn request(number: u8) -> MailRequest {
    let address = address(&format!("user{number}@example.com"));
    MailRequest { what: RequestedLetter::ResetPassword, address, asked_at: NOW }
}

fn bucket() -> MailBucket {
    MailBucket::of(Bound::Asked, LetterKind::ResetPassword, &address("ann@example.com")).unwrap()
}

fn name() -> CanonicalName {
    CanonicalName::of("ann@example.com")
}

fn claim(tx: &mut dyn Transaction) -> Result<Verdict<Option<OutboxEntry>>, StoreError> {
    Ok(Verdict::Commit(tx.mailroom().claim(NOW, later(60))?))
}

fn take_request(tx: &mut dyn Transaction) -> Result<Verdict<Option<MailRequest>>, StoreError> {
    Ok(Verdict::Commit(tx.mailroom().take_request()?))
}

/// Whether another letter may be written; counts it.
fn write_letter(tx: &mut dyn Transaction) -> Result<Verdict<bool>, StoreError> {
    let Some(mailings) =
        tx.mailroom().hold_mailings(&bucket())?.one_more(LetterKind::ResetPassword, Bound::Asked, NOW)
    else {
        return Ok(Verdict::RollBack(false));
    };
    tx.mailroom().put_mailings(&bucket(), &mailings)?;
    Ok(Verdict::Commit(true))
}

/// Whether a code may be tried once more; counts it.
fn try_code(tx: &mut dyn Transaction) -> Result<Verdict<bool>, StoreError> {
    let run = tx.vault().hold_attempts(Purpose::VerifyEmail, &name())?;
    let Some(run) = Attempts::one_more(run, NOW) else { return Ok(Verdict::RollBack(false)) };
    tx.vault().put_attempts(Purpose::VerifyEmail, &name(), run)?;
    Ok(Verdict::Commit(true))
}

fn set_email(
    tx: &mut dyn Transaction,
    user: UserId,
    to: &str,
) -> Result<Verdict<Result<bool, Taken>>, StoreError> {
    let set = tx.set_email(user, &address(to), NOW)?;
    Ok(if set.is_ok() { Verdict::Commit(set) } else { Verdict::RollBack(set) })
}

/// Runs the step of each number, half of them in another process.
fn race<T: Send + 'static, F>(f: &Fixture, step: impl Fn(u8) -> F) -> Vec<T>
where
    F: FnMut(&mut dyn Transaction) -> Result<Verdict<T>, StoreError> + Send + 'static,
{
    let other = f.another();
    let stores = [f.store.clone(), other.store()];
    let jobs = (0..AT_ONCE).zip(stores.iter().cycle()).map(|(number, store)| store.transact(step(number)));
    let answers = all_at_once(jobs).into_iter().map(Result::unwrap).collect();
    other.close();
    answers
}

fn how_many(answers: Vec<bool>) -> usize {
    answers.into_iter().filter(|is_so| *is_so).count()
}

fn of_32_who_take_a_secret_in_two_processes_one_gets_it(f: &Fixture) {
    let stored = secret(f.user("ann").id);
    let put = stored.clone();
    f.write(move |tx| Ok(Verdict::Commit(tx.vault().put_secret(&put)?))).unwrap();
    let taken = race(f, |_| {
        let user = stored.user;
        move |tx: &mut dyn Transaction| {
            let digest = SecretDigest([7; 32]);
            Ok(Verdict::Commit(tx.vault().take_secret(user, Purpose::ResetPassword, &digest)?))
        }
    });
    assert_eq!(taken.into_iter().flatten().collect::<Vec<_>>(), [stored]);
}

fn of_32_who_claim_in_two_processes_each_gets_another_letter(f: &Fixture) {
    f.write(|tx| {
        (0..AT_ONCE).try_for_each(|number| tx.mailroom().post(&letter(number)))?;
        Ok(Verdict::Commit(()))
    })
    .unwrap();
    let claimed = race(f, |_| claim);
    let ids: BTreeSet<_> = claimed.iter().map(|letter| letter.as_ref().unwrap().id).collect();
    assert_eq!(ids.len(), usize::from(AT_ONCE));
    assert!(claimed.into_iter().flatten().all(|letter| letter.attempts == 1));
    assert_eq!(f.write(claim).unwrap(), None);
}

fn of_32_who_take_requests_in_two_processes_each_gets_another_one(f: &Fixture) {
    race(f, |number| {
        move |tx: &mut dyn Transaction| Ok(Verdict::Commit(tx.mailroom().ask(&request(number))?))
    });
    let taken = race(f, |_| take_request);
    let addresses: BTreeSet<_> =
        taken.into_iter().map(|request| request.unwrap().address.as_str().to_owned()).collect();
    assert_eq!(addresses.len(), usize::from(AT_ONCE));
    assert_eq!(f.write(take_request).unwrap(), None);
}

fn the_first_letters_of_a_bucket_are_counted_in_two_processes(f: &Fixture) {
    assert_eq!(how_many(race(f, |_| write_letter)), Mailings::AN_HOUR);
}

fn the_first_tries_for_an_address_are_counted_in_two_processes(f: &Fixture) {
    assert_eq!(how_many(race(f, |_| try_code)), usize::try_from(Code::TRIES).unwrap());
}

fn of_32_who_want_an_address_in_two_processes_one_gets_it(f: &Fixture) {
    const NAMES: [&str; 4] = ["ann", "bob", "cid", "dan"];
    let users = NAMES.map(|name| f.user(name).id);
    let set = race(f, |number| {
        let user = users[usize::from(number) % users.len()];
        move |tx: &mut dyn Transaction| {
            Ok(match set_email(tx, user, "wanted@example.com")? {
                Verdict::Commit(set) => Verdict::Commit((user, set)),
                Verdict::RollBack(set) => Verdict::RollBack((user, set)),
            })
        }
    });
    let owner = f.read(|db| db.user_by_login_name(&CanonicalName::of("wanted@example.com"))).unwrap();
    // Whoever has it may be given it again.
    for (user, set) in set {
        assert_eq!(set, if user == owner.id { Ok(true) } else { Err(Taken::Email) });
    }
    let names = NAMES.map(|name| CanonicalName::of(&format!("{name}@example.com")));
    let still =
        f.read(move |db| names.iter().map(|name| db.user_by_login_name(name)).collect::<Result<Vec<_>, _>>());
    assert_eq!(still.into_iter().flatten().count(), 3);
}

fn two_who_change_places_are_both_refused(f: &Fixture) {
    let [ann, bob] = ["ann", "bob"].map(|name| f.user(name).id);
    let set = race(f, |number| {
        let (user, to) = if number % 2 == 0 { (ann, "bob@example.com") } else { (bob, "ann@example.com") };
        move |tx: &mut dyn Transaction| set_email(tx, user, to)
    });
    assert!(set.into_iter().all(|set| set == Err(Taken::Email)));
}

fn what_a_mail_server_says_is_kept_whatever_it_is(f: &Fixture) {
    let settled = f.write(|tx| {
        tx.mailroom().post(&letter(1))?;
        tx.mailroom().claim(NOW, later(60))?;
        let settled = Settled::Failed { error: "550 \0 \u{1b}[31m ü".to_owned() };
        Ok(Verdict::Commit(tx.mailroom().settle(letter(1).id, 1, &settled, NOW)?))
    });
    assert!(settled.unwrap());
    let stored = f.read(|db| db.letter(letter(1).id)).unwrap();
    assert_eq!(stored.last_error.unwrap(), "550 \u{fffd} \u{1b}[31m ü");
}

fn a_name_that_no_column_can_hold_is_tried_in_vain(f: &Fixture) {
    let nobody = CanonicalName::of("a\0b");
    let asked = nobody.clone();
    assert_eq!(f.read(move |db| db.reserved_for(&asked, NOW)), None);
    let tries = f.write(move |tx| {
        let tries = tx.vault().hold_attempts(Purpose::VerifyEmail, &nobody)?;
        tx.vault().put_attempts(Purpose::VerifyEmail, &nobody, Attempts { tries: 1, last_at: NOW })?;
        Ok(Verdict::Commit(tries))
    });
    assert_eq!(tries.unwrap(), None);
}

/// Runs `work` in a unit of work, and `meanwhile` before that commits or rolls back, which `meanwhile`
/// may let it do. Answers what the two came to.
fn while_open<T: Send + 'static, M>(
    f: &Fixture,
    mut work: impl FnMut(&mut dyn Transaction) -> Result<Verdict<T>, StoreError> + Send + 'static,
    meanwhile: impl FnOnce(&dyn Fn()) -> M,
) -> (T, M) {
    let (done, is_done) = mpsc::channel();
    let (end, may_end) = mpsc::channel::<()>();
    thread::scope(|scope| {
        let open = scope.spawn(move || {
            f.write(move |tx| {
                let verdict = work(tx)?;
                done.send(()).unwrap();
                may_end.recv().unwrap();
                Ok(verdict)
            })
            .unwrap()
        });
        is_done.recv().unwrap();
        let met = meanwhile(&|| end.send(()).unwrap());
        // Told already, if it was told meanwhile.
        drop(end);
        (open.join().unwrap(), met)
    })
}

/// Hands in a unit of work that has to wait for an open one, which `let_end` ends, and answers what it
/// came to.
fn that_waits<T: Send + 'static>(
    f: &Fixture,
    other: &Database,
    let_end: &dyn Fn(),
    step: impl FnMut(&mut dyn Transaction) -> Result<Verdict<T>, StoreError> + Send + 'static,
) -> T {
    const WAITS: &str = "SELECT 1 FROM pg_locks JOIN pg_stat_activity USING (pid)
        WHERE NOT granted AND datname = current_database()";
    let store = other.store();
    thread::scope(|scope| {
        let waiting = scope.spawn(move || block_on(store.transact(step)).unwrap());
        while on_server(f, WAITS).is_empty() {
            assert!(!waiting.is_finished(), "it did not wait");
            thread::yield_now();
        }
        let_end();
        waiting.join().unwrap()
    })
}

fn a_request_that_somebody_has_is_passed_over_and_comes_back(f: &Fixture) {
    f.write(|tx| {
        tx.mailroom().ask(&request(1))?;
        Ok(Verdict::Commit(tx.mailroom().ask(&request(2))?))
    })
    .unwrap();
    let take_and_roll_back = |tx: &mut dyn Transaction| Ok(Verdict::RollBack(tx.mailroom().take_request()?));
    let (first, others) = while_open(f, take_and_roll_back, |let_end| {
        let others = [f.write(take_request).unwrap(), f.write(take_request).unwrap()];
        let_end();
        others
    });
    assert_eq!((first, others), (Some(request(1)), [Some(request(2)), None]));
    assert_eq!(f.write(take_request).unwrap(), Some(request(1)));
}

fn a_letter_that_somebody_claims_is_passed_over_and_comes_back(f: &Fixture) {
    f.write(|tx| {
        tx.mailroom().post(&letter(1))?;
        Ok(Verdict::Commit(tx.mailroom().post(&letter(2))?))
    })
    .unwrap();
    let claim_and_roll_back =
        |tx: &mut dyn Transaction| Ok(Verdict::RollBack(tx.mailroom().claim(NOW, later(60))?));
    let (first, others) = while_open(f, claim_and_roll_back, |let_end| {
        let others = [f.write(claim).unwrap(), f.write(claim).unwrap()];
        let_end();
        others
    });
    let id = |letter: &Option<OutboxEntry>| letter.as_ref().map(|letter| letter.id);
    assert_eq!((id(&first), others.each_ref().map(id)), (Some(letter(1).id), [Some(letter(2).id), None]));
    assert_eq!(f.write(claim).unwrap().map(|letter| (letter.id, letter.attempts)), Some((letter(1).id, 1)));
}

fn the_second_letter_of_a_new_bucket_waits_for_the_first(f: &Fixture) {
    let other = f.another();
    let look = |tx: &mut dyn Transaction| Ok(Verdict::RollBack(tx.mailroom().hold_mailings(&bucket())?));
    let (_, seen) = while_open(f, write_letter, |let_end| that_waits(f, &other, let_end, look));
    other.close();
    assert_eq!(seen, Mailings(vec![NOW]));
}

fn the_second_try_for_a_new_address_waits_for_the_first(f: &Fixture) {
    let other = f.another();
    let look = |tx: &mut dyn Transaction| {
        Ok(Verdict::RollBack(tx.vault().hold_attempts(Purpose::VerifyEmail, &name())?))
    };
    let (_, seen) = while_open(f, try_code, |let_end| that_waits(f, &other, let_end, look));
    other.close();
    assert_eq!(seen, Some(Attempts { tries: 1, last_at: NOW }));
}

fn a_held_account_is_told_as_the_last_change_left_it(f: &Fixture) {
    let (ann, other) = (f.user("ann"), f.another());
    let id = ann.id;
    let change = move |tx: &mut dyn Transaction| {
        Ok(Verdict::Commit(tx.set_password(id, &PasswordHash::from_encoded("new"), later(5))?))
    };
    let look = move |tx: &mut dyn Transaction| Ok(Verdict::RollBack(tx.hold(id)?));
    let (_, held) = while_open(f, change, |let_end| that_waits(f, &other, let_end, look));
    other.close();
    let expected = Held { user: f.read(move |db| db.user(id)).unwrap(), version: CredentialVersion(1) };
    assert_eq!(expected.user.tokens_valid_after, later(5));
    assert_eq!(held, Some(expected));
}

fn a_held_account_is_locked_and_sessions_are_not(f: &Fixture) {
    let (ann, other) = (f.user("ann").id, f.another());
    let look = move |tx: &mut dyn Transaction| Ok(Verdict::Commit(tx.hold(ann)?.is_some()));
    let change = move |tx: &mut dyn Transaction| Ok(Verdict::Commit(tx.set_active(ann, false)?));
    let (held, changed) = while_open(f, look, |let_end| {
        f.session(ann, 1);
        that_waits(f, &other, let_end, change)
    });
    other.close();
    assert!(held && changed);
}

fn whoever_finds_an_address_free_and_loses_it_is_told_so(f: &Fixture) {
    let ([ann, bob], other) = (["ann", "bob"].map(|name| f.user(name).id), f.another());
    let runs = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&runs);
    let first = move |tx: &mut dyn Transaction| set_email(tx, ann, "wanted@example.com");
    let second = move |tx: &mut dyn Transaction| {
        count.fetch_add(1, SeqCst);
        set_email(tx, bob, "Wanted@example.com")
    };
    let set = while_open(f, first, |let_end| that_waits(f, &other, let_end, second));
    other.close();
    assert_eq!((set, runs.load(SeqCst)), ((Ok(true), Err(Taken::Email)), 2));
}

fn what_was_just_counted_or_replaced_is_not_swept(f: &Fixture) {
    let (ann, other) = (f.user("ann").id, f.another());
    let (long_ago, now) = (NOW, later(9_000));
    f.write(move |tx| {
        tx.vault().put_secret(&secret(ann))?;
        tx.vault().hold_attempts(Purpose::VerifyEmail, &name())?;
        tx.vault().put_attempts(Purpose::VerifyEmail, &name(), Attempts { tries: 5, last_at: long_ago })?;
        tx.mailroom().hold_mailings(&bucket())?;
        Ok(Verdict::Commit(tx.mailroom().put_mailings(&bucket(), &Mailings(vec![long_ago]))?))
    })
    .unwrap();
    let renew_secret = move |tx: &mut dyn Transaction| {
        Ok(Verdict::Commit(tx.vault().put_secret(&OneTimeSecret { expires_at: now, ..secret(ann) })?))
    };
    let count_try = move |tx: &mut dyn Transaction| {
        let run = Attempts { tries: 1, last_at: now };
        Ok(Verdict::Commit(tx.vault().put_attempts(Purpose::VerifyEmail, &name(), run)?))
    };
    let write_one = move |tx: &mut dyn Transaction| {
        Ok(Verdict::Commit(tx.mailroom().put_mailings(&bucket(), &Mailings(vec![now]))?))
    };
    let sweep = |tx: &mut dyn Transaction| {
        let secrets = tx.vault().sweep_secrets(later(8_000), 10)?;
        Ok(Verdict::Commit((secrets, tx.mailroom().sweep_mail(later(8_000), 10)?)))
    };
    // Each is swept while it is renewed; what the sweeps before have left of the others is old.
    let ((), swept) = while_open(f, write_one, |let_end| that_waits(f, &other, let_end, sweep));
    assert_eq!(swept, (2, 0));
    f.write(move |tx| {
        tx.vault().put_secret(&secret(ann))?;
        Ok(Verdict::Commit(tx.vault().hold_attempts(Purpose::VerifyEmail, &name())?))
    })
    .unwrap();
    let ((), swept) = while_open(f, count_try, |let_end| that_waits(f, &other, let_end, sweep));
    assert_eq!(swept, (1, 0));
    f.write(move |tx| Ok(Verdict::Commit(tx.vault().put_secret(&secret(ann))?))).unwrap();
    let ((), swept) = while_open(f, renew_secret, |let_end| that_waits(f, &other, let_end, sweep));
    other.close();
    assert_eq!(swept, (0, 0));
    assert_eq!(f.read(move |db| db.one_time_secrets(ann)).len(), 1);
}
