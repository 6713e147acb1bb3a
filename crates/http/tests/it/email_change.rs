use crate::letters::{Sent, only, sent};
use crate::support::{PASSWORD, Server};
use doorward_domain::identity::EmailAddress;
use doorward_domain::mail::Message;
use doorward_domain::testing::block_on;
use serde_json::json;

const PATH: &str = "/api/auth/email/change/";
const CONFIRM: &str = "/api/auth/email/change/confirm/";
const UNDO: &str = "/api/auth/email/change/undo/";
const OK: &str = r#"{"detail":"ok"}"#;
const NOT_FOUND: &str = r#"{"detail":"Not found."}"#;
const TAKEN: &str = r#"{"email":["A user with that email already exists."]}"#;

fn email(server: &Server) -> String {
    server.world.find("alice").email.unwrap().to_string()
}

/// Asks for another address, and answers what its letter says.
fn asked(server: &Server) -> Sent {
    let body = json!({"email": "new@Example.com", "password": PASSWORD});
    let answer = server.post_as(&server.login().access, PATH, &body);
    answer.assert(200, r#"{"detail":"Verification e-mail sent."}"#);
    only(server)
}

#[test]
fn the_address_changes_once_its_letter_is_answered() {
    let server = Server::start();
    let letter = asked(&server);
    assert_eq!((letter.to.as_str(), email(&server).as_str()), ("new@example.com", "alice@example.com"));
    server.post(CONFIRM, &json!({"key": letter.key})).assert(200, OK);
    assert_eq!(email(&server), "new@example.com");
    server.post(CONFIRM, &json!({"key": letter.key})).assert(404, NOT_FOUND);
}

#[test]
fn a_code_goes_with_the_present_address() {
    let server = Server::start();
    let letter = asked(&server);
    let with = |email: &str| json!({"email": email, "code": letter.code});
    server.post(CONFIRM, &with("new@example.com")).assert(400, r#"{"code":["Invalid value"]}"#);
    server.post(CONFIRM, &with("alice@example.com")).assert(200, OK);
    assert_eq!(email(&server), "new@example.com");
}

#[test]
fn the_address_before_can_have_it_all_back() {
    let server = Server::start();
    assert!(block_on(server.world.auth.vouch_for_address(server.world.find("alice").id)).unwrap());
    let letter = asked(&server);
    server.post(CONFIRM, &json!({"key": letter.key})).assert(200, OK);
    let undo = only(&server);
    assert_eq!(undo.to, "alice@example.com");
    server.post(UNDO, &json!({"key": undo.key})).assert(200, OK);
    assert_eq!((email(&server).as_str(), server.world.live_sessions("alice")), ("alice@example.com", 0));
    assert!(server.world.login("alice", PASSWORD).is_err());
    let reset = only(&server);
    assert!(!reset.uid.is_empty() && reset.to == "alice@example.com");
    server.post(UNDO, &json!({"key": undo.key})).assert(404, NOT_FOUND);
    server.post(UNDO, r#"{"key":" "}"#).assert(400, r#"{"key":["This field may not be blank."]}"#);
}

#[test]
fn an_address_before_that_was_never_proven_is_told_and_can_undo_nothing() {
    let server = Server::start();
    let letter = asked(&server);
    server.post(CONFIRM, &json!({"key": letter.key})).assert(200, OK);
    let told: Vec<_> = server.world.mail().into_iter().map(|letter| (letter.to, letter.message)).collect();
    assert_eq!(told, [(EmailAddress::parse("alice@example.com").unwrap(), Message::EmailRemoved)]);
}

#[test]
fn it_needs_the_password_and_an_address_that_is_free() {
    let server = Server::start();
    server.world.user("bob@example.com", PASSWORD);
    let access = server.login().access;
    for (email, password, answer) in [
        (
            "new@example.com",
            "wrong",
            r#"{"password":["Your password was entered incorrectly. Please enter it again."]}"#,
        ),
        ("bob@example.com", PASSWORD, TAKEN),
        (
            "bob@",
            "",
            r#"{"email":["Enter a valid email address."],"password":["This field may not be blank."]}"#,
        ),
    ] {
        server.post_as(&access, PATH, &json!({"email": email, "password": password})).assert(400, answer);
    }
    assert!(sent(&server).is_empty());
    server.post(PATH, "{}").assert(401, r#"{"detail":"Authentication credentials were not provided."}"#);
}

#[test]
fn an_address_that_is_taken_meanwhile_stays_with_its_owner() {
    let server = Server::start();
    let letter = asked(&server);
    server.world.user("new@example.com", PASSWORD);
    server.post(CONFIRM, &json!({"key": letter.key})).assert(400, TAKEN);
    assert_eq!(email(&server), "alice@example.com");
}
