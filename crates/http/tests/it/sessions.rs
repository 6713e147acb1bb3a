use crate::support::{PASSWORD, Server, bearer};
use serde_json::json;

const PATH: &str = "/api/auth/sessions/";

#[test]
fn the_caller_sees_where_and_when_sessions_were_used() {
    let server = Server::start();
    let body = json!({"username": "alice", "password": PASSWORD}).to_string();
    let headers = ["Content-Type: application/json", "User-Agent: curl/8.1"];
    let login = server.send("POST", "/api/auth/login/", &headers, body.as_bytes()).json();
    let access = login["access"].as_str().unwrap();
    let listed = server.get_as(access, PATH).json();
    let id = listed[0]["id"].as_str().unwrap();
    assert_eq!(
        listed,
        json!([{
            "id": id, "created": "2026-01-01T00:00:00Z", "last_used": "2026-01-01T00:00:00Z",
            "address": "127.0.0.1", "user_agent": "curl/8.1", "current": true
        }])
    );
}

#[test]
fn a_session_is_ended_by_its_owner_alone() {
    let server = Server::start();
    server.world.user("bob", PASSWORD);
    let bob = server.world.login("bob", PASSWORD).unwrap().access;
    let (here, there) = (server.login(), server.login());
    let listed = server.get_as(&here.access, PATH).json();
    let other = listed.as_array().unwrap().iter().find(|session| session["current"] == false).unwrap();
    let path = format!("{PATH}{}/", other["id"].as_str().unwrap());

    server.send("DELETE", &path, &[&bearer(&bob)], b"").assert(404, r#"{"detail":"Not found."}"#);
    assert_eq!(server.get_as(&there.access, "/api/dashboard/").status, 200);
    let ended = server.send("DELETE", path.trim_end_matches('/'), &[&bearer(&here.access)], b"");
    assert_eq!((ended.status, ended.text.as_str()), (204, ""));
    assert_eq!(server.get_as(&there.access, "/api/dashboard/").status, 401);
    assert_eq!(server.send("DELETE", &path, &[&bearer(&here.access)], b"").status, 404);
    assert_eq!(server.send("DELETE", &path, &[], b"").status, 401);
}

#[test]
fn what_is_no_session_id_is_not_found() {
    let server = Server::start();
    let access = server.login().access;
    for id in ["1", "%00", "00000000-0000-0000-0000-000000000000", "%ff%fe", "..%2f"] {
        let answer = server.send("DELETE", &format!("{PATH}{id}/"), &[&bearer(&access)], b"");
        answer.assert(404, r#"{"detail":"Not found."}"#);
    }
}
