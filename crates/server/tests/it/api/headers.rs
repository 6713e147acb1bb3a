//! Headers that every answer has.

use crate::harness::{PASSWORD, Place};
use doorward_testkit::{Case, cases};

pub(super) fn cases() -> Vec<Case<Place>> {
    cases![
        headers: browsers_are_told_to_be_careful,
        answers_of_the_api_are_never_kept,
        every_answer_has_an_id_and_a_harmless_one_is_echoed,
        nothing_tells_what_the_server_is_made_of,
        no_cookie_is_ever_set,
    ]
}

const PATHS: [&str; 8] = [
    "/",
    "/healthz",
    "/metrics",
    "/api/docs/",
    "/api/schema/",
    "/api/dashboard/",
    "/nothing",
    "/.well-known/jwks.json",
];

fn browsers_are_told_to_be_careful(place: &Place) {
    let server = place.server();
    for path in PATHS {
        let answer = server.get(path).send();
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        // What tells of documents is for all but JSON, which is none.
        let is_document = answer.header("content-type") != Some("application/json");
        for (name, value) in [
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), is_document.then_some(value), "{path}");
        }
        let policy = answer.header("content-security-policy").expect("a policy");
        assert!(
            policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{path}: {policy}"
        );
        assert!(
            !policy.contains("unsafe-eval") && !policy.contains("script-src 'unsafe-inline'"),
            "{path}: {policy}"
        );
    }
}

fn answers_of_the_api_are_never_kept(place: &Place) {
    let server = place.server();
    let access = server.join_and_log_in("alice").access;
    assert_eq!(server.dashboard(&access).header("cache-control"), Some("no-store"));
    assert_eq!(server.login("alice", "wrong").header("cache-control"), Some("no-store"));
    assert_eq!(server.refresh("wrong").header("cache-control"), Some("no-store"));
}

fn every_answer_has_an_id_and_a_harmless_one_is_echoed(place: &Place) {
    let server = place.server();
    let id = |path: &str, given: &[u8]| {
        let answer = server.get(path).header("X-Request-ID", given).send();
        answer.header("x-request-id").expect("an id").to_owned()
    };
    for path in PATHS {
        assert_eq!(id(path, b"edge-1.a_B"), "edge-1.a_B");
        let mine = server.get(path).send().header("x-request-id").expect("an id").to_owned();
        assert!(mine.len() == 32 && mine != id(path, b""));
    }
    for harmful in [&b"a b"[..], b"a\"b", b"\xff", b"<b>", "x".repeat(65).as_bytes()] {
        assert_eq!(id("/healthz", harmful).len(), 32);
    }
}

fn nothing_tells_what_the_server_is_made_of(place: &Place) {
    let server = place.server();
    for path in PATHS {
        let answer = server.get(path).send();
        assert!(answer.header("server").is_none() && answer.header("x-powered-by").is_none());
    }
}

fn no_cookie_is_ever_set(place: &Place) {
    let server = place.server();
    server.join("alice");
    // Nor is one that a client brings along taken for a session.
    let login = server.login("alice", PASSWORD);
    assert!(login.header("set-cookie").is_none());
    let access = login.json()["access"].as_str().unwrap().to_owned();
    for name in ["access", "token", "sessionid", "Authorization"] {
        let answer = server.get("/api/dashboard/").header("Cookie", format!("{name}={access}")).send();
        answer.must_have_status(401);
    }
}
