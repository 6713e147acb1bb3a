//! Signing keys that follow one another.

use super::support::*;
use crate::{TokenAuthority, TokenSettings};
use doorward_domain::keys::Algorithm;
use doorward_domain::session::Session;
use doorward_domain::time::Timestamp;
use doorward_domain::token::TokenRejection::Invalid;
use doorward_domain::token::TokenService as _;
use serde_json::{Value, json};

/// The old key signs until 100 and is honoured until 460; the next signs from 100.
fn rotating() -> TokenAuthority {
    let authority = TokenAuthority::new(TokenSettings::default(), &root(1), None);
    let (old, next) = (key(1, Algorithm::EdDsa, -86400, Some(460)), key(2, Algorithm::EdDsa, 100, None));
    authority.install(vec![next, old]).unwrap();
    authority
}

fn issued_at(authority: &TokenAuthority, at: Timestamp) -> String {
    let session = Session { rotated_at: at, ..session() };
    authority.issue(&session, &user()).unwrap().access
}

fn kid(token: &str) -> Value {
    decoded(token, 0)["kid"].clone()
}

fn next_key_token(issued_at: i64) -> String {
    let next = key(2, Algorithm::EdDsa, 100, None);
    let header = json!({ "alg": "EdDSA", "typ": "JWT", "kid": next.id.0 }).to_string();
    let claims = with(own_claims(), "iat", json!(after(issued_at).as_seconds()));
    let claims = with(claims, "nbf", json!(after(issued_at).as_seconds()));
    ed25519_token(&next, &header, &with(claims, "exp", json!(after(1000).as_seconds())).to_string())
}

#[test]
fn the_key_that_signs_follows_from_the_time_of_issue() {
    let authority = rotating();
    assert_eq!(kid(&issued_at(&authority, after(99))), key(1, Algorithm::EdDsa, 0, None).id.0);
    assert_eq!(kid(&issued_at(&authority, after(100))), key(2, Algorithm::EdDsa, 0, None).id.0);
}

#[test]
fn repeating_a_rotation_across_the_change_of_keys_repeats_its_answer() {
    let before = authority(TokenSettings::default());
    assert_eq!(issued_at(&rotating(), after(99)), issued_at(&before, after(99)));
}

#[test]
fn no_token_is_refused_while_keys_rotate() {
    let authority = rotating();
    for at in (0..1000).step_by(7) {
        let token = issued_at(&authority, after(at));
        for age in [0, 1, 150, 299] {
            assert!(authority.access(&token, after(at + age)).is_ok(), "issued at {at}, read {age} s later");
        }
    }
}

#[test]
fn a_retired_key_is_refused_once_the_overlap_is_over() {
    let old = key(1, Algorithm::EdDsa, -86400, Some(460));
    let claims = with(own_claims(), "exp", json!(after(1000).as_seconds()));
    let token = ed25519_token(&old, &own_header(), &claims.to_string());
    let authority = rotating();
    assert!(authority.access(&token, after(459)).is_ok());
    assert_eq!(authority.access(&token, after(460)), Err(Invalid));
}

#[test]
fn an_instance_whose_clock_is_behind_honours_the_next_key() {
    assert!(rotating().access(&next_key_token(100), after(41)).is_ok());
}

#[test]
fn a_token_that_the_next_key_signed_before_its_time_is_refused() {
    assert_eq!(rotating().access(&next_key_token(99), after(99)), Err(Invalid));
    assert_eq!(rotating().access(&next_key_token(99), after(200)), Err(Invalid));
}

#[test]
fn the_key_set_shows_public_keys_from_before_they_sign_until_they_are_no_longer_honoured() {
    let authority = rotating();
    let kids = |at: i64| {
        let set: Value = serde_json::from_str(&authority.key_set(after(at))).unwrap();
        set["keys"].as_array().unwrap().iter().map(|key| key["kid"].clone()).collect::<Vec<_>>()
    };
    let (old, next) = (key(1, Algorithm::EdDsa, 0, None).id.0, key(2, Algorithm::EdDsa, 0, None).id.0);
    for at in [0, 100, 459] {
        let kids = kids(at);
        assert!(kids.len() == 2 && kids.contains(&json!(old)) && kids.contains(&json!(next)), "{at}");
    }
    assert_eq!(kids(460), [json!(next)]);
}

#[test]
fn the_key_set_holds_public_members_alone_and_no_shared_secret() {
    let authority = authority(TokenSettings::default());
    authority.install(vec![signing_key(), key(3, Algorithm::Hs256, -10, None)]).unwrap();
    let set: Value = serde_json::from_str(&authority.key_set(NOW)).unwrap();
    let x = encode(&public_of(&signing_key()));
    assert_eq!(
        set,
        json!({ "keys": [
            { "kty": "OKP", "crv": "Ed25519", "x": x, "kid": signing_key().id.0, "use": "sig", "alg": "EdDSA" }
        ] })
    );
}

#[test]
fn of_two_keys_that_begin_together_every_instance_chooses_the_same() {
    let keys = [key(1, Algorithm::EdDsa, -10, None), key(2, Algorithm::EdDsa, -10, None)];
    let issue = |keys: Vec<_>| {
        let authority = TokenAuthority::new(TokenSettings::default(), &root(1), None);
        authority.install(keys).unwrap();
        issued_at(&authority, NOW)
    };
    let [one, other] = keys;
    assert_eq!(issue(vec![one.clone(), other.clone()]), issue(vec![other, one]));
}

#[test]
fn keys_are_replaced_while_tokens_are_read() {
    let authority = authority(TokenSettings::default());
    let token = issued_at(&authority, NOW);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..200 {
                authority.install(vec![signing_key(), key(2, Algorithm::EdDsa, 100, None)]).unwrap();
            }
        });
        for _ in 0..200 {
            assert!(authority.access(&token, NOW).is_ok());
        }
    });
}
