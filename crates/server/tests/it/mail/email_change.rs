//! Another address: it counts once it is proven, and the one before can undo it.

use crate::harness::bodies::{login_refused, not_authenticated, not_found};
use crate::harness::{Mailing, NEW_PASSWORD, PASSWORD, Page, Pair, Place, Registration};
use doorward_testkit::{Case, Received, cases};
use serde_json::{Value, json};

pub(super) fn cases() -> Vec<Case<Place>> {
    cases![
        email_change: an_address_counts_once_it_is_confirmed_and_the_one_before_is_told,
        a_code_and_a_page_confirm_as_well,
        the_one_before_takes_the_account_back_with_all_that_goes_with_it,
        the_page_takes_the_account_back_as_well,
        whoever_changes_the_password_too_loses_the_account_all_the_same,
        it_needs_the_password_and_an_address_that_nobody_has,
        where_registrations_are_private_a_taken_address_looks_free_and_its_owner_is_told,
        an_address_that_can_be_taken_back_is_nobody_elses,
        a_link_confirms_the_address_that_it_was_sent_to_and_no_other,
        an_address_that_was_taken_meanwhile_is_not_confirmed,
        after_a_week_nothing_is_undone,
        an_address_that_nobody_proved_is_no_way_back,
    ]
}

const OLD: &str = "alice@example.com";
const NEW: &str = "alice@new.example";

fn done() -> Value {
    json!({"detail": "ok"})
}

fn asked() -> Value {
    json!({"detail": "Verification e-mail sent."})
}

fn taken() -> Value {
    json!({"email": ["A user with that email already exists."]})
}

fn email_of(server: &Mailing, pair: &Pair) -> (String, bool) {
    let user = server.user(&pair.access).json();
    (user["email"].as_str().unwrap().to_owned(), user["email_verified"].as_bool().unwrap())
}

/// An account whose address is known to be its owner's.
#[track_caller]
fn vouched(server: &Mailing) -> Pair {
    let pair = server.join_and_log_in("alice");
    server.vouch("alice");
    pair
}

/// Asks for the other address, and answers the letter that goes there.
#[track_caller]
fn asked_for(server: &Mailing, pair: &Pair, email: &str) -> Received {
    let before = server.smtp.to(email).len();
    server.change_email(&pair.access, email, PASSWORD).must_be(200, &asked());
    server.smtp.last_of(email, before + 1)
}

/// Changes the address of alice; the letter to the one before.
#[track_caller]
fn changed(server: &Mailing, pair: &Pair) -> Received {
    let letter = asked_for(server, pair, NEW);
    server.confirm_email(&letter.in_link("key")).must_be(200, &done());
    server.smtp.last_of(OLD, 1)
}

fn an_address_counts_once_it_is_confirmed_and_the_one_before_is_told(place: &Place) {
    let server = place.mailing();
    let pair = vouched(&server);
    let letter = asked_for(&server, &pair, NEW);
    assert_eq!(email_of(&server, &pair), (OLD.to_owned(), true));
    Pair::of(&server.login(OLD, PASSWORD));
    server.login(NEW, PASSWORD).must_be(401, &login_refused());
    server.ask_reset(NEW).must_have_status(200);
    assert_eq!(server.count(NEW), 1);

    server.confirm_email(&letter.in_link("key")).must_be(200, &done());
    assert_eq!(email_of(&server, &pair), (NEW.to_owned(), true));
    Pair::of(&server.login(NEW, PASSWORD));
    server.login(OLD, PASSWORD).must_be(401, &login_refused());
    server.confirm_email(&letter.in_link("key")).must_be(404, &not_found());
    let told = server.smtp.last_of(OLD, 1);
    assert!(told.text.contains(NEW), "{}", told.text);
    server.ask_reset(OLD).must_have_status(200);
    server.ask_reset(NEW).must_have_status(200);
    assert_eq!((server.count(OLD), server.count(NEW)), (1, 2));
}

