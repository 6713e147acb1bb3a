use crate::support::{PASSWORD, Server};
use doorward_domain::hashing::HashError;
use serde_json::json;
use std::time::Duration;

const PATH: &str = "/api/auth/password/change/";
const NEW: &str = "An0ther-horse!";

#[test]
fn the_callers_session_lives_on_and_the_others_end() {
    let server = Server::start();
    let [own, other] = [server.login().access, server.login().access];
    let body = json!({"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW});
    server.post_as(&own, PATH, &body).assert(200, r#"{"detail":"New password has been saved."}"#);
    assert_eq!(server.get_as(&own, "/api/auth/user/").status, 200);
    assert_eq!(server.get_as(&other, "/api/auth/user/").status, 401);
    assert!(server.world.login("alice", NEW).is_ok());
}

#[test]
fn nothing_changes_without_the_old_password_and_an_acceptable_new_one_that_is_repeated() {
    let server = Server::start();
    let access = server.login().access;
    for (old, new, again, answer) in [
        (
            "wrong",
            NEW,
            "x",
            r#"{"old_password":["Your old password was entered incorrectly. Please enter it again."]}"#,
        ),
        (PASSWORD, NEW, "x", r#"{"new_password2":["The two password fields didn’t match."]}"#),
        (
            PASSWORD,
            "Ab1!",
            "Ab1!",
            r#"{"new_password2":["This password is too short. It must contain at least 8 characters."]}"#,
        ),
    ] {
        let body = json!({"old_password": old, "new_password1": new, "new_password2": again});
        server.post_as(&access, PATH, &body).assert(400, answer);
    }
    assert!(server.world.login("alice", PASSWORD).is_ok());
}

#[test]
fn every_field_that_is_wrong_is_told_before_anything_is_hashed() {
    let server = Server::start();
    let access = server.login().access;
    let hashes = server.world.hasher.count();
    server.post_as(&access, PATH, r#"{"new_password1":"","old_password":"wrong"}"#).assert(
        400,
        r#"{"new_password1":["This field may not be blank."],"new_password2":["This field is required."]}"#,
    );
    assert_eq!(server.world.hasher.count(), hashes);
}

#[test]
fn it_is_closed_to_strangers_and_passes_on_that_the_hash_lane_is_full() {
    let server = Server::start();
    server.post(PATH, "{}").assert(401, r#"{"detail":"Authentication credentials were not provided."}"#);
    let access = server.login().access;
    server.world.hasher.fail_next(HashError::Busy { retry_after: Duration::from_secs(1) });
    let body = json!({"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW});
    assert_eq!(server.post_as(&access, PATH, &body).status, 503);
}
