//! The same under the paths of djoser and dj-rest-auth.

use crate::harness::{Answer, Mailing, NEW_PASSWORD, PASSWORD, Pair, Place};
use doorward_testkit::{Case, cases};
use serde_json::{Value, json};

pub(super) fn cases() -> Vec<Case<Place>> {
    cases![
        aliases: djoser_activates_resets_sets_and_deletes,
        dj_rest_auth_verifies_resets_and_changes,
    ]
}

const ALIASES: &[(&str, &str)] = &[
    ("accounts.email_verification", "required"),
    ("aliases.djoser", "/auth/"),
    ("aliases.dj_rest_auth", "/dj-rest-auth/"),
];

fn must_be_done(answer: &Answer) {
    assert_eq!((answer.status, answer.text().as_str()), (204, ""));
}

fn djoser_activates_resets_sets_and_deletes(place: &Place) {
    let server = place.mailing_with(ALIASES);
    let send = |path: &str, body: Value| server.post(format!("/auth/users/{path}")).json(&body).send();
    let mut letters = 0;
    let mut next = |server: &Mailing| {
        letters += 1;
        server.letter("alice", letters)
    };
    let member = json!({"username": "alice", "email": "alice@example.com", "password": PASSWORD});
    server.post("/auth/users/").json(&member).send().must_have_status(201);
    next(&server);
    must_be_done(&send("resend_activation/", json!({"email": "alice@example.com"})));
    must_be_done(&send("resend_activation/", json!({"email": "nobody@example.com"})));
    let key = next(&server).in_link("key");
    let refused = json!({"token": ["Invalid token for given user."]});
    send("activation/", json!({"uid": "MQ", "token": "0"})).must_be(400, &refused);
    must_be_done(&send("activation/", json!({"uid": "MQ", "token": key})));
    send("activation/", json!({"uid": "MQ", "token": key})).must_be(400, &refused);
    server.log_in("alice");

    for name in ["alice", "nobody"] {
        must_be_done(&send("reset_password/", json!({"email": format!("{name}@example.com")})));
    }
    let letter = next(&server);
    let (uid, token) = (letter.in_link("uid"), letter.in_link("token"));
    let confirm = |uid: &str, token: &str, password: &str| {
        send("reset_password_confirm/", json!({"uid": uid, "token": token, "new_password": password}))
    };
    confirm(&uid, "0", NEW_PASSWORD).must_be(400, &refused);
    let nobody = json!({"uid": ["Invalid user id or user doesn't exist."]});
    confirm("0", &token, NEW_PASSWORD).must_be(400, &nobody);
    let weak = json!({"new_password": ["This password is too common."]});
    confirm(&uid, &token, "password").must_be(400, &weak);
    must_be_done(&confirm(&uid, &token, NEW_PASSWORD));
    confirm(&uid, &token, PASSWORD).must_be(400, &refused);
    next(&server);

    let pair = Pair::of(&server.login("alice", NEW_PASSWORD));
    let set = |current: &str| {
        let body = json!({"new_password": PASSWORD, "current_password": current});
        server.post("/auth/users/set_password/").bearer(&pair.access).json(&body).send()
    };
    let wrong = json!({"current_password": ["Invalid password."]});
    set(PASSWORD).must_be(400, &wrong);
    must_be_done(&set(NEW_PASSWORD));
    next(&server);
    server.dashboard(&pair.access).must_have_status(200);
    let delete = |current: &str| {
        let body = json!({"current_password": current});
        server.request("DELETE", "/auth/users/me/").bearer(&pair.access).json(&body).send()
    };
    delete(NEW_PASSWORD).must_be(400, &wrong);
    must_be_done(&delete(PASSWORD));
    server.dashboard(&pair.access).must_have_status(401);
    next(&server);
}

fn dj_rest_auth_verifies_resets_and_changes(place: &Place) {
    let server = place.mailing_with(ALIASES);
    let send = |path: &str, body: Value| server.post(format!("/dj-rest-auth/{path}")).json(&body).send();
    let ok = json!({"detail": "ok"});
    let member = json!({
        "username": "alice", "email": "alice@example.com", "password1": PASSWORD, "password2": PASSWORD,
    });
    send("registration/", member).must_have_status(201);
    server.letter("alice", 1);
    send("registration/resend-email/", json!({"email": "alice@example.com"})).must_be(200, &ok);
    let key = server.letter("alice", 2).in_link("key");
    send("registration/verify-email/", json!({"key": key})).must_be(200, &ok);
    send("registration/verify-email/", json!({"key": key})).must_have_status(404);

    let asked = json!({"detail": "Password reset e-mail has been sent."});
    send("password/reset/", json!({"email": "alice@example.com"})).must_be(200, &asked);
    let letter = server.letter("alice", 3);
    let body = json!({
        "uid": letter.in_link("uid"), "token": letter.in_link("token"),
        "new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD,
    });
    let done = json!({"detail": "Password has been reset with the new password."});
    send("password/reset/confirm/", body).must_be(200, &done);
    let pair = Pair::of(&server.login("alice", NEW_PASSWORD));
    let body = json!({"old_password": NEW_PASSWORD, "new_password1": PASSWORD, "new_password2": PASSWORD});
    let changed = server.post("/dj-rest-auth/password/change/").bearer(&pair.access).json(&body).send();
    changed.must_be(200, &json!({"detail": "New password has been saved."}));
    server.log_in("alice");
}
