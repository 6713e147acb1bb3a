use crate::support::{PASSWORD, Server};
use serde_json::json;

const PATH: &str = "/api/auth/login/";

#[test]
fn a_login_by_username_or_address_answers_refresh_and_access() {
    let server = Server::start();
    for body in [
        json!({"username": " alice ", "password": PASSWORD}),
        json!({"username": "Alice@Example.com", "password": PASSWORD}),
        json!({"email": "alice@example.com", "password": PASSWORD}),
    ] {
        let answer = server.post(PATH, &body);
        assert_eq!(answer.status, 200);
        assert!(
            answer.text.starts_with(r#"{"refresh":"refresh:"#)
                && answer.text.contains(r#","access":"access:"#)
        );
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
}

#[test]
fn every_refusal_reads_the_same() {
    let server = Server::start();
    for (name, password) in [("alice", "wrong"), ("ghost", PASSWORD), ("x".repeat(300).as_str(), "y")] {
        server
            .post(PATH, &json!({"username": name, "password": password}))
            .assert(401, r#"{"detail":"No active account found with the given credentials"}"#);
    }
}

#[test]
fn both_fields_must_be_text() {
    let server = Server::start();
    for (body, sentence) in [
        ("{}", "This field is required."),
        (r#"{"username":"","password":""}"#, "This field may not be blank."),
        (r#"{"username":null,"password":null}"#, "This field may not be null."),
        (r#"{"username":true,"password":[]}"#, "Not a valid string."),
        (r#"{"username":"a\u0000","password":"b\u0000"}"#, "Null characters are not allowed."),
    ] {
        server
            .post(PATH, &body)
            .assert(400, &format!(r#"{{"username":["{sentence}"],"password":["{sentence}"]}}"#));
    }
    server
        .post(PATH, r#"{"email":"","password":"x"}"#)
        .assert(400, r#"{"email":["This field may not be blank."]}"#);
}

#[test]
fn a_password_beyond_4096_bytes_costs_no_hash() {
    let server = Server::start();
    let hashes = server.world.hasher.count();
    server
        .post(PATH, &json!({"username": "alice", "password": "x".repeat(4097)}))
        .assert(400, r#"{"password":["Ensure this field has no more than 4096 characters."]}"#);
    assert_eq!(server.world.hasher.count(), hashes);
}

#[test]
fn the_authorization_header_is_not_looked_at() {
    let server = Server::start();
    let body = json!({"username": "alice", "password": PASSWORD}).to_string();
    let headers = ["Content-Type: application/json", "Authorization: Bearer a b"];
    assert_eq!(server.send("POST", PATH, &headers, body.as_bytes()).status, 200);
}

#[test]
fn outcomes_are_counted() {
    let server = Server::start();
    server.login();
    server.post(PATH, &json!({"username": "alice", "password": "wrong"}));
    let figures = server.get("/metrics").text;
    assert!(figures.contains(r#"doorward_logins_total{outcome="success"} 1"#), "{figures}");
    assert!(figures.contains(r#"doorward_logins_total{outcome="refused"} 1"#), "{figures}");
}
