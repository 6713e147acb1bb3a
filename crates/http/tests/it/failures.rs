use crate::support::{PASSWORD, Server};
use doorward_domain::hashing::HashError;
use serde_json::json;
use std::time::Duration;

const BUSY: &str = r#"{"detail":"The service is busy. Please try again later."}"#;
const BROKEN: &str = r#"{"detail":"A server error occurred."}"#;

#[test]
fn a_full_hash_lane_is_503_with_a_time_to_come_back() {
    let server = Server::start();
    server.world.hasher.fail_next(HashError::Busy { retry_after: Duration::from_millis(2500) });
    let answer = server.post("/api/auth/login/", &json!({"username": "alice", "password": PASSWORD}));
    answer.assert(503, BUSY);
    assert_eq!(answer.header("retry-after"), Some("3"));
    assert!(server.get("/metrics").text.contains(r#"doorward_logins_total{outcome="busy"} 1"#));
}

#[test]
fn a_failed_hash_is_500_without_its_cause() {
    let server = Server::start();
    server.world.hasher.fail_next(HashError::Failed);
    server.post("/api/auth/login/", &json!({"username": "alice", "password": PASSWORD})).assert(500, BROKEN);
}

#[test]
fn a_database_that_is_away_opens_nothing_and_the_process_still_lives() {
    let server = Server::start();
    let tokens = server.login();
    server.world.store.go_down();
    for answer in [
        server.get_as(&tokens.access, "/api/dashboard/"),
        server.post("/api/auth/login/", &json!({"username": "alice", "password": PASSWORD})),
        server.post("/api/auth/token/refresh/", &json!({"refresh": tokens.refresh})),
        server.get("/readyz"),
    ] {
        answer.assert(503, BUSY);
        assert_eq!(answer.header("retry-after"), Some("1"));
    }
    server.get("/healthz").assert(200, r#"{"status":"ok"}"#);
}

#[test]
fn a_panic_costs_one_answer() {
    let server = Server::start();
    server.world.hasher.before_next(|| panic!("on purpose"));
    let body = json!({"username": "alice", "password": PASSWORD});
    let answer = server.post("/api/auth/login/", &body);
    answer.assert(500, BROKEN);
    assert!(answer.header("x-request-id").is_some());
    assert_eq!(server.post("/api/auth/login/", &body).status, 200);
}
