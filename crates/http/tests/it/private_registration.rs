//! Where registrations are private, no answer tells whether an address is known.

use crate::support::{PASSWORD, Server};
use doorward_domain::identity::EmailAddress;
use doorward_domain::mail::LetterKind;
use doorward_domain::password::Password;
use doorward_domain::testing::{World, block_on};
use doorward_domain::use_cases::{Draft, Role, Verification};
use doorward_http::{Aliases, HttpSettings, PathPrefix};
use serde_json::{Value, json};

/// Each path that accounts are made at.
const DOORS: [&str; 3] = ["/api/auth/register/", "/rest/registration/", "/djoser/users/"];

/// A server on which alice has an account and that address.
fn server(address: &str) -> Server {
    let world = World::with_addresses(Verification::Required, true);
    let draft = Draft {
        username: Some("alice".to_owned()),
        email: Some(address.to_owned()),
        password: Password::new(PASSWORD),
        password_again: Password::new(PASSWORD),
    };
    let alice = block_on(world.auth.register(draft, Role::Member)).unwrap();
    assert!(block_on(world.auth.vouch_for_address(alice.id)).unwrap());
    world.mail();
    let at = |text: &str| Some(PathPrefix::parse(text).unwrap());
    let aliases = Aliases { djoser: at("/djoser/"), dj_rest_auth: at("/rest/") };
    Server::on(world, HttpSettings { aliases, ..HttpSettings::default() })
}

/// One server where `wanted@example.com` is free, and one where it is alice's.
fn free_and_taken() -> [Server; 2] {
    ["other@example.com", "wanted@example.com"].map(server)
}

/// A registration as every door takes it.
fn draft(username: &str, email: &str) -> Value {
    json!({
        "username": username, "email": email,
        "password": PASSWORD, "password1": PASSWORD, "password2": PASSWORD,
    })
}

/// What both servers answer, which must be the same.
#[track_caller]
fn answered_alike(servers: &[Server; 2], door: &str, body: &Value) -> (u16, String) {
    let [free, taken] = servers.each_ref().map(|server| server.post(door, body));
    assert_eq!(free.comparable(), taken.comparable());
    (free.status, free.text)
}

#[test]
fn a_free_and_a_taken_address_get_the_same_bytes() {
    for door in DOORS {
        let servers = free_and_taken();
        let (status, text) = answered_alike(&servers, door, &draft("bob", "Wanted@Example.com"));
        assert_eq!(status, 201, "{text}");
        let (status, text) = answered_alike(&servers, door, &draft("bob", "third@example.com"));
        assert_eq!(status, 400, "the username is taken either way: {text}");
    }
}

#[test]
fn the_difference_is_told_by_mail_alone() {
    for (server, expected) in free_and_taken().iter().zip([LetterKind::VerifyEmail, LetterKind::AddressTaken])
    {
        assert_eq!(server.post(DOORS[0], &draft("bob", "wanted@example.com")).status, 201);
        let letters = server.world.mail();
        assert_eq!(letters.iter().map(|letter| letter.message.kind()).collect::<Vec<_>>(), [expected]);
        assert_eq!(letters[0].to, EmailAddress::parse("wanted@example.com").unwrap());
    }
}

#[test]
fn a_login_after_it_is_refused_alike() {
    let servers = free_and_taken();
    answered_alike(&servers, DOORS[0], &draft("bob", "wanted@example.com"));
    for name in ["bob", "wanted@example.com", "third@example.com"] {
        let body = json!({"username": name, "password": PASSWORD.to_lowercase()});
        assert_eq!(answered_alike(&servers, "/api/auth/login/", &body).0, 401, "{name}");
    }
    let body = json!({"username": "bob", "password": PASSWORD});
    assert_eq!(answered_alike(&servers, "/api/auth/login/", &body).0, 401);
}

#[test]
fn a_username_with_an_at_is_refused_whosever_address_it_is() {
    let servers = free_and_taken();
    for door in DOORS {
        for email in ["wanted@example.com", "third@example.com"] {
            let (status, text) = answered_alike(&servers, door, &draft("wanted@example.com", email));
            assert_eq!((status, text.as_str()), (400, r#"{"username":["Enter a username without an @."]}"#));
        }
    }
}

#[test]
fn rules_that_are_broken_are_told_alike() {
    let servers = free_and_taken();
    for door in DOORS {
        let mut body = draft("ALICE", "wanted@example.com");
        assert_eq!(answered_alike(&servers, door, &body).0, 400);
        for password in ["password", "password1", "password2"] {
            body[password] = json!("1");
        }
        assert_eq!(answered_alike(&servers, door, &body).0, 400);
    }
}
