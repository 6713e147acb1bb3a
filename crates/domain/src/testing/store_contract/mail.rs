//! Letters, the requests for them, and how many were written.

use super::Case;
use super::support::{NOW, address, from_32_threads, insert, later, read, write};
use crate::mail::{
    Bound, LetterId, LetterKind, LetterState, MailBucket, MailRequest, Mailings, OutboxEntry,
    RequestedLetter, Settled,
};
use crate::store::{LetterFilter, MailDue, Store, Transaction, Verdict};
use crate::testing::block_on;
use crate::user::UserId;
use std::collections::BTreeSet;

pub(super) const CASES: &[Case] = &[
    ("requests_are_taken_in_their_order_each_once", requests_in_their_order),
    ("a_request_that_is_taken_and_rolled_back_is_there_again", a_taken_request_rolls_back),
    ("of_32_who_take_requests_each_is_answered_another_one", of_32_who_take_requests),
    ("a_letter_is_stored_as_it_is", a_letter_is_stored),
    ("the_letter_that_is_due_for_longest_is_claimed_first", the_longest_due_is_claimed),
    ("a_claimed_letter_is_due_again_when_its_lease_is_over", a_lease_runs_out),
    ("a_letter_that_expired_is_not_sent", an_expired_letter_is_not_sent),
    ("of_32_who_claim_letters_each_is_answered_another_one", of_32_who_claim),
    ("a_letter_that_was_sent_is_blank", a_sent_letter_is_blank),
    ("a_letter_that_is_kept_stays_to_be_read", a_kept_letter_stays),
    ("a_letter_that_is_put_off_is_due_later", a_letter_is_put_off),
    ("a_letter_that_failed_is_sent_again_only_when_it_is_queued_again", a_failed_letter_is_queued_again),
    ("only_the_attempt_that_began_last_is_recorded", only_the_last_attempt_is_recorded),
    ("what_there_is_to_do_is_told_without_doing_it", what_is_due_is_told),
    ("letters_are_listed_by_state_and_account_the_last_written_first", letters_are_listed),
    ("letters_about_an_account_go_with_it_and_no_others", letters_go_with_their_account),
    ("of_32_letters_to_one_address_at_once_three_are_written", of_32_letters_three_are_written),
    ("when_letters_were_written_is_kept_for_each_bucket", mailings_are_kept),
    ("a_sweep_deletes_expired_letters_and_old_buckets_up_to_its_limit", a_sweep_deletes),
];

fn letter(number: u8) -> OutboxEntry {
    let at = later(number.into());
    OutboxEntry {
        id: LetterId::from_bytes([number; 16]),
        user: None,
        kind: LetterKind::ResetPassword,
        to: address("Alice@example.com"),
        sealed: Some(vec![0, number, 255]),
        written_at: at,
        expires_at: later(3600),
        state: LetterState::Queued,
        attempts: 0,
        next_attempt_at: at,
        last_error: None,
        settled_at: None,
    }
}

fn post(store: &dyn Store, letter: &OutboxEntry) {
    let letter = letter.clone();
    write(store, move |tx| tx.mailroom().post(&letter));
}

fn find(store: &dyn Store, number: u8) -> Option<OutboxEntry> {
    read(store, move |db| db.letter(LetterId::from_bytes([number; 16])))
}

/// Claims with a lease of a minute.
fn claim(store: &dyn Store, seconds: u64) -> Option<OutboxEntry> {
    write(store, move |tx| tx.mailroom().claim(later(seconds), later(seconds + 60)))
}

fn settle(store: &dyn Store, number: u8, attempt: u32, settled: Settled, seconds: u64) -> bool {
    let id = LetterId::from_bytes([number; 16]);
    write(store, move |tx| tx.mailroom().settle(id, attempt, &settled, later(seconds)))
}

fn requeue(store: &dyn Store, number: u8, seconds: u64) -> bool {
    write(store, move |tx| tx.mailroom().requeue(LetterId::from_bytes([number; 16]), later(seconds)))
}

fn list(store: &dyn Store, filter: LetterFilter, limit: u32) -> Vec<u8> {
    let letters = read(store, move |db| db.letters(filter, limit));
    letters.into_iter().map(|letter| letter.id.as_bytes()[0]).collect()
}

fn due(store: &dyn Store, seconds: u64) -> MailDue {
    read(store, move |db| db.mail_due(later(seconds)))
}

fn request(number: u8) -> MailRequest {
    let what =
        if number.is_multiple_of(2) { RequestedLetter::ResetPassword } else { RequestedLetter::VerifyEmail };
    // What was asked for later may have been noted first.
    MailRequest {
        what,
        address: address(&format!("User{number}@example.com")),
        asked_at: later(100 - u64::from(number)),
    }
}

