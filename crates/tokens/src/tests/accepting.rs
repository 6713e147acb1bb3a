//! When a token is accepted, and what it says of that: whoever remembers it, remembers it for no longer.

use super::support::*;
use crate::{RetiringKey, SharedKey, TokenAuthority, TokenSettings};
use doorward_domain::keys::{Algorithm, SigningKey};
use doorward_domain::time::Timestamp;
use doorward_domain::token::TokenRejection::{self, Expired, Invalid};
use doorward_domain::token::TokenService as _;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::LazyLock;

const SHARED: &str = "a shared secret of more than 32 bytes";
const RETIRED: &str = "another secret, which used to sign here";

/// The answer at each instant, in seconds after [`NOW`]. Those at which it is accepted are told at `NOW`.
fn answers<const N: usize>(
    authority: &TokenAuthority,
    token: &str,
    at: [i64; N],
) -> [Result<(), TokenRejection>; N] {
    let during = authority.access(token, NOW).unwrap().accepted;
    at.map(|at| {
        let answer = authority.access(token, after(at)).map(|_| ());
        assert_eq!(during.contains(&after(at)), answer.is_ok(), "{at}");
        answer
    })
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
}

#[test]
fn tokens_under_configured_keys_expire() {
    let claims = with(with(own_claims(), "nbf", Value::Null), "sid", Value::Null).to_string();
    for secret in [SHARED, RETIRED] {
        let token = hs256_token(secret.as_bytes(), r#"{"alg":"HS256","typ":"JWT"}"#, &claims);
        let answers = answers(&authority(configured()), &token, [299, 300, -60, -61]);
        assert_eq!(answers, [Ok(()), Err(Expired), Ok(()), Err(Invalid)]);
    }
}

fn configured() -> TokenSettings {
    TokenSettings {
        shared_key: Some(SharedKey::new(SHARED).unwrap()),
        retiring_keys: vec![RetiringKey::new("HS256", RETIRED).unwrap()],
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
    let mut tokens = vec![authority(configured()).issue(&session(), &user()).unwrap().refresh];
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

fn instant() -> impl Strategy<Value = Timestamp> {
    let second = 1_000_000_i64;
    prop_oneof![
        (-130_i64..330).prop_map(after),
        (-130 * second..330 * second).prop_map(|micros| Timestamp::from_micros(NOW.as_micros() + micros)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn with_the_same_keys_a_token_is_accepted_when_it_says_so_and_at_no_other_time(
        keys_in_use in (0_usize..5).prop_map(keys),
        instants in proptest::collection::vec(instant(), 2..20),
    ) {
        let authority = authority(configured());
        authority.install(keys_in_use).unwrap();
        for token in TOKENS.iter() {
            let answers: Vec<_> = instants.iter().map(|now| (*now, authority.access(token, *now))).collect();
            let said = answers.iter().find_map(|(_, answer)| answer.clone().ok());
            for (now, answer) in answers {
                let expected = said.clone().filter(|claims| claims.accepted.contains(&now));
                prop_assert_eq!(answer.ok(), expected, "{} at {:?}", token, now);
            }
        }
    }
}
