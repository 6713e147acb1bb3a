//! Guessing the codes of letters.

use crate::harness::{Client, Mailing, NEW_PASSWORD, PASSWORD, Place, VERIFIED};
use doorward_domain::identity::EmailAddress;
use doorward_domain::one_time::{Code, Purpose};
use doorward_domain::store::Verdict;
use doorward_domain::testing::block_on;
use doorward_testkit::{Case, cases};
use std::sync::Barrier;
use std::thread;

pub(super) fn cases() -> Vec<Case<Place>> {
    cases![
        codes: after_five_wrong_ones_the_right_one_is_refused_and_so_is_a_new_one,
        of_many_guesses_at_once_five_count,
        a_guess_says_nothing_about_whether_there_is_an_account,
        guesses_of_a_stranger_leave_the_link_alone,
        who_guesses_at_one_address_does_not_stop_another,
    ]
}

/// Codes that are not this one.
fn wrong(right: &str) -> impl Iterator<Item = String> {
    let right = right.to_owned();
    (10_000_000..).map(|number: u32| number.to_string()).filter(move |code| *code != right)
}

fn after_five_wrong_ones_the_right_one_is_refused_and_so_is_a_new_one(place: &Place) {
    const ALICE: &str = "alice@example.com";
    let server = place.mailing_with(VERIFIED);
    server.join("bob");
    let code = server.join_and_read("alice").code();
    for guess in wrong(&code).take(5) {
        server.verify_email_by_code(ALICE, &guess).must_have_status(400);
    }
    // In every spelling of the address.
    for typed in [ALICE, "Alice@EXAMPLE.com"] {
        assert_eq!(server.verify_email_by_code(typed, &code).text(), r#"{"code":["Invalid value"]}"#);
    }
    server.resend(ALICE).must_have_status(200);
    let second = server.letter("alice", 2);
    server.verify_email_by_code(ALICE, &second.code()).must_have_status(400);
    // Later there is a new run, with a new code.
    server.pass(3600);
    server.resend(ALICE).must_have_status(200);
    let third = server.letter("alice", 3);
    for guess in wrong(&third.code()).take(4) {
        server.verify_email_by_code(ALICE, &guess).must_have_status(400);
    }
    server.verify_email_by_code(ALICE, &third.code()).must_have_status(200);

    let code = server.reset_letter("bob").code();
    for guess in wrong(&code).take(5) {
        server.reset_by_code("bob@example.com", &guess, NEW_PASSWORD).must_have_status(400);
    }
    let refused = server.reset_by_code("bob@example.com", &code, NEW_PASSWORD);
    assert_eq!(refused.text(), r#"{"code":["Invalid value"]}"#);
    server.log_in("bob");
}

fn of_many_guesses_at_once_five_count(place: &Place) {
    const GUESSES: usize = 200;
    let server = place.mailing();
    server.join("alice");
    let letter = server.reset_letter("alice");
    let guesses: Vec<_> = wrong(&letter.code()).take(GUESSES).collect();
    let start = Barrier::new(20);
    thread::scope(|scope| {
        for guesses in guesses.chunks(GUESSES / 20) {
            let (client, start) = (Client::clone(&server), &start);
            scope.spawn(move || {
                start.wait();
                for guess in guesses {
                    client.reset_by_code("alice@example.com", guess, NEW_PASSWORD).must_have_status(400);
                }
            });
        }
    });
    assert_eq!(tries(&server), Code::TRIES);
    server.reset_by_code("alice@example.com", &letter.code(), NEW_PASSWORD).must_have_status(400);
    server.log_in("alice");
}

/// How many tries of a code for a new password were counted for alice.
fn tries(server: &Mailing) -> u32 {
    let address = EmailAddress::parse("alice@example.com").unwrap();
    let look = server.auth().ports().store.transact(move |tx| {
        Ok(Verdict::RollBack(tx.vault().hold_attempts(Purpose::ResetPassword, address.canonical())?))
    });
    block_on(look).unwrap().map_or(0, |run| run.tries)
}

fn a_guess_says_nothing_about_whether_there_is_an_account(place: &Place) {
    let server = place.mailing_with(VERIFIED);
    let code = server.join_and_read("known").code();
    server.reset_letter("known");
    let guesses: Vec<_> = wrong(&code).take(7).collect();
    let mut answers = Vec::new();
    for name in ["known", "unknown"] {
        let address = format!("{name}@example.com");
        for guess in &guesses {
            answers.push(server.verify_email_by_code(&address, guess).told());
            answers.push(server.reset_by_code(&address, guess, NEW_PASSWORD).told());
            answers.push(server.confirm_email_by_code(&address, guess).told());
        }
        for malformed in ["1", "123456789", "abcdefgh", "١٢٣٤٥٦٧٨"] {
            answers.push(server.verify_email_by_code(&address, malformed).told());
        }
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
}

fn guesses_of_a_stranger_leave_the_link_alone(place: &Place) {
    let server = place.mailing_with(VERIFIED);
    let letter = server.join_and_read("alice");
    for guess in wrong(&letter.code()).take(8) {
        server.verify_email_by_code("alice@example.com", &guess).must_have_status(400);
    }
    server.verify_email(&letter.in_link("key")).must_have_status(200);
}

fn who_guesses_at_one_address_does_not_stop_another(place: &Place) {
    let server = place.mailing();
    for name in ["alice", "bob"] {
        server.join(name);
    }
    let code = server.reset_letter("bob").code();
    for guess in wrong("").take(8) {
        server.reset_by_code("alice@example.com", &guess, PASSWORD).must_have_status(400);
    }
    // The code of one account is none of another.
    server.reset_by_code("alice@example.com", &code, NEW_PASSWORD).must_have_status(400);
    server.reset_by_code("bob@example.com", &code, NEW_PASSWORD).must_have_status(200);
}
