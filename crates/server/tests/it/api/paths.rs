//! What holds for every path.

use crate::harness::bodies::not_found;
use crate::harness::{Answer, Place};
use doorward_testkit::{Case, cases};
use serde_json::json;

pub(super) fn cases() -> Vec<Case<Place>> {
    cases![
        paths: each_answers_with_and_without_its_final_slash,
        what_is_not_there_is_not_found,
        options_tell_what_can_be_done,
        a_head_request_gets_the_head,
        a_method_that_does_nothing_is_not_allowed,
        a_body_that_nobody_reads_is_refused_everywhere,
    ]
}

/// Every path that has no parameter, with a method that does something there. The docs page alone
/// leads browsers to its slash, since it names its files relatively.
const PATHS: [(&str, &str); 23] = [
    ("POST", "/api/auth/register"),
    ("POST", "/api/auth/login"),
    ("POST", "/api/auth/token/refresh"),
    ("POST", "/api/auth/token/verify"),
    ("POST", "/api/auth/token/blacklist"),
    ("POST", "/api/auth/logout"),
    ("POST", "/api/auth/logout/all"),
    ("GET", "/api/auth/sessions"),
    ("GET", "/api/auth/user"),
    ("GET", "/api/auth/user/export"),
    ("POST", "/api/auth/registration/verify-email"),
    ("POST", "/api/auth/registration/resend-email"),
    ("POST", "/api/auth/password/reset"),
    ("POST", "/api/auth/password/reset/confirm"),
    ("POST", "/api/auth/password/change"),
    ("POST", "/api/auth/email/change"),
    ("POST", "/api/auth/email/change/confirm"),
    ("POST", "/api/auth/email/change/undo"),
    ("GET", "/api/dashboard"),
    ("GET", "/.well-known/jwks.json"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/api/schema"),
];

fn each_answers_with_and_without_its_final_slash(place: &Place) {
    let server = place.server();
    for (method, path) in PATHS {
        let told = |answer: Answer| (answer.status, answer.text());
        let bare = told(server.request(method, path).send());
        let slash = told(server.request(method, format!("{path}/")).send());
        assert_eq!(bare, slash, "{path}");
        assert!(matches!(bare.0, 200 | 400 | 401), "{path} answers {}", bare.0);
    }
    let access = server.join_and_log_in("alice").access;
    server.end_session(&access, "0").must_have_status(404);
    let bare = server.request("DELETE", "/api/auth/sessions/0").bearer(&access).send();
    bare.must_be(404, &not_found());
}

fn what_is_not_there_is_not_found(place: &Place) {
    let server = place.server();
    for path in [
        "/api",
        "/api/",
        "/api/auth/",
        "/api/auth/login//",
        "//api/auth/login/",
        "/API/AUTH/LOGIN/",
        "/admin/",
        "/.env",
    ] {
        server.post(path).json(&json!({})).send().must_be(404, &not_found());
    }
    for path in
        ["/api/docs/../../etc/passwd", "/api/docs/..%2f..%2fetc%2fpasswd", "/api/docs/%00", "/.well-known/"]
    {
        server.get(path).send().must_have_status(404);
    }
}

fn options_tell_what_can_be_done(place: &Place) {
    let server = place.server();
    let answer = server.request("OPTIONS", "/api/auth/login/").send();
    answer.must_have_status(200);
    assert_eq!(answer.header("allow"), Some("POST, OPTIONS"));
}

fn a_head_request_gets_the_head(place: &Place) {
    let server = place.server();
    let access = server.join_and_log_in("alice").access;
    let answer = server.request("HEAD", "/api/dashboard/").bearer(&access).send();
    assert_eq!((answer.status, answer.body.len()), (200, 0));
    server.request("HEAD", "/api/dashboard/").send().must_have_status(401);
}

fn a_method_that_does_nothing_is_not_allowed(place: &Place) {
    let server = place.server();
    let access = server.join_and_log_in("alice").access;
    for (path, allowed) in [
        ("/api/auth/register/", "POST, OPTIONS"),
        ("/api/auth/login/", "POST, OPTIONS"),
        ("/api/auth/token/refresh/", "POST, OPTIONS"),
        ("/api/auth/token/verify/", "POST, OPTIONS"),
        ("/api/auth/token/blacklist/", "POST, OPTIONS"),
        ("/api/auth/logout/", "POST, OPTIONS"),
        ("/api/auth/logout/all/", "POST, OPTIONS"),
        ("/api/auth/sessions/", "GET, HEAD, OPTIONS"),
        ("/api/auth/sessions/0/", "DELETE, OPTIONS"),
        ("/api/auth/user/", "GET, PATCH, DELETE, HEAD, OPTIONS"),
        ("/api/auth/user/export/", "GET, HEAD, OPTIONS"),
        ("/api/auth/registration/verify-email/", "POST, OPTIONS"),
        ("/api/auth/registration/resend-email/", "POST, OPTIONS"),
        ("/api/auth/password/reset/", "POST, OPTIONS"),
        ("/api/auth/password/reset/confirm/", "POST, OPTIONS"),
        ("/api/auth/password/change/", "POST, OPTIONS"),
        ("/api/auth/email/change/", "POST, OPTIONS"),
        ("/api/auth/email/change/confirm/", "POST, OPTIONS"),
        ("/api/auth/email/change/undo/", "POST, OPTIONS"),
        ("/account/verify-email/", "GET, POST, HEAD, OPTIONS"),
        ("/account/reset-password/", "GET, POST, HEAD, OPTIONS"),
        ("/account/confirm-email/", "GET, POST, HEAD, OPTIONS"),
        ("/account/undo-email-change/", "GET, POST, HEAD, OPTIONS"),
        ("/api/dashboard/", "GET, POST, HEAD, OPTIONS"),
        ("/.well-known/jwks.json", "GET, HEAD, OPTIONS"),
        ("/metrics", "GET, HEAD, OPTIONS"),
        ("/", "GET, HEAD, OPTIONS"),
    ] {
        let answer = server.request("PUT", path).bearer(&access).json(&json!({})).send();
        answer.must_be(405, &json!({"detail": "Method \"PUT\" not allowed."}));
        assert_eq!(answer.header("allow"), Some(allowed), "{path}");
    }
}

fn a_body_that_nobody_reads_is_refused_everywhere(place: &Place) {
    let server = place.server();
    let access = server.join_and_log_in("alice").access;
    let bodies = PATHS.into_iter().filter(|(method, path)| *method == "POST" && !path.ends_with("/all"));
    for (method, path) in
        bodies.chain([("PATCH", "/api/auth/user"), ("DELETE", "/api/auth/user"), ("POST", "/api/dashboard")])
    {
        let send = |content_type: &str, body: &str| {
            server
                .request(method, path)
                .bearer(&access)
                .header("Content-Type", content_type)
                .body(body)
                .send()
        };
        let told = json!({"detail": "Unsupported media type \"text/xml\" in request."});
        send("text/xml", "<a/>").must_be(415, &told);
        send("application/json", "{").must_have_status(400);
        send("application/json", "[]").must_have_status(400);
        send("application/json", &format!("\"{}\"", "x".repeat(64 * 1024))).must_have_status(413);
    }
}
