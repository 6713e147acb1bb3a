//! Requests that are odd in their head.

use crate::harness::bodies::not_authenticated;
use crate::harness::{PASSWORD, Place, claims, head_of};
use doorward_testkit::{Case, cases};
use serde_json::json;
use std::time::Duration;

pub(super) fn cases() -> Vec<Case<Place>> {
    cases![
        protocol: of_two_authorization_headers_neither_counts,
        a_token_counts_in_its_header_alone,
        what_names_the_host_changes_nothing,
        a_method_in_a_header_or_body_is_not_the_method,
        too_many_or_too_large_headers_are_refused,
        bytes_beyond_ascii_in_headers_harm_nobody,
        a_slow_head_runs_into_its_deadline,
        an_error_shows_nothing_of_the_inside,
    ]
}

fn of_two_authorization_headers_neither_counts(place: &Place) {
    let server = place.server();
    let access = server.join_and_log_in("alice").access;
    let told = json!({
        "detail": "Authorization header must contain two space-delimited values", "code": "bad_authorization_header",
    });
    let good = format!("Bearer {access}");
    for [first, second] in
        [[&*good, &*good], [&*good, "Bearer x"], ["Bearer x", &*good], ["Basic eA==", &*good]]
    {
        let request =
            server.get("/api/dashboard/").header("Authorization", first).header("Authorization", second);
        request.send().must_be(401, &told);
    }
    for joined in [format!("{good}, {good}"), format!("{good}, Basic eA==")] {
        server.get("/api/dashboard/").header("Authorization", joined).send().must_be(401, &told);
    }
}

fn a_token_counts_in_its_header_alone(place: &Place) {
    let server = place.server();
    let access = server.join_and_log_in("alice").access;
    for query in ["access_token", "token", "jwt", "Authorization", "bearer"] {
        server.get(format!("/api/dashboard/?{query}={access}")).send().must_be(401, &not_authenticated());
        let body = json!({query: access, "text": "hello"});
        server.post("/api/dashboard/").json(&body).send().must_be(401, &not_authenticated());
    }
    for scheme in ["bearer", "BEARER", "Token", "JWT", "Basic", "DPoP", "Bearer:"] {
        let answer =
            server.get("/api/dashboard/").header("Authorization", format!("{scheme} {access}")).send();
        answer.must_be(401, &not_authenticated());
    }
    for header in ["X-Authorization", "Proxy-Authorization", "X-Forwarded-Authorization"] {
        let answer = server.get("/api/dashboard/").header(header, format!("Bearer {access}")).send();
        answer.must_be(401, &not_authenticated());
    }
}

fn what_names_the_host_changes_nothing(place: &Place) {
    let server = place.server();
    let pair = server.join_and_log_in("alice");
    for (name, value) in [
        ("Host", "evil.example"),
        ("X-Forwarded-Host", "evil.example"),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Prefix", "/evil"),
        ("X-Original-URL", "/healthz"),
        ("X-Rewrite-URL", "/healthz"),
        ("Forwarded", "host=evil.example;proto=https"),
        ("X-Forwarded-Server", "evil.example"),
    ] {
        let answer = server.get("/api/dashboard/").bearer(&pair.access).header(name, value).send();
        answer.must_be(200, &json!({"message": "Hi alice"}));
        let login = server.post("/api/auth/login/").header(name, value);
        let answer = login.json(&json!({"username": "alice", "password": PASSWORD})).send();
        let access = answer.json()["access"].as_str().unwrap().to_owned();
        assert_eq!(claims(&access)["iss"], "http://127.0.0.1:8000", "{name}");
        for path in ["/", "/api/docs/", "/api/schema/", "/nothing", "/.well-known/jwks.json"] {
            let answer = server.get(path).header(name, value).send();
            assert!(!answer.text().contains("evil") && answer.header("location").is_none(), "{path} {name}");
        }
    }
    let mut raw = server.connect();
    raw.send("GET http://evil.example/healthz HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n");
    let answer = raw.until_closed();
    assert!(matches!(head_of(&answer), (Some(200 | 400 | 404), 1)) && !answer.contains("evil"), "{answer}");
}

