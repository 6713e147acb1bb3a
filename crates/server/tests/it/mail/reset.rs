//! A new password for whoever has forgotten the old one.

use crate::harness::bodies::{BLACKLISTED, bearer_refused, login_refused};
use crate::harness::{NEW_PASSWORD, PASSWORD, Page, Pair, Place};
use doorward_domain::password::PasswordHash;
use doorward_testkit::{Case, cases};
use serde_json::{Value, json};

pub(super) fn cases() -> Vec<Case<Place>> {
    cases![
        reset: a_link_sets_a_password_ends_every_session_and_is_told,
        a_code_does_as_much,
        the_page_asks_until_the_password_is_good,
        what_is_refused_leaves_the_link_as_good_as_before,
        a_letter_goes_to_the_stored_spelling_whatever_was_typed,
        only_who_can_log_in_gets_a_letter,
        an_account_without_a_password_gets_one,
        a_link_lives_for_an_hour_and_a_newer_one_ends_it,
        a_mailbox_that_was_proven_counts_as_verified,
        nobody_is_logged_in_by_it,
    ]
}

fn done() -> Value {
    json!({"detail": "Password has been reset with the new password."})
}

fn asked() -> Value {
    json!({"detail": "Password reset e-mail has been sent."})
}

fn a_link_sets_a_password_ends_every_session_and_is_told(place: &Place) {
    let server = place.mailing();
    let sessions = [server.join_and_log_in("alice"), server.log_in("alice")];
    server.ask_reset("alice@example.com").must_be(200, &asked());
    let letter = server.letter("alice", 1);
    server.reset(&letter, NEW_PASSWORD).must_be(200, &done());
    for Pair { access, refresh } in &sessions {
        server.dashboard(access).must_be(401, &bearer_refused(BLACKLISTED));
        server.refresh(refresh).must_have_status(401);
    }
    server.login("alice", PASSWORD).must_be(401, &login_refused());
    Pair::of(&server.login("alice", NEW_PASSWORD));
    server.reset(&letter, PASSWORD).must_be(400, &json!({"token": ["Invalid value"]}));
    let told = server.letter("alice", 2);
    assert!(told.subject.to_lowercase().contains("password"), "{}", told.subject);
    assert!(!told.text.contains("/account/"), "{}", told.text);
    assert_eq!(server.count("alice@example.com"), 2);
}

fn a_code_does_as_much(place: &Place) {
    let server = place.mailing();
    let Pair { access, .. } = server.join_and_log_in("alice");
    let code = server.reset_letter("alice").code();
    let refused = json!({"code": ["Invalid value"]});
    for (email, code) in [("alice@example.com", "00000000x"), ("nobody@example.com", code.as_str())] {
        server.reset_by_code(email, code, NEW_PASSWORD).must_be(400, &refused);
    }
    server.reset_by_code("Alice@Example.com", &code, NEW_PASSWORD).must_be(200, &done());
    server.reset_by_code("alice@example.com", &code, PASSWORD).must_be(400, &refused);
    server.dashboard(&access).must_have_status(401);
    Pair::of(&server.login("alice", NEW_PASSWORD));
}

fn the_page_asks_until_the_password_is_good(place: &Place) {
    let server = place.mailing();
    let Pair { access, .. } = server.join_and_log_in("alice");
    let page = Page::open(&server, &server.reset_letter("alice").link());
    page.must_say(200, "Choose a new password");
    let sent = |page: &Page, typed: [&str; 2]| {
        page.send(&server, &[("new_password1", typed[0]), ("new_password2", typed[1])])
    };
    let different = sent(&page, [NEW_PASSWORD, PASSWORD]);
    different.must_say(400, "Choose a new password");
    assert!(different.answer.text().contains("The two passwords are not the same."));
    let weak = sent(&different, ["12345678"; 2]);
    weak.must_say(400, "Choose a new password");
    assert!(weak.answer.text().contains("This password is too common."));
    assert!(!weak.answer.text().contains("12345678\""), "{}", weak.answer.text());
    server.dashboard(&access).must_have_status(200);
    sent(&weak, [NEW_PASSWORD; 2]).must_say(200, "Your password is changed");
    server.dashboard(&access).must_have_status(401);
    Pair::of(&server.login("alice", NEW_PASSWORD));
    sent(&weak, [PASSWORD; 2]).must_say(400, "This link does not work any more");
}

