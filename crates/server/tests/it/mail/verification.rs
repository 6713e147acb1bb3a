//! Proving that one reads an address's mail.

use crate::harness::bodies::not_found;
use crate::harness::{Client, Mailing, Page, Place, VERIFIED};
use doorward_testkit::{Case, cases};
use serde_json::json;

pub(super) fn cases() -> Vec<Case<Place>> {
    cases![
        verification: the_link_of_a_registration_verifies_its_address_once,
        the_code_beside_it_does_however_it_and_the_address_are_spelt,
        the_page_behind_the_link_asks_and_its_button_verifies,
        a_letter_that_is_sent_again_ends_the_one_before,
        asking_again_is_answered_the_same_whoever_asks,
        a_code_lives_for_ten_minutes_and_a_link_for_a_day,
        nothing_is_sent_at_a_registration_unless_that_is_asked_for,
    ]
}

fn done() -> serde_json::Value {
    json!({"detail": "ok"})
}

fn is_verified(server: &Mailing, name: &str) -> bool {
    let access = server.log_in(name).access;
    server.user(&access).json()["email_verified"].as_bool().expect("a flag")
}

fn the_link_of_a_registration_verifies_its_address_once(place: &Place) {
    let server = place.mailing_with(VERIFIED);
    let key = server.join_and_read("alice").in_link("key");
    assert!(key.len() == 64 && key.bytes().all(|byte| byte.is_ascii_hexdigit()), "{key}");
    assert!(!is_verified(&server, "alice"));
    server.verify_email(&key).must_be(200, &done());
    assert!(is_verified(&server, "alice"));
    for key in [key.as_str(), "", "x", &"0".repeat(64), &key.to_uppercase(), &key[..63], &format!("{key} ")] {
        let again = server.verify_email(key);
        if key.is_empty() {
            again.must_be(400, &json!({"key": ["This field may not be blank."]}));
        } else {
            again.must_be(404, &not_found());
        }
    }
    assert_eq!(server.count("alice@example.com"), 1);
}

fn the_code_beside_it_does_however_it_and_the_address_are_spelt(place: &Place) {
    let server = place.mailing_with(VERIFIED);
    let spellings: [fn(&str) -> String; 3] = [
        str::to_owned,
        |code| format!(" {} {} ", &code[..4], &code[4..]),
        |code| format!("{}-{}", &code[..4], &code[4..]),
    ];
    for (name, spelt) in ["alice", "bob", "carol"].into_iter().zip(spellings) {
        let code = server.join_and_read(name).code();
        let wrong = if code.starts_with('1') { "20000000" } else { "10000000" };
        let refused = json!({"code": ["Invalid value"]});
        let address = format!("{name}@example.com");
        server.verify_email_by_code(&address, wrong).must_be(400, &refused);
        let address = address.to_uppercase();
        server.verify_email_by_code(&address, &spelt(&code)).must_be(200, &done());
        assert!(is_verified(&server, name));
        server.verify_email_by_code(&address, &code).must_be(400, &refused);
    }
}

fn the_page_behind_the_link_asks_and_its_button_verifies(place: &Place) {
    let server = place.mailing_with(VERIFIED);
    let link = server.join_and_read("alice").link();
    let page = Page::open(&server, &link);
    page.must_say(200, "Confirm your e-mail address");
    assert!(!is_verified(&server, "alice"));
    page.send(&server, &[]).must_say(200, "Your address is confirmed");
    assert!(is_verified(&server, "alice"));
    let over = "This link does not work any more";
    Page::open(&server, &link).must_say(404, over);
    page.send(&server, &[]).must_say(400, over);
}

fn a_letter_that_is_sent_again_ends_the_one_before(place: &Place) {
    let server = place.mailing_with(VERIFIED);
    let first = server.join_and_read("alice");
    server.resend("alice@example.com").must_be(200, &done());
    let second = server.letter("alice", 2);
    assert_ne!(first.id(), second.id());
    server.verify_email(&first.in_link("key")).must_be(404, &not_found());
    server.verify_email_by_code("alice@example.com", &first.code()).must_have_status(400);
    server.verify_email(&second.in_link("key")).must_be(200, &done());
}

fn asking_again_is_answered_the_same_whoever_asks(place: &Place) {
    let server = place.mailing_with(VERIFIED);
    let key = server.join_and_read("verified").in_link("key");
    server.verify_email(&key).must_have_status(200);
    for name in ["inactive", "unverified"] {
        server.join_and_read(name);
    }
    server.set_active("inactive", false);
    for name in ["verified", "unverified", "inactive", "nobody"] {
        server.resend(format!("{name}@example.com")).must_be(200, &done());
    }
    for (name, letters) in [("verified", 1), ("inactive", 1), ("unverified", 2), ("nobody", 0)] {
        assert_eq!(server.count(&format!("{name}@example.com")), letters, "{name}");
    }
    server.resend("unverified").must_be(400, &json!({"email": ["Enter a valid email address."]}));
}

fn a_code_lives_for_ten_minutes_and_a_link_for_a_day(place: &Place) {
    let server = place.mailing_with(VERIFIED);
    let [early, late] = ["early", "late"].map(|name| server.join_and_read(name));
    server.pass(10 * 60 - 1);
    server.verify_email_by_code("early@example.com", &early.code()).must_be(200, &done());
    server.pass(1);
    server.verify_email_by_code("late@example.com", &late.code()).must_have_status(400);
    server.pass(24 * 3600 - 601);
    let key = late.in_link("key");
    Page::open(&server, &late.link()).must_say(200, "Confirm your e-mail address");
    server.pass(1);
    Page::open(&server, &late.link()).must_say(404, "This link does not work any more");
    server.verify_email(&key).must_be(404, &not_found());
    assert!(!is_verified(&server, "late"));
}

fn nothing_is_sent_at_a_registration_unless_that_is_asked_for(place: &Place) {
    let server = place.mailing();
    let client: &Client = &server;
    client.join("alice");
    assert_eq!(server.count("alice@example.com"), 0);
    // Who wants to prove it can.
    server.resend("alice@example.com").must_be(200, &done());
    let key = server.letter("alice", 1).in_link("key");
    server.verify_email(&key).must_be(200, &done());
    assert!(is_verified(&server, "alice"));
}