fn a_method_in_a_header_or_body_is_not_the_method(place: &Place) {
    let server = place.server();
    let access = server.join_and_log_in("alice").access;
    for name in ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"] {
        let answer = server.post("/api/auth/sessions/").bearer(&access).header(name, "GET").send();
        answer.must_have_status(405);
    }
    let answer = server
        .post("/api/auth/user/")
        .bearer(&access)
        .form(&[("_method", "PATCH"), ("full_name", "x")])
        .send();
    answer.must_have_status(405);
    for method in ["TRACE", "TRACK", "CONNECT", "PROPFIND"] {
        if method != "CONNECT" {
            let answer = server.request(method, "/healthz").header("X-Secret", "echo-me").send();
            assert!(
                answer.status == 405 && !answer.text().contains("echo-me"),
                "{method}: {}",
                answer.status
            );
        }
    }
}

fn too_many_or_too_large_headers_are_refused(place: &Place) {
    let server = place.server();
    let many = "X: y\r\n".repeat(200);
    let large = format!("X-Large: {}\r\n", "y".repeat(256 * 1024));
    let line = "y".repeat(256 * 1024);
    for request in [
        format!("GET /healthz HTTP/1.1\r\nHost: x\r\n{many}\r\n"),
        format!("GET /healthz HTTP/1.1\r\nHost: x\r\n{large}\r\n"),
        format!("GET /{line} HTTP/1.1\r\nHost: x\r\n\r\n"),
        format!("GET /healthz HTTP/1.1\r\nHost: x\r\n{}: y\r\n\r\n", "n".repeat(256 * 1024)),
    ] {
        let mut raw = server.connect();
        raw.send(&request);
        let answer = raw.until_closed();
        let (status, count) = head_of(&answer);
        // What was answered may be lost with the connection, since bytes of ours were not read.
        assert!(
            status.is_none_or(|status| matches!(status, 400 | 413 | 414 | 431)) && count <= 1,
            "{answer}"
        );
    }
    let mut raw = server.connect();
    raw.send(format!("GET /healthz HTTP/1.1\r\nHost: x\r\n{many}\r\n"));
    assert_eq!(head_of(&raw.until_closed()), (Some(431), 1));
    let cookies = format!("c={}", "y".repeat(4000));
    let request = (0..10).fold(server.get("/healthz"), |request, _| request.header("Cookie", &cookies));
    assert!(matches!(request.send().status, 200 | 400 | 431));
    server.get("/healthz").send().must_have_status(200);
}

fn bytes_beyond_ascii_in_headers_harm_nobody(place: &Place) {
    let server = place.server();
    for bytes in [&b"\xff\xfe"[..], "ü".as_bytes(), b"\xc0\x80", "\u{202e}".as_bytes(), "😀".as_bytes()] {
        let mut raw = server.connect();
        raw.send("GET /api/dashboard/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ");
        raw.send([bytes, b"\r\n\r\n"].concat());
        assert_eq!(head_of(&raw.until_closed()), (Some(401), 1));
        for name in ["User-Agent", "X-Forwarded-For", "X-Request-ID", "Origin", "Accept", "Cookie"] {
            let status = server.get("/api/dashboard/").header(name, bytes).send().status;
            assert_eq!(status, 401, "{name}");
        }
        let answer = server.post("/api/auth/login/").header("Content-Type", bytes).body("{}").send();
        answer.must_have_status(415);
    }
}

fn a_slow_head_runs_into_its_deadline(place: &Place) {
    let server = place.server_with(|settings| settings.server.head_timeout = Duration::from_millis(300));
    let mut raw = server.connect();
    raw.send("GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ");
    let answer = raw.until_closed();
    assert!(answer.is_empty() || head_of(&answer) == (Some(408), 1), "{answer}");
}

fn an_error_shows_nothing_of_the_inside(place: &Place) {
    let server = place.server();
    for body in ["{", "[", "{\"username\": \u{1}}", "\u{0}", "{\"username\":\"\\x\"}"] {
        let answer =
            server.post("/api/auth/login/").header("Content-Type", "application/json").body(body).send();
        answer.must_have_status(400);
        for inside in ["crates/", ".rs", "serde", "panicked", "actix", "diesel", "RUST"] {
            assert!(!answer.text().contains(inside), "{}", answer.text());
        }
    }
}