fn ask(store: &dyn Store, number: u8) {
    write(store, move |tx| tx.mailroom().ask(&request(number)));
}

fn requests_in_their_order(store: &dyn Store) {
    let take = || write(store, |tx| tx.mailroom().take_request());
    assert_eq!(take(), None);
    for number in [3, 1, 2, 2] {
        ask(store, number);
    }
    assert_eq!([take(), take()], [3, 1].map(|number| Some(request(number))));
    ask(store, 4);
    assert_eq!([take(), take(), take()], [2, 2, 4].map(|number| Some(request(number))));
    assert_eq!(take(), None);
    ask(store, 5);
    assert_eq!(take(), Some(request(5)));
}

fn a_taken_request_rolls_back(store: &dyn Store) {
    ask(store, 1);
    let taken = block_on(store.transact(|tx| Ok(Verdict::RollBack(tx.mailroom().take_request()?)))).unwrap();
    assert_eq!(taken, Some(request(1)));
    assert_eq!(write(store, |tx| tx.mailroom().take_request()), Some(request(1)));
}

fn of_32_who_take_requests(store: &dyn Store) {
    for number in 0..32 {
        ask(store, number);
    }
    let taken = from_32_threads(|| write(store, |tx| tx.mailroom().take_request()).unwrap());
    let taken: BTreeSet<_> = taken.into_iter().map(|request| request.address.as_str().to_owned()).collect();
    assert_eq!(taken.len(), 32);
    assert_eq!(write(store, |tx| tx.mailroom().take_request()), None);
}

fn a_letter_is_stored(store: &dyn Store) {
    let user = insert(store, "alice").id;
    for (number, kind) in (1_u8..).zip(LetterKind::ALL) {
        let stored = OutboxEntry { user: number.is_multiple_of(2).then_some(user), kind, ..letter(number) };
        post(store, &stored);
        assert_eq!(find(store, number), Some(stored));
    }
    let settled = OutboxEntry {
        sealed: None,
        state: LetterState::Sent,
        attempts: u32::MAX,
        last_error: Some("451 \"später\"".into()),
        settled_at: Some(later(9)),
        ..letter(100)
    };
    post(store, &settled);
    assert_eq!(find(store, 100), Some(settled));
    assert_eq!(find(store, 101), None);
}

fn the_longest_due_is_claimed(store: &dyn Store) {
    for number in [2, 3, 1] {
        post(store, &letter(number));
    }
    // Of two that have been due for equally long, the id decides.
    post(store, &OutboxEntry { next_attempt_at: later(1), ..letter(4) });
    assert_eq!(claim(store, 0), None);
    let expected = OutboxEntry { attempts: 1, next_attempt_at: later(62), ..letter(1) };
    assert_eq!(claim(store, 2), Some(expected.clone()));
    assert_eq!(find(store, 1), Some(expected));
    let next = || claim(store, 2).map(|letter| letter.id.as_bytes()[0]);
    assert_eq!([next(), next(), next()], [Some(4), Some(2), None]);
}

fn a_lease_runs_out(store: &dyn Store) {
    post(store, &letter(1));
    assert_eq!(claim(store, 10).unwrap().attempts, 1);
    assert_eq!(claim(store, 69), None);
    let again = claim(store, 70).unwrap();
    assert_eq!((again.attempts, again.next_attempt_at), (2, later(130)));
    assert_eq!(again.sealed, letter(1).sealed);
}

fn an_expired_letter_is_not_sent(store: &dyn Store) {
    post(store, &OutboxEntry { expires_at: later(50), ..letter(1) });
    post(store, &letter(2));
    assert!(due(store, 49).letter && due(store, 50).letter);
    assert_eq!(claim(store, 50).unwrap().id, letter(2).id);
    assert_eq!((claim(store, 50), due(store, 50).letter), (None, false));
    assert_eq!(claim(store, 49).unwrap().id, letter(1).id);
}

fn of_32_who_claim(store: &dyn Store) {
    for number in 1..=32 {
        post(store, &letter(number));
    }
    let claimed = from_32_threads(|| claim(store, 100).unwrap());
    assert!(claimed.iter().all(|letter| letter.attempts == 1));
    assert_eq!(claimed.into_iter().map(|letter| letter.id).collect::<BTreeSet<_>>().len(), 32);
    assert_eq!(claim(store, 100), None);
}

