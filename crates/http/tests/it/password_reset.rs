use crate::letters::{asked, other, sent};
use crate::support::{PASSWORD, Server};
use serde_json::{Value, json};

const PATH: &str = "/api/auth/password/reset/";
const CONFIRM: &str = "/api/auth/password/reset/confirm/";
const NEW: &str = "An0ther-horse!";
const DONE: &str = r#"{"detail":"Password has been reset with the new password."}"#;
const WRONG_TOKEN: &str = r#"{"token":["Invalid value"]}"#;
const MISSING: &str = r#"["This field is required."]"#;
const WRONG_CODE: &str = r#"{"code":["Invalid value"]}"#;

fn login(server: &Server, password: &str) -> u16 {
    server.post("/api/auth/login/", &json!({"username": "alice", "password": password})).status
}

fn with_passwords(mut proof: Value, passwords: [&str; 2]) -> Value {
    proof["new_password1"] = passwords[0].into();
    proof["new_password2"] = passwords[1].into();
    proof
}

#[test]
fn a_link_sets_a_new_password_once_and_ends_every_session() {
    let server = Server::start();
    let access = server.login().access;
    let letter = asked(&server, PATH);
    let link = json!({"uid": letter.uid, "token": letter.key});
    server.post(CONFIRM, &with_passwords(link.clone(), [NEW; 2])).assert(200, DONE);
    assert_eq!([login(&server, NEW), login(&server, PASSWORD)], [200, 401]);
    assert_eq!(server.get_as(&access, "/api/auth/user/").status, 401);
    assert!(server.world.find("alice").is_verified());
    server.post(CONFIRM, &with_passwords(link, [PASSWORD; 2])).assert(400, WRONG_TOKEN);
}

#[test]
fn a_code_does_too() {
    let server = Server::start();
    let letter = asked(&server, PATH);
    let wrong = json!({"email": "alice@example.com", "code": other(&letter.code)});
    server.post(CONFIRM, &with_passwords(wrong, [NEW; 2])).assert(400, WRONG_CODE);
    let right = json!({"email": "alice@example.com", "code": letter.code});
    server.post(CONFIRM, &with_passwords(right, [NEW; 2])).assert(200, DONE);
    assert_eq!(login(&server, NEW), 200);
}

#[test]
fn what_is_wrong_is_told_token_first_then_uid_then_passwords_and_uses_nothing_up() {
    let server = Server::start();
    let letter = asked(&server, PATH);
    let link = json!({"uid": letter.uid, "token": letter.key});
    for (proof, passwords, answer) in [
        (json!({"uid": "7", "token": "x"}), [NEW, "other"], WRONG_TOKEN),
        (json!({"uid": "7", "token": letter.key}), [NEW, "other"], r#"{"uid":["Invalid value"]}"#),
        (link.clone(), ["1", "other"], r#"{"new_password2":["The two password fields didn’t match."]}"#),
        (
            link.clone(),
            ["Ab1!", "Ab1!"],
            r#"{"new_password2":["This password is too short. It must contain at least 8 characters."]}"#,
        ),
    ] {
        server.post(CONFIRM, &with_passwords(proof, passwords)).assert(400, answer);
    }
    server.post(CONFIRM, &with_passwords(link, [NEW; 2])).assert(200, DONE);
}

#[test]
fn the_answer_to_a_request_for_a_letter_is_the_same_for_every_address() {
    let server = Server::start();
    for email in ["nobody@example.com", "alice@example.com"] {
        let answer = server.post(PATH, &json!({"email": email}));
        answer.assert(200, r#"{"detail":"Password reset e-mail has been sent."}"#);
    }
    assert_eq!(sent(&server).len(), 1);
}

#[test]
fn what_is_missing_is_told_at_once_without_asking_the_database_or_hashing() {
    let server = Server::start();
    let hashes = server.world.hasher.count();
    server.world.store.go_down();
    server.post(CONFIRM, "{}").assert(
        400,
        &format!(
            r#"{{"new_password1":{MISSING},"new_password2":{MISSING},"uid":{MISSING},"token":{MISSING}}}"#
        ),
    );
    server
        .post(CONFIRM, r#"{"token":"x","code":"12345678","new_password1":"a","new_password2":"b"}"#)
        .assert(400, &format!(r#"{{"uid":{MISSING}}}"#));
    server.post(CONFIRM, r#"{"code":"1"}"#).assert(
        400,
        &format!(
            r#"{{"new_password1":{MISSING},"new_password2":{MISSING},"email":{MISSING},"code":["Invalid value"]}}"#
        ),
    );
    let long = "x".repeat(4097);
    let body = with_passwords(json!({"uid": "", "token": "\0"}), [&long, "a"]);
    let answer = server.post(CONFIRM, &body).json();
    assert_eq!(answer["uid"], json!(["This field may not be blank."]));
    assert_eq!(answer["token"], json!(["Null characters are not allowed."]));
    assert_eq!(answer["new_password1"].as_array().unwrap().len(), 1);
    server.post(PATH, r#"{"email":"alice@"}"#).assert(400, r#"{"email":["Enter a valid email address."]}"#);
    assert_eq!(server.world.hasher.count(), hashes);
}
