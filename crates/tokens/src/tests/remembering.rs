//! A token that was accepted is remembered, and never for longer than it would be accepted anew.

use super::support::*;
use crate::{RetiringKey, SharedKey, TokenAuthority, TokenSettings};
use doorward_domain::keys::{Algorithm, SigningKey};
use doorward_domain::time::Timestamp;
use doorward_domain::token::TokenRejection::{self, Expired, Invalid, WrongType};
use doorward_domain::token::TokenService as _;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::LazyLock;

const SHARED: &str = "a shared secret of more than 32 bytes";
const RETIRED: &str = "another secret, which used to sign here";

/// The answer at each instant, in seconds after [`NOW`], of an authority that is asked at `NOW` first.
fn answers<const N: usize>(
    authority: &TokenAuthority,
    token: &str,
    at: [i64; N],
) -> [Result<(), TokenRejection>; N] {
    assert!(authority.access(token, NOW).is_ok());
    assert_eq!(authority.remembered_tokens(), 1);
    at.map(|at| authority.access(token, after(at)).map(|_| ()))
}

fn token_by(key: &SigningKey, claims: &Value) -> String {
    let header = json!({ "alg": "EdDSA", "typ": "JWT", "kid": key.id.0 });
    ed25519_token(key, &header.to_string(), &claims.to_string())
}

fn own_token() -> String {
    token_by(&signing_key(), &own_claims())
}

fn default_authority() -> TokenAuthority {
    authority(TokenSettings::default())
}

#[test]
fn it_is_refused_once_it_expires() {
    assert_eq!(
        answers(&default_authority(), &own_token(), [299, 300, 301, 299]),
        [Ok(()), Err(Expired), Err(Expired), Ok(())]
    );
}

#[test]
fn it_is_refused_before_its_time_when_the_clock_goes_back() {
    assert_eq!(
        answers(&default_authority(), &own_token(), [-60, -61, -86400, 0]),
        [Ok(()), Err(Invalid), Err(Invalid), Ok(())]
    );
    let later = token_by(&signing_key(), &with(own_claims(), "nbf", json!(after(60).as_seconds())));
    assert_eq!(answers(&default_authority(), &later, [0, -1]), [Ok(()), Err(Invalid)]);
}

#[test]
fn it_is_refused_once_its_key_retires() {
    let authority = default_authority();
    authority.install(vec![key(1, Algorithm::EdDsa, -86400, Some(100))]).unwrap();
    assert_eq!(answers(&authority, &own_token(), [99, 100, 99]), [Ok(()), Err(Invalid), Ok(())]);
}

#[test]
fn it_is_refused_once_its_key_is_gone() {
    let authority = default_authority();
    assert_eq!(answers(&authority, &own_token(), [0]), [Ok(())]);
    authority.install(vec![key(2, Algorithm::EdDsa, -10, None)]).unwrap();
    assert_eq!(authority.access(&own_token(), NOW), Err(Invalid));
    authority.install(Vec::new()).unwrap();
    assert_eq!(authority.access(&own_token(), NOW), Err(Invalid));
    authority.install(vec![signing_key()]).unwrap();
    assert!(authority.access(&own_token(), NOW).is_ok());
}

#[test]
fn it_is_refused_once_another_key_has_its_keys_name() {
    let authority = default_authority();
    assert_eq!(answers(&authority, &own_token(), [0]), [Ok(())]);
    let other = SigningKey { id: signing_key().id, ..key(2, Algorithm::EdDsa, -86400, None) };
    authority.install(vec![other]).unwrap();
    assert_eq!(authority.access(&own_token(), NOW), Err(Invalid));
}

#[test]
fn it_is_refused_once_its_key_is_found_to_sign_later_or_to_have_retired() {
    for times in [(100, None), (-86400, Some(0))] {
        let authority = default_authority();
        assert_eq!(answers(&authority, &own_token(), [0]), [Ok(())]);
        let before = key(2, Algorithm::EdDsa, -10, None);
        authority.install(vec![before, key(1, Algorithm::EdDsa, times.0, times.1)]).unwrap();
        assert_eq!(authority.access(&own_token(), NOW), Err(Invalid), "{times:?}");
    }
}

#[test]
fn keys_that_cannot_be_installed_change_nothing() {
    let authority = default_authority();
    assert_eq!(answers(&authority, &own_token(), [0]), [Ok(())]);
    let damaged = SigningKey { material: vec![1, 2, 3].into(), ..signing_key() };
    assert!(authority.install(vec![damaged]).is_err());
    assert!(authority.access(&own_token(), NOW).is_ok());
}

#[test]
fn none_of_its_letters_can_be_changed() {
    let authority = default_authority();
    let token = own_token();
    assert_eq!(answers(&authority, &token, [0]), [Ok(())]);
    for at in 0..token.len() {
        let mut changed = token.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        assert_eq!(authority.access(&changed, NOW), Err(Invalid), "{changed}");
    }
    let (_, headless) = token.split_at(1);
    let (cut, _) = token.split_at(token.len() - 1);
    for changed in [headless, cut, &format!("{token} "), &format!("{token}\0")] {
        assert_eq!(authority.access(changed, NOW), Err(Invalid), "{changed:?}");
    }
    assert_eq!(authority.remembered_tokens(), 1);
}