fn a_code_and_a_page_confirm_as_well(place: &Place) {
    let server = place.mailing();
    let pair = vouched(&server);
    let code = asked_for(&server, &pair, NEW).code();
    let refused = json!({"code": ["Invalid value"]});
    // The code is of the account as it still is.
    server.confirm_email_by_code(NEW, &code).must_be(400, &refused);
    server.confirm_email_by_code("nobody@example.com", &code).must_be(400, &refused);
    server.confirm_email_by_code(OLD, &code).must_be(200, &done());
    assert_eq!(email_of(&server, &pair), (NEW.to_owned(), true));

    let pair = server.join_and_log_in("bob");
    let page = Page::open(&server, &asked_for(&server, &pair, "bob@new.example").link());
    page.must_say(200, "Confirm your new e-mail address");
    assert_eq!(email_of(&server, &pair).0, "bob@example.com");
    page.send(&server, &[]).must_say(200, "Your account has a new address");
    assert_eq!(email_of(&server, &pair).0, "bob@new.example");
    page.send(&server, &[]).must_say(400, "This link does not work any more");
}

fn the_one_before_takes_the_account_back_with_all_that_goes_with_it(place: &Place) {
    let server = place.mailing();
    let pair = vouched(&server);
    let key = changed(&server, &pair).in_link("key");
    server.undo_email_change(&key).must_be(200, &done());
    server.dashboard(&pair.access).must_have_status(401);
    server.refresh(&pair.refresh).must_have_status(401);
    for name in ["alice", OLD, NEW] {
        server.login(name, PASSWORD).must_be(401, &login_refused());
    }
    server.undo_email_change(&key).must_be(404, &not_found());
    let reset = server.smtp.last_of(OLD, 2);
    server.reset(&reset, NEW_PASSWORD).must_have_status(200);
    let pair = Pair::of(&server.login(OLD, NEW_PASSWORD));
    assert_eq!(email_of(&server, &pair), (OLD.to_owned(), true));
}

fn the_page_takes_the_account_back_as_well(place: &Place) {
    let server = place.mailing();
    let pair = vouched(&server);
    let page = Page::open(&server, &changed(&server, &pair).link());
    page.must_say(200, "Take your account back");
    assert_eq!(email_of(&server, &pair).0, NEW);
    page.send(&server, &[]).must_say(200, "Your account has its address back");
    server.dashboard(&pair.access).must_have_status(401);
    let reset = Page::open(&server, &server.smtp.last_of(OLD, 2).link());
    let typed = [("new_password1", NEW_PASSWORD), ("new_password2", NEW_PASSWORD)];
    reset.send(&server, &typed).must_say(200, "Your password is changed");
    Pair::of(&server.login(OLD, NEW_PASSWORD));
}

fn whoever_changes_the_password_too_loses_the_account_all_the_same(place: &Place) {
    let server = place.mailing();
    let thief = vouched(&server);
    let key = changed(&server, &thief).in_link("key");
    let stolen = "St0len-password!";
    server.replace_password(&thief.access, PASSWORD, [stolen; 2]).must_have_status(200);
    // And the address once more, so that there is a newer way back to the first.
    server.pass(1);
    let again = server.change_email(&thief.access, "thief@third.example", stolen);
    again.must_be(200, &asked());
    let letter = server.smtp.last_of("thief@third.example", 1);
    server.confirm_email(&letter.in_link("key")).must_be(200, &done());
    // The way back from there is the thief's.
    let letters = server.smtp.wait_for(NEW, 3);
    let is_undo = |letter: &&Received| letter.text.contains("/account/undo-email-change/");
    let undo_of_thief = letters.iter().find(is_undo).expect("a way back").in_link("key");

    server.undo_email_change(&key).must_be(200, &done());
    server.dashboard(&thief.access).must_have_status(401);
    server.login("alice", stolen).must_be(401, &login_refused());
    server.undo_email_change(&undo_of_thief).must_be(404, &not_found());
    let reset = server.smtp.last_of(OLD, 2);
    server.reset(&reset, NEW_PASSWORD).must_have_status(200);
    let pair = Pair::of(&server.login(OLD, NEW_PASSWORD));
    assert_eq!(email_of(&server, &pair).0, OLD);
}

fn it_needs_the_password_and_an_address_that_nobody_has(place: &Place) {
    let server = place.mailing();
    let pair = vouched(&server);
    server.join("bob");
    let change = |email: &str, password: &str| server.change_email(&pair.access, email, password);
    let wrong = json!({"password": ["Your password was entered incorrectly. Please enter it again."]});
    change(NEW, "Wr0ng-horse!").must_be(400, &wrong);
    change("bob@example.com", "Wr0ng-horse!").must_be(400, &wrong);
    for email in ["bob@example.com", "BOB@example.com", " Bob@EXAMPLE.com "] {
        change(email, PASSWORD).must_be(400, &taken());
    }
    let told = json!({"email": ["Enter a valid email address."]});
    change("no address", PASSWORD).must_be(400, &told);
    let body = json!({"email": NEW, "password": PASSWORD});
    server.tell("email/change/", &body).must_be(401, &not_authenticated());
    assert!(server.reached().is_empty());
}

