use crate::harness::{PASSWORD, Place};
use doorward_testkit::{Case, cases};
use serde_json::json;

pub(super) fn cases() -> Vec<Case<Place>> {
    cases![
        metrics: logins_are_counted_by_outcome,
        requests_are_counted_by_route_and_status,
        labels_do_not_grow_with_what_clients_send,
        the_hash_queue_and_the_connections_are_told,
    ]
}

fn logins_are_counted_by_outcome(place: &Place) {
    let server = place.server();
    server.join("alice");
    server.log_in("alice");
    for name in ["alice", "nobody"] {
        server.login(name, "a wrong one").must_have_status(401);
    }
    server.login("", PASSWORD).must_have_status(400);
    assert_eq!(server.figure(r#"doorward_logins_total{outcome="success"}"#), 1);
    assert_eq!(server.figure(r#"doorward_logins_total{outcome="refused"}"#), 2);
}

fn requests_are_counted_by_route_and_status(place: &Place) {
    let server = place.server();
    for path in ["/api/dashboard/", "/api/dashboard", "/api/dashboard/?token=secret"] {
        server.get(path).send().must_have_status(401);
    }
    let counted = r#"doorward_http_requests_total{method="GET",route="/api/dashboard/",status="401"}"#;
    assert_eq!(server.figure(counted), 3);
    let timed = r#"doorward_http_request_duration_seconds_count{method="GET",route="/api/dashboard/"}"#;
    assert_eq!(server.figure(timed), 3);
}

fn labels_do_not_grow_with_what_clients_send(place: &Place) {
    let server = place.server();
    let access = server.join_and_log_in("alice").access;
    let lines = || server.get("/metrics").send().text().lines().count();
    let some = |from: usize| {
        for number in from..from + 20 {
            server.get(format!("/nothing/{number}")).send().must_have_status(404);
            server.request(&format!("BREW{number}"), "/healthz").send().must_have_status(405);
            server.get(format!("/healthz?{number}")).send().must_have_status(200);
            server.get(format!("/api/docs/{number}.js")).send().must_have_status(404);
            server.end_session(&access, &format!("{number}")).must_have_status(404);
            let json = json!({"username": format!("user-{number}"), "password": "x"});
            server.post("/api/auth/login/").json(&json).send().must_have_status(401);
        }
    };
    some(0);
    // The first scrape is counted in the second.
    lines();
    let before = lines();
    some(100);
    assert_eq!(lines(), before);
    let text = server.get("/metrics").send().text();
    for sent in ["nothing", "BREW", "user-", "alice"] {
        assert!(!text.contains(sent), "{sent} is in\n{text}");
    }
}

fn the_hash_queue_and_the_connections_are_told(place: &Place) {
    let server = place.server_with(|settings| {
        settings.passwords.hash_queue = 7;
        settings.passwords.hash_threads = 3;
    });
    let answer = server.get("/metrics").send();
    assert_eq!(
        answer.header("content-type"),
        Some("application/openmetrics-text; version=1.0.0; charset=utf-8")
    );
    let text = answer.text();
    assert!(text.ends_with("# EOF\n") && text.contains("\ndoorward_hash_queue_length 0"), "{text}");
    assert_eq!(server.figure("doorward_hash_queue_capacity"), 7);
    assert_eq!(server.figure("doorward_hash_threads"), 3);
    assert!(server.figure("doorward_db_connections") >= 1);
}
