use crate::harness::Place;
use crate::harness::bodies::not_authenticated;
use doorward_testkit::{Case, cases};
use serde_json::json;

pub(super) fn cases() -> Vec<Case<Place>> {
    cases![
        user: the_caller_sees_the_account,
        the_full_name_can_be_changed_and_nothing_else,
        every_encoding_changes,
        a_full_name_may_be_empty_and_has_an_end,
        a_full_name_that_is_none_is_refused,
        a_stranger_sees_nobody,
        an_account_that_is_gone_or_inactive_is_told_so,
        other_methods_are_not_allowed,
    ]
}

fn the_caller_sees_the_account(place: &Place) {
    let server = place.server();
    let access = server.join_and_log_in("alice").access;
    let expected = json!({
        "id": server.account("alice").id.0,
        "username": "alice",
        "email": "alice@example.com",
        "email_verified": false,
        "full_name": "",
        "date_joined": "2026-01-01T00:00:00Z",
        "last_login": "2026-01-01T00:00:00Z",
        "is_staff": false,
        "groups": [],
    });
    server.user(&access).must_be(200, &expected);
}

fn the_full_name_can_be_changed_and_nothing_else(place: &Place) {
    let server = place.server();
    let access = server.join_and_log_in("alice").access;
    let mut expected = server.user(&access).json();
    expected["full_name"] = "Alice Liddell".into();
    let change = json!({
        "full_name": " Alice Liddell\n", "id": 7, "username": "queen", "email": "queen@example.com",
        "is_staff": true, "is_superuser": true, "is_active": false, "password": "Another-pw-1",
    });
    server.change_user(&access, &change).must_be(200, &expected);
    server.user(&access).must_be(200, &expected);
    assert!(!server.account("alice").is_superuser);
    server.change_user(&access, &json!({})).must_be(200, &expected);
    server.log_in("alice");
}

fn every_encoding_changes(place: &Place) {
    let server = place.server();
    let access = server.join_and_log_in("alice").access;
    let patch = |path| server.request("PATCH", path).bearer(&access);
    let form = patch("/api/auth/user").form(&[("full_name", "Form & Ärger")]).send();
    assert_eq!(form.json()["full_name"], "Form & Ärger");
    let parts = patch("/api/auth/user/").multipart(&[("full_name", "Parts")]).send();
    assert_eq!(parts.json()["full_name"], "Parts");
}

fn a_full_name_may_be_empty_and_has_an_end(place: &Place) {
    let server = place.server();
    let access = server.join_and_log_in("alice").access;
    let longest = "é".repeat(255);
    for name in [longest.as_str(), ""] {
        assert_eq!(server.change_user(&access, &json!({"full_name": name})).json()["full_name"], name);
    }
    let told = json!({"full_name": ["Ensure this field has no more than 255 characters."]});
    server.change_user(&access, &json!({"full_name": longest + "é"})).must_be(400, &told);
}

fn a_full_name_that_is_none_is_refused(place: &Place) {
    let server = place.server();
    let access = server.join_and_log_in("alice").access;
    for (name, told) in [
        (json!(null), "This field may not be null."),
        (json!(["Alice"]), "Not a valid string."),
        (json!({"first": "Alice"}), "Not a valid string."),
        (json!(true), "Not a valid string."),
        (json!("Al\u{0}ice"), "Null characters are not allowed."),
    ] {
        server.change_user(&access, &json!({"full_name": name})).must_be(400, &json!({"full_name": [told]}));
    }
    let half =
        server.request("PATCH", "/api/auth/user/").bearer(&access).header("Content-Type", "application/json");
    let told = json!({"full_name": ["Surrogate characters are not allowed: U+D800."]});
    half.body(r#"{"full_name": "\ud800"}"#).send().must_be(400, &told);
    // A number is taken as a text, as REST framework does.
    assert_eq!(server.change_user(&access, &json!({"full_name": 7})).json()["full_name"], "7");
}

fn a_stranger_sees_nobody(place: &Place) {
    let server = place.server();
    server.get("/api/auth/user/").send().must_be(401, &not_authenticated());
    server.request("PATCH", "/api/auth/user/").json(&json!([])).send().must_be(401, &not_authenticated());
}

fn an_account_that_is_gone_or_inactive_is_told_so(place: &Place) {
    let server = place.server();
    let access = server.join_and_log_in("alice").access;
    server.set_active("alice", false);
    server.user(&access).must_be(401, &json!({"detail": "User is inactive", "code": "user_inactive"}));
    server.delete_account("alice");
    server.user(&access).must_be(401, &json!({"detail": "User not found", "code": "user_not_found"}));
}

fn other_methods_are_not_allowed(place: &Place) {
    let server = place.server();
    let access = server.join_and_log_in("alice").access;
    let answer = server.request("PUT", "/api/auth/user/").bearer(&access).json(&json!({})).send();
    answer.must_be(405, &json!({"detail": "Method \"PUT\" not allowed."}));
    assert_eq!(answer.header("allow"), Some("GET, PATCH, DELETE, HEAD, OPTIONS"));
}
