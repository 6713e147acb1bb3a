use crate::letters::{asked, only, other, sent};
use crate::support::{Server, bearer};
use serde_json::json;

const PATH: &str = "/api/auth/registration/verify-email/";
const RESEND: &str = "/api/auth/registration/resend-email/";
const OK: &str = r#"{"detail":"ok"}"#;
const NOT_FOUND: &str = r#"{"detail":"Not found."}"#;
const WRONG_CODE: &str = r#"{"code":["Invalid value"]}"#;

#[test]
fn a_key_verifies_the_address_once_and_the_account_shows_it() {
    let server = Server::start();
    let letter = asked(&server, RESEND);
    let access = server.login().access;
    let is_verified = || server.get_as(&access, "/api/auth/user/").json()["email_verified"].clone();
    assert_eq!(is_verified(), false);
    server.post(PATH, &json!({"key": letter.key})).assert(200, OK);
    assert_eq!(is_verified(), true);
    server.post(PATH, &json!({"key": letter.key})).assert(404, NOT_FOUND);
}

#[test]
fn a_code_does_too_however_it_is_grouped() {
    let server = Server::start();
    let letter = asked(&server, RESEND);
    let (first, second) = letter.code.split_at(4);
    let body = json!({"email": "ALICE@example.com", "code": format!(" {first} {second} ")});
    server.post(PATH, &body).assert(200, OK);
    server.post(PATH, &body).assert(400, WRONG_CODE);
    assert!(server.world.find("alice").is_verified());
}

#[test]
fn a_wrong_code_a_strangers_and_one_too_many_get_one_answer() {
    let server = Server::start();
    let letter = asked(&server, RESEND);
    for email in ["alice@example.com", "nobody@example.com"] {
        for _ in 0..6 {
            let body = json!({"email": email, "code": other(&letter.code)});
            server.post(PATH, &body).assert(400, WRONG_CODE);
        }
    }
    let right = json!({"email": "alice@example.com", "code": letter.code});
    server.post(PATH, &right).assert(400, WRONG_CODE);
}

#[test]
fn the_answer_to_a_request_for_a_letter_is_the_same_for_every_address() {
    let server = Server::start();
    for email in ["nobody@example.com", "alice@example.com"] {
        server.post(RESEND, &json!({"email": email})).assert(200, OK);
    }
    let letter = only(&server);
    assert_eq!(letter.to, "alice@example.com");
    server.post(PATH, &json!({"key": letter.key})).assert(200, OK);
    server.post(RESEND, &json!({"email": "alice@example.com"})).assert(200, OK);
    assert!(sent(&server).is_empty());
}

#[test]
fn what_is_no_proof_is_told_field_by_field_without_asking_the_database() {
    let server = Server::start();
    server.world.store.go_down();
    for (body, answer) in [
        ("{}", r#"{"key":["This field is required."]}"#),
        (r#"{"key":""}"#, r#"{"key":["This field may not be blank."]}"#),
        (r#"{"key":null,"code":"1"}"#, r#"{"key":["This field may not be null."]}"#),
        (r#"{"key":["a"]}"#, r#"{"key":["Not a valid string."]}"#),
        (
            r#"{"key":"a\u0000\ud800"}"#,
            concat!(
                r#"{"key":["Null characters are not allowed.","#,
                r#""Surrogate characters are not allowed: U+D800."]}"#
            ),
        ),
        (
            r#"{"email":"a","code":"12"}"#,
            r#"{"email":["Enter a valid email address."],"code":["Invalid value"]}"#,
        ),
        (
            r#"{"email":true}"#,
            r#"{"email":["Enter a valid email address."],"code":["This field is required."]}"#,
        ),
        (r#"{"code":"12345678"}"#, r#"{"email":["This field is required."]}"#),
    ] {
        server.post(PATH, body).assert(400, answer);
    }
    for (body, answer) in [
        ("{}", r#"{"email":["This field is required."]}"#),
        (r#"{"email":"a b"}"#, r#"{"email":["Enter a valid email address."]}"#),
        (r#"{"email":7}"#, r#"{"email":["Enter a valid email address."]}"#),
    ] {
        server.post(RESEND, body).assert(400, answer);
    }
}

#[test]
fn a_bearer_that_has_expired_is_no_hindrance() {
    let server = Server::start();
    let headers = ["Content-Type: application/json", &bearer("over")];
    let body = br#"{"email":"alice@example.com"}"#;
    server.send("POST", RESEND, &headers, body).assert(200, OK);
}
