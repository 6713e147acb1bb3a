use crate::support::Server;
use serde_json::json;
use std::time::Duration;

#[test]
fn a_refresh_token_ends_its_session_at_either_path() {
    for path in ["/api/auth/token/blacklist/", "/api/auth/logout/"] {
        let server = Server::start();
        let tokens = server.login();
        server.post(path, &json!({"refresh": tokens.refresh})).assert(200, "{}");
        assert_eq!(server.get_as(&tokens.access, "/api/dashboard/").status, 401);
        server
            .post(path, &json!({"refresh": tokens.refresh}))
            .assert(401, r#"{"detail":"Token is blacklisted","code":"token_not_valid"}"#);
    }
}

#[test]
fn a_bearer_ends_its_own_session() {
    let server = Server::start();
    let (first, second) = (server.login(), server.login());
    server.post_as(&first.access, "/api/auth/logout/", "").assert(200, "{}");
    assert_eq!(server.get_as(&first.access, "/api/dashboard/").status, 401);
    assert_eq!(server.get_as(&second.access, "/api/dashboard/").status, 200);
}

#[test]
fn a_refresh_token_logs_out_when_the_bearer_beside_it_has_expired() {
    let server = Server::start();
    let tokens = server.login();
    server.world.clock.advance(Duration::from_secs(600));
    let body = json!({"refresh": tokens.refresh});
    server.post_as(&tokens.access, "/api/auth/logout/", &body).assert(200, "{}");
    assert_eq!(server.world.live_sessions("alice"), 0);
}

#[test]
fn without_either_a_logout_says_what_is_missing() {
    let server = Server::start();
    for path in ["/api/auth/token/blacklist/", "/api/auth/logout/"] {
        server.post(path, "{}").assert(400, r#"{"refresh":["This field is required."]}"#);
        server
            .post(path, r#"{"refresh":null}"#)
            .assert(400, r#"{"refresh":["This field may not be null."]}"#);
    }
    assert_eq!(server.post_as("garbage", "/api/auth/logout/", "{}").status, 401);
}

#[test]
fn a_logout_everywhere_ends_every_session_of_the_caller() {
    let server = Server::start();
    let (first, second) = (server.login(), server.login());
    server.post_as(&first.access, "/api/auth/logout/all/", "").assert(200, r#"{"sessions":2}"#);
    for tokens in [first, second] {
        assert_eq!(server.get_as(&tokens.access, "/api/dashboard/").status, 401);
    }
    assert_eq!(server.post("/api/auth/logout/all/", "").status, 401);
}
