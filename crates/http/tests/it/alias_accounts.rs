//! Verifying, resetting, changing and deleting where other packages have it.

use crate::letters::{Sent, asked, only, sent};
use crate::support::{PASSWORD, Server, bearer};
use doorward_domain::testing::{World, block_on};
use doorward_domain::use_cases::Verification;
use doorward_http::{Aliases, HttpSettings, PathPrefix};
use serde_json::json;

const NEW: &str = "An0ther-horse!";
const WRONG_TOKEN: &str = r#"{"token":["Invalid token for given user."]}"#;
const MISMATCH: &str = r#"{"non_field_errors":["The two password fields didn't match."]}"#;
const TOO_SHORT: &str =
    r#"{"new_password":["This password is too short. It must contain at least 8 characters."]}"#;

fn settings() -> HttpSettings {
    let prefix = |text| Some(PathPrefix::parse(text).unwrap());
    let aliases = Aliases { djoser: prefix("/auth/"), dj_rest_auth: prefix("/rest/") };
    HttpSettings { aliases, ..HttpSettings::default() }
}

fn server() -> Server {
    Server::with(settings())
}

/// Posts, and gets no content.
#[track_caller]
fn done(server: &Server, path: &str, body: &serde_json::Value) {
    let answer = server.post(path, body);
    assert_eq!((answer.status, answer.text.as_str()), (204, ""));
}

fn reset(letter: &Sent, password: &str) -> serde_json::Value {
    json!({"uid": letter.uid, "token": letter.key, "new_password": password})
}

