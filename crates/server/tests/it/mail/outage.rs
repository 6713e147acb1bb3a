//! Mail servers that are away, unwilling, slow, or gone in the middle.

use crate::harness::{Place, VERIFIED, eventually};
use crate::processes::{A_SECOND, Watch};
use doorward_domain::mail::{LetterState, OutboxEntry};
use doorward_testkit::{Case, Manner, Received, cases};
use std::collections::BTreeSet;
use std::time::Duration;

pub(super) fn cases() -> Vec<Case<Place>> {
    cases![
        outage: while_the_mail_server_is_away_requests_are_answered_and_letters_wait,
        what_is_refused_for_now_is_sent_later_and_what_is_refused_for_good_is_not,
        a_letter_whose_delivery_is_in_doubt_comes_again_under_the_same_id,
        a_mail_server_that_says_nothing_is_given_up,
        a_letter_whose_link_is_over_is_not_sent,
    ]
}

fn while_the_mail_server_is_away_requests_are_answered_and_letters_wait(place: &Place) {
    const MEMBERS: usize = 6;
    let server = place.mailing_with(VERIFIED);
    server.smtp.stop();
    for number in 0..MEMBERS {
        let watch = Watch::start();
        server.join(&format!("member{number}"));
        assert!(watch.elapsed() < A_SECOND, "{:?}", watch.elapsed());
    }
    // Two hours of it: each attempt fails, and there is another one, later and later.
    for (number, wait) in (1..).zip([5, 30, 120, 600, 1800, 3600, 3600]) {
        let due = server.clock.now_value().plus(Duration::from_secs(wait));
        // Somebody who delivers it now has counted the attempt already, and will say when the next one is.
        let was_tried = |entry: &OutboxEntry| entry.attempts == number && entry.next_attempt_at == due;
        eventually("every letter was tried", || server.outbox().iter().all(was_tried));
        server.pass(wait - 1);
        server.settle_due();
        assert!(server.outbox().iter().all(was_tried), "none is tried before its time");
        server.pass(1);
    }
    server.smtp.start_again();
    server.pass(3600);
    server.settle();
    let letters = server.smtp.letters();
    let reached: BTreeSet<_> = letters.iter().flat_map(|letter| &letter.to).collect();
    let ids: BTreeSet<_> = letters.iter().map(Received::id).collect();
    assert_eq!((letters.len(), reached.len(), ids.len()), (MEMBERS, MEMBERS, MEMBERS));
    let key = server.smtp.to("member0@example.com")[0].in_link("key");
    server.verify_email(&key).must_have_status(200);
}

fn what_is_refused_for_now_is_sent_later_and_what_is_refused_for_good_is_not(place: &Place) {
    let server = place.mailing();
    for name in ["now", "good"] {
        server.join(name);
    }
    let ask = |name: &str| server.ask_reset(format!("{name}@example.com")).must_have_status(200);
    let state = |name: &str| {
        let outbox = server.outbox();
        let entry = outbox.into_iter().find(|entry| entry.to.as_str() == format!("{name}@example.com"));
        entry.map(|entry| (entry.state, entry.last_error.unwrap_or_default()))
    };
    server.smtp.behave(Manner::Refuse(451));
    ask("now");
    eventually("put off", || {
        state("now").is_some_and(|(state, error)| state == LetterState::Queued && error.contains("451"))
    });
    server.smtp.behave(Manner::Refuse(550));
    ask("good");
    eventually("given up", || {
        state("good").is_some_and(|(state, error)| state == LetterState::Failed && error.contains("550"))
    });
    server.smtp.behave(Manner::Take);
    server.pass(5);
    let letter = server.smtp.last_of("now@example.com", 1);
    assert!(server.smtp.to("good@example.com").is_empty());
    for error in [state("now").unwrap().1, state("good").unwrap().1] {
        assert!(!error.contains(&letter.in_link("token")), "{error}");
    }
}

fn a_letter_whose_delivery_is_in_doubt_comes_again_under_the_same_id(place: &Place) {
    let server = place.mailing();
    server.join("alice");
    server.smtp.behave(Manner::Vanish);
    server.ask_reset("alice@example.com").must_have_status(200);
    server.smtp.wait_for("alice@example.com", 1);
    eventually("put off", || server.outbox().iter().all(|entry| entry.last_error.is_some()));
    server.smtp.behave(Manner::Take);
    server.pass(5);
    let [first, second] = server.smtp.wait_for("alice@example.com", 2).try_into().unwrap();
    assert_eq!((first.id(), first.link()), (second.id(), second.link()));
    assert_eq!(server.count("alice@example.com"), 2);
}

fn a_mail_server_that_says_nothing_is_given_up(place: &Place) {
    let server = place.mailing_with(&[("mail.timeout", "1s")]);
    server.join("alice");
    server.smtp.behave(Manner::Silent);
    server.ask_reset("alice@example.com").must_have_status(200);
    // Meanwhile the server answers.
    server.log_in("alice");
    eventually("put off", || server.outbox().iter().any(|entry| entry.last_error.is_some()));
    server.smtp.behave(Manner::Take);
    server.pass(5);
    server.smtp.wait_for("alice@example.com", 1);
}

fn a_letter_whose_link_is_over_is_not_sent(place: &Place) {
    let server = place.mailing();
    server.join("alice");
    server.smtp.stop();
    server.ask_reset("alice@example.com").must_have_status(200);
    eventually("put off", || server.outbox().iter().any(|entry| entry.last_error.is_some()));
    server.pass(3600);
    server.smtp.start_again();
    server.reset_letter("alice");
    assert_eq!(server.smtp.to("alice@example.com").len(), 1);
    let now = server.clock.now_value();
    assert_eq!(server.outbox().iter().filter(|entry| entry.has_expired(now)).count(), 1);
}