fn a_sent_letter_is_blank(store: &dyn Store) {
    let stored = OutboxEntry { last_error: Some("once".into()), ..letter(1) };
    post(store, &stored);
    let claimed = claim(store, 10).unwrap();
    assert!(settle(store, 1, 1, Settled::Sent, 11));
    let expected = OutboxEntry {
        sealed: None,
        state: LetterState::Sent,
        last_error: None,
        settled_at: Some(later(11)),
        ..claimed
    };
    assert_eq!(find(store, 1), Some(expected.clone()));
    assert_eq!(claim(store, 1000), None);
    assert!(!settle(store, 1, 1, Settled::Failed { error: "late".into() }, 12));
    assert!(!requeue(store, 1, 13));
    assert_eq!(find(store, 1), Some(expected));
}

fn a_kept_letter_stays(store: &dyn Store) {
    post(store, &letter(1));
    let claimed = claim(store, 10).unwrap();
    assert!(settle(store, 1, 1, Settled::Kept, 11));
    let expected = OutboxEntry { state: LetterState::Kept, settled_at: Some(later(11)), ..claimed };
    assert_eq!(find(store, 1), Some(expected));
    assert_eq!(claim(store, 1000), None);
    assert!(!requeue(store, 1, 12));
}

fn a_letter_is_put_off(store: &dyn Store) {
    post(store, &letter(1));
    let claimed = claim(store, 10).unwrap();
    let settled = Settled::PutOff { until: later(300), error: "421 busy".into() };
    assert!(settle(store, 1, 1, settled, 11));
    let expected =
        OutboxEntry { next_attempt_at: later(300), last_error: Some("421 busy".into()), ..claimed };
    assert_eq!(find(store, 1), Some(expected));
    assert_eq!(claim(store, 299), None);
    assert_eq!(claim(store, 300).unwrap().attempts, 2);
    assert!(settle(store, 1, 2, Settled::Sent, 301));
    assert_eq!(find(store, 1).unwrap().last_error, None);
}

fn a_failed_letter_is_queued_again(store: &dyn Store) {
    post(store, &letter(1));
    let claimed = claim(store, 10).unwrap();
    assert!(settle(store, 1, 1, Settled::Failed { error: "550 nobody".into() }, 11));
    let failed = OutboxEntry {
        state: LetterState::Failed,
        last_error: Some("550 nobody".into()),
        settled_at: Some(later(11)),
        ..claimed
    };
    assert_eq!(find(store, 1).as_ref(), Some(&failed));
    assert_eq!(claim(store, 1000), None);
    assert!(requeue(store, 1, 500) && !requeue(store, 2, 500));
    let queued =
        OutboxEntry { state: LetterState::Queued, next_attempt_at: later(500), settled_at: None, ..failed };
    assert_eq!(find(store, 1), Some(queued));
    assert_eq!(claim(store, 499), None);
    // One that waits is brought forward.
    assert!(requeue(store, 1, 400));
    assert_eq!(claim(store, 400).unwrap().attempts, 2);
}

fn only_the_last_attempt_is_recorded(store: &dyn Store) {
    post(store, &letter(1));
    assert!(!settle(store, 1, 1, Settled::Sent, 1));
    claim(store, 10).unwrap();
    let second = claim(store, 70).unwrap();
    assert!(!settle(store, 1, 1, Settled::Sent, 71) && !settle(store, 1, 3, Settled::Sent, 71));
    assert!(!settle(store, 2, 2, Settled::Sent, 71));
    assert_eq!(find(store, 1), Some(second));
    assert!(settle(store, 1, 2, Settled::Sent, 72));
}

fn what_is_due_is_told(store: &dyn Store) {
    let told = |request, letter| MailDue { request, letter };
    assert_eq!(due(store, 100), told(false, false));
    ask(store, 1);
    assert_eq!(due(store, 0), told(true, false));
    post(store, &letter(5));
    assert_eq!([due(store, 4), due(store, 5)], [told(true, false), told(true, true)]);
    assert_eq!(due(store, 5), told(true, true));
    claim(store, 5).unwrap();
    assert_eq!([due(store, 64), due(store, 65)], [told(true, false), told(true, true)]);
    write(store, |tx| tx.mailroom().take_request()).unwrap();
    claim(store, 65).unwrap();
    assert!(settle(store, 5, 2, Settled::Sent, 66));
    assert_eq!(due(store, 1000), told(false, false));
}