#[test]
fn with_djoser_an_activation_verifies_the_address() {
    let server = server();
    let letter = asked(&server, "/auth/users/resend_activation/");
    let path = "/auth/users/activation/";
    server.post(path, &json!({"uid": "MQ", "token": "x"})).assert(400, WRONG_TOKEN);
    done(&server, path, &json!({"uid": "MQ", "token": letter.key}));
    assert!(server.world.find("alice").is_verified());
    server.post(path, &json!({"uid": "MQ", "token": letter.key})).assert(400, WRONG_TOKEN);
    server
        .post(path, "{}")
        .assert(400, r#"{"uid":["This field is required."],"token":["This field is required."]}"#);
}

#[test]
fn with_djoser_a_request_for_a_letter_is_answered_the_same_for_every_address() {
    let server = server();
    for path in ["/auth/users/resend_activation/", "/auth/users/reset_password/"] {
        done(&server, path, &json!({"email": "nobody@example.com"}));
        done(&server, path, &json!({"email": "alice@example.com"}));
        server.post(path, r#"{"email":"x"}"#).assert(400, r#"{"email":["Enter a valid email address."]}"#);
    }
    assert_eq!(sent(&server).len(), 2);
}

#[test]
fn with_djoser_a_password_is_reset() {
    let server = server();
    let letter = asked(&server, "/auth/users/reset_password/");
    let path = "/auth/users/reset_password_confirm/";
    let with = |name: &str, value: &str| {
        let mut body = reset(&letter, NEW);
        body[name] = value.into();
        body
    };
    for (body, answer) in [
        (with("token", "x"), WRONG_TOKEN),
        (with("uid", "x"), r#"{"uid":["Invalid user id or user doesn't exist."]}"#),
        (with("re_new_password", "x"), MISMATCH),
        (with("new_password", "Ab1!"), TOO_SHORT),
        (with("re_new_password", ""), r#"{"re_new_password":["This field may not be blank."]}"#),
        (
            json!({"token": "x"}),
            r#"{"uid":["This field is required."],"new_password":["This field is required."]}"#,
        ),
    ] {
        server.post(path, &body).assert(400, answer);
    }
    done(&server, path, &reset(&letter, NEW));
    assert!(server.world.login("alice", NEW).is_ok());
}

#[test]
fn with_djoser_a_password_is_set() {
    let server = server();
    let access = server.login().access;
    let path = "/auth/users/set_password/";
    for (body, answer) in [
        (
            json!({"new_password": NEW, "current_password": "wrong"}),
            r#"{"current_password":["Invalid password."]}"#,
        ),
        (json!({"new_password": NEW, "re_new_password": "x", "current_password": PASSWORD}), MISMATCH),
        (json!({"new_password": "Ab1!", "current_password": PASSWORD}), TOO_SHORT),
        (
            json!({}),
            r#"{"new_password":["This field is required."],"current_password":["This field is required."]}"#,
        ),
    ] {
        server.post_as(&access, path, &body).assert(400, answer);
    }
    let body = json!({"new_password": NEW, "current_password": PASSWORD});
    let answer = server.post_as(&access, path, &body);
    assert_eq!((answer.status, answer.text.as_str()), (204, ""));
    assert!(server.world.login("alice", NEW).is_ok());
    server.post(path, &body).assert(401, r#"{"detail":"Authentication credentials were not provided."}"#);
}

#[test]
fn with_djoser_an_account_is_deleted() {
    let server = server();
    let access = server.login().access;
    let delete = |body| server.json_as(&access, "DELETE", "/auth/users/me/", body);
    delete("{}").assert(400, r#"{"current_password":["This field is required."]}"#);
    delete(r#"{"current_password":"x"}"#).assert(400, r#"{"current_password":["Invalid password."]}"#);
    assert_eq!(delete(&format!(r#"{{"current_password":"{PASSWORD}"}}"#)).status, 204);
    assert!(block_on(server.world.auth.find_account("alice")).unwrap().is_none());
}

#[test]
fn with_dj_rest_auth_the_apis_answers_are_given() {
    let server = server();
    let letter = asked(&server, "/rest/registration/resend-email/");
    let answer = server.post("/rest/registration/verify-email/", &json!({"key": letter.key}));
    answer.assert(200, r#"{"detail":"ok"}"#);
    let letter = asked(&server, "/rest/password/reset/");
    let body = json!({
        "uid": letter.uid, "token": letter.key, "new_password1": NEW, "new_password2": NEW,
    });
    let answer = server.post("/rest/password/reset/confirm/", &body);
    answer.assert(200, r#"{"detail":"Password has been reset with the new password."}"#);
    let access = server.world.login("alice", NEW).unwrap().access;
    let body = json!({"old_password": NEW, "new_password1": PASSWORD, "new_password2": PASSWORD});
    let answer = server.post_as(&access, "/rest/password/change/", &body);
    answer.assert(200, r#"{"detail":"New password has been saved."}"#);
    assert_eq!(server.json_as(&access, "DELETE", "/rest/user/", "{}").status, 405);
}

#[test]
fn a_bearer_that_is_wrong_is_refused_as_the_packages_do_and_so_it_is_documented() {
    let server = server();
    let headers = ["Content-Type: application/json", &bearer("over")];
    let document = server.get("/api/schema/").json();
    for path in [
        "/auth/users/activation/",
        "/auth/users/reset_password/",
        "/rest/registration/verify-email/",
        "/rest/password/reset/confirm/",
    ] {
        assert_eq!(server.send("POST", path, &headers, b"{}").status, 401, "{path}");
        assert!(document["paths"][path]["post"]["responses"]["401"].is_object(), "{path}");
    }
    let own = &document["paths"]["/api/auth/password/reset/"]["post"]["responses"];
    assert!(own["200"].is_object() && own["401"].is_null());
}

#[test]
fn with_dj_rest_auth_no_session_begins_where_the_address_has_to_be_verified_first() {
    let server = Server::on(World::with_addresses(Verification::Required, false), settings());
    let body = json!({
        "username": "bob", "email": "bob@example.com", "password1": PASSWORD, "password2": PASSWORD,
    });
    let answer = server.post("/rest/registration/", &body);
    answer.assert(201, r#"{"detail":"Verification e-mail sent."}"#);
    let login = || server.post("/rest/login/", &json!({"username": "bob", "password": PASSWORD}));
    login().assert(400, r#"{"non_field_errors":["Unable to log in with provided credentials."]}"#);
    let letter = only(&server);
    server
        .post("/rest/registration/verify-email/", &json!({"key": letter.key}))
        .assert(200, r#"{"detail":"ok"}"#);
    assert_eq!(login().status, 200);
}