#[test]
fn a_refresh_token_is_of_the_wrong_type_however_often_it_is_shown() {
    let authority = default_authority();
    let pair = authority.issue(&session(), &user()).unwrap();
    for _ in 0..2 {
        assert_eq!(authority.access(&pair.refresh, NOW), Err(WrongType));
        assert!(authority.refresh(&pair.refresh, NOW).is_ok());
    }
    assert_eq!(authority.remembered_tokens(), 0);
}

#[test]
fn an_access_token_that_is_remembered_refreshes_nothing() {
    let authority = default_authority();
    assert_eq!(answers(&authority, &own_token(), [0]), [Ok(())]);
    assert_eq!(authority.refresh(&own_token(), NOW), Err(WrongType));
}

#[test]
fn tokens_under_configured_keys_are_remembered_and_expire() {
    let claims = with(with(own_claims(), "nbf", Value::Null), "sid", Value::Null).to_string();
    for secret in [SHARED, RETIRED] {
        let token = hs256_token(secret.as_bytes(), r#"{"alg":"HS256","typ":"JWT"}"#, &claims);
        let answers = answers(&authority(configured(64)), &token, [299, 300, -60, -61]);
        assert_eq!(answers, [Ok(()), Err(Expired), Ok(()), Err(Invalid)]);
    }
}

#[test]
fn with_room_for_none_tokens_are_accepted_and_not_remembered() {
    let authority = authority(TokenSettings { remembered_tokens: 0, ..TokenSettings::default() });
    for _ in 0..2 {
        assert!(authority.access(&own_token(), NOW).is_ok());
    }
    assert_eq!(authority.remembered_tokens(), 0);
}

/// One thread's verification may overlap the change of keys; what follows the change may not find it.
#[test]
fn once_new_keys_are_installed_no_thread_finds_an_answer_of_the_old_ones() {
    let authority = default_authority();
    let token = own_token();
    std::thread::scope(|scope| {
        let changes = scope.spawn(|| {
            for _ in 0..100 {
                authority.install(vec![signing_key()]).unwrap();
                assert!(authority.access(&token, NOW).is_ok());
                authority.install(Vec::new()).unwrap();
                assert_eq!(authority.access(&token, NOW), Err(Invalid));
            }
        });
        while !changes.is_finished() {
            let _ = authority.access(&token, NOW);
        }
    });
}

fn configured(remembered_tokens: usize) -> TokenSettings {
    TokenSettings {
        shared_key: Some(SharedKey::new(SHARED).unwrap()),
        retiring_keys: vec![RetiringKey::new("HS256", RETIRED).unwrap()],
        remembered_tokens,
        ..TokenSettings::default()
    }
}

/// Tokens of every kind, each with one or two peculiarities in its times.
static TOKENS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let at = |seconds: i64| json!(after(seconds).as_seconds());
    let variants = [
        own_claims(),
        with(own_claims(), "iat", at(70)),
        with(with(own_claims(), "iat", at(-50)), "nbf", at(40)),
        with(own_claims(), "exp", at(130)),
        with(own_claims(), "exp", at(-20)),
        with(own_claims(), "token_type", json!("refresh")),
        with(with(own_claims(), "nbf", Value::Null), "sid", Value::Null),
    ];
    let mut tokens = vec![authority(configured(0)).issue(&session(), &user()).unwrap().refresh];
    for claims in variants {
        tokens.extend([1, 2].map(|seed| token_by(&key(seed, Algorithm::EdDsa, 0, None), &claims)));
        let header = r#"{"alg":"HS256","typ":"JWT"}"#;
        tokens.extend([SHARED, RETIRED].map(|key| hs256_token(key.as_bytes(), header, &claims.to_string())));
    }
    tokens
});

/// One of the sets of keys that the property goes through.
fn keys(which: usize) -> Vec<SigningKey> {
    let impostor = SigningKey { id: signing_key().id, ..key(2, Algorithm::EdDsa, -86400, None) };
    match which {
        0 => vec![signing_key()],
        1 => vec![key(1, Algorithm::EdDsa, -86400, Some(90)), key(2, Algorithm::EdDsa, 30, None)],
        2 => vec![key(2, Algorithm::EdDsa, -86400, Some(200))],
        3 => vec![impostor],
        _ => Vec::new(),
    }
}

#[derive(Debug, Clone)]
enum Event {
    Shown(usize, Timestamp),
    Installed(usize),
}

fn event() -> impl Strategy<Value = Event> {
    let second = 1_000_000_i64;
    let instant = prop_oneof![
        (-130_i64..330).prop_map(after),
        (-130 * second..330 * second).prop_map(|micros| Timestamp::from_micros(NOW.as_micros() + micros)),
    ];
    prop_oneof![
        12 => (0..TOKENS.len(), instant).prop_map(|(token, at)| Event::Shown(token, at)),
        1 => (0_usize..5).prop_map(Event::Installed),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn remembering_changes_no_answer(events in proptest::collection::vec(event(), 1..150), room in 1_usize..64) {
        let (remembering, verifying) = (authority(configured(room)), authority(configured(0)));
        for event in events {
            match event {
                Event::Installed(which) => {
                    remembering.install(keys(which)).unwrap();
                    verifying.install(keys(which)).unwrap();
                }
                Event::Shown(token, now) => {
                    let token = &TOKENS[token];
                    prop_assert_eq!(remembering.access(token, now), verifying.access(token, now));
                    prop_assert_eq!(remembering.any(token, now), verifying.any(token, now));
                }
            }
        }
    }
}