fn letters_are_listed(store: &dyn Store) {
    let (alice, bob) = (insert(store, "alice").id, insert(store, "bob").id);
    for (number, user) in [(1, Some(alice)), (2, Some(bob)), (3, Some(alice)), (4, None)] {
        post(store, &OutboxEntry { user, ..letter(number) });
    }
    // Written at the same time as the third.
    post(store, &OutboxEntry { written_at: later(3), next_attempt_at: later(9), ..letter(5) });
    claim(store, 1).unwrap();
    assert!(settle(store, 1, 1, Settled::Sent, 2));
    let all = LetterFilter::default();
    let (sent, queued) = (Some(LetterState::Sent), Some(LetterState::Queued));
    assert_eq!(list(store, all, 10), [4, 5, 3, 2, 1]);
    assert_eq!(list(store, all, 2), [4, 5]);
    assert_eq!(list(store, LetterFilter { state: queued, ..all }, 10), [4, 5, 3, 2]);
    assert_eq!(list(store, LetterFilter { state: sent, ..all }, 10), [1]);
    assert_eq!(list(store, LetterFilter { user: Some(alice), ..all }, 10), [3, 1]);
    assert_eq!(list(store, LetterFilter { state: sent, user: Some(alice) }, 10), [1]);
    assert_eq!(list(store, LetterFilter { state: sent, user: Some(bob) }, 10), [0_u8; 0]);
    assert_eq!(list(store, LetterFilter { user: Some(UserId(404)), ..all }, 10), [0_u8; 0]);
}

fn letters_go_with_their_account(store: &dyn Store) {
    let (alice, bob) = (insert(store, "alice").id, insert(store, "bob").id);
    for (number, user) in [(1, Some(alice)), (2, Some(bob)), (3, Some(alice)), (4, None)] {
        post(store, &OutboxEntry { user, ..letter(number) });
    }
    assert_eq!(claim(store, 1).unwrap().user, Some(alice));
    assert!(write(store, move |tx| tx.delete_user(alice)));
    assert_eq!(list(store, LetterFilter::default(), 10), [4, 2]);
    assert!(!settle(store, 1, 1, Settled::Sent, 2));
}

fn bucket(name: &str) -> MailBucket {
    MailBucket::of(Bound::Asked, LetterKind::ResetPassword, &address(name)).unwrap()
}

fn of_32_letters_three_are_written(store: &dyn Store) {
    let step = |tx: &mut dyn Transaction| {
        let bucket = bucket("alice@example.com");
        let Some(mailings) =
            tx.mailroom().hold_mailings(&bucket)?.one_more(LetterKind::ResetPassword, Bound::Asked, NOW)
        else {
            return Ok(Verdict::RollBack(false));
        };
        tx.mailroom().put_mailings(&bucket, &mailings)?;
        Ok(Verdict::Commit(true))
    };
    let written = from_32_threads(|| block_on(store.transact(step)).unwrap());
    assert_eq!(written.into_iter().filter(|is_written| *is_written).count(), Mailings::AN_HOUR);
}

fn hold(store: &dyn Store, name: &str) -> Mailings {
    let bucket = bucket(name);
    write(store, move |tx| tx.mailroom().hold_mailings(&bucket))
}

fn put(store: &dyn Store, name: &str, seconds: &[u64]) {
    let (bucket, mailings) = (bucket(name), Mailings(seconds.iter().map(|second| later(*second)).collect()));
    write(store, move |tx| {
        tx.mailroom().hold_mailings(&bucket)?;
        tx.mailroom().put_mailings(&bucket, &mailings)
    });
}

fn mailings_are_kept(store: &dyn Store) {
    assert_eq!(hold(store, "a@example.com"), Mailings::default());
    put(store, "a@example.com", &[1]);
    put(store, "b@example.com", &[5]);
    assert_eq!(hold(store, "a@example.com"), Mailings(vec![later(1)]));
    put(store, "a@example.com", &[1, 3, 2]);
    assert_eq!(hold(store, "A+tag@example.com"), Mailings(vec![later(1), later(3), later(2)]));
    let rolled_back = block_on(store.transact(|tx| {
        tx.mailroom().put_mailings(&bucket("b@example.com"), &Mailings(vec![NOW]))?;
        Ok(Verdict::RollBack(()))
    }));
    rolled_back.unwrap();
    assert_eq!(hold(store, "b@example.com"), Mailings(vec![later(5)]));
}

fn a_sweep_deletes(store: &dyn Store) {
    for number in 1..=4_u8 {
        post(store, &OutboxEntry { expires_at: later(number.into()), ..letter(number) });
        // The last one counts, wherever it stands.
        put(store, &format!("user{number}@example.com"), &[0, number.into(), 0]);
    }
    let sweep = |seconds, limit| write(store, move |tx| tx.mailroom().sweep_mail(later(seconds), limit));
    assert_eq!(sweep(1, 10), 0);
    assert_eq!(sweep(4, 2), 4);
    assert_eq!(sweep(4, 2), 2);
    assert_eq!(sweep(4, 2), 0);
    assert_eq!(list(store, LetterFilter::default(), 10), [4]);
    assert_eq!(hold(store, "user3@example.com"), Mailings::default());
    assert_eq!(hold(store, "user4@example.com").0.len(), 3);
}
