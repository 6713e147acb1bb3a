//! Where an address has to be verified before its account can be used.

use crate::harness::bodies::login_refused;
use crate::harness::{NEW_PASSWORD, PASSWORD, Pair, Place, Registration};
use doorward_testkit::{Case, cases};
use serde_json::json;

pub(super) fn cases() -> Vec<Case<Place>> {
    cases![
        required: a_login_without_it_is_a_wrong_password_to_the_byte,
        a_registration_under_an_alias_gives_no_tokens,
        a_new_password_by_mail_is_as_good_a_proof,
    ]
}

const REQUIRED: &[(&str, &str)] =
    &[("accounts.email_verification", "required"), ("aliases.dj_rest_auth", "/dj-rest-auth/")];

fn a_login_without_it_is_a_wrong_password_to_the_byte(place: &Place) {
    let server = place.mailing_with(REQUIRED);
    let key = server.join_and_read("alice").in_link("key");
    let told = |password: &str| server.login("alice", password).told();
    let wrong = told("Wr0ng-horse!");
    assert_eq!(told(PASSWORD), wrong);
    server.login("alice", PASSWORD).must_be(401, &login_refused());
    server.login("alice@example.com", PASSWORD).must_be(401, &login_refused());
    server.verify_email(&key).must_have_status(200);
    Pair::of(&server.login("alice", PASSWORD));
    assert_eq!(told("Wr0ng-horse!"), wrong);
}

fn a_registration_under_an_alias_gives_no_tokens(place: &Place) {
    let server = place.mailing_with(REQUIRED);
    let body = json!({
        "username": "alice", "email": "alice@example.com", "password1": PASSWORD, "password2": PASSWORD,
    });
    let answer = server.post("/dj-rest-auth/registration/").json(&body).send();
    answer.must_be(201, &json!({"detail": "Verification e-mail sent."}));
    assert!(answer.header("set-cookie").is_none());
    let key = server.letter("alice", 1).in_link("key");
    let verify = server.post("/dj-rest-auth/registration/verify-email/").json(&json!({"key": key})).send();
    verify.must_be(200, &json!({"detail": "ok"}));
    server.log_in("alice");
}

fn a_new_password_by_mail_is_as_good_a_proof(place: &Place) {
    let server = place.mailing_with(REQUIRED);
    server.register(&Registration::of("alice")).must_have_status(201);
    server.letter("alice", 1);
    let letter = server.reset_letter("alice");
    server.reset(&letter, NEW_PASSWORD).must_have_status(200);
    Pair::of(&server.login("alice", NEW_PASSWORD));
}
