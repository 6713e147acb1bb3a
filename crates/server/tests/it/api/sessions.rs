use crate::harness::bodies::not_authenticated;
use crate::harness::{PASSWORD, Pair, Place, claims};
use doorward_testkit::{Case, cases};
use serde_json::json;

pub(super) fn cases() -> Vec<Case<Place>> {
    cases![
        sessions: a_session_is_told_with_its_times_and_its_client,
        the_last_used_comes_first_and_the_callers_is_marked,
        what_is_over_is_not_listed,
        a_stranger_sees_none,
        a_user_agent_is_cut_and_freed_of_what_is_no_text,
    ]
}

fn a_session_is_told_with_its_times_and_its_client(place: &Place) {
    let server = place.server();
    server.join("alice");
    let body = json!({"username": "alice", "password": PASSWORD});
    let login = server.post("/api/auth/login/").header("User-Agent", "a browser").json(&body).send();
    let access = Pair::of(&login).access;
    let expected = json!({
        "id": claims(&access)["sid"],
        "created": "2026-01-01T00:00:00Z",
        "last_used": "2026-01-01T00:00:00Z",
        "address": "127.0.0.1",
        "user_agent": "a browser",
        "current": true,
    });
    assert_eq!(server.sessions(&access), [expected]);
}

fn the_last_used_comes_first_and_the_callers_is_marked(place: &Place) {
    let server = place.server();
    server.join_and_log_in("bob");
    let first = server.join_and_log_in("alice");
    server.pass(1);
    let second = server.log_in("alice");
    let listed = |access: &str| {
        let listed = server.sessions(access);
        listed.iter().map(|it| (it["id"].clone(), it["current"] == true)).collect::<Vec<_>>()
    };
    let [sid1, sid2] = [&first, &second].map(|pair| claims(&pair.access)["sid"].clone());
    assert_eq!(listed(&first.access), [(sid2.clone(), false), (sid1.clone(), true)]);
    server.pass(1);
    let first = Pair::of(&server.refresh(&first.refresh));
    assert_eq!(listed(&first.access), [(sid1, true), (sid2, false)]);
}

fn what_is_over_is_not_listed(place: &Place) {
    let server = place.server();
    let (gone, stays) = (server.join_and_log_in("alice"), server.log_in("alice"));
    server.logout(&gone.refresh).must_have_status(200);
    assert_eq!(server.sessions(&stays.access).len(), 1);
    server.pass(24 * 3600 - 1);
    let stays = server.refresh(&stays.refresh);
    let idle = server.log_in("alice");
    assert_eq!(server.sessions(&Pair::of(&stays).access).len(), 2);
    server.pass(24 * 3600);
    let now = server.log_in("alice");
    assert_eq!(server.sessions(&now.access).len(), 1);
    drop(idle);
}

fn a_stranger_sees_none(place: &Place) {
    place.server().get("/api/auth/sessions/").send().must_be(401, &not_authenticated());
}

fn a_user_agent_is_cut_and_freed_of_what_is_no_text(place: &Place) {
    let server = place.server();
    server.join("alice");
    let agent = [b"<b>\xff\t\xe2\x80\xae", "x".repeat(4000).as_bytes()].concat();
    let body = json!({"username": "alice", "password": PASSWORD});
    let login = server.post("/api/auth/login/").header("User-Agent", agent).json(&body).send();
    let listed = server.sessions(&Pair::of(&login).access);
    let shown = listed[0]["user_agent"].as_str().unwrap();
    assert!(shown.starts_with("<b>\u{fffd}"), "{shown}");
    assert!(shown.chars().count() == 256 && !shown.chars().any(char::is_control), "{shown}");
}