fn where_registrations_are_private_a_taken_address_looks_free_and_its_owner_is_told(place: &Place) {
    let server = place.mailing_with(super::private::SETTINGS);
    for name in ["alice", "bob"] {
        let key = server.join_and_read(name).in_link("key");
        server.verify_email(&key).must_have_status(200);
    }
    let pair = server.log_in("alice");
    let free = server.change_email(&pair.access, NEW, PASSWORD);
    let owned = server.change_email(&pair.access, "bob@example.com", PASSWORD);
    assert_eq!((free.status, &free.body), (owned.status, &owned.body));
    let told = server.smtp.last_of("bob@example.com", 2);
    assert!(!told.text.contains("/account/confirm-email/"), "{}", told.text);
    assert_eq!((server.count(NEW), server.count("bob@example.com")), (1, 2));
}

fn an_address_that_can_be_taken_back_is_nobody_elses(place: &Place) {
    let server = place.mailing();
    let pair = vouched(&server);
    let key = changed(&server, &pair).in_link("key");
    let squatter = Registration { email: OLD.into(), ..Registration::of("squatter") };
    server.register(&squatter).must_be(400, &taken());
    let bob = server.join_and_log_in("bob");
    server.change_email(&bob.access, OLD, PASSWORD).must_be(400, &taken());
    server.undo_email_change(&key).must_be(200, &done());
    assert_eq!(server.account("alice").email.unwrap().as_str(), OLD);
}

fn a_link_confirms_the_address_that_it_was_sent_to_and_no_other(place: &Place) {
    let server = place.mailing();
    let pair = server.join_and_log_in("mallory");
    let own = asked_for(&server, &pair, "mallory@new.example");
    let foreign = asked_for(&server, &pair, "victim@example.com");
    server.confirm_email(&own.in_link("key")).must_be(404, &not_found());
    server.confirm_email_by_code("mallory@example.com", &own.code()).must_have_status(400);
    assert_eq!(email_of(&server, &pair), ("mallory@example.com".to_owned(), false));
    server.confirm_email(&foreign.in_link("key")).must_be(200, &done());
    assert_eq!(email_of(&server, &pair).0, "victim@example.com");
}

fn an_address_that_was_taken_meanwhile_is_not_confirmed(place: &Place) {
    let server = place.mailing();
    let pair = vouched(&server);
    let letter = asked_for(&server, &pair, "free@example.com");
    server.join("free");
    server.confirm_email(&letter.in_link("key")).must_be(400, &taken());
    Page::open(&server, &letter.link()).send(&server, &[]).must_say(400, "This address is taken");
    assert_eq!(email_of(&server, &pair).0, OLD);
}

fn after_a_week_nothing_is_undone(place: &Place) {
    let server = place.mailing();
    let pair = vouched(&server);
    let letter = changed(&server, &pair);
    server.pass(7 * 24 * 3600 - 1);
    Page::open(&server, &letter.link()).must_say(200, "Take your account back");
    server.pass(1);
    server.undo_email_change(&letter.in_link("key")).must_be(404, &not_found());
    // Then it is free for others.
    let next = Registration { email: OLD.into(), ..Registration::of("next") };
    server.register(&next).must_have_status(201);
}

fn an_address_that_nobody_proved_is_no_way_back(place: &Place) {
    let server = place.mailing();
    // Whoever reads it may be anybody: it was mistyped.
    let pair = server.join_and_log_in("alice");
    let letter = asked_for(&server, &pair, NEW);
    server.confirm_email(&letter.in_link("key")).must_be(200, &done());
    let told = server.smtp.last_of(OLD, 1);
    assert!(!told.text.contains("/account/") && !told.text.contains(NEW), "{}", told.text);
    let bob = Registration { email: OLD.into(), ..Registration::of("bob") };
    server.register(&bob).must_have_status(201);
    assert_eq!(email_of(&server, &pair).0, NEW);
}
