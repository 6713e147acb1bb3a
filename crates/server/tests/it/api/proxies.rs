//! Whose address a session shows.

use crate::harness::{PASSWORD, Pair, Place, Server};
use doorward_testkit::{Case, cases};
use serde_json::json;

pub(super) fn cases() -> Vec<Case<Place>> {
    cases![
        proxies: a_forwarded_address_of_an_untrusted_peer_is_ignored,
        a_trusted_proxy_tells_the_address_that_it_saw,
        what_a_client_invents_before_its_proxy_is_ignored,
    ]
}

/// The address that a login with these headers is listed under.
fn listed(server: &Server, headers: &[(&str, &str)]) -> String {
    let request = server.post("/api/auth/login/").json(&json!({"username": "alice", "password": PASSWORD}));
    let request = headers.iter().fold(request, |request, (name, value)| request.header(name, value));
    let sessions = server.sessions(&Pair::of(&request.send()).access);
    let current = sessions.iter().find(|session| session["current"] == true).unwrap();
    current["address"].as_str().unwrap().to_owned()
}

fn a_forwarded_address_of_an_untrusted_peer_is_ignored(place: &Place) {
    let server =
        place.server_with(|settings| settings.server.trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()]);
    server.join("alice");
    for name in
        ["X-Forwarded-For", "Forwarded", "X-Real-IP", "X-Client-IP", "True-Client-IP", "CF-Connecting-IP"]
    {
        let value = if name == "Forwarded" { "for=198.51.100.7" } else { "198.51.100.7" };
        assert_eq!(listed(&server, &[(name, value)]), "127.0.0.1", "{name}");
    }
}

fn a_trusted_proxy_tells_the_address_that_it_saw(place: &Place) {
    let server = place.server_with(|settings| {
        settings.server.trusted_proxies = vec!["127.0.0.1".parse().unwrap(), "10.0.0.0/8".parse().unwrap()];
    });
    server.join("alice");
    assert_eq!(listed(&server, &[]), "127.0.0.1");
    assert_eq!(listed(&server, &[("X-Forwarded-For", "198.51.100.7")]), "198.51.100.7");
    assert_eq!(listed(&server, &[("X-Forwarded-For", "2001:db8::7, 10.1.2.3")]), "2001:db8::7");
    // The other headers are nobody's.
    assert_eq!(
        listed(&server, &[("X-Real-IP", "198.51.100.7"), ("Forwarded", "for=198.51.100.7")]),
        "127.0.0.1"
    );
}

fn what_a_client_invents_before_its_proxy_is_ignored(place: &Place) {
    let server =
        place.server_with(|settings| settings.server.trusted_proxies = vec!["127.0.0.1".parse().unwrap()]);
    server.join("alice");
    assert_eq!(listed(&server, &[("X-Forwarded-For", "192.0.2.1, 198.51.100.7")]), "198.51.100.7");
    let two = [("X-Forwarded-For", "192.0.2.1"), ("X-Forwarded-For", "198.51.100.7")];
    assert_eq!(listed(&server, &two), "198.51.100.7");
    assert_eq!(listed(&server, &[("X-Forwarded-For", "192.0.2.1, <script>")]), "127.0.0.1");
}
