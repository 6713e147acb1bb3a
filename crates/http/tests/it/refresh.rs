use crate::support::Server;
use doorward_domain::testing::block_on;
use doorward_http::{HttpSettings, SimpleJwt};
use serde_json::json;
use std::time::Duration;

const PATH: &str = "/api/auth/token/refresh/";

#[test]
fn a_rotation_answers_access_and_refresh() {
    let server = Server::start();
    let tokens = server.login();
    let answer = server.post(PATH, &json!({"refresh": tokens.refresh}));
    assert_eq!(answer.status, 200);
    assert!(
        answer.text.starts_with(r#"{"access":"access:"#) && answer.text.contains(r#","refresh":"refresh:"#)
    );
}

#[test]
fn a_token_that_was_used_before_is_blacklisted() {
    let server = Server::start();
    let tokens = server.login();
    server.post(PATH, &json!({"refresh": tokens.refresh}));
    server.world.clock.advance(Duration::from_secs(60));
    server
        .post(PATH, &json!({"refresh": tokens.refresh}))
        .assert(401, r#"{"detail":"Token is blacklisted","code":"token_not_valid"}"#);
}

#[test]
fn what_is_no_refresh_token_is_refused() {
    let server = Server::start();
    let access = server.login().access;
    for (token, detail) in [
        ("garbage", "Token is invalid or expired"),
        ("é", "Token is invalid or expired"),
        (&access, "Token has wrong type"),
    ] {
        server
            .post(PATH, &json!({"refresh": token}))
            .assert(401, &format!(r#"{{"detail":"{detail}","code":"token_not_valid"}}"#));
    }
    server
        .post(PATH, r#"{"refresh":1}"#)
        .assert(401, r#"{"detail":"Token is invalid or expired","code":"token_not_valid"}"#);
}

#[test]
fn an_expired_token_has_its_own_sentence_in_5_5() {
    let server = Server::with(HttpSettings { simplejwt: SimpleJwt::V5_5, ..HttpSettings::default() });
    let tokens = server.login();
    server.world.clock.advance(Duration::from_secs(2 * 24 * 3600));
    server
        .post(PATH, &json!({"refresh": tokens.refresh}))
        .assert(401, r#"{"detail":"Token is expired","code":"token_not_valid"}"#);
    server
        .post(PATH, &json!({"refresh": "garbage"}))
        .assert(401, r#"{"detail":"Token is invalid","code":"token_not_valid"}"#);
}

#[test]
fn an_account_that_is_not_active_refreshes_nothing() {
    let server = Server::start();
    let tokens = server.login();
    block_on(server.world.auth.set_active(server.world.find("alice").id, false)).unwrap();
    server
        .post(PATH, &json!({"refresh": tokens.refresh}))
        .assert(401, r#"{"detail":"No active account found for the given token."}"#);
}

#[test]
fn the_token_must_be_text() {
    let server = Server::start();
    for (body, sentence) in [
        ("{}", "This field is required."),
        (r#"{"refresh":" "}"#, "This field may not be blank."),
        (r#"{"refresh":null}"#, "This field may not be null."),
        (r#"{"refresh":true}"#, "Not a valid string."),
        (r#"{"refresh":"a\u0000"}"#, "Null characters are not allowed."),
    ] {
        server.post(PATH, &body).assert(400, &format!(r#"{{"refresh":["{sentence}"]}}"#));
    }
}