fn what_is_refused_leaves_the_link_as_good_as_before(place: &Place) {
    let server = place.mailing();
    for name in ["alice", "mallory"] {
        server.join(name);
    }
    let letter = server.reset_letter("alice");
    let (uid, token) = (letter.in_link("uid"), letter.in_link("token"));
    let other = server.reset_letter("mallory").in_link("uid");
    let send = |uid: &str, token: &str, passwords| server.reset_by_link(uid, token, passwords);
    send(&other, &token, [NEW_PASSWORD; 2]).must_be(400, &json!({"uid": ["Invalid value"]}));
    send(&uid, "0", [NEW_PASSWORD; 2]).must_be(400, &json!({"token": ["Invalid value"]}));
    let mismatch = json!({"new_password2": ["The two password fields didn’t match."]});
    send(&uid, &token, [NEW_PASSWORD, PASSWORD]).must_be(400, &mismatch);
    let weak = json!({"new_password2": [
        "This password is too short. It must contain at least 8 characters.",
        "This password is too common.",
        "This password is entirely numeric.",
    ]});
    send(&uid, &token, ["12345"; 2]).must_be(400, &weak);
    let long = "x".repeat(5000);
    send(&uid, &token, [&long; 2]).must_have_status(400);
    server.log_in("alice");
    send(&uid, &token, [NEW_PASSWORD; 2]).must_be(200, &done());
}

fn a_letter_goes_to_the_stored_spelling_whatever_was_typed(place: &Place) {
    let server = place.mailing();
    server.join("alice");
    for typed in ["ALICE@EXAMPLE.COM", " Alice@example.com\n"] {
        server.ask_reset(typed).must_be(200, &asked());
    }
    server.smtp.wait_for("alice@example.com", 2);
    assert_eq!(server.reached().into_iter().collect::<Vec<_>>(), ["alice@example.com"]);
}

fn only_who_can_log_in_gets_a_letter(place: &Place) {
    let server = place.mailing();
    for name in ["alice", "inactive"] {
        server.join(name);
    }
    server.set_active("inactive", false);
    for name in ["inactive", "nobody", "alice"] {
        server.ask_reset(format!("{name}@example.com")).must_be(200, &asked());
    }
    // Usernames are no addresses.
    server.ask_reset("alice").must_be(400, &json!({"email": ["Enter a valid email address."]}));
    assert_eq!(server.reached().into_iter().collect::<Vec<_>>(), ["alice@example.com"]);
}

fn an_account_without_a_password_gets_one(place: &Place) {
    let server = place.mailing();
    server.import("imported", PasswordHash::unusable());
    let letter = server.reset_letter("imported");
    server.reset(&letter, NEW_PASSWORD).must_be(200, &done());
    Pair::of(&server.login("imported", NEW_PASSWORD));
}

fn a_link_lives_for_an_hour_and_a_newer_one_ends_it(place: &Place) {
    let server = place.mailing();
    server.join("alice");
    let refused = json!({"token": ["Invalid value"]});
    let first = server.reset_letter("alice");
    let second = server.reset_letter("alice");
    server.reset(&first, NEW_PASSWORD).must_be(400, &refused);
    server.reset_by_code("alice@example.com", &first.code(), NEW_PASSWORD).must_have_status(400);
    server.pass(3599);
    server.reset_by_code("alice@example.com", &second.code(), NEW_PASSWORD).must_have_status(400);
    Page::open(&server, &second.link()).must_say(200, "Choose a new password");
    server.pass(1);
    Page::open(&server, &second.link()).must_say(404, "This link does not work any more");
    server.reset(&second, NEW_PASSWORD).must_be(400, &refused);
    server.log_in("alice");
}

fn a_mailbox_that_was_proven_counts_as_verified(place: &Place) {
    let server = place.mailing();
    let access = server.join_and_log_in("alice").access;
    assert_eq!(server.user(&access).json()["email_verified"], false);
    let letter = server.reset_letter("alice");
    server.reset(&letter, NEW_PASSWORD).must_be(200, &done());
    let pair = Pair::of(&server.login("alice", NEW_PASSWORD));
    assert_eq!(server.user(&pair.access).json()["email_verified"], true);
}

fn nobody_is_logged_in_by_it(place: &Place) {
    let server = place.mailing();
    server.join("alice");
    let letter = server.reset_letter("alice");
    let answer = server.reset(&letter, NEW_PASSWORD);
    answer.must_be(200, &done());
    assert!(answer.header("set-cookie").is_none());
    let pair = Pair::of(&server.login("alice", NEW_PASSWORD));
    assert_eq!(server.sessions(&pair.access).len(), 1);
}
