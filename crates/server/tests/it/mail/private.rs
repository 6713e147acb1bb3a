//! Registrations that do not tell whether an address has an account.

use crate::harness::bodies::login_refused;
use crate::harness::{Answer, PASSWORD, Pair, Place, Registration};
use doorward::settings::{Environment, Settings};
use doorward_testkit::{Case, cases};
use serde_json::json;

pub(super) fn cases() -> Vec<Case<Place>> {
    cases![
        private: a_taken_address_is_answered_as_a_free_one_and_its_owner_is_told,
        a_username_is_taken_after_either,
        nobody_gets_into_what_a_taken_address_left,
        a_private_registration_needs_verified_addresses,
    ]
}

pub(super) const SETTINGS: &[(&str, &str)] =
    &[("accounts.email_verification", "required"), ("accounts.private_registration", "true")];

fn with_address(name: &str, email: &str) -> Registration {
    Registration { email: email.into(), ..Registration::of(name) }
}

fn a_taken_address_is_answered_as_a_free_one_and_its_owner_is_told(place: &Place) {
    let server = place.mailing_with(SETTINGS);
    let key = server.join_and_read("alice").in_link("key");
    server.verify_email(&key).must_have_status(200);
    let free = server.register(&with_address("newbie", "fresh@example.com"));
    free.must_have_status(201);
    let taken = server.register(&with_address("second", "alice@example.com"));
    let alike = |answer: &Answer, typed: [&str; 2]| {
        let (status, headers, _) = answer.told();
        let body = answer.text().replace(typed[0], "NAME").replace(typed[1], "ADDRESS");
        (status, headers, body)
    };
    // What was typed is as long in either, and so is the answer.
    let free = alike(&free, ["newbie", "fresh@example.com"]);
    assert_eq!(alike(&taken, ["second", "alice@example.com"]), free);
    let letter = server.letter("alice", 2);
    assert!(!letter.text.contains("/account/verify-email/"), "{}", letter.text);
    assert!(!letter.raw.contains("second"), "what a stranger typed is in {}", letter.raw);
    assert_eq!((server.count("alice@example.com"), server.count("fresh@example.com")), (2, 1));
    Pair::of(&server.login("alice@example.com", PASSWORD));
}

fn a_username_is_taken_after_either(place: &Place) {
    let server = place.mailing_with(SETTINGS);
    let key = server.join_and_read("alice").in_link("key");
    server.verify_email(&key).must_have_status(200);
    server.register(&with_address("newbie", "fresh@example.com")).must_have_status(201);
    server.register(&with_address("second", "ALICE@example.com")).must_have_status(201);
    let taken = json!({"username": ["A user with that username already exists."]});
    for name in ["newbie", "second", "Second"] {
        server.register(&with_address(name, "third@example.com")).must_be(400, &taken);
        server.register(&with_address(name, "alice@example.com")).must_be(400, &taken);
    }
}

fn nobody_gets_into_what_a_taken_address_left(place: &Place) {
    let server = place.mailing_with(SETTINGS);
    let key = server.join_and_read("alice").in_link("key");
    server.verify_email(&key).must_have_status(200);
    let password = "An0ther-staple!";
    server.register(&with_address("second", "alice@example.com").password(password)).must_have_status(201);
    server.login("second", password).must_be(401, &login_refused());
    server.login("alice@example.com", password).must_be(401, &login_refused());
    server.resend("alice@example.com").must_have_status(200);
    assert_eq!(server.count("alice@example.com"), 2);
    let second = server.account("second");
    assert!(!second.is_active && second.email.is_none(), "{second:?}");
    server.log_in("alice");
}

fn a_private_registration_needs_verified_addresses(_: &Place) {
    for verification in ["none", "optional"] {
        let environment = Environment::from_pairs([
            ("DOORWARD__ACCOUNTS__EMAIL_VERIFICATION", verification),
            ("DOORWARD__ACCOUNTS__PRIVATE_REGISTRATION", "true"),
        ]);
        let refused = Settings::load(None, &environment).expect_err("a refusal").to_string();
        assert!(refused.contains("accounts.private_registration"), "{refused}");
    }
}
